#!/usr/bin/env python3
"""Words and answers of single families that other people's clients and people at a terminal meet: protocols.md 1, 2.2, 3 and 4."""

import json
import pathlib
import re
import sys
import unittest
import xmlrpc.client

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from estate import *  # noqa: E402,F403
from guide import main, snmpget, step  # noqa: E402
from transactions import Transactions  # noqa: E402
from websocket import Socket  # noqa: E402


class FamilyWords(unittest.TestCase):
    def start(self, name, family, **more):
        world = World(name).__enter__()
        self.addCleanup(world.__exit__, None, None, None)
        system = world.add_estate([{"family": family, "host_name": f"room.{world.domain}", **more}])[0]
        world.start_device()
        return world, system

    def test_services_of_the_dataport(self):
        world, system = self.start("fws", "mxp")
        telnet = Telnet(system["address"], world.port(23), "TANDBERG")
        self.addCleanup(telnet.close)
        usage = telnet.type("services ?")
        for name in ("snmp", "h323", "sip"):
            self.assertRegex(usage, rf"[</]{name}[/>]")
        self.assertNotIn("snmptraps", usage, "they have the switch of SNMP")
        for line, shown in (("services snmp disable", "SNMP Mode: Off"), ("services snmp read-only", "SNMP Mode: On"),
                            ("services h323 disable", "H323 Mode: Off"), ("services h323 enable", "H323 Mode: On")):
            self.assertNotIn("ERROR", telnet.type(line), line)
            self.assertIn(shown, telnet.type(f"xconfiguration {shown.split()[0]} mode"), line)
        step("what nothing can be read only of")
        self.assertIn("usage:", telnet.type("services telnet read-only"))
        step("certificate del with nothing there")
        answer = telnet.type("certificate del")
        self.assertIn("GEN-003", answer)
        self.assertNotRegex(answer, r"store\s+\.")

    def test_pages_that_there_are_not(self):
        world, system = self.start("fwp", "mxp")
        url = f"http://{system['address']}:{world.port(80)}/no/such/page"
        browser = ["--digest", "--user", "admin:TANDBERG", "--write-out", "\n%{http_code} %{content_type}"]
        answer = curl(*browser, "--header", "Accept: text/html,application/xhtml+xml,*/*;q=0.8", url).stdout
        self.assertRegex(answer, r"\n404 text/html")
        self.assertIn("GEN-003", answer)
        self.assertIn('href="/sysconf/certificates"', answer, "the menu leads back")
        self.assertRegex(curl(*browser, url).stdout, r"\n404 application/problem\+json")
        self.assertEqual(status_of(url, "--header", "Accept: text/html"), 401, "nobody looks around before the log-in")

    def test_revocation_by_lists_wants_a_list(self):
        world, system = self.start("fwr", "rmx")
        base = f"http://{system['address']}:{world.port(80)}"
        session = Transactions(base).log_in("POLYCOM", "POLYCOM")
        status = session.refused("TRANS_CERTIFICATE", "SET_REVOCATION", SERVICE_NAME="IP Network Service", METHOD="CRL")
        self.assertEqual(status[1], "At least one CRL should be installed.")
        self.assertIn("DEV-102", status[2])
        rows = session.do("TRANS_CERTIFICATE", "GET_REVOCATION_LS")
        self.assertEqual({row.findtext("METHOD") for row in rows.iter("REVOCATION")}, {"NONE"})
        browser = Browser(base, "POLYCOM", "POLYCOM")
        browser.open("/setup/management_network").fill_in("Save Revocation Options", **{"Revocation Method": "CRL"})
        self.assertIn("At least one CRL should be installed.", browser.text)
        step("a note of a flag says its value once")
        flags = [flag for flag in session.do("TRANS_SYSTEM_FLAGS", "GET_LS").iter() if flag.findtext("NAME") == "RMX_MANAGEMENT_SECURITY_PROTOCOL"]
        self.assertEqual([flag.findtext("NOTE").count("TLSV1_SSLV3:") for flag in flags], [1])

    def test_network_of_the_mcu(self):
        world, system = self.start("fwn", "mcu")
        mcu = xmlrpc.client.ServerProxy(f"http://{system['address']}:{world.port(80)}/RPC2")
        log_in = {"authenticationUser": "admin", "authenticationPassword": ""}
        network = mcu.device.network.query(log_in)
        self.assertEqual(network["dns"], [], "an array, also of none")
        self.assertTrue(network["portA"]["ipv4Enabled"])
        self.assertEqual(network["portA"]["ipAddress"], system["address"])
        self.assertFalse(network["portB"]["ipv4Enabled"], "it has no link")
        Browser(f"http://{system['address']}:{world.port(80)}", "admin", "").open("/network/port_a").fill_in(
            "Update DNS configuration", **{"Name server": "192.0.2.53"})
        self.assertEqual([one["nameServer"] for one in mcu.device.network.query(log_in)["dns"]], ["192.0.2.53"])

    def test_alarms_and_factory_reset_of_roomos(self):
        world, system = self.start("fwa", "roomos")
        address, https = system["address"], world.port(443)
        options = ["--insecure", "--basic", "--user", "admin:"]
        url = f"https://{address}:{https}"
        wanted = {"Type": "password.factory", "Level": "Warning", "Description": "The factory password is still in use"}
        step("the factory password is an alarm: by XML, at a terminal, over a WebSocket")
        document = curl(*options, f"{url}/getxml?location=/Status/Diagnostics").stdout
        for name, text in wanted.items():
            self.assertIn(f"<{name}>{text}", document)
        shown = ssh(world.folder, address, world.port(22), "", "xStatus Diagnostics", "admin").stdout
        for name, text in wanted.items():
            self.assertRegex(shown, rf'\*s Diagnostics Message \d {name}: "{re.escape(text)}')
        client = Socket(address, https, "admin", "")
        messages = client.ask("xGet", Path=["Status", "Diagnostics", "Message"])["result"]
        self.assertIn((wanted["Type"], wanted["Level"]), [(one["Type"], one["Level"]) for one in messages])
        step("another password: the alarm is gone, and a subscriber is told")
        client.ask("xFeedback/Subscribe", 2, Query=["Status", "Diagnostics"])
        client.send(json.dumps({"jsonrpc": "2.0", "id": 3, "method": "xCommand/UserManagement/User/Passphrase/Set",
                                "params": {"NewPassphrase": "s3cret words", "YourPassphrase": ""}}))
        told = ""
        while "ghost" not in told:
            told = client.receive()[1].decode()
        options = ["--insecure", "--basic", "--user", "admin:s3cret words"]
        self.assertNotIn("password.factory", curl(*options, f"{url}/getxml?location=/Status/Diagnostics").stdout)
        step("factory reset: only with Confirm: Yes")
        put = lambda inner: curl(*options, "--header", "Content-Type: text/xml", "--data-binary",  # noqa: E731
                                 f"<Command><SystemUnit><FactoryReset>{inner}</FactoryReset></SystemUnit></Command>", f"{url}/putxml").stdout
        self.assertIn("ParameterError", put(""))
        self.assertIn("ParameterError", put("<Confirm>No</Confirm>"))
        self.assertIn('status="OK"', put("<Confirm>Yes</Confirm>"))
        wait_for(lambda: status_of(f"{url}/getxml?location=/Status", "--insecure", "--basic", "--user", "admin:") == 200,
                 "the factory password opens it again")

    def test_ssh_that_is_switched_off_over_ssh_answers_first(self):
        world, system = self.start("fwo", "roomos")
        done = ssh(world.folder, system["address"], world.port(22), "", "xConfiguration NetworkServices SSH Mode: Off", "admin")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done)
        self.assertIn("OK", done.stdout)
        wait_for(lambda: port_state(system["address"], world.port(22)) == "refused", "SSH closes")


if __name__ == "__main__":
    main()
