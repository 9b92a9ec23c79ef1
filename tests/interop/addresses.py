#!/usr/bin/env python3
"""Addresses, masks, names and URLs that are none, in every setting of every family that holds one, through each door: refused in the
door's own words and with our id, and nothing of the document or form that they stood in was changed (REQ DPT-1, DPT-5, TRU-4)."""

import pathlib
import re
import sys
import tomllib
import unittest
import xmlrpc.client

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from transactions import Transactions  # noqa: E402

FAMILIES = pathlib.Path(__file__).resolve().parent.parent.parent / "families"
BAD = {"ipv4_address": ["banana", "192.0.2.256", "0.0.0.0", "224.0.0.1"], "ip_address": ["not an ip", "192.0.2.999", "ns.example.com", "::"],
       "subnet_mask": ["999", "255.0.255.0"], "host_name": ["a b", "192.0.2.1"], "host": ["a b c", "192.0.2.999", "http://ntp.example.com"],
       "server": ["http://foo/bar", "host:99999", "a b"], "url": ["ftp://a/x", "nothing", "http://a b/"], "url_path": ["a b", "http://foo/bar"]}
GOOD = {"ipv4_address": "192.0.2.10", "ip_address": "192.0.2.53", "subnet_mask": "255.255.254.0", "host_name": "room.example.com",
        "host": "ntp.example.com", "server": "tms.example.com", "url": "https://tms.example.com/x", "url_path": "tms/x.asmx"}
LOG_IN = {"vcs": ["--insecure", "--digest", "--user", "admin:TANDBERG"], "roomos": ["--insecure", "--basic", "--user", "admin:"]}
SECURE = ("vcs", "roomos")


def addresses_of(family):
    """Path, canonical name and format of every setting that holds an address."""
    settings = tomllib.loads((FAMILIES / f"{family}.toml").read_text())["setting"]
    return [(one["path"], one.get("canonical", ""), one["format"]) for one in settings if "format" in one]


def element(path, value):
    """"IP DNS Server 1 Address" as the XML below <Configuration>."""
    inner, words = value, path.split()
    while words:
        item = f' item="{words.pop()}"' if words[-1].isdigit() else ""
        name = words.pop()
        inner = f"<{name}{item}>{inner}</{name}>"
    return inner


