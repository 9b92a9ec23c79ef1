#!/usr/bin/env python3
"""What is observed is what is there (REQ LVL-3): a door that was moved to another port, and a door whose port refuses although it is on."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

HOST = "mcu.company.com"
PASSWORD = "superstrongpasswordhere"
MOVED = 8080


class Observed(unittest.TestCase):
    def observe(self, world):
        return world.api("system", "observe", HOST)["assessments"][0]

    def row(self, assessment, name):
        return next(one for one in assessment["protocols"] if one["id"] == name)

    def to_level_4(self, world):
        done = world.cli("enforce", "--wait", "--timeout", "300", check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + world.cli("job", "list").stdout + world.cli("ticket", "list").stdout)
        self.assertEqual(self.observe(world)["level"], 4, world.cli("system", "show", HOST).stdout)

    def services(self, world, system, **values):
        browser = Browser(f"https://{system['address']}:{world.port(443)}", "admin", PASSWORD, "--insecure")
        browser.open("/network/services").fill_in("Apply changes", **values)
        self.assertLess(browser.status, 400, browser.text)

    def test_a_web_port_that_was_moved_is_seen_and_closed(self):
        with World("moved") as world:
            system = world.start_all([{"family": "mcu", "host_name": HOST}])[0]
            address = system["address"]
            browser = Browser(f"http://{address}:{world.port(80)}", "admin", "")
            browser.open("/users/admin").fill_in("Change password", **{"New password": PASSWORD, "Re-enter new password": PASSWORD})
            secret = world.folder / "password"
            secret.write_text(PASSWORD + "\n")
            Browser(f"http://{address}:{world.port(80)}", "admin", PASSWORD).open("/network/services").fill_in(
                "Apply changes", **{"Secure web, port A": True})
            wait_for(lambda: port_state(address, world.port(443)) == "open", "HTTPS opens")
            world.cli("system", "add", HOST, "--ip", address, "--family", "mcu", "--password-file", secret)
            world.pin_served(system)
            world.cli("secure-only", "set", "verify")
            self.to_level_4(world)

            step("somebody opens the web port again, at another number")
            self.services(world, system, **{"Web, port A": True, "Web, port A: number": str(MOVED)})
            wait_for(lambda: port_state(address, world.port(MOVED)) == "open", "HTTP opens at its new port")
            self.assertEqual(port_state(address, world.port(80)), "refused")
            seen = self.observe(world)
            http = self.row(seen, "http")
            self.assertTrue(http["open"], http)
            self.assertIn(str(world.port(MOVED)), http["evidence"])
            self.assertEqual((seen["level"], http["level"]), (2, 2), seen["why"])
            step("the plan closes it, and the proof looks at the port that was configured")
            plan = world.api("plan", "show", HOST)["plans"][0]
            changes = {change["setting"]: change["value"] for one in plan["steps"] for change in one["settings"]}
            self.assertEqual(changes, {"service.http.mode": "off"}, plan)
            self.to_level_4(world)
            for standard in (80, MOVED):
                self.assertEqual(port_state(address, world.port(standard)), "refused", f"port {standard}")

            step("a port beyond the last one that the shift leads to is open all the same: its setting says so")
            self.services(world, system, **{"FTP, port A": True, "FTP, port A: number": "65000"})
            ftp = self.row(self.observe(world), "ftp")
            self.assertEqual((ftp["open"], ftp["evidence"]), (True, "switched on at port 65000"))


if __name__ == "__main__":
    main()
