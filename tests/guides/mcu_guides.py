#!/usr/bin/env python3
"""The implementation guides of the MCU, Level 3 and Level 4 (REQ GDE-1), through the pages and fields that the guide names.

Both guides leave FTP and SNMP on: followed to the letter they end at the level that is really reached, with the finding; the
manager's plan closes the doors (REQ LVL-7)."""

import pathlib
import sys
import unittest
import xmlrpc.client

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

    def test_the_factory_password_caps_the_level(self):
        with World("mp") as world:
            system = self.factory_system(world)
            address = system["address"]
            self.http(world, system).open("/network/services").fill_in(
                "Apply changes", **{"Web, port A": False, "Secure web, port A": True, "FTP, port A": False, "SNMP, port A": False})
            wait_for(lambda: port_state(address, world.port(443)) == "open" and port_state(address, world.port(80)) == "refused", "HTTPS alone")
            world.start_manager()
            world.trust_factory()
            world.set_policy()
            world.cli("system", "add", HOST, "--ip", address, "--family", "mcu")
            self.assertEqual(world.api("system", "observe", HOST)["assessments"][0]["level"], 2, "the empty password is the factory's")
            self.https(world, system).open("/users/admin").fill_in(
                "Change password", **{"New password": "superstrongpasswordhere", "Re-enter new password": "superstrongpasswordhere"})
            secret = world.folder / "password"
            secret.write_text("superstrongpasswordhere\n")
            world.cli("system", "set", HOST, "--password-file", secret)
            self.assertEqual(world.api("system", "observe", HOST)["assessments"][0]["level"], 3)

    def test_services_are_edited_at_once(self):
        with World("ms") as world:
            system = self.factory_system(world)
            address = system["address"]
            browser = self.http(world, system)
            step("the ports table of the guide (SVC-5)")
            fields = {browser._label(field): field["value"] for form in browser.open("/network/services").page.forms for field in form["fields"]}
            for name, number in (("Web", 80), ("Secure web", 443), ("Incoming H.323", 1720), ("Incoming SIP (TCP)", 5060),
                                 ("Incoming Encrypted SIP (TLS)", 5061), ("BFCP", 5070), ("Streaming (Windows Media Player)", 1755),
                                 ("Streaming (other)", 554), ("FTP", 21)):
                for port in "AB":
                    self.assertEqual(fields[f"{name}, port {port}: number"], str(number))
            step("another number for FTP works at once")
            browser.fill_in("Apply changes", **{"FTP, port A: number": "2121"})
            wait_for(lambda: port_state(address, world.port(2121)) == "open", "FTP on its new port")
            wait_for(lambda: port_state(address, world.port(21)) == "refused", "FTP left its old port")
            step("encrypted SIP needs a certificate and key (MCU-3)")
            browser.open("/network/services").fill_in("Apply changes", **{"Incoming Encrypted SIP (TLS), port A": True})
            self.assertIn("DEV-011", browser.text)
            step("SIP call settings: outgoing transport (MCU-5)")
            browser.open("/settings/sip").fill_in("Apply changes", **{"Outgoing transport": "UDP"})
            self.assertLess(browser.status, 400, browser.text)
            self.assertRegex(browser.open("/settings/sip").html, r"<option[^>]* selected[^>]*>\s*UDP")
            step("the activated features are shown")
            self.assertIn("Secure management (HTTPS)", browser.open("/settings/upgrade").text)
            step("Redirect HTTP requests to HTTPS, of later software: not while HTTPS is off")
            browser.open("/settings/security").fill_in("Update security settings", **{"Redirect HTTP requests to HTTPS": True})
            self.assertIn("DEV-005", browser.text)
            browser.open("/network/services").fill_in("Apply changes", **{"Secure web, port A": True})
            browser.open("/settings/security").fill_in("Update security settings", **{"Redirect HTTP requests to HTTPS": True})
            sent_on = curl("--write-out", "%{http_code} %{redirect_url}", "--output", "/dev/null", f"http://{address}:{world.port(80)}/settings/sip")
            self.assertEqual(sent_on.stdout, f"302 https://{address}:{world.port(443)}/settings/sip")
            secure = self.https(world, system).open("/network/services")
            secure.fill_in("Apply changes", **{"Secure web, port A": False})
            self.assertIn("DEV-005", secure.text, "the redirecting HTTP is no way in (SVC-6)")

    def test_xml_rpc(self):
        """Python's own XML-RPC client."""
        with World("mx") as world:
            system = self.factory_system(world)
            mcu = xmlrpc.client.ServerProxy(f"http://{system['address']}:{world.port(80)}/RPC2")
            self.addCleanup(mcu("close"))
            log_in = {"authenticationUser": "admin", "authenticationPassword": ""}

            def fault(method, **members):
                with self.assertRaises(xmlrpc.client.Fault) as caught:
                    getattr(mcu, method)({**log_in, **members})
                return caught.exception.faultCode

            self.assertEqual(fault("system.listMethods"), 1, "this family does not list its methods")
            self.assertEqual(fault("device.query", authenticationPassword="guess"), 15)
            self.assertEqual(fault("feedbackReceiver.configure"), 101)
            self.assertEqual(fault("feedbackReceiver.configure", receiverURI="http://192.0.2.1/RPC2", receiverIndex=99), 102)
            for method in ("services.query", "device.services.query"):
                ports = {port["port"]: port for port in getattr(mcu, method)(log_in)["ports"]}
                services = {service["name"]: service for service in ports["A"]["services"]}
                self.assertEqual((services["http"]["enabled"], services["http"]["port"], services["http"]["type"]), (True, 80, "tcp"))
                self.assertFalse(services["https"]["enabled"])
                self.assertFalse(any(service["enabled"] for service in ports["B"]["services"]))
            self.assertEqual(mcu.device.query(log_in)["serial"], system["serial"])
            self.assertEqual(mcu.device.network.query(log_in)["portA"]["ipAddress"], system["address"])
            self.assertEqual(mcu.device.health.query(log_in)["operationalStatus"], "active")
            step("receivers of feedback")
            self.assertEqual(mcu.feedbackReceiver.configure({**log_in, "receiverURI": "http://192.0.2.1/RPC2", "receiverIndex": -1,
                                                             "events": {"restart": True}})["receiverIndex"], 1)
            self.assertEqual(mcu.feedbackReceiver.configure({**log_in, "receiverURI": "http://192.0.2.2/RPC2", "receiverIndex": -1})["receiverIndex"], 2)
            mcu.feedbackReceiver.reconfigure({**log_in, "receiverIndex": 2, "receiverURI": "http://192.0.2.3/RPC2"})
            mcu.feedbackReceiver.remove({**log_in, "receiverIndex": 1})
            self.assertEqual([(one["index"], one["receiverURI"]) for one in mcu.feedbackReceiver.query(log_in)["receivers"]],
                             [(2, "http://192.0.2.3/RPC2")])
            self.assertEqual(fault("feedbackReceiver.reconfigure", receiverIndex=1, receiverURI="http://192.0.2.1/RPC2"), 201)
            step("device.restart")
            boots = len([line for line in world.journal(system) if " boot.done" in line or '"boot.done"' in line])
            mcu.device.restart(log_in)
            wait_for(lambda: len([line for line in world.journal(system) if " boot.done" in line or '"boot.done"' in line]) > boots, "the restart")

    def test_without_the_feature_key_there_is_no_secure_web_and_no_certificate_page(self):
        with World("mk") as world:
            system = self.factory_system(world, feature_keys=[])
            browser = self.http(world, system)
            self.assertIn(browser.open("/network/ssl_certificates").status, (403, 404))
            self.assertNotIn("Secure web", browser.open("/network/services").text)
            step("Settings > Upgrade: a feature key is activated by its code, which is made for this unit")
            mcu = xmlrpc.client.ServerProxy(f"http://{system['address']}:{world.port(80)}/RPC2")
            self.addCleanup(mcu("close"))
            log_in = {"authenticationUser": "admin", "authenticationPassword": ""}
            features = lambda: [one["feature"] for one in mcu.device.query(log_in)["activatedFeatures"]]  # noqa: E731

            def code(serial, feature):
                return run(BIN / "countersign-device", "--family", "mcu", "--serial", serial, "--data", world.folder / "unused", "--activation-code",
                           feature).stdout.strip()
            secure, encryption = code(system["serial"], "Secure management (HTTPS)"), code(system["serial"], "Encryption")
            browser.open("/settings/upgrade").fill_in("Update features", **{"Activation code": code("SM00000000", "Encryption")})
            self.assertIn("DEV-111", browser.text, "the code of another unit")
            browser.fill_in("Update features", **{"Activation code": secure.lower()})
            self.assertIn("Secure management (HTTPS)", browser.open("/settings/upgrade").text)
            browser.fill_in("Update features", **{"Activation code": secure})
            self.assertIn("DEV-112", browser.text)
            step("at once the unit can do what secure-only asks for")
            self.assertEqual(browser.open("/network/ssl_certificates").status, 200)
            browser.open("/network/services").fill_in("Apply changes", **{"Web, port A": False, "Secure web, port A": True})
            wait_for(lambda: port_state(system["address"], world.port(443)) == "open", "HTTPS opens")
            step("the key that the only way in needs is not removed; with another one it is, and goes over a restart")
            secure_web = self.https(world, system)
            secure_web.open("/settings/upgrade").fill_in("Remove feature", **{"Feature": "Secure management (HTTPS)"})
            self.assertIn("DEV-005", secure_web.text)
            self.assertEqual(secure_web.open("/settings/upgrade").status, 200)
            secure_web.open("/network/services").fill_in("Apply changes", **{"Web, port A": True})
            step("the same over XML-RPC")
            self.assertEqual(mcu.device.features.add({**log_in, "key": encryption})["status"], "operation successful")
            with self.assertRaises(xmlrpc.client.Fault) as caught:
                mcu.device.features.add({**log_in, "key": "ABCD-ABCD-ABCD-ABCD"})
            self.assertIn("DEV-111", caught.exception.faultString)
            mcu.device.features.remove({**log_in, "key": secure})
            self.assertEqual(features(), ["Encryption"])
            self.assertEqual(port_state(system["address"], world.port(443)), "open", "either key is enough")
            mcu.device.restart(log_in)
            wait_for(lambda: sum("boot.done" in line for line in world.journal(system)) == 2, "the restart")
            wait_for(lambda: port_state(system["address"], world.port(80)) == "open", "the system is back")
            self.assertEqual(features(), ["Encryption"])
            mcu.device.features.remove({**log_in, "key": "encryption"})
            wait_for(lambda: port_state(system["address"], world.port(443)) == "refused", "what needs a key closes with it")


if __name__ == "__main__":
    main()
