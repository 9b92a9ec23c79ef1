#!/usr/bin/env python3
"""What ./run shows: from factory defaults to Level 4 at the first start, everything found again at the second."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

root = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(root / "tests" / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

OFFSET = 40000 + os.getpid() % 400 * 10


class Demonstration(unittest.TestCase):
    def run_demo(self, data, **more):
        env = {**os.environ, "COUNTERSIGN_BUILD": str(BIN.parent), "COUNTERSIGN_DATA": str(data), "COUNTERSIGN_PORT_OFFSET": str(OFFSET),
               "COUNTERSIGN_DEMO": "yes", "COUNTERSIGN_DEMO_EXIT": "yes", **more}
        done = subprocess.run([root / "tools" / "demo.sh"], env=env, capture_output=True, text=True, timeout=300 * PATIENCE, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, done.stdout[-3000:] + done.stderr[-3000:])
        return done.stdout

    def levels(self, text, heading):
        """Name -> level of the table below a heading."""
        lines = text.split(heading, 1)[1].strip().splitlines()
        column = lines[0].index("Level")
        table = {}
        for line in lines[1:]:
            if not line.strip():
                break
            table[line.split()[1]] = int(line[column:].split()[0])
        return table

    def test_the_first_start_reaches_level_4_and_the_second_finds_it(self):
        with tempfile.TemporaryDirectory(prefix="countersign-demo-") as folder:
            data = pathlib.Path(folder) / "data"
            data.mkdir(mode=0o700)
            step("the first start")
            text = self.run_demo(data)
            before = self.levels(text, "The estate as it is now")
            self.assertEqual(len(before), 5)
            self.assertEqual(sum(name.startswith("c-series") for name in before), 3)
            self.assertEqual(sum(name.startswith("mcu") for name in before), 2)
            for name, level in before.items():
                self.assertIn(level, (1, 2), name)
            self.assertIn("The plan to Level 4", text)
            self.assertRegex(text, r"why: +\S")
            self.assertRegex(text, r"undo: +\S")
            after = self.levels(text, "Observed again, from outside")
            self.assertEqual(after, {name: 4 for name in before})
            self.assertRegex(text, r"From factory defaults in \d+\.\d seconds")
            self.assertRegex(text, r"One-time set-up password: \S{16,}")
            self.assertIn("https://manager.estate.test", text)
            step("the second start finds its data again")
            text = self.run_demo(data)
            self.assertEqual(self.levels(text, "The estate as it is now"), after)
            self.assertNotIn("The plan to Level 4", text)
            self.assertIn("One-time set-up password", text, "nobody used it yet")
            step("for a first visit the estate is left alone, and the manager can hand it over")
            fresh = pathlib.Path(folder) / "visit"
            fresh.mkdir(mode=0o700)
            text = self.run_demo(fresh, COUNTERSIGN_DEMO="visit")
            self.assertRegex(text, r"One-time set-up password: \S{16,}")
            self.assertIn("stands at factory defaults", text)
            self.assertNotIn("Level 4: ", text)
            handed_over = fresh / "manager" / "demonstration"
            self.assertEqual(len((handed_over / "systems.csv").read_text().splitlines()), 6)
            self.assertEqual(json.loads((handed_over / "policy.json").read_text())["dns_domain"], "estate.test")
            self.assertTrue(list((handed_over / "vendors").glob("*.pem")))
            step("nothing in the folder is for others")
            for file in data.rglob("*"):
                if file.is_file() and (file.suffix in (".key", ".db", ".toml") or file.name == "token"):
                    self.assertEqual(file.stat().st_mode & 0o077 if file.parent.name != "data" else 0, 0, file)


if __name__ == "__main__":
    main()
