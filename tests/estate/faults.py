#!/usr/bin/env python3
"""Systems with something wrong, each fault as somebody outside sees it, dialled in the estate file and while the estate runs;
and estates whose systems share one listener per port."""

import datetime
import pathlib
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

PASSWORD = "TANDBERG"
USER = ("--digest", "--user", f"admin:{PASSWORD}")


class Faults(unittest.TestCase):
    def estate(self, world, count=2, **more):
        systems = [{"family": "c-series", "host_name": f"room{i}.{world.domain}", "settings": {"service.https.mode": "on"}}
                   for i in range(1, count + 1)]
        systems[0].update(more)
        return world.add_estate(systems)

    def url(self, world, system, path="/getxml?location=/Configuration/SystemUnit"):
        return f"https://{system['address']}:{world.port(443)}{path}"

    def get(self, world, system, **more):
        return status_of(self.url(world, system), "--insecure", *USER, **more)

    def seconds(self, world, system):
        begun = time.monotonic()
        self.assertEqual(self.get(world, system), 200)
        return time.monotonic() - begun

    def change(self, world, system, name):
        body = f"<Configuration><SystemUnit><Name>{name}</Name></SystemUnit></Configuration>"
        return curl("--insecure", *USER, "--data-raw", body, "--header", "Content-Type: text/xml", self.url(world, system, "/putxml")).stdout

    def name(self, world, system):
        return curl("--insecure", *USER, self.url(world, system)).stdout

    def restart(self, world, system):
        def boots():
            return sum(" boot.done " in line for line in world.journal(system))
        before = boots()
        body = "<Command><Boot/></Command>"
        curl("--insecure", *USER, "--data-raw", body, "--header", "Content-Type: text/xml", self.url(world, system, "/putxml"))
        wait_for(lambda: boots() > before, "the system restarts")

    def certificate(self, world, system):
        shown = run("openssl", "s_client", "-connect", f"{system['address']}:{world.port(443)}", stdin="", check=False).stdout
        return run("openssl", "x509", "-noout", "-subject", "-issuer", "-enddate", "-checkend", "0", stdin=shown, check=False).stdout

    def test_slow_silent_and_reset(self):
        with World("faults") as world:
            slow, well = self.estate(world, faults=["slow:1200ms"])
            world.start_device()
            step("slow from the start, as the estate file says; its neighbour is not")
            self.assertGreaterEqual(self.seconds(world, slow), 1.2)
            self.assertIn("\tslow:1200ms", world.control("list").stdout)
            step("silent: the port takes the connection, and nothing comes")
            world.control("fault", slow["serial"], "silent")
            world.control("clear", slow["serial"], "slow")
            self.assertEqual(port_state(slow["address"], world.port(443)), "open")
            done = curl("--insecure", "--max-time", "1", self.url(world, slow), check=False)
            self.assertEqual(done.returncode, 28, done.stderr)
            self.assertFalse(snmp_answers(slow["address"], world.port(161)))
            step("reset: each connection breaks at once, on every door")
            world.control("clear", slow["address"])
            world.control("fault", slow["address"], "reset")
            for standard in (443, 80, 23):
                self.assertTrue(resets(slow["address"], world.port(standard)), standard)
            self.assertEqual(self.get(world, well), 200, "the neighbour is well")
            step("cleared, it is well again")
            world.control("clear", "*")
            self.assertEqual(self.get(world, slow), 200)
            self.assertTrue(snmp_answers(slow["address"], world.port(161)))

    def test_certificates_that_are_wrong(self):
        with World("faults-cert") as world:
            one, _ = self.estate(world)
            world.start_device()
            right = self.certificate(world, one)
            authority = next(world.folder.glob("estate/factory-ca/*.pem"))
            issuer = run("openssl", "x509", "-in", authority, "-noout", "-subject").stdout.split("=", 1)[1].strip()

            def judged(fault):
                world.control("clear", one["serial"])
                world.control("fault", one["serial"], fault)
                wait_for(lambda: self.certificate(world, one) != right, f"{fault} shows")
                verified = run("openssl", "s_client", "-connect", f"{one['address']}:{world.port(443)}", "-CAfile", authority, stdin="", check=False)
                return self.certificate(world, one), verified.stdout
            shown, verified = judged("expired")
            self.assertIn("Certificate will expire", shown)
            self.assertIn("certificate has expired", verified)
            shown, verified = judged("wrong_name")
            self.assertIn("wrong-name.invalid", shown)
            self.assertIn(issuer, shown)
            self.assertIn("Verify return code: 0 (ok)", verified)
            shown, verified = judged("untrusted")
            self.assertIn("Unknown Authority", shown)
            self.assertNotIn("Verify return code: 0 (ok)", verified)
            step("a restart of the system changes nothing; cleared, the right one is back")
            self.restart(world, one)
            self.assertIn("Unknown Authority", self.certificate(world, one))
            world.control("clear", one["serial"])
            wait_for(lambda: self.certificate(world, one) == right, "the right certificate is back")

    def test_settings_that_are_refused_forgotten_or_cannot_be_kept(self):
        with World("faults-settings") as world:
            one, two = self.estate(world)
            device = world.start_device()
            state = world.folder / "estate" / one["serial"] / "state.toml"
            self.change(world, one, "before")
            self.assertIn("before", self.name(world, one))
            step("read_only refuses, and changes nothing")
            world.control("fault", one["serial"], "read_only")
            self.assertIn("DEV-062", self.change(world, one, "refused"))
            self.assertIn("before", self.name(world, one))
            world.control("clear", one["serial"])
            step("disk_full: FIL-002, the system goes on, what is on the disk stays whole")
            held = state.read_bytes()
            world.control("fault", one["serial"], "disk_full")
            answer = self.change(world, one, "too-much")
            self.assertIn("FIL-002", answer)
            self.assertIn("No space left on device", answer)
            self.assertIn("before", self.name(world, one))
            self.assertEqual(state.read_bytes(), held)
            self.change(world, two, "neighbour")
            self.assertIn("neighbour", self.name(world, two))
            world.control("clear", one["serial"])
            self.change(world, one, "after")
            self.assertIn("after", self.name(world, one))
            step("forgetful: it holds until the restart")
            world.control("fault", one["serial"], "forgetful")
            self.change(world, one, "soon-forgotten")
            self.assertIn("soon-forgotten", self.name(world, one))
            self.restart(world, one)
            wait_for(lambda: self.get(world, one) == 200, "it is back")
            self.assertNotIn("soon-forgotten", self.name(world, one))
            self.assertIn("after", self.name(world, one))
            step("and a second time, as the unit is another object now")
            self.change(world, one, "once-more")
            self.restart(world, one)
            wait_for(lambda: self.get(world, one) == 200, "it is back")
            self.assertIn("after", self.name(world, one))
            world.control("clear", one["serial"])
            device.stop()
            device.start()
            device.await_line("ready:")
            self.assertIn("after", self.name(world, one))

    def test_a_clock_that_is_wrong_whatever_the_time_server_says(self):
        with World("faults-clock") as world:
            one, _ = self.estate(world, faults=["clock:-864000s"])
            world.start_ntp()
            world.start_device("--ntp", world.ntp_address)
            wait_for(lambda: any("time.changed" in line for line in world.journal(one)), "the time server answers")
            self.change(world, one, "late")

            def day():
                return datetime.datetime.fromisoformat(world.journal(one)[-1].split(" ", 1)[0].replace("Z", "+00:00"))
            late = datetime.datetime.now(datetime.timezone.utc) - day()
            self.assertAlmostEqual(late.total_seconds(), 864000, delta=60)
            world.control("clear", one["serial"], "clock")
            self.change(world, one, "right")
            self.assertAlmostEqual((datetime.datetime.now(datetime.timezone.utc) - day()).total_seconds(), 0, delta=60)

    def test_a_disk_that_is_really_full(self):
        """Not played: a file system of 2 MB of its own, filled to the last byte."""
        if os.geteuid() != 0:
            self.skipTest("only root can mount a file system")
        with World("full") as world:
            disk = world.folder / "estate"
            disk.mkdir()
            if run("mount", "-t", "tmpfs", "-o", "size=2m", "none", disk, check=False).returncode != 0:
                self.skipTest("file systems cannot be mounted here")
            try:
                one, _ = self.estate(world)
                device = world.start_device()
                self.change(world, one, "before")
                filler = disk / "filler"
                out = os.open(filler, os.O_WRONLY | os.O_CREAT)
                with self.assertRaises(OSError):
                    while True:
                        os.write(out, b"x" * 4096)
                os.close(out)
                answer = self.change(world, one, "too-much-" + "x" * 40)
                self.assertIn("FIL-002", answer)
                self.assertIn("No space left on device", answer)
                self.assertIn("before", self.name(world, one))
                step("restarted with a full disk, every system has its doors; the state is the old one")
                self.restart_process(world, device)
                self.assertIn("before", self.name(world, one))
                filler.unlink()
                self.change(world, one, "after")
                self.assertIn("after", self.name(world, one))
                device.stop()
                world.children.remove(device)
            finally:
                for child in world.children:
                    child.kill()
                run("umount", disk, check=False)

    def restart_process(self, world, device):
        device.kill()
        device.start()
        device.await_line("ready:")

    def test_one_listener_per_port_for_all(self):
        with World("shared") as world:
            systems = self.estate(world, 30)
            device = world.start_device("--listeners", "shared")
            self.assertIn("one listener per port for all", device.await_line("ready:"))
            files = len(list(pathlib.Path(f"/proc/{device.process.pid}/fd").iterdir()))
            self.assertLess(files, 40)
            step("each answers with its own name and identity")
            for number, one in enumerate(systems[:5]):
                self.change(world, one, f"shared-{number}")
            for number, one in enumerate(systems[:5]):
                self.assertIn(f"shared-{number}", self.name(world, one))
                self.assertIn(one["serial"], self.certificate(world, one))
            self.assertEqual(ssh_or_none(world, systems[0]), None, "SSH is off")
            self.assertTrue(snmp_answers(systems[0]["address"], world.port(161)), "the answer comes from the address that was asked")
            step("off is a reset, of one system and not of its neighbours")
            telnet = Telnet(systems[0]["address"], world.port(23), PASSWORD)
            telnet.type("xconfiguration NetworkServices Telnet Mode: Off")
            telnet.type("xconfiguration NetworkServices SNMP Mode: Off")
            telnet.close()
            self.restart(world, systems[0])
            self.assertTrue(resets(systems[0]["address"], world.port(23)))
            self.assertFalse(snmp_answers(systems[0]["address"], world.port(161)))
            Telnet(systems[1]["address"], world.port(23), PASSWORD).close()
            step("an address that nobody has is reset too; a fault shows as elsewhere")
            self.assertTrue(resets(f"{world.net}.200", world.port(443)))
            world.control("fault", systems[2]["serial"], "slow:900ms")
            self.assertGreaterEqual(self.seconds(world, systems[2]), 0.9)
            world.control("fault", systems[3]["serial"], "silent")
            self.assertEqual(curl("--insecure", "--max-time", "1", self.url(world, systems[3]), check=False).returncode, 28)

    def test_the_limit_on_files_decides(self):
        with World("limit") as world:
            command = [BIN / "countersign-device", "--count", "400", "--mix", "c-series", "--data", world.folder / "estate", "--port-offset",
                       world.offset, "--base-address", f"{world.net}.1"]
            device = world.start("limited", "prlimit", "--nofile=1200:1200", *command)
            self.assertIn("one listener per port for all", device.await_line("ready:", 120))
            self.assertIn("estate.shared_listeners", device.text())
            self.assertEqual(len(world.control("list").stdout.splitlines()), 400)

    def test_control_says_what_it_does_not_understand(self):
        with World("control") as world:
            one, _ = self.estate(world)
            world.start_device()
            self.assertEqual((world.folder / "estate" / "control.sock").stat().st_mode & 0o777, 0o600)
            for words, said in ((["fault", one["serial"], "sleepy"], "DEV-061"), (["fault", one["serial"], "slow"], "slow:500ms"),
                                (["fault", "nobody", "reset"], "no system nobody"), (["jump"], "use list"),
                                (["fault", one["serial"], "clock:+99999999999999s"], "DEV-061")):
                done = world.control(*words, check=False)
                self.assertNotEqual(done.returncode, 0, words)
                self.assertIn(said, done.stderr, words)
            self.assertIn("service\thttps", world.control("show", one["host_name"].split(".")[0] if one.get("name") else one["serial"]).stdout)
            step("bytes that are no command, a line without an end, a client that goes away")
            for bytes_ in (b"\x00\xff\n", b"x" * 5000, b"list"):
                with socket.socket(socket.AF_UNIX) as peer:
                    peer.connect(str(world.folder / "estate" / "control.sock"))
                    peer.sendall(bytes_)
            self.assertEqual(len(world.control("list").stdout.splitlines()), 2)
            step("an estate file with a fault that does not exist is refused, with its line")
            bad = world.folder / "bad.toml"
            bad.write_text((world.folder / "estate.toml").read_text() + 'faults = ["sleepy", 7]\n')
            done = run(BIN / "countersign-device", "--estate", bad, "--data", world.folder / "other", check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("sleepy", done.stderr)
            self.assertIn("line", done.stderr)
            step("nobody there")
            done = run(BIN / "countersign-device", "control", "--data", world.folder, "list", check=False)
            self.assertIn("DEV-063", done.stderr)


def ssh_or_none(world, system):
    try:
        with socket.create_connection((system["address"], world.port(22)), timeout=5) as peer:
            return peer.recv(10) or None
    except OSError:
        return None


if __name__ == "__main__":
    main()
