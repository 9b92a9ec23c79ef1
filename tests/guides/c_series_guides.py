#!/usr/bin/env python3
"""The implementation guides of the C-series, Level 3 and Level 4 (REQ GDE-1), typed as the guide types them.

The Level 3 guide lost its command lines in the seed document; they are those of the C-series Level 3 profile in the words of
the Level 4 guide of the same chapter, in the order of the MXP guide."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

HOST = "rm204-bld5.company.com"


class CSeries(unittest.TestCase):
    def factory_system(self, world):
        system = world.add_estate([{"family": "c-series", "host_name": HOST}])[0]
        world.start_dns()
        world.start_ntp()
        world.start_device()
        self.assertEqual(port_state(system["address"], world.port(80)), "open", "HTTP is on at the factory")
        self.assertEqual(port_state(system["address"], world.port(443)), "refused", "HTTPS is off at the factory")
        self.assertEqual(port_state(system["address"], world.port(23)), "open", "Telnet is on at the factory")
        self.assertTrue(snmp_answers(system["address"], world.port(161)), "SNMP is on at the factory")
        return system

    def type_all(self, telnet, lines):
        for line in lines:
            answer = telnet.type(line)
            self.assertNotIn("ERROR", answer, f"{line}: {answer}")

    def reboot(self, world, telnet, address):
        step("xcom boot; wait until the codec has fully restarted")
        telnet.type("xcom boot")
        wait_for(lambda: port_state(address, world.port(443)) == "open", "HTTPS opens after the restart")
        telnet.close()

    def confirm_closed(self, world, address):
        step("confirm from outside what is refused")
        for name, standard in (("HTTP", 80), ("Telnet", 23)):
            self.assertEqual(port_state(address, world.port(standard)), "refused", f"{name} must be closed")
            self.assertEqual(status_of(f"http://{address}:{world.port(80)}/"), 0)
        self.assertFalse(snmp_answers(address, world.port(161)), "SNMP must be closed")

    def confirm_password(self, world, address, password):
        step("log in with anything as the user name and the new password; the factory password opens nothing")
        url = f"https://{address}:{world.port(443)}/getxml?location=/Configuration/NetworkServices"
        self.assertEqual(status_of(url, "--insecure", "--digest", "--user", f"anything:{password}"), 200)
        self.assertEqual(status_of(url, "--insecure", "--digest", "--user", "anything:TANDBERG"), 401)
        self.assertEqual(status_of(url, "--insecure"), 401)

    def confirm_ssh(self, world, address, password):
        step("SSH, optional but recommended, takes the new password and no other")
        port = world.port(22)
        self.assertEqual(ssh(world.folder, address, port, "TANDBERG", "xstatus systemunit").returncode, 255)
        done = ssh(world.folder, address, port, password, "xconfig networkservices ssh mode")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?i)ssh mode: \"?on")

    def close_ssh(self, world, address, password):
        step("switched off, it is closed after the restart")
        for line in ("xconfig networkservices ssh mode: off", "xcom boot"):
            done = ssh(world.folder, address, world.port(22), password, line)
            self.assertNotIn("ERROR", done.stdout)
        wait_for(lambda: port_state(address, world.port(22)) == "refused", "SSH closes")
        wait_for(lambda: port_state(address, world.port(443)) == "open", "HTTPS opens after the restart")
        self.assertEqual(port_state(address, world.port(22)), "refused")

    def ssh_holds_level_3(self, assessment):
        """Nobody pinned its host key: SSH counts as Level 3, and the answer says so (REQ LVL-5, LVL-7)."""
        row = {one["id"]: one for one in assessment["protocols"]}["ssh"]
        self.assertTrue(row["open"])
        self.assertEqual(row["level"], 3)
        self.assertIn("host key", row["raise_by"])

    def observed_level(self, world, system, password):
        """The level that a manager sees, and why."""
        world.start_manager()
        world.trust_factory()
        world.set_policy()
        secret = world.folder / "password"
        secret.write_text(password + "\n")
        world.cli("system", "add", system["host_name"], "--ip", system["address"], "--family", "c-series", "--password-file", secret)
        return world.api("system", "observe", system["host_name"])["assessments"][0]

    def test_level_3(self):
        with World("c3") as world:
            system = self.factory_system(world)
            address = system["address"]
            step("1-2. open a telnet session; the default password is TANDBERG")
            telnet = Telnet(address, world.port(23), "TANDBERG")
            step("3-5. services, external services disabled, password")
            self.type_all(telnet, [
                "xconfig networkservices http mode: off",
                "xconfig networkservices https mode: on",
                "xconfig networkservices telnet mode: off",
                "xconfig networkservices snmp mode: off",
                "xconfig networkservices ssh mode: on",
                "xconfig networkservices https verifyservercertificate: off",
                "xconfig provisioning externalmanager address: 127.0.0.1",
                "xconfig provisioning externalmanager protocol: https",
                "xconfig phonebook server 1 url: 127.0.0.1",
                "xcom systemunit adminpassword set password: superstrongpasswordhere"])
            self.assertEqual(port_state(address, world.port(80)), "open", "a switch waits for the restart (SVC-3)")
            self.assertEqual(port_state(address, world.port(22)), "refused", "a switch waits for the restart (SVC-3)")
            self.assertEqual(port_state(address, world.port(443)), "refused", "a switch waits for the restart (SVC-3)")
            self.reboot(world, telnet, address)
            step("7-8. the web page opens with certificate warnings; log in")
            self.assertEqual(status_of(f"https://{address}:{world.port(443)}/"), 0, "curl must refuse the factory certificate")
            self.confirm_password(world, address, "superstrongpasswordhere")
            self.confirm_closed(world, address)
            self.assertIn(system["serial"], served_certificate(address, world.port(443))["subject"], "the factory certificate is the unit's own (CRT-1)")
            assessment = self.observed_level(world, system, "superstrongpasswordhere")
            self.assertEqual(assessment["level"], 3, assessment)
            self.confirm_ssh(world, address, "superstrongpasswordhere")
            self.ssh_holds_level_3(assessment)
            step("once the administrator compared the fingerprint and pinned it, the plan to Level 4 closes SSH")
            world.cli("system", "set", HOST, "--system-pin", served_certificate(address, world.port(443))["fingerprint"])
            world.api("system", "observe", HOST)
            plan = world.api("plan", "show", HOST, "--goal", "verify", check=False)["plans"][0]
            closed = {change["setting"] for one in plan["steps"] for change in one["settings"] if change["value"] == "off"}
            self.assertIn("service.ssh.mode", closed, plan)
            self.close_ssh(world, address, "superstrongpasswordhere")

    def test_the_factory_password_caps_the_level(self):
        with World("cp") as world:
            system = self.factory_system(world)
            address = system["address"]
            telnet = Telnet(address, world.port(23), "TANDBERG")
            step("the services of the guide, without its password step")
            self.type_all(telnet, ["xconfig networkservices http mode: off", "xconfig networkservices https mode: on",
                                   "xconfig networkservices telnet mode: off", "xconfig networkservices snmp mode: off",
                                   "xconfig provisioning externalmanager address: 127.0.0.1",
                                   "xconfig provisioning externalmanager protocol: https", "xconfig phonebook server 1 url: 127.0.0.1"])
            self.reboot(world, telnet, address)
            self.assertEqual(self.observed_level(world, system, "TANDBERG")["level"], 2, "the factory password still opens it (DPT-3)")
            step("another password, and it is what its protocols are")
            Browser(f"https://{address}:{world.port(443)}", "anything", "TANDBERG", "--insecure").open("/web/password").fill_in(
                "Change password", **{"New password": "superstrongpasswordhere", "Repeat the new password": "superstrongpasswordhere"})
            (world.folder / "password").write_text("superstrongpasswordhere\n")
            world.cli("system", "set", HOST, "--password-file", world.folder / "password")
            self.assertEqual(world.api("system", "observe", HOST)["assessments"][0]["level"], 3)

    def test_level_4(self):
        with World("c4") as world:
            system = self.factory_system(world)
            address = system["address"]
            step("1-6. host name, certificate authority, key pair with passphrase, request, signed certificate")
            company = Authority(world.folder / "company")
            privatekey, cert = company.issue(HOST, passphrase="open sesame")
            step("7-8. the web interface over http; anything for the user name, TANDBERG")
            browser = Browser(f"http://{address}:{world.port(80)}", "anything", "TANDBERG").open("/")
            self.assertEqual(browser.status, 200)
            step("9-13. Upload certificates: trusted CA list, HTTPS certificate, private key, passphrase; Upload")
            browser.open("/web/security/cert")
            self.assertIn("Upload certificates", browser.text)
            browser.fill_in("Upload", **{"Trusted CA List file (PEM format)": company.certificate, "HTTPS Certificate (PEM format)": cert,
                                         "Private Key (PEM format)": privatekey, "Passphrase": "wrong"})
            self.assertIn("CRT-005", browser.text, "a wrong passphrase is refused with its id")
            browser.open("/web/security/cert").fill_in(
                "Upload", **{"Trusted CA List file (PEM format)": company.certificate, "HTTPS Certificate (PEM format)": cert,
                             "Private Key (PEM format)": privatekey, "Passphrase": "open sesame"})
            self.assertLess(browser.status, 400, browser.text)
            browser.open("/web/security/cert")
            self.assertIn(fingerprint_of(cert), browser.html.replace(":", "").lower(), "the page shows the installed certificate (CRT-4)")
            step("14-15. telnet; the default password is TANDBERG")
            telnet = Telnet(address, world.port(23), "TANDBERG")
            step("16. services and verification")
            self.type_all(telnet, [
                "xconfig networkservices http mode: off",
                "xconfig networkservices https mode: on",
                "xconfig networkservices telnet mode: off",
                "xconfig networkservices snmp mode: off",
                "xconfig networkservices ssh mode: on"])
            answer = telnet.type("xconfig networkservices https verifyservercertificate: on")
            self.assertNotIn("ERROR", answer)
            step("17-21. time, names, system name, external services disabled, password")
            self.type_all(telnet, [
                "xconfig networkservices ntp mode: on",
                f"xconfig networkservices ntp address: ntp.{world.domain}",
                f"xconfig network 1 dns server 1 address: {world.dns_address}",
                "xconfig network 1 dns domain name: company.com",
                "xconfig systemunit name: rm204-bld5",
                "xconfig provisioning externalmanager address: 127.0.0.1",
                "xconfig provisioning externalmanager protocol: https",
                "xconfig provisioning externalservices mode: off",
                "xconfig phonebook server 1 url: 127.0.0.1",
                "xcom systemunit adminpassword set password: superstrongpasswordhere"])
            refused = telnet.type("xconfig provisioning externalmanager address: 192.0.2.7")
            self.assertIn("DEV-006", refused, "verification needs host names (TRU-4)")
            self.reboot(world, telnet, address)
            step("23-24. the web page over https")
            self.confirm_password(world, address, "superstrongpasswordhere")
            step("25. the certificate that is served")
            self.assertEqual(served_certificate(address, world.port(443))["fingerprint"], fingerprint_of(cert))
            step("after the move: the FQDN in a browser that trusts the root shows no certificate error")
            url = f"https://{HOST}:{world.port(443)}/"
            resolve = ["--resolve", f"{HOST}:{world.port(443)}:{address}", "--cacert", company.certificate]
            self.assertIn(status_of(url, *resolve, "--digest", "--user", "x:superstrongpasswordhere"), (200, 302))
            self.assertTrue(s_client_verifies(address, world.port(443), company.certificate, HOST))
            self.assertFalse(s_client_verifies(address, world.port(443), company.certificate, "other.company.com"))
            self.confirm_closed(world, address)
            settings = curl("--insecure", "--digest", "--user", "x:superstrongpasswordhere",
                            f"https://{address}:{world.port(443)}/getxml?location=/Configuration").stdout
            self.assertRegex(settings, r"(?i)<VerifyServerCertificate[^>]*>On<")
            self.assertNotIn("superstrongpasswordhere", settings, "passwords read back as ***")
            self.confirm_ssh(world, address, "superstrongpasswordhere")
            step("to the letter, with SSH on, it is Level 3 as a manager sees it")
            assessment = self.observed_level(world, system, "superstrongpasswordhere")
            self.assertEqual(assessment["level"], 3, assessment)
            self.ssh_holds_level_3(assessment)


if __name__ == "__main__":
    main()
