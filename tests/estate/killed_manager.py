#!/usr/bin/env python3
"""The manager is killed in the middle of an enforcement and started again: everything ends as if nothing had happened."""

import pathlib
import random
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

COUNT = 50


class KilledManager(unittest.TestCase):
    def test_fifty_systems_reach_level_4_although_the_manager_is_killed(self):
        with World("killed") as world:
            systems = [{"family": "c-series" if n % 5 else "mcu", "host_name": f"s{n}.company.com"} for n in range(1, COUNT + 1)]
            world.start_all(systems, "--concurrency", "16")
            world.add_to_manager(systems)
            world.cli("job", "wait", "--timeout", "120")
            world.cli("secure-only", "set", "verify")
            seed = random.randrange(1 << 30)
            chance = random.Random(seed)
            for number in range(3):
                finished = chance.randrange(1 + number * 12, 12 + number * 12)

                def enough():
                    done = [job for job in world.api("job", "list", "--state", "succeeded")["jobs"] if job["kind"] == "enforce"]
                    return len(done) >= finished
                wait_for(enough, f"{finished} of {COUNT} systems are done", 240)
                step(f"SIGKILL with at least {finished} systems done (seed {seed})")
                world.manager.kill()
                world.restart_manager()
            done = world.cli("job", "wait", "--timeout", "300", check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr + world.cli("job", "list", "--state", "failed").stdout[:3000])
            world.cli("enforce", "--wait", "--timeout", "300")
            seen = world.systems()
            for system in systems:
                one = seen[system["host_name"]]
                self.assertEqual((one["level"], one["reachability"]), (4, "reachable"), world.cli("system", "show", system["host_name"]).stdout)
            self.assertEqual(world.tickets(), [])
            step("no step that must not be done twice was done twice")
            issued = [one for one in world.api("inventory", "list")["certificates"] if one["purpose"] == "system"]
            self.assertEqual(len(issued), COUNT, "one certificate for each system")
            for system in systems:
                events = [line.split(" ", 2)[1] for line in world.journal(system)]
                self.assertEqual(events.count("certificate.installed"), 1, events)
                self.assertEqual(events.count("password.changed"), 1, events)
                self.assertEqual(events.count("trust.installed"), 1, events)
            step("every system can be observed with the password that the manager kept")
            world.cli("system", "observe", "--all")
            self.assertEqual(world.tickets(), [])


if __name__ == "__main__":
    main()
