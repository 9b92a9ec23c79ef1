#!/usr/bin/env python3
"""Folders with real systems behind them: exceptions change what the plan does and end by themselves, credentials of a folder let the manager in,
and a unit that replaced another one gets nothing before it is accepted."""

import pathlib
import sqlite3
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402


class Folders(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.world = World("folders").__enter__()
        try:
            cls.systems = cls.world.start_all([{"family": "c-series", "host_name": "room1.company.com"}, {"family": "c-series", "host_name": "lab1.company.com"}, {"family": "roomos", "host_name": "huddle1.company.com"}])
            cls.world.cli("folder", "add", "/Labs")
        except BaseException:
            cls.world.__exit__(*sys.exc_info())
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__(None, None, None)

    def system(self, name):
        return json.loads(self.world.cli("--json", "system", "show", name).stdout)

    def test_1_a_list_brings_systems_into_folders(self):
        world = self.world
        step("a wrong list adds nothing and names every place")
        bad = world.folder / "bad.csv"
        bad.write_text("host_name,folder,mac\nroom1.company.com,/Labs,12\nroom 2,/Nowhere,\n")
        told = world.cli("system", "import", bad, check=False)
        self.assertEqual(told.returncode, 2, told)
        for place in ("Line 2, mac", "Line 3, host_name"):
            self.assertIn(place, told.stdout)
        self.assertEqual(json.loads(world.cli("--json", "system", "list").stdout)["systems"], [])
        step("a right one adds all, and families are recognised")
        good = world.folder / "good.csv"
        lines = ["\ufeffHost name;Address;Folder"] + [f'{one["host_name"]};{one["address"]};{"/Labs" if "lab" in one["host_name"] else ""}' for one in self.systems]
        good.write_bytes("\r\n".join(lines).encode())
        world.cli("system", "import", good, "--dry-run")
        world.cli("system", "import", good)
        wait_for(lambda: {one["family"] for one in json.loads(world.cli("--json", "system", "list").stdout)["systems"]} == {"c-series", "roomos"}, "families", 60)
        self.assertEqual(self.system("lab1.company.com")["folder_path"], "/Labs")
        exported = world.cli("system", "export", "--folder", "/Labs", "--columns", "host_name,folder").stdout
        self.assertEqual(exported.split(), ["host_name,folder", "lab1.company.com,/Labs"])

    def test_2_an_exception_counts_until_its_end(self):
        world = self.world
        step("a folder that is Off while the estate is On")
        day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 5 * 86400))
        world.cli("folder", "exception", "add", "/Labs", "--mode", "off", "--reason", "No certificates yet", "--owner", "Ann", "--until", day)
        world.cli("secure-only", "set", "on")
        world.cli("job", "wait", "--timeout", "120")
        wait_for(lambda: self.system("room1.company.com")["level"] >= 3, "Level 3 outside of the folder", 90)
        lab = self.system("lab1.company.com")
        self.assertLess(lab["level"], 3)
        self.assertTrue(any(day in one and "/Labs" in one for one in lab["assessment"]["findings"]), lab["assessment"]["findings"])
        plan = world.cli("plan", "show", "lab1.company.com", check=False).stdout
        self.assertIn(f"Exception for /Labs until {day}", plan)
        self.assertIn("to level 2", plan)
        step("its end comes: the trail says so, and the plan goes on to Level 3")
        with sqlite3.connect(world.folder / "manager" / "manager.db", timeout=30) as database:
            self.assertEqual(database.execute("UPDATE folder_exceptions SET ends = ?", (int(time.time()) - 1,)).rowcount, 1)
        database.close()
        plan = world.cli("plan", "show", "lab1.company.com", check=False).stdout
        self.assertNotIn("Exception", plan)
        self.assertIn("to level 3", plan)
        self.assertIn("exception.end", world.cli("audit", "list").stdout)

    def test_3_another_unit_gets_nothing_before_it_is_accepted(self):
        world = self.world
        wait_for(lambda: self.system("huddle1.company.com")["level"] >= 3, "Level 3", 90)
        before = self.system("huddle1.company.com")
        step("another unit stands there now, at factory defaults, with a serial number of its own")
        world.device.kill()
        self.systems[2]["serial"] = "NEWUNIT00001"
        self.systems[2]["mac"] = "00:50:60:FF:00:01"
        world.add_estate(self.systems)
        world.device.start()
        world.device.await_line("ready:", 180)
        plan = world.cli("plan", "show", "huddle1.company.com", check=False)
        self.assertEqual(plan.returncode, 2, plan)
        self.assertIn("NEWUNIT00001", plan.stdout)
        self.assertIn("System Replaced by Another Unit", world.cli("ticket", "list").stdout)
        self.assertIn("NEWUNIT00001", world.cli("system", "replacement", "huddle1.company.com", check=False).stdout)
        self.assertEqual(self.system("huddle1.company.com")["serial_number"], before["serial_number"], "not taken over by itself")
        self.assertFalse([line for line in world.journal(self.systems[2]) if "login" in line], "nobody tried to log in")
        step("accepted: it gets a password and settings of its own")
        world.cli("system", "accept-replacement", "huddle1.company.com")
        wait_for(lambda: self.system("huddle1.company.com")["level"] >= 3, "Level 3 of the new unit", 90)
        after = self.system("huddle1.company.com")
        self.assertEqual((after["serial_number"], after["name"]), ("NEWUNIT00001", before["name"]))
        self.assertNotIn("System Replaced", world.cli("ticket", "list").stdout)
        self.assertNotEqual(world.cli("system", "accept-replacement", "huddle1.company.com", check=False).returncode, 0)


if __name__ == "__main__":
    main()
