#!/usr/bin/env python3
"""The procedures of the RMX (REQ RMX-1 to RMX-10): appendix F of the administrator's guide (seed 000) and the article on
certificates of 8.1 (seed 001), through the web pages that they name and through XML transactions."""

import datetime
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from transactions import Transactions  # noqa: E402

HOST = "rmx.company.com"
USER = PASSWORD = "POLYCOM"
REPOSITORY = "/setup/certification_repository"


class Rmx(unittest.TestCase):
    def factory_system(self, world, **more):
        system = world.add_estate([{"family": "rmx", "host_name": HOST, **more}])[0]
        world.start_device()
        self.assertEqual(port_state(system["address"], world.port(80)), "open")
        self.assertEqual(port_state(system["address"], world.port(443)), "refused")
        return system

    def http(self, world, system):
        return Browser(f"http://{system['address']}:{world.port(80)}", USER, PASSWORD)

    def https(self, world, system):
        return Browser(f"https://{system['address']}:{world.port(443)}", USER, PASSWORD, "--insecure")

    def session(self, world, system, secure=False):
        base = f"https://{system['address']}:{world.port(443)}" if secure else f"http://{system['address']}:{world.port(80)}"
        return Transactions(base, *(["--insecure"] if secure else [])).log_in(USER, PASSWORD)

    def secure(self, browser, on=True):
        browser.open("/setup/management_network").fill_in("OK", **{"Secured Communication": on})

    def await_boot(self, world, system, number):
        wait_for(lambda: any("boot.done" in line and f'count="{number}"' in line for line in world.journal(system)), f"start number {number}")

    def await_https_only(self, world, system):
        wait_for(lambda: port_state(system["address"], world.port(80)) == "refused", "port 80 is rejected")
        wait_for(lambda: port_state(system["address"], world.port(443)) == "open", "443 is open")

    def test_self_signed_certificates_of_the_factory(self):
        with World("sf") as world:
            system = self.factory_system(world)
            self.secure(self.http(world, system))
            self.await_https_only(world, system)
            shown = run("openssl", "s_client", "-connect", f"{system['address']}:{world.port(443)}", stdin="", check=False).stdout
            text = run("openssl", "x509", "-noout", "-subject", "-issuer", "-startdate", "-enddate", "-nameopt", "RFC2253", stdin=shown).stdout
            fields = dict(line.split("=", 1) for line in text.splitlines())
            for part in (f"CN={HOST}", "OU=Self Signed Certificate", "O=Polycom RMX"):
                self.assertIn(part, fields["subject"])
            self.assertEqual(fields["subject"], fields["issuer"])
            begin, end = (datetime.datetime.strptime(fields[name], "%b %d %H:%M:%S %Y %Z") for name in ("notBefore", "notAfter"))
            self.assertAlmostEqual((end - begin).days / 365.25, 10, delta=0.1)

    def test_expiry_alarms(self):
        with World("ex") as world:
            system = self.factory_system(world)
            company = Authority(world.folder / "company")
            browser = self.http(world, system)
            key, signed = company.issue(HOST, "short", days=60)
            browser.open(REPOSITORY).fill_in("Send Certificate and Key", **{"Certificate": signed, "Private Key": key})
            self.assertIn("created successfully", browser.text)
            self.secure(browser)
            self.await_https_only(world, system)

            def alarms():
                answer = self.session(world, system, secure=True).do("TRANS_MCU", "GET_ACTIVE_ALARMS")
                return {alarm.findtext("ID"): alarm for alarm in answer.iter("ALARM")}

            step("two weeks before: an active alarm with the number of days")
            for days, wanted in ((45, None), (47, "certificate.expires"), (61, "certificate.expired")):
                world.device.stop()
                world.add_estate([{**system, "clock_offset": days * 86400}])
                world.device.start()
                world.device.await_line("ready:", 180)
                if wanted is None:
                    self.assertFalse({"certificate.expires", "certificate.expired"} & set(alarms()), "fifteen days are left")
                    continue
                found = wait_for(lambda wanted=wanted: alarms().get(wanted), f"the alarm {wanted}")
                if days == 47:
                    self.assertEqual(found.findtext("DAYS_LEFT"), "13")
                    self.assertEqual(found.findtext("DESCRIPTION"), "Certificate will expire in 13 days")
                    self.assertIn("Certificate will expire in 13 days", self.https(world, system).open("/administration/alarms").text)
                else:
                    step("expired: it stays in secure mode, and the alarm says so")
                    self.assertEqual(found.findtext("DESCRIPTION"), "Security mode failed - Certificate expired")
                    self.assertEqual(port_state(system["address"], world.port(80)), "refused")
                    self.assertTrue(serves(system["address"], world.port(443), signed))

    def test_system_flags(self):
        with World("fl") as world:
            system = self.factory_system(world)
            browser = self.http(world, system).open("/setup/system_configuration")
            for words in ("RMX_MANAGEMENT_SECURITY_PROTOCOL", "TLSV1_SSLV3", "EXTERNAL_DB_PORT", "5005", "TLS 1.2 and 1.3 are used"):
                self.assertIn(words, browser.text)
            step("a flag that does not exist is created")
            browser.fill_in("OK", **{"Section": "MCMS_PARAMETERS_USER", "New Flag": "MY_FLAG", "Value": "YES"})
            self.assertIn("The MCU must be restarted for modified flag settings to take effect.", browser.text)
            session = self.session(world, system)
            session.do("TRANS_SYSTEM_FLAGS", "SET", NAME="RMX_MANAGEMENT_SECURITY_PROTOCOL", VALUE="TLSV1_3")
            self.assertEqual(session.refused("TRANS_SYSTEM_FLAGS", "SET", NAME="EXTERNAL_DB_PORT", VALUE="high")[0], "5")
            session.do("TRANS_MCU", "SET_SECURED_COMMUNICATION", ON="true")
            self.await_https_only(world, system)

            def flags():
                answer = self.session(world, system, secure=True).do("TRANS_SYSTEM_FLAGS", "GET_LS")
                return {flag.findtext("NAME"): flag for flag in answer.iter("FLAG")}

            before = flags()
            self.assertEqual(before["EXTERNAL_DB_PORT"].findtext("VALUE"), "443", "when secure")
            self.assertNotEqual(before["MY_FLAG"].findtext("EFFECTIVE"), "YES", "not before the restart")
            where = f"{system['address']}:{world.port(443)}"
            self.assertEqual(run("openssl", "s_client", "-tls1_2", "-connect", where, stdin="", check=False).returncode, 0)
            step("an alarm asks for the reset, and the reset brings them into effect")
            secure = self.session(world, system, secure=True)
            self.assertIn("flags.restart", [one.text for one in secure.do("TRANS_MCU", "GET_ACTIVE_ALARMS").iter("ID")])
            secure.do("TRANS_MCU", "RESET")
            self.await_boot(world, system, 2)
            wait_for(lambda: port_state(system["address"], world.port(443)) == "open", "443 opens again")
            self.assertEqual(flags()["MY_FLAG"].findtext("EFFECTIVE"), "YES")
            self.assertNotEqual(run("openssl", "s_client", "-tls1_2", "-connect", where, stdin="", check=False).returncode, 0)
            self.assertEqual(run("openssl", "s_client", "-tls1_3", "-connect", where, stdin="", check=False).returncode, 0)
            self.session(world, system, secure=True).do("TRANS_SYSTEM_FLAGS", "REMOVE", NAME="MY_FLAG")
            self.assertNotIn("MY_FLAG", flags())

    def test_restore_factory_defaults(self):
        with World("rs") as world:
            system = self.factory_system(world)
            company = Authority(world.folder / "company")
            key, certificate = company.issue(HOST, "management")
            browser = self.http(world, system).open(REPOSITORY)
            browser.fill_in("Send Certificate and Key", **{"Certificate": certificate, "Private Key": key})
            self.assertIn("created successfully", browser.text)
            for boots, (comprehensive, kept) in enumerate(((False, True), (True, False)), 2):
                step("Comprehensive Restore deletes certificates" if comprehensive else "Standard Restore keeps certificates")
                browser.open("/setup/system_configuration").fill_in("OK", **{"New Flag": "MY_FLAG", "Value": "YES"})
                browser.open("/administration/restore").fill_in("Restore Factory Defaults", **{"Comprehensive Restore": comprehensive})
                self.await_boot(world, system, boots)
                wait_for(lambda: port_state(system["address"], world.port(80)) == "open", "the system is back")
                self.assertNotIn("MY_FLAG", browser.open("/setup/system_configuration").text)
                state = self.session(world, system).do("TRANS_MCU", "GET_STATE")
                self.assertEqual(state.findtext(".//CERTIFICATE_FINGERPRINT") == fingerprint_of(certificate), kept)

    def test_secured_communication(self):
        """Enabling secure communication mode (seed 000): only https, only 443, connections to port 80 are rejected (RMX-7)."""
        with World("sc") as world:
            system = self.factory_system(world)
            address = system["address"]
            company = Authority(world.folder / "company")
            key, certificate = company.issue(HOST, "management")
            browser = self.http(world, system).open(REPOSITORY)
            browser.fill_in("Send Certificate and Key", **{"Certificate": certificate, "Private Key": key})
            self.assertIn("The certificate was created successfully.", browser.text)
            step("Management Network Properties: Secured Communication")
            self.secure(browser)
            self.await_https_only(world, system)
            self.assertTrue(s_client_verifies(address, world.port(443), company.certificate, HOST))
            self.assertFalse(s_client_verifies(address, world.port(443), company.certificate, "other.company.com"))
            resolve = ["--resolve", f"{HOST}:{world.port(443)}:{address}", "--cacert", company.certificate]
            url = f"https://{HOST}:{world.port(443)}/setup/management_network"
            self.assertEqual(status_of(url, *resolve, "--digest", "--user", f"{USER}:{PASSWORD}"), 200)
            self.assertEqual(self.session(world, system, secure=True).do("TRANS_MCU", "GET_STATE").findtext(".//MPL_SERIAL_NUMBER"),
                             system["serial"])
            step("and back to HTTP")
            self.session(world, system, secure=True).do("TRANS_MCU", "SET_SECURED_COMMUNICATION", ON="false")
            wait_for(lambda: port_state(address, world.port(443)) == "refused", "443 closes")
            self.assertEqual(port_state(address, world.port(80)), "open")


if __name__ == "__main__":
    main()
