#!/usr/bin/env python3
"""The manager's page in a real browser: first visit, log-in, the systems with their levels, live changes, narrow screens."""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from webdriver import Browser  # noqa: E402

PASSWORD = "Correct-Horse-Battery-77"


class Page(unittest.TestCase):
    def picture(self, browser, name):
        """For people: COUNTERSIGN_PICTURES names a folder for them."""
        if folder := os.environ.get("COUNTERSIGN_PICTURES"):
            browser.picture(pathlib.Path(folder) / f"{name}.png")

    def assert_fits(self, browser):
        wide = browser.script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        self.assertLessEqual(wide[0], wide[1], "the page is wider than the window")

    def test_what_a_role_may_not_do_is_not_offered(self):
        with World("page-roles") as world:
            world.start_dns()
            world.start_manager()
            secret = world.manager.await_line("set-up password:").split(":", 1)[1].strip()
            browser = Browser(world)
            browser.open()
            browser.await_shown("#setup")
            browser.type("#setup-password", secret)
            browser.type("#new-password", PASSWORD)
            browser.click("#setup button")
            browser.await_shown("#no-systems")
            self.assertTrue(browser.shown("#how-to-add"), "an administrator may add systems")
            self.assertEqual(browser.text("#who"), "admin (administrator)")
            for role, offered in (("viewer", False), ("auditor", False), ("operator", True)):
                once = world.api("account", "add", role, "--role", role)["one_time_password"]
                browser.click("#logout")
                browser.await_shown("#login")
                browser.script("document.getElementById('user').value = ''")
                browser.type("#user", role)
                browser.type("#password", once)
                browser.click("#login button")
                browser.await_shown("#change")
                self.assertFalse(browser.shown("#who"))
                browser.type("#old-password", once)
                browser.type("#own-password", PASSWORD + role)
                browser.click("#change button")
                browser.await_shown("#no-systems")
                self.assertEqual(browser.shown("#how-to-add"), offered, role)
                self.assertEqual(browser.text("#who"), f"{role} ({role})")

    def test_page(self):
        with World("page") as world:
            systems = world.start_all([{"family": "c-series", "host_name": "room1.company.com"}, {"family": "mcu", "host_name": "mcu1.company.com"}])
            world.add_to_manager(systems)
            world.hosts["gone.company.com"] = f"{world.net}.99"
            world.cli("system", "add", "gone.company.com", "--ip", f"{world.net}.99", "--family", "mcu", "--name", "<b>gone</b>")
            wait_for(lambda: len(world.tickets()) == 1 and all(one["level"] for host, one in world.systems().items() if not host.startswith("gone")),
                     "two systems were observed and one has a ticket", 120)
            secret = world.manager.await_line("set-up password:").split(":", 1)[1].strip()
            browser = Browser(world)
            step("the first visit asks for the set-up password")
            browser.open()
            browser.await_shown("#setup")
            self.assertFalse(browser.shown("#login") or browser.shown("#estate") or browser.shown("#logout"))
            self.picture(browser, "1-setup")
            browser.type("#setup-password", "a guess")
            browser.type("#new-password", PASSWORD)
            browser.click("#setup button")
            browser.await_shown("#problem")
            self.assertIn("ACC-002", browser.text("#problem"))
            self.picture(browser, "2-refused")
            browser.script("document.getElementById('setup-password').value = ''")
            browser.type("#setup-password", secret)
            browser.click("#setup button")
            step("then it lists the systems with their levels")
            browser.await_shown("#estate")
            self.assertFalse(browser.shown("#problem") or browser.shown("#setup"))
            self.assertIn("Secure-Only is off", browser.text("#mode"))
            self.assertIn("3 systems", browser.text("#summary"))
            self.check_rows(browser, world)
            self.assertIn("Connection Error", browser.text("#tickets"))
            self.assertFalse(browser.shown("#no-tickets"))
            self.picture(browser, "3-systems")
            self.assert_fits(browser)
            step("it follows what happens without being asked")
            world.cli("system", "set", "room1.company.com", "--name", "Board room")
            wait_for(lambda: "Board room" in browser.text("#systems"), "the new name is shown", 20)
            world.cli("system", "remove", "gone.company.com")
            wait_for(lambda: browser.shown("#no-tickets") and "2 systems" in browser.text("#summary"), "the removed system and its ticket are gone", 20)
            world.cli("secure-only", "set", "verify")
            world.cli("enforce", "--wait", "--timeout", "200", check=False)
            wait_for(lambda: "2 at level 4" in browser.text("#summary"), f"Level 4: {browser.text()}", 60)
            self.assertIn("certificates are verified", browser.text("#mode"))
            self.check_rows(browser, world)
            self.picture(browser, "4-level-4")
            step("a narrow screen is enough")
            for width in (900, 770, 500, 360):
                browser.resize(width, 900)
                self.assert_fits(browser)
            self.picture(browser, "5-narrow")
            browser.resize(1280, 900)
            step("log out, and in again")
            browser.click("#logout")
            browser.await_shown("#login")
            self.assertFalse(browser.shown("#estate"))
            self.picture(browser, "6-login")
            browser.open()
            browser.await_shown("#login")
            browser.type("#password", PASSWORD)
            browser.click("#login button")
            browser.await_shown("#estate")
            self.check_rows(browser, world)
            # 401 is how the page learns that nobody is logged in; the browser writes that into its console.
            self.assertEqual([line for line in browser.complaints() if "401" not in line], [])
            browser.close()

    def test_the_page_of_an_empty_estate_says_how_to_begin(self):
        with World("empty") as world:
            world.start_dns()
            world.start_manager()
            secret = world.manager.await_line("set-up password:").split(":", 1)[1].strip()
            browser = Browser(world, width=500, dark=True)
            browser.open()
            browser.await_shown("#setup")
            browser.type("#setup-password", secret)
            browser.type("#new-password", PASSWORD)
            browser.click("#setup button")
            browser.await_shown("#no-systems")
            self.assertIn("No systems", browser.text("#summary"))
            self.assertIn("countersign system add", browser.text("#estate"))
            self.assertFalse(browser.shown("#system-table"))
            self.picture(browser, "7-empty")
            self.assert_fits(browser)
            step("somebody with a one-time password chooses his own, then sees what a viewer sees")
            once = world.api("account", "add", "anna", "--role", "viewer")["one_time_password"]
            browser.click("#logout")
            browser.await_shown("#login")
            browser.script("document.getElementById('user').value = ''")
            browser.type("#user", "anna")
            browser.type("#password", once)
            browser.click("#login button")
            browser.await_shown("#change")
            self.assertFalse(browser.shown("#estate") or browser.shown("#problem"))
            self.picture(browser, "8-change")
            self.assert_fits(browser)
            browser.type("#old-password", once)
            browser.type("#own-password", PASSWORD + "-of-anna")
            browser.click("#change button")
            browser.await_shown("#no-systems")
            self.assertFalse(world.api("account", "show", "anna")["must_change_password"])
            browser.close()

    def check_rows(self, browser, world):
        rows = browser.script("return [...document.querySelectorAll('#systems tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))")
        shown = {row[0]: row for row in rows}
        listed = world.systems().values()
        self.assertEqual(set(shown), {one["name"] for one in listed})
        for one in listed:
            row = shown[one["name"]]
            self.assertEqual(row[1], one["family"])
            self.assertIn(row[2], (one["host_name"], one["address"]))
            self.assertEqual(row[3], str(one["level"] or "?"))
            self.assertIn((one["certificate_expires"] or "")[:10], row[4])


if __name__ == "__main__":
    main()
