#!/usr/bin/env python3
"""Backups of a manager that is at work (REQ MGR-13): what comes back is one state of everything, and the manager goes on with it."""

import pathlib
import shutil
import sqlite3
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from postgresql import Postgresql  # noqa: E402

COUNT = 24


class Backup(unittest.TestCase):
    maxDiff = None

    def maintain(self, *words, check=True):
        return run(BIN / "countersign-manager", *words, check=check, timeout=120)

    def test_taken_under_load_and_restored(self):
        with World("backup") as world:
            systems = [{"family": "c-series" if n % 4 else "mcu", "host_name": f"s{n}.company.com"} for n in range(1, COUNT + 1)]
            world.start_all(systems, "--observe-seconds", "1", "--log-level", "warning")
            world.cli("policy", "set", "--key-type", "ec:p256")
            world.add_to_manager(systems)
            world.cli("job", "wait", "--timeout", "120")
            passphrase = world.folder / "passphrase"
            passphrase.write_text("five words by mere chance\n")
            data = world.folder / "manager"
            step("while people add folders, systems are observed and all are taken to Level 4")
            busy, made = True, []

            def work():
                while busy:
                    made.append(world.cli("folder", "add", f"/Folder {len(made)}", check=False).returncode)
            people = threading.Thread(target=work)
            people.start()
            world.cli("secure-only", "set", "verify")
            files = []
            for number in range(4):
                file = world.folder / f"backup-{number}"
                done = self.maintain("backup", file, "--data", data, "--passphrase-file", passphrase)
                self.assertIn("written", done.stdout)
                files.append(file)
            busy = False
            people.join()
            self.assertTrue(made and not any(made), made)
            world.cli("job", "wait", "--timeout", "240")
            last = world.folder / "backup-last"
            self.maintain("backup", last, "--data", data, "--passphrase-file", passphrase)
            world.manager.stop()
            for file in files:
                step(f"{file.name} is one state of everything")
                self.check_consistent(world, file, passphrase)
            step("the newest one in the place of the manager: it goes on with it")
            shutil.move(data, world.folder / "lost")
            self.assertIn("restored", self.maintain("restore", last, "--data", data, "--passphrase-file", passphrase).stdout)
            world.restart_manager()
            self.assertTrue(world.api("audit", "verify")["holds"])
            self.assertIn("backup.restore", [one["action"] for one in world.api("audit", "list")["records"]])
            world.cli("system", "observe", "--all")
            self.assertEqual({one["level"] for one in world.systems().values()}, {4})
            self.assertEqual(world.tickets(), [])
            world.cli("enforce", "--wait", "--timeout", "120")
            self.assertEqual(world.tickets(), [])
            step("and into PostgreSQL")
            world.manager.stop()
            with Postgresql() as server:
                other = world.folder / "other"
                place = ("--data", other, "--database", server.url)
                self.maintain("restore", last, *place, "--passphrase-file", passphrase)
                self.assertIn("holds", self.maintain("verify-audit", *place).stdout)
                self.assertEqual(int(server.query("countersign", "SELECT count(*) FROM systems WHERE level = 4")), COUNT)
                again = self.maintain("restore", last, *place, "--passphrase-file", passphrase, check=False)
                self.assertEqual((again.returncode, "STO-013" in again.stderr), (1, True), again.stderr)

    def check_consistent(self, world, file, passphrase):
        data = world.folder / f"restored-{file.name}"
        self.maintain("restore", file, "--data", data, "--passphrase-file", passphrase)
        self.assertIn("holds", self.maintain("verify-audit", "--data", data).stdout)
        with sqlite3.connect(f"file:{data / 'manager.db'}?mode=ro", uri=True) as database:
            def one(sql):
                return database.execute(sql).fetchall()
            self.assertEqual(one("PRAGMA integrity_check"), [("ok",)])
            self.assertEqual(one("PRAGMA foreign_key_check"), [])
            self.assertEqual(one("SELECT count(*) FROM systems"), [(COUNT,)])
            # A certificate that is to be put in place was issued, and the trail has both, in the same moment.
            self.assertEqual(one("SELECT count(*) FROM pending_certificates AS p WHERE NOT EXISTS (SELECT 1 FROM issued WHERE system = p.system)"), [(0,)])
            issued = one("SELECT count(*) FROM issued")[0][0]
            self.assertEqual(one("SELECT count(*) FROM audit WHERE action = 'certificate.issue'")[0][0], issued)
            self.assertEqual(one("SELECT count(*) FROM folders")[0][0] - 1, one("SELECT count(*) FROM audit WHERE action = 'folder.add'")[0][0])

    def test_usual_mistakes(self):
        with World("backup-mistakes") as world:
            world.start_dns()
            world.start_manager()
            passphrase, short, other = (world.folder / name for name in ("passphrase", "short", "other"))
            passphrase.write_text("five words by mere chance\n")
            short.write_text("short\n")
            other.write_text("five other words by chance\n")
            data, file, target = world.folder / "manager", world.folder / "backup", world.folder / "target"

            def refused(*words):
                done = self.maintain(*words, check=False)
                self.assertEqual(done.returncode in (1, 3), True, (words, done))
                return done.stderr
            self.assertIn("STO-014", refused("backup", file, "--data", data, "--passphrase-file", short))
            self.assertIn("FIL-001", refused("backup", file, "--data", world.folder / "nothing", "--passphrase-file", passphrase))
            self.assertIn("--data", refused("backup", file, "--passphrase-file", passphrase))
            self.assertFalse(file.exists())
            self.maintain("backup", file, "--data", data, "--passphrase-file", passphrase)
            self.assertEqual(file.stat().st_mode & 0o777, 0o600)
            self.assertIn("FIL-004", refused("backup", file, "--data", data, "--passphrase-file", passphrase))
            self.assertIn("STO-011", refused("restore", file, "--data", target, "--passphrase-file", other))
            self.assertIn("STO-013", refused("restore", file, "--data", data, "--passphrase-file", passphrase))
            self.assertIn("STO-010", refused("restore", passphrase, "--data", target, "--passphrase-file", passphrase))
            content = bytearray(file.read_bytes())
            content[-20] ^= 1
            broken = world.folder / "broken"
            broken.write_bytes(content)
            words = refused("restore", broken, "--data", target, "--passphrase-file", passphrase)
            self.assertTrue("STO-012" in words or "STO-011" in words, words)
            self.assertEqual(sorted(path.name for path in target.iterdir()) if target.exists() else [], [])
            step("the manager was at work all the time")
            self.assertTrue(world.api("audit", "verify")["holds"])


if __name__ == "__main__":
    main()
