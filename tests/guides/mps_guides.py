#!/usr/bin/env python3
"""The implementation guides of the MPS series, Level 3 and Level 4 (REQ GDE-1), typed as the guide types them.

The reference pages of the chapter call verification `ExternalManager Server Certificate Verify Mode`, its guides
`https verifyservercertificates`: both are taken. The web takes any user name, Telnet asks for admin, as the guide says."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import SystemGuide, main, step  # noqa: E402

SERVICES = [
    "xconfig http mode: off",
    "xconfig https mode: on",
    "xconfig telnet mode: off",
    "xconfig snmp mode: off",
    "xconfig ssh mode: on"]
CLIENTS = [
    "xconfig externalmanager address: 127.0.0.1",
    "xconfig externalmanager protocol: https"]
PASSWORD = ["xconfig systemunit password: superstrongpasswordhere"]


class Mps(SystemGuide):
    FAMILY = "mps"
    HOST = "mps-204.company.com"
    TEXT_USER = "admin"

    def test_level_3(self):
        with World("s3") as world:
            system = self.factory_system(world)
            address = system["address"]
            step("1-2. open a telnet session; admin, TANDBERG")
            telnet = self.telnet(world, system)
            step("3. services")
            self.type_all(telnet, [*SERVICES, "xconfig https verifyservercertificates: off"])
            step("4-5. external services disabled, password")
            self.type_all(telnet, [*CLIENTS, *PASSWORD])
            self.still_as_before(world, address)
            step("6. reboot")
            self.reboot(world, telnet, address)
            step("7-8. the web page opens with certificate warnings; anything as the user name")
            self.assertEqual(status_of(f"https://{address}:{world.port(443)}/"), 0, "curl must refuse the factory certificate")
            self.confirm_password(world, address)
            self.confirm_closed(world, address)
            self.confirm_ssh(world, address, "xconfig ssh mode", r"(?i)SSH Mode: \"?on")
            assessment = self.observed_level(world, system, self.PASSWORD)
            self.assertEqual(assessment["level"], 3, assessment)
            self.left_open(world, system, assessment, ssh=3)

    def test_level_4(self):
        with World("s4") as world:
            system = self.factory_system(world)
            address = system["address"]
            step("1-6. host name, certificate authority, key pair with passphrase, request, signed certificate")
            company = Authority(world.folder / "company")
            privatekey, cert = company.issue(self.HOST, passphrase="open sesame")
            step("7-8. the web interface over http; anything for the user name, TANDBERG")
            browser = Browser(f"http://{address}:{world.port(80)}", "anything", "TANDBERG").open("/")
            self.assertIn("System Configuration > Certificate Management", browser.text)
            step("9-13. System Configuration > Certificate Management: root, certificate, key, passphrase; Upload")
            browser.open("/sysconf/certificates").fill_in(
                "Upload", **{"Root Certificate": company.certificate, "HTTPS Certificate": cert, "Private Key": privatekey,
                             "Passphrase": "open sesame"})
            self.assertLess(browser.status, 400, browser.text)
            self.assertIn(fingerprint_of(cert), browser.open("/sysconf/certificates").html.replace(":", "").lower(), "shown (CRT-4)")
            step("14-15. telnet; admin, TANDBERG")
            telnet = self.telnet(world, system)
            step("16. services and verification")
            self.type_all(telnet, [*SERVICES, "xconfig https verifyservercertificates: on"])
            self.assertRegex(telnet.type("xConfiguration ExternalManager Server Certificate Verify Mode"), r"Verify Mode: On",
                             "one setting under two names")
            step("17-19. external services disabled, time, names")
            self.type_all(telnet, [
                *CLIENTS,
                f"xconfig ntp address: ntp.{world.domain}",
                f"xconfig ip dns server 1 address: {world.dns_address}",
                "xconfig ip dns domain name: company.com"])
            step("20-21. system name, password")
            self.type_all(telnet, ["xconfig systemunit name: mps-204", *PASSWORD])
            self.assertIn("DEV-006", telnet.type("xconfig externalmanager address: 192.0.2.7"), "verification needs host names (TRU-4)")
            step("22. reboot")
            self.reboot(world, telnet, address)
            step("23-25. the web page over https")
            self.confirm_password(world, address)
            self.confirm_certificate(world, address, company, fingerprint_of(cert))
            self.assertTrue(s_client_verifies(address, world.port(443), company.certificate, self.HOST))
            self.confirm_closed(world, address)
            self.assertNotIn(self.PASSWORD, self.configuration(world, address), "passwords read back as ***")
            step("to the letter, with SSH on, it is Level 3 as a manager sees it")
            assessment = self.observed_level(world, system, self.PASSWORD)
            self.assertEqual(assessment["level"], 3, assessment)
            self.left_open(world, system, assessment, ssh=3)

    def test_the_factory_password_caps_the_level(self):
        self.factory_password_caps([*SERVICES, *CLIENTS])

    def test_a_spelling_of_the_guide_that_is_no_command(self):
        with World("ss") as world:
            system = self.factory_system(world)
            telnet = self.telnet(world, system)
            self.assertIn("ERROR", telnet.type("xconfigure externalmanager"), "xconfigure begins nothing")
            telnet.close()


if __name__ == "__main__":
    main()
