#!/usr/bin/env python3
"""The manager's settings: one file, checked as a whole, printed with where each is from, and read again while the manager runs; and the
manager as a service of a machine."""

import pathlib
import shutil
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from notify_socket import NotifySocket  # noqa: E402

MANAGER = BIN / "countersign-manager"


class SettingsTest(unittest.TestCase):
    def write(self, world, **more):
        """A settings file for a manager of this world; `more` replaces or adds."""
        values = {"data": "manager", "host_name": world.manager_host, "listen": world.manager_address, "port_offset": world.offset,
                  "dns": [world.dns_address], "source": world.manager_address, "token_file": "manager/token", **more}
        file = world.folder / "settings.manager.toml"
        file.write_text("".join(f"{name} = {toml_value(value)}\n" for name, value in values.items()))
        return file

    def test_what_is_wrong_is_told_at_once_and_nothing_starts(self):
        with World("settings-wrong") as world:
            file = self.write(world, https_port=0, observe_second=5, hooks="nowhere", database="postgresql://me:hidden@db.company.com/x")
            for arguments in (("--check",), ()):
                done = run(MANAGER, "--settings", file, *arguments, check=False)
                self.assertEqual(done.returncode, 1, done.stderr)
                for said in ("https_port is not valid: it must be from 1 to 65535", "line 8", "did you mean observe_seconds?", "is not a folder",
                             "SET-002", "SET-003", "database_password_file"):
                    self.assertIn(said, done.stderr)
                self.assertNotIn("hidden", done.stdout + done.stderr)
                self.assertFalse((world.folder / "manager").exists(), "nothing was made")
            self.assertNotIn("hidden", run(MANAGER, "--settings", file, "--print-config", check=False).stderr)
            step("without file and options: what is missing is named, with both ways to say it")
            done = run(MANAGER, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("data is required: set it in the settings file or with --data", done.stderr)
            self.assertIn("--host-name", done.stderr)

    def test_printed_settings_can_be_read_again(self):
        with World("settings-print") as world:
            file = self.write(world, log_level="warning")
            self.assertEqual(run(MANAGER, "--settings", file, "--check").stdout, "the settings are good\n")
            printed = run(MANAGER, "--settings", file, "--print-config", "--threads", "2", "--no-http").stdout
            self.assertIn('log_level = "warning"  # ' + str(file) + " line 8", printed)
            self.assertIn("threads = 2  # option --threads", printed)
            self.assertIn("http = false  # option --no-http".replace("--no-http", "--http"), printed)
            self.assertIn("enforce_seconds = 1800  # default", printed)
            again = world.folder / "again.toml"
            again.write_text(printed)
            values = [line.split("  # ")[0] for line in printed.splitlines()]
            self.assertEqual([line.split("  # ")[0] for line in run(MANAGER, "--settings", again, "--print-config").stdout.splitlines()], values)

    def test_reload_and_the_service_manager(self):
        with World("settings-reload") as world:
            world.start_dns()
            world.add_estate([{"family": "c-series", "host_name": f"room1.{world.domain}", "settings": {"service.https.mode": "on"}}])
            world.write_zone()
            world.dns.kill()
            world.dns.start()
            world.start_device()
            service = NotifySocket(world.folder / "notify")
            file = self.write(world, observe_seconds=3600)
            world.manager = world.start("manager", MANAGER, "--settings", file,
                                        env={"NOTIFY_SOCKET": service.path, "WATCHDOG_USEC": "1500000"})
            world.manager.await_line("ready:")
            service.await_message("READY=1")
            step("signs of life for the watchdog")
            service.await_message("WATCHDOG=1", 3)
            world.cli("system", "add", f"room1.{world.domain}", "--ip", f"{world.net}.1", "--family", "c-series")

            def last_seen():
                return world.systems()[f"room1.{world.domain}"]["observed_at"]
            first = wait_for(last_seen, "it was looked at when it was added")

            def reload():
                before = service.count("READY=1")
                world.manager.process.send_signal(signal.SIGHUP)
                service.await_message("READY=1", before + 1)
            step("a wrong file changes nothing at all, and the log says what is wrong")
            self.write(world, observe_seconds=1, log_level="loud")
            reload()
            self.assertIn("program.reload_failed", world.manager.text())
            self.assertIn("it must be one of debug, info, warning, error", world.manager.text())
            self.assertTrue(any("nothing was reloaded" in message for message in service.messages))
            self.assertNotIn("settings.reloaded", world.manager.text())
            step("a right one is taken over while it runs: the system is looked at every second, also in the pause that was under way")
            self.write(world, observe_seconds=1, log_format="json", threads=3)
            reload()
            wait_for(lambda: '"event":"settings.reloaded","setting":"observe_seconds"' in world.manager.text(), "the log says what was taken over")
            self.assertIn('"event":"settings.need_restart","setting":"threads"', world.manager.text())
            second = wait_for(lambda: last_seen() != first and last_seen(), "it is looked at again")
            wait_for(lambda: last_seen() != second, "and again")
            world.manager.stop()
            service.await_message("STOPPING=1")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
    def test_the_unit_is_one_that_systemd_takes(self):
        with World("manager-unit") as world:
            root = world.folder / "root"
            run("cmake", "--install", BIN.parent, "--component", "manager", "--prefix", "/usr", env={"DESTDIR": str(root)})
            unit = root / "usr/lib/systemd/system/countersign-manager.service"
            text = unit.read_text()
            for line in text.splitlines():
                # What the unit starts is what this program takes.
                if line.startswith("ExecStart"):
                    settings = root / "etc/countersign/settings.manager.toml"
                    settings.write_text(settings.read_text().replace("# host_name", "host_name"))
                    words = line.split("=", 1)[1].replace("/usr/bin/countersign-manager", str(MANAGER)).replace("/etc/countersign", str(settings.parent))
                    words = words.replace("${STATE_DIRECTORY}", str(world.folder / "state")).split()
                    run(*words, *([] if "--check" in words else ["--check"]))
            self.assertTrue((root / "usr/share/doc").exists())
            here = world.folder / unit.name
            here.write_text(text.replace("/usr/bin/countersign-manager", str(MANAGER)))
            done = run("systemd-analyze", "verify", "--man=no", here, check=False)
            ours = [line for line in (done.stdout + done.stderr).splitlines() if "countersign" in line]
            self.assertEqual(ours, [])
            self.assertEqual(done.returncode, 0, done.stderr)
            rated = run("systemd-analyze", "security", "--offline=yes", "--no-pager", here, check=False)
            overall = [line for line in rated.stdout.splitlines() if "Overall exposure" in line]
            self.assertTrue(overall, rated.stderr)
            print(f"  {overall[0].strip()}")
            self.assertLess(float(overall[0].split(":", 1)[1].split()[0]), 2.0, rated.stdout)


if __name__ == "__main__":
    main()
