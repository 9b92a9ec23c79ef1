#!/usr/bin/env python3
"""A network that drops, delays, cuts and corrupts connections lies between the manager and its systems, both ways (support/bad_network.py):
no job is lost and no step is doubled, and once the network is good again every system is at Level 4.

COUNTERSIGN_SEED repeats a run's choices as far as the order of connections does."""

import collections
import os
import pathlib
import random
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from bad_network import FAULTS, BadNetwork  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

COUNT = 8
SEED = int(os.environ.get("COUNTERSIGN_SEED", random.randrange(1 << 30)))
# Where the manager's side of the network has its ports, and that of the systems.
APART = 7


class NetworkFaults(unittest.TestCase):
    def build(self, world):
        """Systems whose ports are shifted otherwise than the manager's: each reaches the other through the network only."""
        self.systems = world.add_estate([{"family": "mcu" if n % 4 == 0 else "c-series", "host_name": f"s{n}.company.com"} for n in range(1, COUNT + 1)])
        world.start_dns()
        world.start_ntp()
        here = world.offset
        world.offset = here + APART
        # The systems' own name and time servers: those are none of this test's faults.
        names, times = world.folder / "dnsmasq-there.conf", world.folder / "chrony-there.conf"
        names.write_text(re.sub(r"(?m)^port=.*", f"port={world.port(53)}", (world.folder / "dnsmasq.conf").read_text()).replace("dnsmasq.pid", "there.pid"))
        world.start("dnsmasq-there", "dnsmasq", "--keep-in-foreground", f"--conf-file={names}")
        times.write_text(re.sub(r"(?m)^port .*", f"port {world.port(123)}", (world.folder / "chrony.conf").read_text()).replace("chronyd.pid", "there-time.pid"))
        extra = [] if os.geteuid() == 0 else ["-U"]
        world.start("chronyd-there", "chronyd", "-x", "-d", "-u", run("id", "-un").stdout.strip(), *extra, "-f", times)
        world.start_device()
        world.offset = here
        network = BadNetwork(SEED)
        self.addCleanup(network.close)
        for system in self.systems:
            for port in (80, 443):
                network.between((system["address"], port + here), (system["address"], port + here + APART), port == 443)
        for port in (80, 443):
            network.between((world.manager_address, port + here + APART), (world.manager_address, port + here), port == 443)
        world.start_manager("--enforce-seconds", "5", "--observe-seconds", "5")
        world.trust_factory()
        world.set_policy()
        return network

    def events(self, world, system):
        return [line.split(" ", 2)[1:] for line in world.journal(system)]

    def test_no_job_is_lost_and_no_step_doubled(self):
        with World("network") as world:
            network = self.build(world)
            world.add_to_manager(self.systems)
            step(f"a bad network (seed {SEED})")
            world.cli("secure-only", "set", "verify")
            wait_for(lambda: all(network.suffered[fault] >= 5 for fault in FAULTS) or self.all_done(world), f"each fault: {network.suffered}", 90)
            self.assertTrue(all(network.suffered.values()), f"a fault never came: {network.suffered}")
            step(f"the network is good again; it was not: {network.suffered}, {network.passed} passed")
            network.be_good()
            world.cli("enforce", "--wait", "--timeout", "240", check=False)
            wait_for(lambda: self.all_done(world), "every system is at Level 4", 120, pause=0.5)
            jobs = world.api("job", "list")["jobs"]
            for host, one in world.systems().items():
                states = [job["state"] for job in jobs if job["system"] == one["id"] and job["kind"] == "enforce"]
                self.assertIn("succeeded", states, f"{host}: {states}")
            wait_for(lambda: not world.tickets(), "every ticket closes", 60)
            step("no step was done twice, but those that a system had undone")
            issued = collections.Counter(one["system"] for one in world.api("inventory", "list")["certificates"] if one["purpose"] == "system")
            for system in self.systems:
                self.check_steps(world, system, issued)

    def all_done(self, world):
        return all(one["level"] == 4 for one in world.systems().values())

    def check_steps(self, world, system, issued):
        events = self.events(world, system)
        kinds = collections.Counter(event[0] for event in events)
        undone = kinds["trial.undone"]
        shown = "\n".join(" ".join(event) for event in events)
        number = world.api("system", "show", system["host_name"])["id"]
        # One that was in place and went with a trial that the system undid is not used again.
        self.assertIn(issued[number], range(1, undone + 2), f"certificates made for {system['host_name']}, {undone} trials were undone:\n{shown}")
        self.assertEqual(kinds["password.changed"], 1, shown)
        for kind in ("certificate.installed", "trust.installed"):
            self.assertIn(kinds[kind], range(1, undone + 2), f"{kind}, {undone} trials were undone:\n{shown}")
        writes = collections.Counter()
        for event in events:
            if event[0] == "setting.changed":
                fields = dict(re.findall(r'(\w+)="([^"]*)"', event[1]))
                writes[fields.get("path"), fields.get("to")] += 1
        for (path, value), times in writes.items():
            self.assertLessEqual(times, undone + 1, f"{path} was set to {value!r} {times} times, {undone} trials were undone:\n{shown}")


if __name__ == "__main__":
    main()
