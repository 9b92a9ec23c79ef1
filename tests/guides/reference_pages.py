#!/usr/bin/env python3
"""What the reference pages of seed 004 type beside its guides (REQ GDE-1): each switch in both positions, the lists of a client's settings,
`certificate list` and `del`, and the search that shows why a certificate is refused."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

EXPIRED = ("20240101000000Z", "20240601000000Z")
EXPIRED_LINE = "SSL: socklib_sslHandshake: VerifyResult=10=CERT_HAS_EXPIRED, NameCheck: Match"


class Typed:
    """One system of a family, and somebody at its prompt."""

    def __init__(self, test, world, family, user=None, settings=(), door="telnet"):
        self.test, self.world = test, world
        self.system = world.add_estate([{"family": family, "host_name": f"{family}.{world.domain}", "settings": dict(settings)}])[0]
        world.start_dns()
        world.start_ntp()
        world.start_device()
        self.address = self.system["address"]
        if door == "telnet":
            self.telnet = Telnet(self.address, world.port(23), "TANDBERG", user)
        self.type = self.by_ssh if door == "ssh" else self.by_telnet

    def by_telnet(self, line):
        return self.telnet.type(line)

    def by_ssh(self, line):
        return ssh(self.world.folder, self.address, self.world.port(22), "TANDBERG", line, "admin").stdout

    def taken(self, *lines):
        for line in lines:
            self.test.assertNotIn("ERROR", self.type(line), line)

    def both_ways(self, pattern, *services, ends=("off", "on")):
        """A switch as the reference page writes it: `<on/off>`."""
        for service in services:
            path = pattern.format(service)
            for value in ends:
                self.taken(f"{path}: {value}")
                self.test.assertRegex(self.type(path), rf'(?i):\s*"?{value}\b', path)


class ReferencePages(unittest.TestCase):
    def listed(self, typed, which, certificate):
        """The output can be copied and run through OpenSSL."""
        shown = typed.type(f"certificate list {which}".strip())
        blocks = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", shown.replace("\r", ""), re.S)
        prints = [run("openssl", "x509", "-noout", "-fingerprint", "-sha256", stdin=block + "\n").stdout for block in blocks]
        found = [one.split("=", 1)[1].strip().replace(":", "").lower() for one in prints]
        self.assertEqual(fingerprint_of(certificate) in found, True, f"certificate list {which}: {shown[:400]}")
        return found

    def certificate_commands(self, typed, upload):
        world = typed.world
        step("certificate <list>/<del> [<cert/root>]")
        company = Authority(world.folder / "company")
        key, certificate = company.issue(f"{typed.system['family']}.{world.domain}")
        upload(company.certificate, certificate, key)
        self.listed(typed, "cert", certificate)
        self.listed(typed, "root", company.certificate)
        both = self.listed(typed, "", certificate)
        self.assertIn(fingerprint_of(company.certificate), both, "without a word both are listed")
        typed.taken("certificate del root")
        self.assertNotIn("BEGIN CERTIFICATE", typed.type("certificate list root"))
        typed.taken("certificate del cert")
        self.assertNotIn(run("openssl", "x509", "-in", certificate).stdout.split("\n")[1], typed.type("certificate list cert"),
                         "the factory's is what is left")
        self.assertIn("ERROR", typed.type("certificate del cert"), "there is none any more")
        self.assertIn("ERROR", typed.type("certificate"))

    def by_page(self, typed, user="anything"):
        browser = Browser(f"http://{typed.address}:{typed.world.port(80)}", user, "TANDBERG")

        def upload(root, certificate, key):
            browser.open("/sysconf/certificates").fill_in("Upload", **{"Root Certificate": root, "HTTPS Certificate": certificate, "Private Key": key})
            self.assertLess(browser.status, 400, browser.text)
        return upload

    def expired_server(self, world, host, authority):
        """openssl's server with a certificate that has expired."""
        key, certificate = authority.issue(host, name="expired", start=EXPIRED)
        server = world.start("s_server", "openssl", "s_server", "-quiet", "-accept", f"{world.hosts[host]}:{world.port(443)}", "-cert", certificate,
                             "-key", key)
        world.children.remove(server)
        self.addCleanup(server.kill)
        wait_for(lambda: port_state(world.hosts[host], world.port(443)) == "open", "the server listens")
        return server

    def test_mxp(self):
        with World("rx") as world:
            typed = Typed(self, world, "mxp")
            step("services, each on and off")
            typed.both_ways("xconfiguration {} mode", "https", "ssh", "telnetchallenge", "snmp", "ftp", "telnet", "http")
            step("each service has its own list of settings")
            for client in ("externalmanager", "externalservices", "corporatedirectory"):
                self.assertRegex(typed.type(f"xconfiguration {client}"), r"(?i)Protocol:", client)
            step("protocol: <HTTP/HTTPS>, also as the guide spells it")
            typed.both_ways("xconfiguration {} protocol", "externalmanager", "externalservice", "corporatedirectory", ends=("HTTP", "HTTPS"))
            typed.taken("xcommand feedbackregister url: https://192.0.2.9/x expression: status/call", "xcommand feedbackderegister id: 1")
            typed.both_ways("xconfiguration https {}", "verifyservercertificate", ends=("on", "off"))
            self.assertIn("Address", typed.type("xconfiguration ip"))
            for path in ("xconfiguration NTP", "xconfiguration IP DNS"):
                self.assertNotIn("ERROR", typed.type(path))
            self.certificate_commands(typed, self.by_page(typed))

    def test_mxp_certificate_failure(self):
        """Interpreting Certificate Failure Errors."""
        with World("rf") as world:
            host = f"directory.{world.domain}"
            world.hosts[host] = f"{world.net}.240"
            typed = Typed(self, world, "mxp")
            authority = Authority(world.folder / "servers", "Servers Root")
            browser = Browser(f"http://{typed.address}:{world.port(80)}", "anything", "TANDBERG")
            browser.open("/sysconf/certificates").fill_in("Upload", **{"Root Certificate": authority.certificate})
            typed.taken("xconfig ntp mode: on", f"xconfig ntp address: ntp.{world.domain}", f"xconfig ip dns server 1 address: {world.dns_address}",
                        f"xconfig corporatedirectory address: {host}", "xconfig corporatedirectory protocol: https",
                        "xconfig corporatedirectory mode: on", "xconfig https verifyservercertificate: on")
            server = self.expired_server(world, host, authority)
            wait_for(lambda: any("time.changed" in line for line in world.journal(typed.system)), "the time is set")
            step("1-3. syslog on; xcom corpdirsearch startswith: a")
            typed.taken("syslog on")
            shown = typed.type("xcom corpdirsearch startswith: a").replace("\r", "")
            step("4. the output will include a line starting with SSL")
            self.assertIn(EXPIRED_LINE, shown)
            self.assertNotIn("POST", server.text(), "not a byte was sent")
            step("5. syslog off: from now on the dataport is silent")
            typed.taken("syslog off")
            self.assertNotRegex(typed.type("xcom corpdirsearch startswith: a"), "(?m)^SSL:")

    def test_mps(self):
        with World("rs") as world:
            host = f"feedback.{world.domain}"
            world.hosts[host] = f"{world.net}.240"
            typed = Typed(self, world, "mps", "admin")
            step("services, each on and off")
            typed.both_ways("xconfiguration {} mode", "https", "ssh", "snmp", "telnet", "http")
            self.assertIn("Protocol", typed.type("xconfiguration externalmanager"))
            typed.both_ways("xconfiguration {} protocol", "externalmanager", ends=("HTTP", "HTTPS"))
            typed.both_ways("xConfiguration ExternalManager Server {} Verify Mode", "Certificate", ends=("on", "off"))
            for path in ("xconfiguration ip", "xconfiguration NTP", "xconfiguration IP DNS"):
                self.assertNotIn("ERROR", typed.type(path))
            upload = self.by_page(typed)
            self.certificate_commands(typed, upload)
            step("Interpreting Certificate Failure Errors: syslog on, then feedback begins a server connection")
            authority = Authority(world.folder / "servers", "Servers Root")
            Browser(f"http://{typed.address}:{world.port(80)}", "anything", "TANDBERG").open("/sysconf/certificates").fill_in(
                "Upload", **{"Root Certificate": authority.certificate})
            typed.taken(f"xconfig ntp address: ntp.{world.domain}", f"xconfig ip dns server 1 address: {world.dns_address}",
                        "xconfig https verifyservercertificates: on")
            server = self.expired_server(world, host, authority)
            wait_for(lambda: any("time.changed" in line for line in world.journal(typed.system)), "the time is set")
            typed.taken("syslog on", f"xcommand feedbackregister url: https://{host}/x expression: configuration",
                        "xconfiguration systemunit name: changed")
            typed.telnet.read_until(EXPIRED_LINE)
            self.assertNotIn("POST", server.text(), "not a byte was sent")
            typed.taken("syslog off")

    def test_vcs(self):
        with World("rv") as world:
            typed = Typed(self, world, "vcs", door="ssh")
            step("services, each on and off; SSH, over which this is typed, last and on")
            typed.both_ways("xconfiguration administration {} mode", "https", "http", "telnet")
            typed.both_ways("xconfiguration {} mode", "snmp", "administration ssh")
            typed.both_ways("xconfiguration {} protocol", "externalmanager", ends=("HTTP", "HTTPS"))
            typed.both_ways("xConfiguration ExternalManager Server {} Verify Mode", "Certificate", ends=("on", "off"))
            typed.taken("xcommand feedbackregister id: 1 url: https://192.0.2.9/x expression: status/calls")
            self.assertNotIn("ERROR", typed.type("xconfiguration ip"))

    def test_c_series(self):
        with World("rc") as world:
            typed = Typed(self, world, "c-series")
            step("services, each on and off")
            typed.both_ways("xconfiguration networkservices {} mode", "https", "ssh", "snmp", "telnet", "http")
            step("the clients' settings")
            self.assertIn("Protocol", typed.type("xconfiguration provisioning externalmanager"))
            self.assertIn("URL", typed.type("xconfiguration phonebook"))
            typed.both_ways("xconfiguration provisioning {} protocol", "externalmanager", ends=("HTTP", "HTTPS"))
            typed.taken("xconfiguration phonebook server 1 url: https://directory.company.com/path",
                        "xconfiguration phonebook server 1 url: http://directory.company.com/path",
                        'xcommand httpfeedback register feedbackslot: 1 serverurl: "https://192.0.2.9/x" expression: "/Status"')
            typed.both_ways("xconfiguration networkservices https {}", "verifyservercertificate", ends=("on", "off"))
            for path in ("xconfiguration network 1 ipv4", "xconfiguration networkservices NTP", "xconfiguration network 1 DNS"):
                self.assertNotIn("ERROR", typed.type(path))


if __name__ == "__main__":
    main()
