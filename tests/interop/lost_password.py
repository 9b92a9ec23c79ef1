#!/usr/bin/env python3
"""A password that is really lost, in every family: only who stands before the system, and has just switched it on, gets in again
(docs/recovery.md)."""

import pathlib
import sys
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import BIN, Browser, Failed, World, port_state, wait_for  # noqa: E402
from guide import main, step  # noqa: E402
from terminal import Console  # noqa: E402

FAMILIES = sorted((pathlib.Path(__file__).resolve().parents[2] / "families").glob("*.toml"))
LOST = "nobody-remembers-this-1"


class One:
    """One system of a family, its console, and its page for the password."""

    def __init__(self, world, file, *options):
        self.world, self.family = world, tomllib.loads(file.read_text())
        self.id, self.login = self.family["family"]["id"], self.family["login"]
        self.address = f"{world.net}.{FAMILIES.index(file) + 1}"
        self.data = world.folder / self.id
        self.child = world.start(self.id, BIN / "countersign-device", "--family", self.id, "--address", self.address, "--serial", "LOST1",
                                 "--data", self.data, "--port-offset", world.offset, "--downtime", "50", "--no-fsync", *options)
        self.child.await_line("ready:")

    def journal(self, event):
        return [line for line in (self.data / "LOST1" / "journal.log").read_text().splitlines() if f" {event}" in line]

    def console(self):
        return Console(self.data / "LOST1")

    def browser(self, password):
        secure = port_state(self.address, self.world.port(443)) == "open"
        base = f"https://{self.address}:{self.world.port(443)}" if secure else f"http://{self.address}:{self.world.port(80)}"
        return Browser(base, self.login["user"], password, "--insecure", "--anyauth")

    def page(self):
        """The page of the password, its button, and what goes into its fields."""
        for page in self.family["page"]:
            for form in page.get("form", []):
                if form["action"] == "set_password":
                    return page["path"], form["submit_label"], {field["label"]: field["role"] for field in form["fields"]}
        raise Failed(f"{self.id} has no page for the password")

    def open(self, password):
        return self.browser(password).open(self.page()[0]).status

    def set_password(self, old, new):
        path, button, labels = self.page()
        done = self.browser(old).open(path).fill_in(
            button, **{label: old if role == "old_password" else new for label, role in labels.items()})
        if done.status != 200:
            raise Failed(f"{self.id}: {done.status} {done.text[:300]}")

    def lose_password(self):
        self.set_password(self.login["factory_password"], LOST)
        if self.open(self.login["factory_password"]) != 401 or self.open(LOST) != 200:
            raise Failed(f"{self.id}: the password was not changed")


class LostPassword(unittest.TestCase):
    def test_every_family(self):
        with World("lost") as world:
            for file in FAMILIES:
                with self.subTest(file.stem):
                    self.recover(One(world, file))

    def recover(self, system):
        step(system.id)
        factory = system.login["factory_password"]
        system.lose_password()
        console = system.console().log_in(system.login["user"], "a guess")
        console.read_until(b"Login incorrect")
        console.close()
        system.child.kill()
        system.child.start()
        system.child.await_line("ready:")
        console = system.console().wake()
        console.type(system.login["recovery_user"])
        console.read_until(b"recovery> ")
        self.assertEqual(system.open(LOST), 200, "nothing was changed yet")
        console.type("password")
        console.read_until(b"The factory password is in use again")
        self.assertEqual(system.open(factory), 200)
        if factory:
            self.assertEqual(system.open(LOST), 401)
        console.close()
        console = system.console().log_in(system.login["user"], factory)
        console.read_until(b"OK\r\n")
        self.assertTrue(any('door="serial"' in line for line in system.journal("password.reset")))
        self.assertTrue(any("password.factory" in line for line in system.journal("alarm.raised")))
        console.type("bye")
        console.close()

    def test_everything_back_to_the_factory(self):
        with World("lost-all") as world:
            system = One(world, next(file for file in FAMILIES if file.stem == "c-series"))
            system.lose_password()
            console = system.console().wake()
            console.type("pwrec")
            console.read_until(b"recovery> ")
            console.type("reset")
            console.read_until(b"Type yes")
            console.type("no")
            console.read_until(b"Nothing was changed.")
            self.assertEqual(system.open(LOST), 200)
            console.type("reset")
            console.read_until(b"Type yes")
            console.type("yes")
            console.read_until(b"as it left the factory")
            wait_for(lambda: system.journal("factory.restored"), "everything is deleted")
            wait_for(lambda: port_state(system.address, world.port(80)) == "open", "the system is back")
            self.assertEqual(system.open("TANDBERG"), 200)
            console.close()
            step("a restart that the network could have ordered does not count as switching on")
            console = system.console().wake()
            console.type("pwrec")
            console.read_until(b"Switch the system off and on")
            console.close()
            self.assertTrue(system.journal("recovery.refused"))

    def test_no_other_door_has_it(self):
        with World("lost-network") as world:
            system = One(world, next(file for file in FAMILIES if file.stem == "vcs"))
            system.lose_password()
            self.assertEqual(system.browser("").open(system.page()[0]).status, 401)
            recovery = Browser(system.browser("").base, "pwrec", "", "--insecure", "--anyauth")
            self.assertEqual(recovery.open(system.page()[0]).status, 401)


if __name__ == "__main__":
    main()
