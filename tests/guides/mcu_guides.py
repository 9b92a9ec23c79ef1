#!/usr/bin/env python3
"""The implementation guides of the MCU, Level 3 and Level 4 (REQ GDE-1), through the pages and fields that the guide names.

Both guides leave FTP and SNMP on: followed to the letter they end at the level that is really reached, with the finding; the
manager's plan closes the doors (REQ LVL-7)."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

HOST = "mcu.company.com"


class Mcu(unittest.TestCase):
    def factory_system(self, world, **more):
        system = world.add_estate([{"family": "mcu", "host_name": HOST, **more}])[0]
        world.start_dns()
        world.start_ntp()
        world.start_device()
        for name, standard in (("HTTP", 80), ("FTP", 21)):
            self.assertEqual(port_state(system["address"], world.port(standard)), "open", f"{name} is on at the factory")
        return system

    def http(self, world, system):
        return Browser(f"http://{system['address']}:{world.port(80)}", "admin", "")

    def https(self, world, system):
        return Browser(f"https://{system['address']}:{world.port(443)}", "admin", "", "--insecure")

    def left_open(self, world, system):
        """The level that the guide really reaches, and a plan that closes what it left open."""
        world.start_manager()
        world.trust_factory()
        world.set_policy()
        empty = world.folder / "password"
        empty.write_text("\n")
        world.cli("system", "add", HOST, "--ip", system["address"], "--family", "mcu")
        assessment = world.api("system", "observe", HOST)["assessments"][0]
        self.assertEqual(assessment["level"], 1, "FTP sends passwords in clear: Level 1")
        by_id = {row["id"]: row for row in assessment["protocols"]}
        self.assertTrue(by_id["ftp"]["open"])
        self.assertEqual(by_id["ftp"]["level"], 1)
        self.assertTrue(by_id["ftp"]["raise_by"])
        plan = world.api("plan", "show", HOST, "--goal", "verify", check=False)["plans"][0]
        closed = {change["setting"] for one in plan["steps"] for change in one["settings"] if change["value"] == "off"}
        self.assertIn("service.ftp.mode", closed)
        return assessment

    def test_level_3(self):
        with World("m3") as world:
            system = self.factory_system(world)
            address = system["address"]
            step("1-3. the web user interface; admin and an empty password; Network > Services")
            browser = self.http(world, system).open("/network/services")
            self.assertEqual(browser.status, 200)
            step("no way in may be closed before another is open (SVC-6)")
            browser.fill_in("Apply changes", **{"Web, port A": False, "Secure web, port A": False})
            self.assertIn("DEV-005", browser.text)
            self.assertEqual(port_state(address, world.port(80)), "open")
            step("4-5. select Secure web, deselect Web, Apply changes: at once")
            browser.open("/network/services").fill_in("Apply changes", **{"Web, port A": False, "Secure web, port A": True})
            wait_for(lambda: port_state(address, world.port(80)) == "refused", "HTTP closes")
            wait_for(lambda: port_state(address, world.port(443)) == "open", "HTTPS opens")
            self.assertEqual(self.https(world, system).open("/network/services").status, 200)
            self.assertEqual(status_of(f"https://{address}:{world.port(443)}/"), 0, "curl must refuse the factory certificate")
            self.assertIn(system["serial"], served_certificate(address, world.port(443))["subject"])
            self.left_open(world, system)

    def test_level_4(self):
        with World("m4") as world:
            system = self.factory_system(world)
            address = system["address"]
            step("1-5. FQDN, authority, key pair with passphrase, signed certificate")
            company = Authority(world.folder / "company")
            privatekey, cert = company.issue(HOST, passphrase="open sesame")
            browser = self.http(world, system)
            step("5-8. Network > SSL certificates: certificate, private key, password, Upload certificate and key")
            browser.open("/network/ssl_certificates")
            self.assertIn("Using default certificate", browser.text)
            self.assertIn("Key matches certificate", browser.text)
            other, _ = company.issue("other.company.com")
            browser.fill_in("Upload certificate and key", **{"Certificate": cert, "Private key": other})
            self.assertIn("CRT-014", browser.text, "a key that does not match is refused with its id")
            browser.open("/network/ssl_certificates")
            self.assertIn("Using default certificate", browser.text, "what is refused changes nothing")
            browser.fill_in("Upload certificate and key", **{"Certificate": cert, "Private key": privatekey,
                                                             "Private key encryption password": "open sesame"})
            browser.open("/network/ssl_certificates")
            self.assertIn(HOST, browser.text)
            self.assertIn("restart", browser.text.lower(), "the page header asks for a restart (MCU-4)")
            step("9. Certificate verification settings: Outgoing connections only; Apply changes")
            browser.fill_in("Apply changes", **{"Certificate verification settings": "Outgoing connections only"})
            step("10. Trust store: Upload trust store")
            browser.open("/network/ssl_certificates").fill_in("Upload trust store", **{"Trust store": company.certificate})
            self.assertIn("Company Root CA", browser.open("/network/ssl_certificates").text)
            step("12. Settings > Time: NTP server")
            browser.open("/settings/time").fill_in("Update NTP settings", **{"Enable NTP": True, "NTP host": f"ntp.{world.domain}"})
            step("13. Network > Port A > DNS configuration")
            browser.open("/network/port_a").fill_in("Update DNS configuration", **{"Name server": world.dns_address,
                                                                                   "Domain name (DNS suffix)": world.domain})
            step("11. Network > Services: select Secure web and deselect Web")
            browser.open("/network/services").fill_in("Apply changes", **{"Web, port A": False, "Secure web, port A": True})
            wait_for(lambda: port_state(address, world.port(443)) == "open", "HTTPS opens")
            wait_for(lambda: port_state(address, world.port(80)) == "refused", "HTTP closes")
            step("14. Settings > Shutdown: Shutdown twice, then Restart")
            browser = self.https(world, system)
            browser.open("/settings/shutdown").fill_in("Shutdown")
            browser.open("/settings/shutdown").fill_in("Shutdown")
            browser.open("/settings/shutdown").fill_in("Restart")
            step("15-16. the web page over https shows the new certificate")
            wait_for(lambda: serves(address, world.port(443), cert), "the new certificate is served")
            url = f"https://{HOST}:{world.port(443)}/"
            resolve = ["--resolve", f"{HOST}:{world.port(443)}:{address}", "--cacert", company.certificate]
            self.assertIn(status_of(url, *resolve, "--digest", "--user", "admin:"), (200, 302))
            self.assertTrue(s_client_verifies(address, world.port(443), company.certificate, HOST))
            self.assertFalse(s_client_verifies(address, world.port(443), company.certificate, "other.company.com"))
            self.assertNotIn("restart the", browser.open("/network/ssl_certificates").text.lower(), "the banner is gone")
            step("Delete custom certificate and key goes back to the default pair")
            browser.fill_in("Delete custom certificate and key")
            self.assertIn("Using default certificate", browser.open("/network/ssl_certificates").text)

    def test_without_the_feature_key_there_is_no_secure_web_and_no_certificate_page(self):
        with World("mk") as world:
            system = self.factory_system(world, feature_keys=[])
            browser = self.http(world, system)
            self.assertIn(browser.open("/network/ssl_certificates").status, (403, 404))
            self.assertNotIn("Secure web", browser.open("/network/services").text)


if __name__ == "__main__":
    main()
