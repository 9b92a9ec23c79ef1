#!/usr/bin/env python3
"""What goes wrong around a system must not lock its owner out: a port that another program has, a console line that is not there, a
file that was damaged, a password that is none."""

import contextlib
import pathlib
import re
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from appliance import Appliance, PASSWORD  # noqa: E402
from estate import BIN, World, curl, port_state, run, socket, wait_for  # noqa: E402
from guide import main, step  # noqa: E402
from terminal import Console  # noqa: E402


@contextlib.contextmanager
def busy(address, port):
    """Another program has the port: one that lets nobody finish a connection."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((address, port))
        other.listen()
        yield


def status(system, what="Diagnostics"):
    return curl("--digest", "--user", f"admin:{PASSWORD}", f"http://{system.address}:{system.world.port(80)}/getxml?location=/Status/{what}").stdout


class BusyPort(unittest.TestCase):
    def test_after_a_restart_all_other_doors_open(self):
        with World("busy") as world:
            system = Appliance(world).start()
            with busy(system.address, world.port(22)):
                system.type("xconfiguration NetworkServices SSH Mode: On")
                system.restart()
                step("HTTP, Telnet and the console are there")
                self.assertIn("SSH is on, but could not be opened", status(system))
                self.assertEqual(port_state(system.address, world.port(23)), "open")
                self.assertTrue((system.data / system.serial / "console").exists())
                self.assertTrue(system.events("service.not_open"))
                self.assertIn("could not be opened", system.browser().open("/web/safety").text)
                step("changes that have nothing to do with it are taken")
                self.assertIn("OK", system.type("xconfiguration SystemUnit Name: here")[0])
                self.assertIn("OK", system.type("xconfiguration NetworkServices Telnet Mode: On")[0])
            step("when the other program has ended SSH opens by itself, and the alarm is gone")
            wait_for(lambda: port_state(system.address, world.port(22)) == "open", "SSH opens")
            wait_for(lambda: "could not be opened" not in status(system), "the alarm is cleared")
            self.assertEqual(len(system.events("service.not_open")), 1, "told once, not at every try")

    def test_a_first_start_and_the_last_way_in(self):
        with World("busy-first") as world:
            system = Appliance(world)
            with busy(system.address, world.port(80)):
                system.start()
                self.assertIn("1 service could not be opened", system.child.text())
                step("the switch of a service that is closed is no way in")
                self.assertIn("DEV-005", system.type("xconfiguration NetworkServices Telnet Mode: Off")[0])
                self.assertEqual(port_state(system.address, world.port(23)), "open")
            wait_for(lambda: port_state(system.address, world.port(80)) == "open", "HTTP opens")
            system.type("xconfiguration NetworkServices Telnet Mode: Off")

    def test_a_console_that_is_not_there(self):
        with World("busy-console") as world:
            system = Appliance(world, options=("--console", "/dev/ttyNOPE")).start()
            self.assertIn("Serial Port is on, but could not be opened", status(system))
            self.assertIn("/dev/ttyNOPE", status(system))

    def test_an_estate_goes_on_without_one_of_its_systems(self):
        with World("busy-estate") as world:
            world.add_estate([{"family": "c-series"}, {"family": "c-series", "address": "192.0.2.77"}])
            device = world.start_device()
            self.assertIn("1 cannot be reached", device.text())
            self.assertEqual(port_state(f"{world.net}.1", world.port(80)), "open")
            device.stop()
            step("nothing at all: then it says so and ends")
            world.add_estate([{"family": "c-series", "address": "192.0.2.77"}], name="nowhere")
            done = run(BIN / "countersign-device", "--estate", world.folder / "nowhere.toml", "--data", world.folder / "nowhere",
                       "--port-offset", world.offset, check=False)
            self.assertNotEqual(done.returncode, 0, done.stderr)
            self.assertIn("NET-014", done.stderr)

    def test_a_console_that_nobody_gets_is_an_error(self):
        with World("no-console") as world:
            families = world.folder / "families"
            shutil.copytree(pathlib.Path(__file__).resolve().parents[2] / "families", families)
            file = families / "c-series.toml"
            file.write_text(file.read_text().replace('door = "serial"', 'door = "none"'))
            done = run(BIN / "countersign-device", "--family", "c-series", "--families", families, "--data", world.folder / "data",
                       "--port-offset", world.offset, "--console", "pty", check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("DEV-094", done.stderr)


class BrokenState(unittest.TestCase):
    def broken(self, system, *names):
        for name in names:
            (system.data / system.serial / name).write_text("boots = 3\n[settings\nx = = 1\n")

    def test_the_copy_is_used(self):
        with World("broken") as world:
            system = Appliance(world).start()
            system.type("xconfiguration SystemUnit Name: room204")
            system.child.stop()
            self.broken(system, "state.toml")
            system.start()
            self.assertIn("room204", system.type("xconfiguration SystemUnit Name")[0])
            self.assertIn("read from its copy", status(system))
            self.assertTrue((system.data / system.serial / "state.toml.broken").exists())
            step("the alarm is over with the next start")
            system.child.stop()
            system.start()
            self.assertNotIn("read from its copy", status(system))

    def test_without_a_copy_a_person_decides(self):
        with World("broken-both") as world:
            system = Appliance(world).start()
            system.type("xcommand SystemUnit AdminPassword Set Password: lost-and-found-9", "xconfiguration SystemUnit Name: room204")
            system.child.stop()
            self.broken(system, "state.toml", "state.copy.toml")
            done = run(*system.command(), check=False)
            self.assertEqual(done.returncode, 3)
            self.assertRegex(done.stderr, r"DEV-093.*state\.toml line \d+")
            self.assertIn("--reset-broken-state", done.stderr)
            system.child.command.append("--reset-broken-state")
            system.start()
            self.assertIn("those of the factory", status(system))
            self.assertNotIn("room204", system.type("xconfiguration SystemUnit Name")[0])


class NoPassword(unittest.TestCase):
    def test_an_empty_password_is_none(self):
        with World("empty") as world:
            system = Appliance(world).start()
            system.type('xcommand SystemUnit AdminPassword Set Password: ""')
            answer = curl("--digest", "--user", "admin:", f"http://{system.address}:{world.port(80)}/getxml?location=/Status").stdout
            self.assertIn("There is no password", answer)
            self.assertNotIn("factory password is still in use", answer)
            console = Console(system.data / system.serial).log_in("admin", "")
            console.read_until(b"OK\r\n")
            console.type("xcommand SystemUnit AdminPassword Set Password: a-new-one-for-all-7")
            console.read_until(b"OK\r\n")
            wait_for(lambda: any("password.none" in line for line in system.events("alarm.cleared")), "the alarm is over")
            console.close()

    def test_a_word_without_its_password_changes_nothing(self):
        with World("ippassword") as world:
            device = world.start("mxp", BIN / "countersign-device", "--family", "mxp", "--address", f"{world.net}.1", "--serial", "E1", "--data",
                                 world.folder / "mxp", "--port-offset", world.offset)
            device.await_line("ready:")
            console = Console(world.folder / "mxp" / "E1").log_in("admin", PASSWORD)
            console.read_until(b"OK\r\n")
            console.type("ippassword")
            self.assertIn(b"usage: ippassword <password>", console.read_until(b"ERROR") + console.seen + console.read_until(b"\n"))
            console.type("ippassword another-one")
            console.read_until(b"OK\r\n")
            console.close()


if __name__ == "__main__":
    main()
