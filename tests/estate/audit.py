#!/usr/bin/env python3
"""The audit trail of a real manager: it holds, a script that knows only docs/audit.md agrees, and whoever changes, removes or moves records in the
database of a stopped manager is found, on the machine and over the API."""

import pathlib
import re
import shutil
import sqlite3
import sys
import textwrap
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class Audit(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.world = World("audit").__enter__()
        try:
            cls.world.start_dns()
            cls.world.start_manager()
            for name in ("Berlin", "Paris", "Oslo"):
                cls.world.cli("folder", "add", f"/Europe/{name}")
            cls.world.cli("policy", "set", "--certificate-days", "200")
        except BaseException:
            cls.world.__exit__(*sys.exc_info())
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__(None, None, None)

    def on_the_machine(self, data, code):
        done = run(BIN / "countersign-manager", "verify-audit", "--data", data, check=False)
        self.assertEqual(done.returncode, code, done)
        return done.stdout

    def records(self):
        return self.world.api("audit", "list", "--limit", "1000")["records"]

    def test_1_a_whole_trail_holds_for_everybody(self):
        world = self.world
        step("over the API, on the machine, and for a script made from the description alone")
        verdict = world.api("audit", "verify")
        self.assertEqual((verdict["holds"], verdict["records"]), (True, len(self.records())))
        self.assertIn(verdict["head"]["hash"], self.on_the_machine(world.folder / "manager", 0))
        trail = world.folder / "trail.jsonl"
        world.cli("audit", "export", "--out", trail)
        script = world.folder / "verify.py"
        text = (ROOT / "docs/audit.md").read_text()
        script.write_text(textwrap.dedent(re.search(r"^    import calendar.*?(?=^\S)", text, re.M | re.S)[0]))
        self.assertIn("holds", run(sys.executable, script, trail).stdout)
        self.assertTrue(world.api("audit", "verify", "--file", trail)["holds"])
        number, known = world.cli("audit", "head").stdout.split()
        self.assertEqual((int(number), known), (verdict["head"]["newest"], verdict["head"]["hash"]))
        step("a changed export is found by both")
        lines = trail.read_text().splitlines()
        changed = world.folder / "changed.jsonl"
        changed.write_text("\n".join(line.replace("/Europe/Paris", "/Europe/Lyon") for line in lines) + "\n")
        self.assertNotEqual(run(sys.executable, script, changed, check=False).returncode, 0)
        bad = next(json.loads(line)["id"] for line in lines if "/Europe/Paris" in line)
        told = world.cli("--json", "audit", "verify", "--file", changed, check=False)
        self.assertEqual((told.returncode, json.loads(told.stdout)["first_bad"]["record"]), (2, bad), told)
        step("a cut export is no export, another trail lacks the known hash")
        changed.write_text("\n".join(lines[:-1]) + "\n")
        self.assertEqual(world.cli("audit", "verify", "--file", changed, check=False).returncode, 1)
        world.cli("folder", "add", "/Asia")
        self.assertTrue(world.api("audit", "verify", "--known-hash", known)["known_hash_found"])
        self.assertEqual(world.cli("audit", "verify", "--known-hash", "ab" * 32, check=False).returncode, 2)

    def test_2_what_somebody_does_to_the_database_is_found(self):
        world = self.world
        world.manager.stop()
        last = None
        for name, statements, kind in (
                ("changed", ("UPDATE audit SET actor = 'somebody' WHERE id = 3",), 3),
                ("removed", ("DELETE FROM audit WHERE id = 4",), 5),
                ("moved", ("UPDATE audit SET id = CASE id WHEN 4 THEN -5 ELSE -4 END WHERE id IN (4, 5)", "UPDATE audit SET id = -id WHERE id < 0"), 4),
                ("cut off", ("DELETE FROM audit WHERE id >= 6", "UPDATE sqlite_sequence SET seq = 5 WHERE name = 'audit'"), 6)):
            step(f"a record is {name}")
            data = world.folder / name.replace(" ", "-")
            shutil.copytree(world.folder / "manager", data, ignore=shutil.ignore_patterns("token"))
            with sqlite3.connect(data / "manager.db") as database:
                for statement in statements:
                    self.assertGreater(database.execute(statement).rowcount, 0, statement)
            database.close()
            self.assertIn(f"record{'s' if name == 'cut off' else ''} {kind}", self.on_the_machine(data, 2))
            last = data
        step("the manager goes on with what is left, and the place stays broken")
        shutil.copy(last / "manager.db", world.folder / "manager" / "manager.db")
        for rest in ("-wal", "-shm"):
            (world.folder / "manager" / f"manager.db{rest}").unlink(missing_ok=True)
        world.restart_manager()
        world.cli("folder", "add", "/Africa")
        told = world.cli("--json", "audit", "verify", check=False)
        bad = json.loads(told.stdout)["first_bad"]
        # Their numbers are not given again, so it shows that they were there.
        self.assertEqual((told.returncode, bad["kind"]), (2, "missing"), told)
        self.assertIn("records 6 to ", bad["text"])


if __name__ == "__main__":
    main()
