#!/usr/bin/env python3
"""A real rsyslogd hears what happens to a system (REQ TRU-6): over UDP, and over TLS with its certificate verified; a server that is not
trusted or has another name gets not a byte, and nothing falls back to UDP."""

import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403

PASSWORD = "TANDBERG"
UDP, TLS = 514, 6514
# Everything of a message that the receiver understood, so that a broken one is seen.
FORMAT = ('template(name="parts" type="list") { property(name="syslogfacility-text") constant(value=".") property(name="syslogseverity-text") '
          'constant(value=" ") property(name="hostname") constant(value=" ") property(name="app-name") constant(value=" ") '
          'property(name="msgid") constant(value=" ") property(name="structured-data") constant(value=" |") property(name="msg") '
          'constant(value="\\n") }\n')


class Syslog(unittest.TestCase):
    def start(self, family, **settings):
        self.world = World("syslog")
        self.enterContext(self.world)
        self.world.hosts[f"log.{self.world.domain}"] = f"{self.world.net}.240"
        self.system = self.world.add_estate([
            {"family": family, "host_name": f"{family}.{self.world.domain}", "password": PASSWORD,
             "settings": {"name.dns.server.1": self.world.dns_address, "time.ntp.address": self.world.ntp_address, **settings}}])[0]
        self.world.start_dns()
        self.world.start_ntp()
        self.world.start_device()
        self.authority = Authority(self.world.folder / "ca")

    def receive(self, name, module, port, stream=""):
        """rsyslogd as an ordinary user, with one input that writes what it understood to a file."""
        folder = self.world.folder / name
        folder.mkdir()
        out = folder / "messages"
        (folder / "conf").write_text(
            f'global(workDirectory="{folder}"{stream})\n{module}\n{FORMAT}*.* action(type="omfile" file="{out}" template="parts")\n')
        child = self.world.start(name, "rsyslogd", "-n", "-f", folder / "conf", "-i", folder / "pid",
                                 env={"PATH": os.environ["PATH"] + ":/usr/sbin"})
        self.world.children.remove(child)
        self.addCleanup(child.kill)
        address = self.world.hosts[f"log.{self.world.domain}"]
        if port:
            wait_for(lambda: port_state(address, port) == "open", f"{name} listens")
        else:
            wait_for((folder / "pid").exists, f"{name} runs")
        self.receiver = child
        return lambda: out.read_text() if out.exists() else ""

    def udp(self, name="udp"):
        address = self.world.hosts[f"log.{self.world.domain}"]
        return self.receive(name, f'module(load="imudp")\ninput(type="imudp" address="{address}" port="{self.world.port(UDP)}")', 0)

    def tls(self, name, host=None, authority=None):
        key, certificate = (authority or self.authority).issue(host or f"log.{self.world.domain}", name=name)
        address = self.world.hosts[f"log.{self.world.domain}"]
        stream = (f' defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{self.authority.certificate}" '
                  f'defaultNetstreamDriverCertFile="{certificate}" defaultNetstreamDriverKeyFile="{key}"')
        module = ('module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")\n'
                  f'input(type="imtcp" address="{address}" port="{self.world.port(TLS)}")')
        return self.receive(name, module, self.world.port(TLS), stream)

    def say(self, system, line):
        done = ssh(self.world.folder, system["address"], self.world.port(22), PASSWORD, line, user="admin")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def await_message(self, messages, pattern):
        # A server that was away is tried again after a minute at the latest.
        return wait_for(lambda: re.search(pattern, messages()), f"a message {pattern}", 90)

    def trust(self, system, roots):
        base = f"https://{system['address']}:{self.world.port(443)}"
        Browser(base, "admin", PASSWORD, "--insecure", "--anyauth").open("/web/security/cert").fill_in(
            "Upload", **{"Trusted CA List file (PEM format)": roots})

    def test_udp(self):
        self.start("vcs")
        messages, system = self.udp(), self.system
        self.say(system, f"xConfiguration Remote Syslog 1 Address: log.{self.world.domain}")
        self.say(system, "xConfiguration SystemUnit Name: heard")
        found = self.await_message(messages, r"local0\.notice vcs\.company\.com (\S+) setting\.changed \[event@32473 (.*)\] \|(.*)")
        self.await_message(messages, r"setting\.changed \[event@32473 [^\n]*to=\"heard\"")
        self.say(system, "xConfiguration SNMP CommunityName: whisper")
        self.await_message(messages, r"setting\.changed \[event@32473 path=\"SNMP CommunityName\"")
        self.assertNotIn("whisper", messages())
        self.assertTrue(found)

    def test_tls_is_verified_and_never_falls_back(self):
        self.start("roomos", **{"time.ntp.mode": "on"})
        system = self.system
        plain = self.udp()
        impostor = Authority(self.world.folder / "impostor", name="Somebody Else")
        messages = self.tls("impostor-server", authority=impostor)
        self.trust(system, self.authority.certificate)
        self.say(system, f"xConfiguration Logging External Server Address: log.{self.world.domain}")
        self.say(system, "xConfiguration Logging External Mode: On")

        def journal(text):
            return wait_for(lambda: [line for line in self.world.journal(system) if text in line], text)
        line = journal(' tls.failed client="syslog"')[-1]
        self.assertRegex(line, r'syslog="SSL: socklib_sslHandshake: VerifyResult=\d+=\w+, NameCheck: Match"')
        journal(" syslog.failed ")
        self.assertEqual(messages(), "", "not a byte to a server that is not trusted")
        self.receiver.kill()

        messages = self.tls("other-name", host=f"other.{self.world.domain}")
        wait_for(lambda: any('client="syslog"' in one and "NameCheck: Mismatch" in one for one in self.world.journal(system)),
                 "the other name is seen", 90)
        self.assertEqual(messages(), "")
        self.receiver.kill()

        messages = self.tls("right")
        self.say(system, "xConfiguration SystemUnit Name: heard")
        self.await_message(messages, r"local0\.warning roomos\.company\.com \S+ tls\.failed \[[^\n]*\] \|SSL: socklib_sslHandshake: VerifyResult=")
        self.await_message(messages, r'setting\.changed \[event@32473 [^\n]*to="heard"')
        self.assertEqual(plain(), "", "nothing went over UDP")

        # The server goes and comes: what happened meanwhile is told then.
        self.receiver.kill()
        self.say(system, "xConfiguration SystemUnit Name: waited")
        messages = self.tls("again")
        self.await_message(messages, r'to="waited"')

    def test_dataport_prints_the_line_of_the_guide(self):
        host = "manager.company.com"
        self.start("c-series", **{"time.ntp.mode": "on", "client.verify": "on", "client.external_manager.protocol": "https",
                                  "client.external_manager.address": host, "service.https.mode": "on"})
        key, certificate = self.authority.issue(host, name="expired", start=("20240101000000Z", "20240601000000Z"))
        server = self.world.start("s_server", "openssl", "s_server", "-quiet", "-accept",
                                  f"{self.world.manager_address}:{self.world.port(443)}", "-cert", certificate, "-key", key)
        self.world.children.remove(server)
        self.addCleanup(server.kill)
        line = socket.create_connection((self.system["address"], self.world.port(23)), timeout=60 * PATIENCE)
        self.addCleanup(line.close)
        seen = b""

        def read_until(text):
            nonlocal seen
            while text not in seen:
                part = line.recv(4096)
                self.assertTrue(part, seen)
                seen += part
            before, _, seen = seen.partition(text)
            return before
        read_until(b"Password: ")
        line.sendall(PASSWORD.encode() + b"\r\n")
        read_until(b"\r\nOK\r\n")
        line.sendall(b"syslog on\r\n")
        read_until(b"\r\nOK\r\n")
        self.trust(self.system, self.authority.certificate)
        read_until(b"SSL: socklib_sslHandshake: VerifyResult=10=CERT_HAS_EXPIRED, NameCheck: Match\r\n")
        self.assertNotIn("POST", server.text(), "not a byte was sent")


if __name__ == "__main__":
    unittest.main(verbosity=2)
