#!/usr/bin/env python3
"""One system of every family goes from factory defaults to Level 4, each step that the system can undo by itself on trial
(REQ GDE-2, MGR-3; commit-confirm)."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

FAMILIES = ("c-series", "mxp", "mps", "vcs", "mcu", "roomos", "rmx")


class AllFamilies(unittest.TestCase):
    maxDiff = None

    def enforce(self, world, code):
        done = world.cli("enforce", "--wait", "--timeout", "300", check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr + world.cli("job", "list").stdout + world.cli("ticket", "list").stdout)

    def plan_of(self, world, host):
        plans = world.api("plan", "show", "--goal", "verify", host)["plans"]
        return [one["kind"] for one in plans[0]["steps"]]

    def test_every_family_reaches_level_4(self):
        with World("families") as world:
            systems = world.start_all([{"family": family, "host_name": f"{family}.company.com"} for family in FAMILIES])
            world.add_to_manager(systems)
            world.cli("job", "wait", "--timeout", "120")
            step("plans put on trial what comes after HTTPS is proven, and confirm it last")
            for family in FAMILIES:
                kinds = self.plan_of(world, f"{family}.company.com")
                if family == "roomos":
                    self.assertNotIn("begin_trial", kinds, "the product has no trials")
                    continue
                self.assertLess(kinds.index("begin_trial"), kinds.index("install_certificate"), family)
                self.assertEqual(kinds[-1], "confirm_trial", family)
            world.cli("secure-only", "set", "verify")
            step("a system whose factory certificate nobody can verify waits for a person, with a ticket that says so")
            self.enforce(world, 2)
            seen = world.systems()
            self.assertEqual({host for host, one in seen.items() if one["level"] != 4}, {"rmx.company.com"})
            tickets = world.tickets()
            self.assertEqual([one["type"] for one in tickets], ["certificate_validation_error"], tickets)
            step("somebody compares the fingerprint at the system and pins it")
            rmx = next(one for one in systems if one["host_name"].startswith("rmx"))
            shown = served_certificate(rmx["address"], world.port(443))["fingerprint"]
            world.cli("system", "set", "rmx.company.com", "--system-pin", shown)
            self.enforce(world, 0)
            for host, one in world.systems().items():
                self.assertEqual(one["level"], 4, world.cli("system", "show", host).stdout)
            self.assertEqual(world.tickets(), [])
            roots = world.folder / "manager" / "ca.pem"
            for system in systems:
                host = system["host_name"]
                self.assertTrue(s_client_verifies(system["address"], world.port(443), roots, host), host)
                self.assertEqual(port_state(system["address"], world.port(80)), "refused", host)
            step("a plan made now is empty: nothing is left on trial")
            for plan in world.api("plan", "show", "--goal", "verify")["plans"]:
                self.assertEqual((plan["steps"], plan["blockers"]), ([], []), plan)


if __name__ == "__main__":
    main()