class Addresses(unittest.TestCase):
    def system(self, world, family):
        system = world.add_estate([{"family": family, "host_name": f"room.{world.domain}"}])[0]
        world.start_device()
        scheme, port = ("https", 443) if family in SECURE else ("http", 80)
        self.base = f"{scheme}://{system['address']}:{world.port(port)}"
        self.options = LOG_IN.get(family, ["--digest", "--user", "admin:TANDBERG"])
        return system

    def configuration(self):
        return curl(*self.options, f"{self.base}/configuration.xml").stdout

    def put(self, *settings):
        document = "<Configuration>" + "".join(element(*one) for one in settings) + "</Configuration>"
        return curl(*self.options, "--header", "Content-Type: text/xml", "--data-binary", document, f"{self.base}/putxml").stdout

    def text_family(self, family):
        with World(f"ad{family[0]}{family[-1]}") as world:
            self.system(world, family)
            before, settings = self.configuration(), addresses_of(family)
            self.assertGreater(len(settings), 8)
            step(f"{family}: each alone, beside a change that is good")
            for path, _, form in settings:
                for bad in BAD[form]:
                    answer = self.put(("SystemUnit Name", "Changed"), (path, bad))
                    self.assertIn("<Error", answer, f"{path}: {bad}")
                    self.assertNotIn("<Success", answer, f"{path}: {bad}")
            step("all at once: all problems are told")
            answer = self.put(("SystemUnit Name", "Changed"), *((path, BAD[form][0]) for path, _, form in settings))
            self.assertEqual(answer.count("<Error"), len(settings), answer)
            self.assertEqual(self.configuration(), before, "nothing was changed")
            step("and what is one is taken")
            for path, _, form in settings:
                self.assertNotIn("<Error", self.put((path, GOOD[form])), path)
                self.assertNotIn("<Error", self.put((path, "")), f"{path}: empty means none")

    def test_c_series(self):
        self.text_family("c-series")

    def test_mxp(self):
        self.text_family("mxp")

    def test_mps(self):
        self.text_family("mps")

    def test_vcs(self):
        self.text_family("vcs")

    def test_roomos(self):
        self.text_family("roomos")

    def test_at_a_dataport(self):
        with World("adt") as world:
            system = self.system(world, "mxp")
            telnet = Telnet(system["address"], world.port(23), "TANDBERG")
            for line in ("ip address: banana", "ip subnetmask: 999", "ip dns server 1 address: banana", 'ntp address: "a b c"',
                         'externalmanager address: "http://foo/bar"'):
                answer = telnet.type(f"xconfiguration {line}")
                self.assertIn("ERROR", answer, line)
                self.assertNotIn("\nOK", answer.replace("\r", ""), line)
            step("TRU-4: what is no name server does not count as one")
            self.assertNotIn("banana", telnet.type("xconfiguration ip"))
            self.assertIn("ERROR", telnet.type("xcommand feedbackregister url: nowhere expression.1: status/call"))
            self.assertNotIn("ERROR", telnet.type("xconfiguration ip dns server 1 address: 192.0.2.53"))
            telnet.close()

    def test_on_pages(self):
        with World("adp") as world:
            system = self.system(world, "mcu")
            browser = Browser(self.base, "admin", "")
            for page, button, good, bad in (
                    ("/network/port_a", "Update DNS configuration", {"Host name": "bridge"}, {"Name server": "not an ip"}),
                    ("/network/port_a", "Update IP configuration", {"Default gateway": "192.0.2.1"}, {"IP address": "banana"}),
                    ("/network/port_a", "Update IP configuration", {"Default gateway": "192.0.2.1"}, {"Subnet mask": "255.0.255.0"}),
                    ("/settings/time", "Update NTP settings", {"UTC offset": "3"}, {"NTP host": "x y"}),
                    ("/network/snmp", "Update SNMP settings", {"Name": "Changed"}, {"Trap receiver address 1": "a b"})):
                browser.open(page).fill_in(button, **good, **bad)
                self.assertIn('class="problem"', browser.html, bad)
                self.assertIn("DEV-002", browser.text, bad)
                browser.open(page)
                for value in (*good.values(), *bad.values()):
                    self.assertNotIn(f'value="{value}"', browser.html, "nothing was changed")
            step("a page that is saved as it is changes nothing and is not refused")
            browser.open("/network/port_a").fill_in("Update IP configuration")
            self.assertIn('class="notice"', browser.html)
            step("a feedback receiver listens at /RPC2, by http or https: fault 102 otherwise")
            proxy = xmlrpc.client.ServerProxy(f"{self.base}/RPC2")
            log_in = {"authenticationUser": "admin", "authenticationPassword": ""}
            for uri in ("http://192.0.2.9/x/y", "ftp://192.0.2.9/RPC2", "nowhere", "http://192.0.2.9/?/RPC2"):
                with self.assertRaises(xmlrpc.client.Fault) as refused:
                    proxy.feedbackReceiver.configure({**log_in, "receiverURI": uri})
                self.assertEqual(refused.exception.faultCode, 102, uri)
            self.assertEqual(proxy.feedbackReceiver.query(log_in)["receivers"], [])
            proxy.feedbackReceiver.configure({**log_in, "receiverURI": "http://192.0.2.9:8080/RPC2"})
            with self.assertRaises(xmlrpc.client.Fault) as refused:
                proxy.feedbackReceiver.reconfigure({**log_in, "receiverIndex": 1, "receiverURI": "http://192.0.2.9/x"})
            self.assertEqual(refused.exception.faultCode, 102)
            receiver = proxy.feedbackReceiver.query(log_in)["receivers"][0]
            self.assertEqual(receiver, {"receiverURI": "http://192.0.2.9:8080/RPC2", "index": 1,
                                        "sourceIdentifier": system["mac"].replace(":", "")})

    def test_in_transactions(self):
        with World("adx") as world:
            self.system(world, "rmx")
            session = Transactions(self.base).log_in("POLYCOM", "POLYCOM")
            before = curl("--digest", "--user", "POLYCOM:POLYCOM", f"{self.base}/setup/management_network").stdout
            for path, _, form in addresses_of("rmx"):
                for bad in BAD[form]:
                    status = session.refused("TRANS_MCU", "SET_SETTING", NAME=path, VALUE=bad)
                    self.assertEqual(status[0], "5", (path, bad, status))
                    self.assertIn("DEV-002", status[2], (path, bad))
            after = curl("--digest", "--user", "POLYCOM:POLYCOM", f"{self.base}/setup/management_network").stdout
            self.assertEqual(re.sub(r"(?s)<p class=.*?</p>", "", after), re.sub(r"(?s)<p class=.*?</p>", "", before))
            for path, _, form in addresses_of("rmx"):
                session.do("TRANS_MCU", "SET_SETTING", NAME=path, VALUE=GOOD[form])


if __name__ == "__main__":
    main()
