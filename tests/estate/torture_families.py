#!/usr/bin/env python3
"""kill -9 at random moments for systems that are changed in other ways than over web pages: one with several identities, by XML
transactions, and one by files over SFTP and by commands with a body over XML. After each kill: every identity has a whole pair that
somebody installed or the factory made, the log-in works, and nothing is damaged.

A fifth of the kills of estate/torture each: COUNTERSIGN_KILLS, COUNTERSIGN_SEED as there."""

import os
import pathlib
import random
import subprocess
import sys
import threading
import time
import unittest
import xml.etree.ElementTree as xml
from xml.sax.saxutils import escape

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from transactions import Transactions  # noqa: E402

KILLS = int(os.environ.get("COUNTERSIGN_KILLS", "100")) // 5
SEED = int(os.environ.get("COUNTERSIGN_SEED", random.randrange(1 << 30)))
BROKEN = (Failed, OSError, subprocess.SubprocessError, xml.ParseError)  # what a client sees of a kill


class Torture(unittest.TestCase):
    FAMILY, SETTINGS = "", {}

    def run(self, result=None):
        return super().run(result) if self.FAMILY else result

    def prepare(self, world):
        self.world = world
        authority = Authority(world.folder / "ca")
        self.root, self.pairs, self.known = authority.certificate, [], set()
        for name in ("one", "two", "three"):
            key, certificate = authority.issue("unit.company.com", name)
            both = world.folder / f"{name}.both.pem"
            both.write_text(certificate.read_text() + key.read_text())
            self.pairs.append(both)
            self.known.add(fingerprint_of(certificate))
        self.system = world.add_estate([{"family": self.FAMILY, "host_name": "unit.company.com", "settings": self.SETTINGS}])[0]
        self.address = self.system["address"]
        self.device = world.start_device("--no-fsync", "--downtime", "1", "--threads", "1")

    def look(self):
        """Fingerprints of what is installed, after a log-in that works; fails with one of BROKEN while nobody answers."""
        raise NotImplementedError

    def change(self, chance):
        raise NotImplementedError

    def wait(self):
        def looked():
            self.assertIsNone(self.device.process.poll(), self.device.text()[-3000:])
            try:
                return self.look()
            except BROKEN as failure:
                self.last = failure
                return None
        self.last = None
        try:
            return wait_for(looked, "somebody answers", pause=0.01)
        except Failed as failure:
            raise Failed(f"{failure}: {self.last}") from None

    def work(self, chance, counted):
        try:
            while True:
                self.change(chance)
                counted.append(1)
        except BROKEN:
            pass  # killed
        except AssertionError as failure:
            self.wrong.append(str(failure))

    def test_a_system_that_is_killed_at_any_moment(self):
        step(f"{KILLS} kills, seed {SEED}")
        chance, counted, self.wrong = random.Random(SEED), [], []
        with World(f"torture-{self.FAMILY}") as world:
            self.prepare(world)
            self.known |= set(self.wait())  # the factory's
            for number in range(KILLS):
                writer = threading.Thread(target=self.work, args=(chance, counted), daemon=True)
                writer.start()
                time.sleep(chance.uniform(0, self.LONGEST))
                self.device.kill()
                writer.join(60 * PATIENCE)
                self.assertFalse(writer.is_alive())
                self.assertEqual(self.wrong, [])
                self.device.start()
                for shown in self.wait():
                    self.assertIn(shown, self.known, f"kill {number}: a certificate that nobody installed")
            step(f"{len(counted)} changes were made")
            self.assertGreater(len(counted), KILLS // 4, "the kills must not come before anything was done")
            self.assertEqual([line for line in world.journal(self.system) if "damaged" in line or "state.from_copy" in line], [])
            left = [str(path) for path in (world.folder / "estate").rglob("*.new.*")]
            self.assertEqual(left, [], "leftovers of kills are removed at the start")


class ByTransactions(Torture):
    """Two identities, each with a pair of its own, and one trust list."""

    FAMILY, LONGEST = "rmx", 0.25
    SERVICES = ("Management Network", "IP Network Service")

    def session(self):
        return Transactions(f"http://{self.address}:{self.world.port(80)}").log_in("POLYCOM", "POLYCOM")

    def look(self):
        rows = list(self.session().do("TRANS_CERTIFICATE", "GET_REPOSITORY").iter("PERSONAL_CERTIFICATE"))
        self.assertEqual([row.findtext("SERVICE_NAME") for row in rows], list(self.SERVICES))
        return [row.findtext("FINGERPRINT") for row in rows]

    def change(self, chance):
        service, pair = {"SERVICE_NAME": chance.choice(self.SERVICES)}, chance.choice(self.pairs)
        action, more = chance.choice([("SEND_PACKAGE", {"DATA": pair.read_text()}), ("SEND_PACKAGE", {"DATA": pair.read_text()}),
                                      ("REMOVE_CERTIFICATE", {}), ("ROLL_BACK_CERTIFICATE", {}), ("ADD_TRUSTED", {"DATA": self.root.read_text()}),
                                      ("CREATE_REQUEST", {"COMMON_NAME": "unit.company.com", "REPLACE": "true"})])
        if action == "ADD_TRUSTED":
            service = {}
        identifier, text, detail = Transactions.status(self.session().ask("TRANS_CERTIFICATE", action, **service, **more))
        if action == "SEND_PACKAGE" and identifier != "0":
            raise AssertionError(f"{action}: {text} {detail}")


class ByFiles(Torture):
    """A pair as one file over SFTP, and the same with a command."""

    FAMILY, LONGEST, SETTINGS = "roomos", 0.8, {"service.ssh.mode": "on"}
    LOGIN = ["--insecure", "--max-time", "10", "--user", "admin:"]

    def look(self):
        base = f"https://{self.address}:{self.world.port(443)}"
        if curl(*self.LOGIN, "--fail", base + "/status.xml").returncode != 0:
            raise Failed("nobody answers")
        return [served_certificate(self.address, self.world.port(443))["fingerprint"]]

    def change(self, chance):
        pair = chance.choice(self.pairs)
        if chance.random() < 0.5:
            body = ("<Command><Security><Certificates><Services><Add command='True'><body>" + escape(pair.read_text()) +
                    "</body></Add></Services></Certificates></Security></Command>")
            done = curl(*self.LOGIN, "--header", "Content-Type: text/xml", "--data-binary", body, f"https://{self.address}:{self.world.port(443)}/putxml")
            if "ServicesAddResult" not in done.stdout:
                raise Failed(done.stdout)
            return
        options = ["-F", "none", "-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "PubkeyAuthentication=no",
                   "-o", "NumberOfPasswordPrompts=1", "-o", "LogLevel=ERROR", "-o", "BatchMode=no", "-P", self.world.port(22)]
        askpass = self.world.folder / "askpass"
        if not askpass.exists():
            askpass.write_text("#!/bin/sh\necho\n")
            askpass.chmod(0o700)
        done = run("sftp", *options, "-b", "-", f"admin@{self.address}", check=False, stdin=f"put {pair} /certificates/management.pem\n",
                   env={"SSH_ASKPASS": str(askpass), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none"})
        if done.returncode != 0:
            raise Failed(done.stderr)


if __name__ == "__main__":
    main()
