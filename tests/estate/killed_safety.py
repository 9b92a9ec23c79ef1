#!/usr/bin/env python3
"""A system is killed while a trial is undone and while factory defaults are restored: afterwards it is wholly as before or wholly
as after, and its web answers. COUNTERSIGN_KILLS says how often, 12 times each by default."""

import os
import pathlib
import random
import re
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

KILLS = int(os.environ.get("COUNTERSIGN_KILLS", "12"))


class Unit:
    """One MCU in a program of its own, used through its pages."""

    def __init__(self, world, chance):
        self.world, self.chance = world, chance
        self.system = world.add_estate([{"family": "mcu", "host_name": "mcu.company.com"}])[0]
        self.web = f"http://{self.system['address']}:{world.port(80)}"
        # Slow writes leave more moments to die in.
        world.start_device("--fsync")
        self.folder = world.folder / "estate" / self.system["serial"]

    def page(self, path, *arguments, check=True):
        return curl("--digest", "--user", "admin:", *arguments, self.web + path, check=check).stdout

    def post(self, path, check=True, **fields):
        data = [part for name, value in fields.items() for part in ("--data-urlencode", f"{name}={value}")]
        return self.page(path, *(data or ["--data", ""]), check=check)

    def setting(self, path, name):
        return re.search(rf'name="{name}"[^>]* value="([^"]*)"', self.page(path)).group(1)

    def state(self):
        """What a trial and a restore are about: a setting of each kind, and the certificate."""
        certificate = re.search(r'<table id="local_certificate">.*?<tbody>\n<tr>(.*?)</tr>', self.page("/network/ssl_certificates"), re.S)
        return (self.setting("/network/snmp", "name"), self.setting("/settings/time", "ntp_host"),
                self.setting("/network/port_a", "domain_name"), certificate.group(1))

    def trial(self):
        rows = re.search(r'<table id="trial">.*?<tbody>\n(.*?)</tbody>', self.page("/settings/safety"), re.S).group(1)
        found = re.search(r"<td[^>]*>([^<]*)</td>", rows)
        return found.group(1) if found else None

    def change(self, text, pair):
        self.post("/network/snmp", name=text)
        self.post("/settings/time", enable_ntp="on", utc_offset="0", ntp_host=text)
        self.post("/network/port_a/dns", domain_name=text)
        answer = self.page("/network/ssl_certificates/upload_certificate", "--form", f"certificate=@{pair[0]}", "--form",
                           f"private_key=@{pair[1]}")
        assert 'class="problem"' not in answer, answer

    def ask_and_kill(self, path, data, begun, longest):
        """Posts a form and kills the program at a random moment after `begun` holds, `longest` seconds later at most."""
        asking = subprocess.Popen(["curl", "--silent", "--max-time", "20", "--noproxy", "*", "--digest", "--user", "admin:", "--data", data,
                                   self.web + path], stdout=subprocess.DEVNULL)
        while not begun() and asking.poll() is None:
            pass
        time.sleep(self.chance.uniform(0, longest))  # not a wait for anything: the moment of the kill is the test
        self.world.device.kill()
        asking.wait()

    def holds(self, name, text):
        try:
            return text in (self.folder / name).read_text()
        except OSError:
            return False

    def start_again(self):
        self.world.device.start()
        self.world.device.await_line("ready:")
        return status_of(self.web + "/")


def own_pair(folder, name):
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / f"{name}.key",
        "-out", folder / f"{name}.pem", "-days", "30", "-subj", f"/CN={name}", "-addext", "basicConstraints=critical,CA:FALSE",
        "-addext", "extendedKeyUsage=serverAuth,clientAuth", "-addext", f"subjectAltName=DNS:{name}")
    return folder / f"{name}.pem", folder / f"{name}.key"


class KilledSafety(unittest.TestCase):
    def setUp(self):
        self.seed = random.randrange(1 << 30)
        self.chance = random.Random(self.seed)
        print(f"  seed {self.seed}")

    def test_a_trial_is_undone_whole_or_goes_on(self):
        with World("killed-trial") as world:
            unit = Unit(world, self.chance)
            before = unit.state()
            pair = own_pair(world.folder, "changed.company.com")
            undone = finished = went_on = 0
            for _ in range(KILLS):
                if not unit.trial():
                    unit.post("/settings/safety/trial_begin", seconds="3600")
                    unit.change("changed.company.com", pair)
                self.assertIsNotNone(unit.trial())
                changed = unit.state()
                self.assertTrue(all(one != other for one, other in zip(before, changed)), changed)
                unit.ask_and_kill("/settings/safety/trial_cancel", "", lambda: unit.holds("trial.toml", "undoing = true"), 0.02)
                cut_short = unit.holds("trial.toml", "undoing = true")
                self.assertEqual(unit.start_again(), 401, "the web asks for a log-in")
                finished += cut_short
                if unit.trial():
                    went_on += 1
                    self.assertEqual(unit.state(), changed)
                else:
                    undone += 1
                    self.assertEqual(unit.state(), before)
            step(f"{KILLS} kills: undone {undone} times ({finished} of them at the next start), still on trial {went_on} times, half never")

    def test_a_trial_that_nobody_confirms_is_undone(self):
        with World("trial-over") as world:
            unit = Unit(world, self.chance)
            before = unit.state()
            unit.post("/settings/safety/trial_begin", seconds="10")
            unit.change("changed.company.com", own_pair(world.folder, "changed.company.com"))
            self.assertNotEqual(unit.state(), before)
            wait_for(lambda: unit.trial() is None, "the trial is over", 30)
            self.assertEqual(unit.state(), before)

    def test_factory_defaults_are_restored_whole_or_not_begun(self):
        with World("killed-restore") as world:
            unit = Unit(world, self.chance)
            factory = unit.state()
            pair = own_pair(world.folder, "changed.company.com")
            restored = untouched = 0
            for _ in range(KILLS):
                if unit.state() == factory:
                    unit.change("changed.company.com", pair)
                changed = unit.state()
                # The work itself comes after the doors are closed.
                unit.ask_and_kill("/settings/safety/restore", "comprehensive=on", lambda: unit.holds("restore.toml", "comprehensive"), 0.8)
                self.assertEqual(unit.start_again(), 401, "the web asks for a log-in")
                after = unit.state()
                self.assertIn(after, (factory, changed))
                restored += after == factory
                untouched += after == changed
            step(f"{KILLS} kills: restored {restored} times, not begun {untouched} times, half never")


if __name__ == "__main__":
    main()
