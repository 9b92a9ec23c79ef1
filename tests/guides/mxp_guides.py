#!/usr/bin/env python3
"""The implementation guides of the MXP series, Level 3 and Level 4 (REQ GDE-1), typed as the guide types them."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import SystemGuide, main, step  # noqa: E402

SERVICES = [
    "xconfig http mode: off",
    "xconfig https mode: on",
    "xconfig telnet mode: off",
    "xconfig telnetchallenge mode: off",
    "xconfig snmp mode: off",
    "xconfig ftp mode: off",
    "xconfig ssh mode: on"]
CLIENTS = [
    "xconfig externalmanager address: 127.0.0.1",
    "xconfig externalmanager protocol: https",
    "xconfig externalservices mode: off",
    "xconfig corporatedirectory mode: off"]
PASSWORD = [
    "xconfig strictpassword: on",
    "xconfig systemunit password: superstrongpasswordhere"]


class Mxp(SystemGuide):
    FAMILY = "mxp"
    HOST = "rm204-bld5.company.com"
    OPEN_AT_FACTORY = {"HTTP": 80, "Telnet": 23, "Telnet Challenge": 57, "FTP": 21}

    def test_level_3(self):
        with World("x3") as world:
            system = self.factory_system(world)
            address = system["address"]
            step("1-2. open a telnet session; the default password is TANDBERG")
            telnet = self.telnet(world, system)
            step("3. services")
            self.type_all(telnet, [*SERVICES, "xconfig https verifyservercertificate: off"])
            step("4. external services disabled")
            self.type_all(telnet, CLIENTS)
            step("5. the IP password")
            self.type_all(telnet, PASSWORD)
            self.still_as_before(world, address)
            step("6. reboot")
            self.reboot(world, telnet, address)
            step("7-8. the web page opens with certificate warnings; anything as the user name")
            self.assertEqual(status_of(f"https://{address}:{world.port(443)}/"), 0, "curl must refuse the factory certificate")
            self.confirm_password(world, address)
            self.confirm_closed(world, address)
            self.assertIn(system["serial"], served_certificate(address, world.port(443))["subject"], "the unit's own certificate (CRT-1)")
            self.confirm_ssh(world, address, "xconfig ssh mode", r"(?i)SSH Mode: \"?on")
            assessment = self.observed_level(world, system, self.PASSWORD)
            self.assertEqual(assessment["level"], 3, assessment)
            self.left_open(world, system, assessment, ssh=3)

    def test_level_4(self):
        with World("x4") as world:
            system = self.factory_system(world)
            address = system["address"]
            step("1-6. host name, certificate authority, key pair with passphrase, request, signed certificate")
            company = Authority(world.folder / "company")
            privatekey, cert = company.issue(self.HOST, passphrase="open sesame")
            step("1-2. the web interface over http; anything for the user name, TANDBERG")
            browser = Browser(f"http://{address}:{world.port(80)}", "anything", "TANDBERG").open("/")
            self.assertIn("System Configuration > Certificate Management", browser.text)
            step("3-7. System Configuration > Certificate Management: root, certificate, key, passphrase; Upload")
            browser.open("/sysconf/certificates")
            files = {"Root Certificate": company.certificate, "HTTPS Certificate": cert, "Private Key": privatekey}
            browser.fill_in("Upload", **files, **{"Passphrase": "wrong"})
            self.assertIn("CRT-005", browser.text, "a wrong passphrase is refused with its id")
            browser.open("/sysconf/certificates").fill_in("Upload", **files, **{"Passphrase": "open sesame"})
            self.assertLess(browser.status, 400, browser.text)
            self.assertIn(fingerprint_of(cert), browser.open("/sysconf/certificates").html.replace(":", "").lower(), "shown (CRT-4)")
            step("8-9. telnet; the default password is TANDBERG")
            telnet = self.telnet(world, system)
            step("10. services and verification")
            self.type_all(telnet, [*SERVICES, "xconfig https verifyservercertificate: on"])
            step("11-12. time and names")
            self.type_all(telnet, [
                "xconfig ntp mode: on",
                f"xconfig ntp address: ntp.{world.domain}",
                f"xconfig ip dns server 1 address: {world.dns_address}",
                "xconfig ip dns domain name: company.com"])
            step("13-15. system name, external services disabled, password")
            self.type_all(telnet, ["xconfig systemunit name: rm204-bld5", *CLIENTS, *PASSWORD])
            for line in ("xconfig externalmanager address: 192.0.2.7", "xconfig corporatedirectory address: 192.0.2.7"):
                self.assertIn("DEV-006", telnet.type(line), "verification needs host names (TRU-4)")
            step("16. reboot")
            self.reboot(world, telnet, address)
            step("17-19. the web page over https")
            self.confirm_password(world, address)
            self.confirm_certificate(world, address, company, fingerprint_of(cert))
            self.assertTrue(s_client_verifies(address, world.port(443), company.certificate, self.HOST))
            self.assertFalse(s_client_verifies(address, world.port(443), company.certificate, "other.company.com"))
            self.confirm_closed(world, address)
            settings = self.configuration(world, address)
            self.assertRegex(settings, r"(?i)<VerifyServerCertificate[^>]*>On<")
            self.assertNotIn(self.PASSWORD, settings, "passwords read back as ***")
            step("to the letter, with SSH on, it is Level 3 as a manager sees it")
            assessment = self.observed_level(world, system, self.PASSWORD)
            self.assertEqual(assessment["level"], 3, assessment)
            self.left_open(world, system, assessment, ssh=3)

    def test_the_factory_password_caps_the_level(self):
        self.factory_password_caps([*SERVICES, *CLIENTS])

    def test_spellings_of_the_guide_that_are_no_paths(self):
        with World("xs") as world:
            system = self.factory_system(world)
            telnet = self.telnet(world, system)
            step("an abbreviation: externalservice protocol is ExternalServices Protocol")
            self.type_all(telnet, ["xconfiguration externalservice protocol: HTTPS"])
            self.assertIn("ExternalServices Protocol: HTTPS", telnet.type("xconfig externalservices protocol"))
            step("no path: xconfiguration feedbackregister is a command")
            self.assertIn("ERROR", telnet.type("xconfiguration feedbackregister"))
            self.assertNotIn("ERROR", telnet.type("xcommand feedbackregister url: http://192.0.2.9/x expression: status/call"))
            telnet.close()
            step("its own XML dialect: whole documents, and a Fault where nothing is")
            base = f"http://{system['address']}:{world.port(80)}"
            log_in = ["--digest", "--user", "anything:TANDBERG"]
            for document, root in (("status", "Status"), ("configuration", "Configuration"), ("history", "History"), ("directory", "Directory")):
                self.assertRegex(curl(*log_in, f"{base}/{document}.xml").stdout, rf"<{root}\b[^>]*product=")
            for wrong in ("/Status/Nowhere", "/Nowhere", "]["):
                done = curl(*log_in, "--get", "--data-urlencode", f"location={wrong}", f"{base}/getxml")
                self.assertRegex(done.stdout, r"<Fault>\s*<XPathError>", wrong)
            body = "xmldoc=" + urllib.parse.quote("<Configuration><SystemUnit><Name>posted</Name></SystemUnit></Configuration>")
            self.assertIn("<Success", curl(*log_in, "--data", body, f"{base}/formputxml").stdout)
            self.assertIn(">posted<", curl(*log_in, f"{base}/getxml?location=/Configuration/SystemUnit/Name").stdout)


if __name__ == "__main__":
    main()
