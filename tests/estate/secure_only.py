#!/usr/bin/env python3
"""The main job: an estate goes from factory defaults to Level 4, back to Off, and to Level 4 again (REQ GDE-2, MGR-3, MGR-11)."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

ESTATE = [{"family": "c-series", "host_name": f"room{n}.company.com"} for n in range(1, 4)] + [
    {"family": "mcu", "host_name": f"mcu{n}.company.com"} for n in range(1, 3)]
INSECURE = (80, 23, 21)


def estate():
    return [dict(system) for system in ESTATE]


class SecureOnly(unittest.TestCase):
    maxDiff = None

    def to_level_4(self, world):
        world.cli("secure-only", "set", "verify")
        done = world.cli("enforce", "--wait", "--timeout", "300", check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + world.cli("job", "list").stdout + world.cli("ticket", "list").stdout)

    def assert_level_4(self, world, systems):
        seen = world.systems()
        for system in systems:
            one = seen[system["host_name"]]
            self.assertEqual(one["level"], 4, world.cli("system", "show", system["host_name"]).stdout)
            self.assertEqual(one["track_by"], "host_name", "verify mode tracks by host name (MGR-7)")
            self.assertEqual(one["last_call"], "https verified", "the system accepted the manager's certificate")
        self.assertEqual(world.tickets(), [])

    def confirm_from_outside(self, world, systems):
        roots = world.folder / "manager" / "ca.pem"
        for system in systems:
            address, host = system["address"], system["host_name"]
            for standard in INSECURE:
                self.assertEqual(port_state(address, world.port(standard)), "refused", f"{host} port {standard}")
            self.assertFalse(snmp_answers(address, world.port(161)), f"{host} SNMP")
            self.assertTrue(s_client_verifies(address, world.port(443), roots, host))
            self.assertFalse(s_client_verifies(address, world.port(443), roots, "other.company.com"))
            url = f"https://{host}:{world.port(443)}/"
            self.assertEqual(status_of(url, "--cacert", str(roots), "--resolve", f"{host}:{world.port(443)}:{address}"), 401)

    def assert_trusted(self, world, systems, code):
        """Exit code of "is the estate's root trusted by this system?" (REQ WRK-9)."""
        for system in systems:
            asked = world.cli("cert", "trusted", world.folder / "manager" / "ca.pem", "--system", system["host_name"], check=False)
            self.assertEqual(asked.returncode, code, asked.stdout + asked.stderr)

    def test_from_factory_defaults_to_level_4_off_and_back(self):
        with World("main") as world:
            systems = world.start_all(estate())
            world.add_to_manager(systems)
            world.cli("job", "wait", "--timeout", "120")
            before = world.systems()
            for system in systems:
                self.assertIn(before[system["host_name"]]["level"], (1, 2), "factory defaults are Level 1 or 2")
            self.assert_trusted(world, systems, 2)
            step("the plan is shown before it is run and changes nothing")
            plans = world.api("plan", "show", "--goal", "verify")["plans"]
            self.assertEqual(len(plans), len(systems))
            for plan in plans:
                self.assertEqual(plan["blockers"], [])
                self.assertEqual(plan["goal_level"], 4)
                for one in plan["steps"]:
                    self.assertTrue(one["what"] and one["why"] and one["undo"] and one["after"], one)
            for system in systems:
                self.assertEqual(port_state(system["address"], world.port(80)), "open", "showing a plan changed something")
            step("On + Verify Certificates")
            self.to_level_4(world)
            self.assert_level_4(world, systems)
            self.confirm_from_outside(world, systems)
            self.assert_trusted(world, systems, 0)
            step("a plan made now is empty")
            for plan in world.api("plan", "show")["plans"]:
                self.assertEqual((plan["steps"], plan["blockers"]), ([], []))
            step("each system has a password and a certificate of its own")
            fingerprints = {served_certificate(system["address"], world.port(443))["fingerprint"] for system in systems}
            self.assertEqual(len(fingerprints), len(systems))
            for system in systems:
                factory = "TANDBERG" if system["family"] == "c-series" else ""
                self.assertEqual(status_of(f"https://{system['address']}:{world.port(443)}/", "--insecure", "--digest", "--user", f"admin:{factory}"), 401)

            step("Off: the systems go back to HTTP towards the manager, and stay in contact (MGR-11)")
            calls = {host: one["last_call_at"] for host, one in world.systems().items()}
            world.cli("secure-only", "set", "off")
            done = world.cli("enforce", "--wait", "--timeout", "300", check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr + world.cli("job", "list").stdout)

            def all_called_over_http():
                now = world.systems()
                return all(now[s["host_name"]]["last_call"] == "http" and now[s["host_name"]]["last_call_at"] >= calls[s["host_name"]] for s in systems)
            wait_for(all_called_over_http, "every system calls over HTTP", 60)
            for system in systems:
                self.assertEqual(port_state(system["address"], world.port(443)), "open", "HTTPS of the systems stays on")
                assessment = world.api("system", "observe", system["host_name"])["assessments"][0]
                self.assertGreaterEqual(assessment["level"], 2, "observed over HTTPS without loss of contact")
            self.assertEqual(world.tickets(), [])
            step("and to Level 4 again")
            self.to_level_4(world)
            wait_for(lambda: all(one["last_call"] == "https verified" for one in world.systems().values()), "every system calls over HTTPS", 60)
            world.cli("system", "observe", "--all")
            self.assert_level_4(world, systems)

    def test_on_without_verification_is_level_3(self):
        with World("on") as world:
            systems = world.start_all(estate()[2:4])
            world.add_to_manager(systems)
            world.cli("secure-only", "set", "on")
            done = world.cli("enforce", "--wait", "--timeout", "300", check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr + world.cli("job", "list").stdout)
            world.cli("system", "observe", "--all")
            for one in world.systems().values():
                self.assertEqual(one["level"], 3, world.cli("system", "show", one["host_name"]).stdout)
            self.assertEqual(world.tickets(), [])


if __name__ == "__main__":
    main()
