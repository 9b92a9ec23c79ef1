#!/usr/bin/env python3
"""Databases of earlier releases (tests/data/upgrade): the newest manager starts on each, and all is there."""

import lzma
import pathlib
import shutil
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

DATA = pathlib.Path(__file__).resolve().parent.parent / "data" / "upgrade"
FAMILIES = {"c-series", "mxp", "mps", "vcs", "mcu", "roomos"}


class Upgrade(unittest.TestCase):
    maxDiff = None

    def before(self, file):
        """What the database itself says, read by somebody else."""
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as old:
            def rows(sql):
                return old.execute(sql).fetchall()
            return {
                "schema": rows("SELECT max(version) FROM schema_version")[0][0],
                "systems": {name: (family, level) for name, family, level in rows("SELECT name, family, level FROM systems")},
                "records": rows("SELECT count(*) FROM audit")[0][0],
                "issued": {one for one, in rows("SELECT fingerprint FROM inventory WHERE purpose = 'system'")},
                "tickets": rows("SELECT count(*) FROM tickets")[0][0],
            }

    def test_every_kept_database(self):
        kept = sorted(DATA.glob("schema-*.db.xz"))
        self.assertTrue(kept)
        for packed in kept:
            with self.subTest(packed.name), World("upgrade") as world:
                step(packed.name)
                folder = world.folder / "manager"
                folder.mkdir(mode=0o700)
                database = folder / "manager.db"
                database.write_bytes(lzma.decompress(packed.read_bytes()))
                shutil.copy(packed.with_name(packed.name.replace(".db.xz", ".key")), folder / "sealing.key")
                for file in folder.iterdir():
                    file.chmod(0o600)
                before = self.before(database)
                self.assertEqual(before["schema"], int(packed.name.split("-")[1].split(".")[0]))
                world.start_dns()
                # Nothing is looked at meanwhile: the systems of that time are not here.
                world.start_manager("--observe-seconds", "86400", "--enforce-seconds", "86400")
                self.check(world, before)
                step("and it starts again on what it made of it")
                world.manager.stop()
                world.restart_manager()
                self.check(world, before)

    def check(self, world, before):
        systems = {one["name"]: one for one in world.api("system", "list")["systems"]}
        self.assertEqual({name: (one["family"], one["level"]) for name, one in systems.items()}, before["systems"])
        self.assertEqual({one["family"] for one in systems.values()}, FAMILIES)
        self.assertEqual(systems["mcu"]["folder_path"] if "folder_path" in systems["mcu"] else world.api("system", "show", "mcu")["folder_path"],
                         "/Europe/Berlin")
        verdict = world.api("audit", "verify")
        self.assertTrue(verdict["holds"], verdict)
        self.assertGreaterEqual(verdict["records"], before["records"])
        listed = world.api("inventory", "list")["certificates"]
        self.assertLessEqual(before["issued"], {one["fingerprint"] for one in listed})
        self.assertEqual([one["name"] for one in world.api("campaign", "list")["campaigns"]], ["first"])
        self.assertEqual({one["name"] for one in world.api("account", "list")["accounts"]}, {"anna"})
        self.assertIn("reader", {one["name"] for one in world.api("token", "list")["tokens"]})
        self.assertEqual([one["name"] for one in world.api("phonebook", "list")["phonebooks"]], ["company"])
        self.assertEqual(len(world.api("ticket", "list", "--state", "all")["tickets"]), before["tickets"])
        step("the authority is the old one: what it issued is verified by its root")
        roots = world.folder / "manager" / "ca.pem"
        for one in listed:
            if one["fingerprint"] not in before["issued"]:
                continue
            leaf = world.folder / "leaf.pem"
            leaf.write_text(world.api("inventory", "show", one["fingerprint"])["pem"])
            run("openssl", "verify", "-CAfile", roots, leaf)


if __name__ == "__main__":
    main()
