#!/usr/bin/env python3
"""A system registers at a real Kamailio over mutual TLS, as at a Lync server (REQ RMX-9): with a password, renewed and given up; and each
way in which one of the two refuses the other, where the alarm says which of them and why."""

import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from servers import Peer  # noqa: E402
from transactions import Transactions  # noqa: E402

HOST = "rmx.company.com"
USER = PASSWORD = "POLYCOM"
PAGE, REPOSITORY = "/setup/ip_network_service", "/setup/certification_repository"
SIP_PASSWORD = "registrar's secret"
CONFIGURATION = """#!KAMAILIO
enable_tls=yes
children=2
tcp_children=2
log_stderror=yes
debug=2
{listen}
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "tm.so"
loadmodule "textops.so"
loadmodule "xlog.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "tls.so"
loadmodule "kex.so"
loadmodule "ctl.so"
modparam("tls", "config", "{folder}/tls.cfg")
modparam("ctl", "binrpc", "unix:{folder}/ctl")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "min_expires", 60)
request_route {{
    if (!is_method("REGISTER")) {{ sl_send_reply("405", "Method Not Allowed"); exit; }}
    xlog("L_NOTICE", "asked: $rm from $si over $pr by $tls_peer_subject_cn\\n");
    if (!pv_www_authenticate("company.com", "{password}", "0")) {{ www_challenge("company.com", "1"); exit; }}
    save("location");
}}
"""


class Kamailio:
    """One registrar with an address for each certificate that it shows."""

    def __init__(self, world, authority):
        self.world, self.folder = world, world.folder / "kamailio"
        self.folder.mkdir()
        self.port = world.port(5061)
        key, certificate = authority.issue("nobody.company.com")
        self.profiles = [f"[server:default]\nmethod = TLSv1.2+\nprivate_key = {key}\ncertificate = {certificate}\n"]
        self.listen = [f"listen={transport}:{world.net}.60:{world.port(5060)}" for transport in ("tcp", "udp")]
        self.authority = authority

    def show(self, address, key, certificate, accepts):
        self.listen.append(f"listen=tls:{address}:{self.port}")
        self.profiles.append(f"[server:{address}:{self.port}]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\n"
                             f"private_key = {key}\ncertificate = {certificate}\nca_list = {accepts}\n")

    def start(self):
        (self.folder / "tls.cfg").write_text("\n".join(self.profiles))
        conf = self.folder / "kamailio.cfg"
        conf.write_text(CONFIGURATION.format(folder=self.folder, listen="\n".join(self.listen), password=SIP_PASSWORD))
        self.child = self.world.start("kamailio", "kamailio", "-f", conf, "-DD", "-E", "-m", "32", "-M", "4", "-Y", self.folder, "-w", self.folder)
        self.world.children.remove(self.child)
        wait_for(lambda: port_state(f"{self.world.net}.60", self.world.port(5060)) == "open", f"kamailio listens: {self.child.text()[-2000:]}")
        return self

    def stop(self):
        """With SIGTERM: it takes its own children with it."""
        self.child.process.terminate()
        self.child.process.wait(20 * PATIENCE)

    def contacts(self):
        return run("kamcmd", "-s", f"unix:{self.folder}/ctl", "ul.dump", check=False).stdout


