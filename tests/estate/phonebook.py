#!/usr/bin/env python3
"""The manager's phone books, from an administrator's list to the search that somebody types at a system (REQ MGR-10, CLI-3)."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

PASSWORD = "Phone-book-4711"
LIST = """\ufeffName;Number;Protocol;Folder;Description
Anna <Board>;anna@company.com;;Berlin/Second floor;"first; floor"
Anna <Board>;4711;H323;Berlin/Second floor;
Ärztezimmer;aerzte@company.com;SIP;Berlin;
alpha lab;4712;;;
Zoë;zoe@company.com;SIP;Paris;
"""


class Phonebook(unittest.TestCase):
    maxDiff = None

    def names(self, answer):
        return [one["name"] for one in answer["entries"]]

    def test_from_a_list_to_the_search_at_a_system(self):
        with World("phonebook") as world:
            systems = world.start_all([{"family": "c-series", "host_name": "room.company.com", "password": PASSWORD, "settings": {"service.https.mode": "on"}},
                                       {"family": "mxp", "host_name": "mxp.company.com", "password": PASSWORD, "settings": {"service.https.mode": "on"}}])
            secret = world.folder / "password"
            secret.write_text(PASSWORD + "\n")
            secret.chmod(0o600)
            for one in systems:
                pin = served_certificate(one["address"], world.port(443))["fingerprint"]
                world.cli("system", "add", one["host_name"], "--ip", one["address"], "--family", one["family"], "--password-file", secret, "--system-pin", pin)
            world.cli("job", "wait", "--timeout", "60")
            file = world.folder / "list.csv"
            file.write_text(LIST, encoding="utf-8")
            step("import: separators, byte order mark and quotes of a spreadsheet")
            done = world.api("phonebook", "import", "Company", file)
            self.assertEqual((done["entries"], done["added"]), (4, 4))
            self.assertEqual(self.names(world.api("phonebook", "search", "ÄRZTE")), ["Ärztezimmer"], "letters of any alphabet compare without case")
            self.assertEqual(self.names(world.api("phonebook", "search", "471")), ["alpha lab", "Anna <Board>"], "by the beginning of a number")
            self.assertEqual(self.names(world.api("phonebook", "search", "a")), ["alpha lab", "Anna <Board>", "Ärztezimmer"], "names and numbers")
            step("a bad list is refused whole, all problems with their lines")
            bad = world.folder / "bad.csv"
            bad.write_text("name,number,protocol\nGood,1,SIP\n,2,SIP\nX,3,SMOKE\nY,4\n")
            refused = world.cli("phonebook", "import", "Company", bad, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("MGR-080", refused.stderr)
            self.assertEqual(world.api("phonebook", "list")["phonebooks"][0]["entries"], 4)
            step("again, replacing: what the list does not name goes")
            file.write_text(LIST.replace("Zoë;zoe@company.com;SIP;Paris;\n", "").replace("4712", "4713"), encoding="utf-8")
            done = world.api("phonebook", "import", "company", file, "--replace")
            self.assertEqual((done["entries"], done["added"], done["changed"], done["removed"]), (3, 0, 1, 1))
            step("nobody sees it before it is assigned")
            self.assertEqual(self.asked(world, systems[0]["mac"]).count("<Entry>"), 0)
            world.cli("folder", "add", "/Berlin")
            world.cli("system", "move", "room.company.com", "--to", "/Berlin", check=False)
            world.cli("phonebook", "assign", "Company", "--to-system", "mxp.company.com")
            world.cli("phonebook", "assign", "Company", "--to-system", "room.company.com")
            self.assertEqual(self.asked(world, systems[0]["mac"]).count("<Entry>"), 3)
            self.assertEqual(self.asked(world, "00:00:00:00:00:01").count("<Entry>"), 0, "a stranger")
            step("browsing: folders first; a page at a time")
            top = self.asked(world, systems[0]["mac"], scope="SingleLevel")
            self.assertIn("<Name>Berlin</Name>", top)
            self.assertEqual(top.count("<Entry>"), 1)
            page = self.asked(world, systems[0]["mac"], most=1)
            self.assertEqual(page.count("<Entry>"), 1)
            last = page.split("<Id>e_")[1].split("<")[0]
            rest = self.asked(world, systems[0]["mac"], most=1, after=f"e_{last}")
            self.assertNotEqual(page, rest)
            self.assertIn("Anna &lt;Board&gt;", rest)
            step("Secure-Only: the systems are set to search here, over HTTPS, verified; and do")
            world.cli("secure-only", "set", "verify")
            done = world.cli("enforce", "--wait", "--timeout", "300", check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr + world.cli("job", "list").stdout)
            self.search_at(world, systems[0], "<Command><Phonebook><Search><PhonebookType>Corporate</PhonebookType><SearchString>anna</SearchString></Search></Phonebook></Command>")
            self.search_at(world, systems[1], "<Command><CorpDirSearch><StartsWith>anna</StartsWith></CorpDirSearch></Command>")
            step("taken back, it is gone; removed, too")
            world.cli("phonebook", "unassign", "Company", "--to-system", "room.company.com")
            self.assertEqual(self.asked(world, systems[0]["mac"]).count("<Entry>"), 0)
            world.cli("phonebook", "remove", "Company")
            self.assertEqual(world.api("phonebook", "list")["phonebooks"], [])

    def asked(self, world, mac, text="", scope="SubTree", most=50, after="", path=""):
        body = ('<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body>'
                '<Search xmlns="http://www.tandberg.net/2004/06/PhoneBookSearch/"><Identification>'
                f"<MACAddress>{mac}</MACAddress></Identification><SearchString>{text}</SearchString><SearchPath>{path}</SearchPath>"
                f"<MaxResult>{most}</MaxResult><StartFromId>{after}</StartFromId><Scope>{scope}</Scope></Search></env:Body></env:Envelope>")
        url = f"http://{world.manager_address}:{world.port(80)}/tms/public/external/phonebook/phonebookservice.asmx?op=Search"
        return curl("--data-binary", body, "--header", "Content-Type: text/xml", url).stdout

    def search_at(self, world, system, command):
        """What a person at the system finds, through the system's own door."""
        found = self.command(world, system, command)
        self.assertIn("Anna", found, found + "\n".join(world.journal(system)[-20:]))
        self.assertIn("anna@company.com", found)

    def command(self, world, system, command):
        return curl("--cacert", world.folder / "manager" / "ca.pem", "--resolve", f"{system['host_name']}:{world.port(443)}:{system['address']}", "--digest", "--user",
                    f"admin:{PASSWORD}", "--data-raw", command, "--header", "Content-Type: text/xml",
                    f"https://{system['host_name']}:{world.port(443)}/putxml").stdout


if __name__ == "__main__":
    main()
