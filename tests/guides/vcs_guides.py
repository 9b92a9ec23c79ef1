#!/usr/bin/env python3
"""The implementation guides of the VCS, Level 3 and Level 4 (REQ GDE-1), through the pages and fields that the guide names.

HTTP only sends browsers on to HTTPS. The Level 4 guide leaves Certificate Verify Mode off and SSH on: followed to the letter it ends at
Level 3, with the findings; the manager's plan does the rest (REQ LVL-7)."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import SystemGuide, main, step  # noqa: E402


class Vcs(SystemGuide):
    FAMILY = "vcs"
    HOST = "vcs-ext.company.com"
    WEB_USER = "admin"
    TEXT_USER = "admin"
    OPEN_AT_FACTORY = {"HTTP": 80, "HTTPS": 443, "SSH": 22}
    CLOSED_AT_FACTORY = {"Telnet": 23}

    def web(self, world, system, password="TANDBERG"):
        return Browser(f"https://{system['address']}:{world.port(443)}", "admin", password, "--insecure")

    def services_off(self, browser, **more):
        browser.open("/system")
        self.assertIn("System Configuration > System", browser.text)
        browser.fill_in("Save", **{"Telnet Enabled": "Off", "HTTP Enabled": "Off", "HTTPS Enabled": "On", "SSH Enabled": "On", **more})
        self.assertLess(browser.status, 400, browser.text)
        browser.open("/snmp").fill_in("Save", **{"Enabled": "Off"})
        self.assertLess(browser.status, 400, browser.text)

    def external_manager_off(self, browser):
        browser.open("/externalmanager").fill_in("Save", **{"Address": "127.0.0.1", "Protocol": "HTTPS", "Certificate Verify Mode": "Off"})
        self.assertLess(browser.status, 400, browser.text)

    def new_password(self, browser):
        browser.open("/administration/accounts/admin")
        self.assertIn("Maintenance > Administration > Administration Accounts", browser.text)
        browser.fill_in("Save", **{"Password": self.PASSWORD, "Confirm password": self.PASSWORD})
        self.assertLess(browser.status, 400, browser.text)

    def restart(self, world, browser, address):
        browser.open("/restart").fill_in("Restart system")
        wait_for(lambda: port_state(address, world.port(80)) == "refused" and port_state(address, world.port(443)) == "open",
                 "HTTPS without HTTP after the restart")

    def test_level_3(self):
        with World("v3") as world:
            system = self.factory_system(world)
            address = system["address"]
            step("HTTP answers nothing but where else to go (SVC-4)")
            sent_on = curl("--write-out", "%{http_code} %{redirect_url}", "--output", "/dev/null", f"http://{address}:{world.port(80)}/system?a=b")
            self.assertEqual(sent_on.stdout, f"302 https://{address}:{world.port(443)}/system?a=b")
            self.assertNotIn("WWW-Authenticate", curl("--include", f"http://{address}:{world.port(80)}/").stdout, "no log-in in clear")
            step("1-2. https, with a certificate warning; admin, TANDBERG")
            self.assertEqual(status_of(f"https://{address}:{world.port(443)}/"), 0, "curl must refuse the factory certificate")
            self.assertEqual(status_of(f"https://{address}:{world.port(443)}/system", "--insecure", "--digest", "--user", "x:TANDBERG"), 401)
            browser = self.web(world, system).open("/")
            self.assertEqual(browser.status, 200)
            step("no way in may be closed while no other is left (SVC-6)")
            browser.open("/system").fill_in("Save", **{"HTTPS Enabled": "Off", "SSH Enabled": "Off", "Telnet Enabled": "Off"})
            self.assertIn("DEV-005", browser.text, "HTTP is no way in: it only redirects")
            step("3-4. System Configuration > System and > SNMP: services off")
            self.services_off(browser)
            step("5. System Configuration > External Manager")
            self.external_manager_off(browser)
            step("6. Maintenance > Administration > Administration Accounts: a strong password")
            self.new_password(browser)
            browser = self.web(world, system, self.PASSWORD)
            self.still_as_before(world, address)
            step("7. Maintenance > Restart")
            self.restart(world, browser, address)
            step("8-9. https, admin and the new password")
            self.confirm_password(world, address)
            self.confirm_closed(world, address)
            self.confirm_ssh(world, address, "xconfiguration administration ssh mode", r"(?i)SSH Mode: \"?on")
            assessment = self.observed_level(world, system, self.PASSWORD)
            self.assertEqual(assessment["level"], 3, assessment)
            self.left_open(world, system, assessment, ssh=3)

    def test_level_4(self):
        with World("v4") as world:
            system = self.factory_system(world)
            address = system["address"]
            step("1-6. host name, certificate authority, key pair without a passphrase, signed certificate")
            company = Authority(world.folder / "company")
            privatekey, cert = company.issue(self.HOST)
            locked, locked_cert = company.issue(self.HOST, name="locked", passphrase="open sesame")
            step("7-8. https; admin, TANDBERG")
            browser = self.web(world, system).open("/security")
            step("9-10. Maintenance > Security: Trusted CA Certificate, Upload CA certificate")
            self.assertIn("Maintenance > Security", browser.text)
            browser.fill_in("Upload CA certificate", **{"Select the file containing trusted CA certificates": company.certificate})
            self.assertLess(browser.status, 400, browser.text)
            self.assertIn("Company Root CA", browser.open("/security").text)
            step("an encrypted key is refused, and the system says so (CRT-2)")
            browser.fill_in("Upload server certificate data", **{"Select server private key": locked, "Select server certificate file": locked_cert})
            self.assertGreaterEqual(browser.status, 400)
            self.assertRegex(browser.text, r"CRT-\d+")
            self.assertRegex(browser.text, r"(?i)encrypted|passphrase")
            step("11-13. private key, certificate, Upload server certificate data: in effect immediately (CRT-5)")
            browser.open("/security").fill_in("Upload server certificate data",
                                              **{"Select server private key": privatekey, "Select server certificate file": cert})
            self.assertLess(browser.status, 400, browser.text)
            self.assertTrue(serves(address, world.port(443), cert), "at once, without a restart")
            step("14-15. services, system name, SNMP")
            self.services_off(browser, **{"System name": "vcs-ext"})
            step("16. External Manager")
            self.external_manager_off(browser)
            step("17. administrator password")
            self.new_password(browser)
            browser = self.web(world, system, self.PASSWORD)
            step("18-19. System > Time and System > DNS")
            self.assertIn("System > Time", browser.open("/time").text)
            browser.fill_in("Save", **{"NTP Server": f"ntp.{world.domain}"})
            self.assertLess(browser.status, 400, browser.text)
            self.assertIn("System > DNS", browser.open("/dns").text)
            browser.fill_in("Save", **{"Address 1": world.dns_address, "Domain name": world.domain})
            self.assertLess(browser.status, 400, browser.text)
            step("20. Maintenance > Restart")
            self.restart(world, browser, address)
            step("21-23. https; the certificate")
            self.confirm_password(world, address)
            self.confirm_certificate(world, address, company, fingerprint_of(cert))
            self.assertTrue(s_client_verifies(address, world.port(443), company.certificate, self.HOST))
            self.confirm_closed(world, address)
            settings = self.configuration(world, address)
            self.assertRegex(settings, r"<Certificate>\s*<Verify>\s*<Mode[^>]*>Off<", "the guide leaves verification off")
            self.assertNotIn(self.PASSWORD, settings)
            step("to the letter it is Level 3 as a manager sees it: SSH is on")
            assessment = self.observed_level(world, system, self.PASSWORD)
            self.assertEqual(assessment["level"], 3, assessment)
            self.left_open(world, system, assessment, ssh=3)
            plan = world.api("plan", "show", self.HOST, "--goal", "verify", check=False)["plans"][0]
            wanted = {(change["setting"], change["value"]) for one in plan["steps"] for change in one["settings"]}
            self.assertIn(("client.verify", "on"), wanted, "the plan switches verification on")
            step("its dataport and its XML name the same settings")
            done = ssh(world.folder, address, world.port(22), self.PASSWORD, "xConfiguration ExternalManager Server Certificate Verify Mode: off", "admin")
            self.assertNotIn("ERROR", done.stdout)
            log_in = ["--insecure", "--digest", "--user", f"admin:{self.PASSWORD}"]
            base = f"https://{address}:{world.port(443)}"
            self.assertIn("<Peer", curl(*log_in, f"{base}/alternatesconfiguration.xml").stdout)
            self.assertRegex(curl(*log_in, f"{base}/getxml?location=/Nowhere").stdout, r"<Fault>\s*<XPathError>")

    def test_the_factory_password_caps_the_level(self):
        with World("vp") as world:
            system = self.factory_system(world)
            browser = self.web(world, system)
            self.services_off(browser)
            self.external_manager_off(browser)
            self.restart(world, browser, system["address"])
            assessment = self.observed_level(world, system, None)
            self.assertEqual(assessment["level"], 2, assessment)


if __name__ == "__main__":
    main()