@unittest.skipUnless(shutil.which("kamailio") and shutil.which("kamcmd"), "kamailio is not installed")
class SipRegistrar(unittest.TestCase):
    def setUp(self):
        self.world = World("sip")
        self.enterContext(self.world)
        self.company = Authority(self.world.folder / "company")
        self.system = self.world.add_estate([{"family": "rmx", "host_name": HOST}])[0]
        names = {"sip": 61, "wrong": 62, "foreign": 63, "silent": 64}
        self.addresses = {f"{name}.company.com": f"{self.world.net}.{number}" for name, number in names.items()}
        self.world.hosts.update(self.addresses)
        self.world.start_dns()
        self.world.start_ntp()
        self.world.start_device()
        self.browser = Browser(f"http://{self.system['address']}:{self.world.port(80)}", USER, PASSWORD)

    def state(self):
        session = Transactions(f"http://{self.system['address']}:{self.world.port(80)}").log_in(USER, PASSWORD)
        found = session.do("TRANS_MCU", "GET_STATE").find(".//SIP_REGISTRATION")
        return {one.tag: one.text or "" for one in found}

    def await_state(self, status, refused_by=""):
        def now():
            told = self.state()
            return told if (told["STATUS"], told["REFUSED_BY"]) == (status, refused_by) else None
        return wait_for(now, f"{status} {refused_by}")

    def set(self, form="OK", **fields):
        self.browser.open(PAGE).fill_in(form, **fields)
        self.assertIn('class="notice"', self.browser.html, self.browser.text)

    def server(self, name, **more):
        self.set(**{"SIP Server": "Specify", "Transport Type": "TLS", "Server IP Address or Name": name, "Server Domain Name": "company.com",
                    "User Name": "rmx", "Password": SIP_PASSWORD, **more})

    def verify(self):
        """Trusted roots, names, time, and then verification."""
        self.browser.open(REPOSITORY).fill_in("Install Trusted Certificates", **{"Certificate Files": self.company.certificate})
        self.browser.open("/setup/management_network").fill_in("Save DNS", **{"Primary Server": self.world.dns_address})
        session = Transactions(f"http://{self.system['address']}:{self.world.port(80)}").log_in(USER, PASSWORD)
        for name, value in (("time.ntp.mode", "on"), ("time.ntp.address", f"ntp.{self.world.domain}")):
            session.do("TRANS_MCU", "SET_SETTING", NAME=name, VALUE=value)
        wait_for(lambda: any("time.changed" in line for line in self.world.journal(self.system)), "the time is set")
        self.set("Save", **{"Skip Certificate Validation": "No"})

    def own_certificate(self):
        key, certificate = self.company.issue(HOST)
        package = certificate.with_suffix(".pfx")
        run("openssl", "pkcs12", "-export", "-inkey", key, "-in", certificate, "-certfile", self.company.certificate, "-out", package, "-passout", "pass:x")
        self.browser.open(REPOSITORY).fill_in("Send Certificate", **{"Network Service Name": "IP Network Service", "Install File": package, "Password": "x"})
        boots = sum("boot.done" in line for line in self.world.journal(self.system))
        self.browser.open("/administration/reset").fill_in("Reset")
        wait_for(lambda: sum("boot.done" in line for line in self.world.journal(self.system)) > boots, "the certificate works for SIP after a reset")
        wait_for(lambda: port_state(self.system["address"], self.world.port(80)) == "open", "the system is back")

    def test_mutual_tls(self):
        kamailio = Kamailio(self.world, self.company)
        sip = "sip.company.com"
        kamailio.show(self.addresses[sip], *self.company.issue(sip), self.company.certificate)
        kamailio.show(self.addresses["wrong.company.com"], *self.company.issue("other.company.com"), self.company.certificate)
        stranger = Authority(self.world.folder / "stranger", "Strange Root")
        kamailio.show(self.addresses["foreign.company.com"], *stranger.issue("foreign.company.com"), self.company.certificate)
        kamailio.start()
        self.addCleanup(kamailio.stop)
        self.assertEqual(self.state()["STATUS"], "Off")
        self.verify()

        step("the registrar refuses the self-signed certificate of the factory: it says so, and which side it was")
        self.server(sip)
        told = self.await_state("Failed", "registrar")
        self.assertIn("DEV-114", told["DIAGNOSIS"])
        self.assertRegex(told["DIAGNOSIS"], "alert")
        self.assertIn("Can not establish connection with SIP registrar", self.browser.open(PAGE).text, "an active alarm")
        self.assertNotIn("asked:", kamailio.child.text())

        step("with a certificate of the company, CN = FQDN and both usages, it registers")
        self.own_certificate()
        self.await_state("Registered")
        self.assertNotIn("SIP registrar", self.browser.open(PAGE).text, "the alarm is cleared")
        held = kamailio.contacts()
        self.assertRegex(held, r"AoR: rmx\b")
        self.assertIn(f"sip:rmx@{HOST}:5061", held)
        self.assertIn(f"by {HOST}", kamailio.child.text(), "Kamailio saw the system's certificate")

        step("a certificate that is made for another name: the system refuses the registrar, and sends nothing")
        asked = kamailio.child.text().count("asked:")
        self.server("wrong.company.com")
        told = self.await_state("Failed", "system")
        self.assertIn("DEV-113", told["DIAGNOSIS"])
        self.assertIn("other.company.com", told["DIAGNOSIS"])
        self.assertTrue(any("tls.failed" in line and 'name_check="Mismatch"' in line for line in self.world.journal(self.system)))
        wait_for(lambda: "AoR: rmx" not in kamailio.contacts(), "the registration of the settings before was given up")
        given_up = kamailio.child.text().count("asked:")
        self.assertLessEqual(given_up - asked, 2, "only to give up the old one")

        step("a certificate of a stranger: the same, with another reason")
        self.server("foreign.company.com")
        told = wait_for(lambda: (lambda one: one if "foreign" in one["DIAGNOSIS"] else None)(self.state()), "the other reason")
        self.assertEqual((told["STATUS"], told["REFUSED_BY"]), ("Failed", "system"))
        self.assertTrue(any("tls.failed" in line and "foreign.company.com" in line and 'name_check="Match"' in line
                            for line in self.world.journal(self.system)))
        self.assertEqual(kamailio.child.text().count("asked:"), given_up, "not a byte of SIP was sent")

        step("a wrong password: the registrar refuses")
        self.server(sip, Password="wrong")
        told = self.await_state("Failed", "registrar")
        self.assertIn("401", told["DIAGNOSIS"])
        self.assertIn("DEV-115", told["DIAGNOSIS"])
        self.assertNotIn("AoR: rmx", kamailio.contacts())

        step("a changed setting is tried at once; switched off, it gives its registration up")
        self.server(sip)
        self.await_state("Registered")
        self.assertIn("AoR: rmx", kamailio.contacts())
        self.set(**{"SIP Server": "Off"})
        self.await_state("Off")
        wait_for(lambda: "AoR: rmx" not in kamailio.contacts(), "given up")
        journal = "\n".join(self.world.journal(self.system))
        self.assertNotIn(SIP_PASSWORD, journal + self.browser.open(PAGE).html)

    def test_other_transports_and_no_answer(self):
        kamailio = Kamailio(self.world, self.company)
        kamailio.start()
        self.addCleanup(kamailio.stop)
        for transport in ("TCP", "UDP"):
            step(transport)
            self.server(f"{self.world.net}.60", **{"Transport Type": transport})
            wait_for(lambda: f"transport={transport.lower()}" in kamailio.contacts(), f"registered over {transport}")
            self.await_state("Registered")
        step("nobody there, and somebody who says nothing")
        self.server("127.0.0.1", **{"Transport Type": "TCP", "Port": "1"})
        told = self.await_state("Failed")
        self.assertIn("DEV-117", told["DIAGNOSIS"])
        quiet = Peer(lambda connection: connection.recv(4096) and connection.recv(1))
        self.addCleanup(quiet.close)
        self.server("127.0.0.1", **{"Transport Type": "TCP", "Port": str(quiet.port - self.world.offset)})
        told = wait_for(lambda: (lambda one: one if "DEV-116" in one["DIAGNOSIS"] else None)(self.state()), "no response", 40)
        self.assertEqual(told["REFUSED_BY"], "")


if __name__ == "__main__":
    main()
