#!/usr/bin/env python3
"""The agent as a service of a machine: what it tells a service manager, sockets that it is given, privileges that it gives up,
and the unit that ships with it."""

import pathlib
import pwd
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from appliance import PASSWORD, Appliance  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from notify_socket import NotifySocket  # noqa: E402

PACKAGING = pathlib.Path(__file__).resolve().parent.parent.parent / "packaging"


# Hands listening sockets to the program behind it as systemd does: descriptors from 3, LISTEN_PID of the process itself.
ACTIVATE = """
import os, socket, sys
address, ports, names, *command = sys.argv[1:]
listening = []
for port in ports.split(","):
    kind = socket.SOCK_DGRAM if port.startswith("u") else socket.SOCK_STREAM
    one = socket.socket(socket.AF_INET, kind)
    one.bind((address, int(port.lstrip("u"))))
    if kind == socket.SOCK_STREAM:
        one.listen(16)
    listening.append(os.dup2(one.fileno(), 100 + len(listening)))
for number, one in enumerate(listening):
    os.dup2(one, 3 + number, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(listening)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


class ServiceTest(unittest.TestCase):
    def test_it_tells_the_service_manager_what_happens(self):
        with World("service") as world:
            manager = NotifySocket(world.folder / "notify")
            appliance = Appliance(world, env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "300000"})
            appliance.start()
            manager.await_message("READY=1")
            self.assertIn("STATUS=1 system", manager.has("READY=1")[0])
            step("signs of life as long as all loops turn")
            manager.await_message("WATCHDOG=1", 4)
            step("SIGHUP: reloading, then ready again")
            appliance.child.process.send_signal(signal.SIGHUP)
            manager.await_message("RELOADING=1")
            self.assertRegex(manager.has("RELOADING=1")[0], r"MONOTONIC_USEC=\d+")
            manager.await_message("READY=1", 2)
            appliance.child.stop()
            manager.await_message("STOPPING=1")

    def test_a_hung_agent_is_restarted(self):
        """By the watchdog's protocol (sd_watchdog_enabled(3)), played by the test as systemd plays it."""
        with World("hung") as world:
            manager = NotifySocket(world.folder / "notify")
            limit = 2.0 * PATIENCE
            appliance = Appliance(world, env={"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": str(int(limit * 1e6))}).start()
            manager.await_message("WATCHDOG=1", 2)
            step("it hangs: no sign of life comes within the time")
            appliance.child.process.send_signal(signal.SIGSTOP)
            manager.await_silence(limit)
            self.assertIsNone(appliance.child.process.poll(), "it is not dead: nobody but the watchdog notices")
            step("the manager kills it, and starts it again: it is as before, and shows signs of life")
            os.kill(appliance.child.process.pid, signal.SIGABRT)
            appliance.child.process.send_signal(signal.SIGCONT)
            self.assertEqual(appliance.child.process.wait(20 * PATIENCE), -signal.SIGABRT)
            before = manager.count("WATCHDOG=1")
            appliance.start()
            manager.await_message("READY=1", 2)
            manager.await_message("WATCHDOG=1", before + 2)
            self.assertEqual(port_state(appliance.address, world.port(80)), "open")
            manager.socket.close()

    def test_sockets_of_the_service_manager(self):
        with World("sockets") as world:
            script = world.folder / "activate.py"
            script.write_text(ACTIVATE)
            http, https, snmp = (world.port(port) for port in (80, 443, 161))
            prefix = (sys.executable, script, f"{world.net}.1", f"{http},{https},u{snmp}", "http:https:snmp")
            appliance = Appliance(world, prefix=prefix).start()
            page = f"http://{appliance.address}:{http}/getxml?location=/Configuration"
            user = ("--digest", "--user", f"admin:{PASSWORD}")
            self.assertEqual(status_of(page, *user), 200)
            self.assertTrue(snmp_answers(appliance.address, snmp))
            self.assertEqual(port_state(appliance.address, world.port(23)), "open", "other services open their ports themselves")
            step("HTTPS is off: its port, which is the service manager's, resets at once")
            self.assertTrue(resets(appliance.address, https))
            step("switched on, the inherited socket serves; switched off, HTTP's resets and it is not closed")
            appliance.type("xconfiguration NetworkServices HTTPS Mode: On")
            appliance.restart()
            self.assertEqual(status_of(f"https://{appliance.address}:{https}/", "--insecure", *user), 302)
            self.assertEqual(status_of(page, *user), 200, "the port works after a restart of the system")
            appliance.type("xconfiguration NetworkServices HTTP Mode: Off", "xconfiguration NetworkServices SNMP Mode: Off")
            appliance.restart()
            self.assertTrue(resets(appliance.address, http))
            self.assertFalse(snmp_answers(appliance.address, snmp))
            step("a name that no service has is a mistake of the unit")
            appliance.child.stop()
            bad = [*prefix[:-1], "http:web:snmp"]
            done = run(*bad, *appliance.command()[len(prefix):], check=False)
            self.assertEqual(done.returncode, 3)
            self.assertIn("NET-029", done.stderr)
            self.assertIn("web", done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become somebody else")
    def test_it_gives_up_roots_powers(self):
        with World("user") as world:
            world.folder.chmod(0o711)
            appliance = Appliance(world, options=("--user", "nobody")).start()
            status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{appliance.child.process.pid}/status").read_text().splitlines()
                          if ":\t" in line)
            nobody = pwd.getpwnam("nobody")
            self.assertEqual(status["Uid"].split(), [str(nobody.pw_uid)] * 4)
            self.assertEqual(status["Gid"].split(), [str(nobody.pw_gid)] * 4)
            self.assertEqual(status["NoNewPrivs"], "1")
            for which in ("CapPrm", "CapEff"):
                self.assertEqual(int(status[which], 16), 1 << 10, "CAP_NET_BIND_SERVICE and nothing else")
            for task in pathlib.Path(f"/proc/{appliance.child.process.pid}/task").iterdir():
                held = (task / "status").read_text()
                self.assertRegex(held, r"CapEff:\t0+400\n", "each thread")
                self.assertRegex(held, rf"Uid:\t{nobody.pw_uid}\t")
            self.assertEqual((appliance.data / appliance.serial).stat().st_uid, nobody.pw_uid)
            step("a service that is switched on later still gets its port, also a low one")
            low = Appliance(world, 2, options=("--user", "nobody"))
            low.data, low.serial = world.folder / "low", "LOW1"
            offset, world.offset = world.offset, 0
            try:
                low.start()
                self.assertEqual(port_state(low.address, 443), "refused")
                low.type("xconfiguration NetworkServices HTTPS Mode: On")
                low.restart()
                self.assertEqual(port_state(low.address, 443), "open")
            finally:
                world.offset = offset
            step("who is not there is told, and nothing runs as root then")
            done = run(*appliance.command()[:-1], "no-such-user", check=False)
            self.assertEqual(done.returncode, 3)
            self.assertIn("DEV-059", done.stderr)

    @unittest.skipUnless(shutil.which("systemd-analyze"), "systemd is not installed")
    def test_the_unit_is_one_that_systemd_takes(self):
        with World("unit") as world:
            root = world.folder / "root"
            run("cmake", "--install", BIN.parent, "--component", "device", "--prefix", "/usr", env={"DESTDIR": str(root)})
            units = root / "usr/lib/systemd/system"
            self.assertEqual(sorted(one.name for one in units.iterdir()), ["countersign-device.service", "countersign-device.socket"])
            self.assertTrue((root / "usr/bin/countersign-device").exists())
            self.assertTrue((root / "etc/countersign/device.conf").exists())
            self.assertGreaterEqual(len(list((root / "usr/share/countersign/families").glob("*.toml"))), 2)
            here = world.folder / "units"
            here.mkdir()
            for one in units.iterdir():
                text = one.read_text().replace("/usr/bin/countersign-device", str(BIN / "countersign-device"))
                (here / one.name).write_text(text)
            done = run("systemd-analyze", "verify", "--man=no", *sorted(here.iterdir()), check=False)
            ours = [line for line in (done.stdout + done.stderr).splitlines() if "countersign" in line]
            self.assertEqual(ours, [])
            self.assertEqual(done.returncode, 0, done.stderr)
            rated = run("systemd-analyze", "security", "--offline=yes", "--no-pager", here / "countersign-device.service", check=False)
            overall = [line for line in rated.stdout.splitlines() if "Overall exposure" in line]
            self.assertTrue(overall, rated.stderr)
            print(f"  {overall[0].strip()}")
            self.assertLess(float(overall[0].split(":", 1)[1].split()[0]), 2.0, rated.stdout)


if __name__ == "__main__":
    main()
