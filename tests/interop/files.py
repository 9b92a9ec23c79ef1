#!/usr/bin/env python3
"""Files over SSH (REQ SVC-4): OpenSSH's sftp and scp, the new protocol and the old one, read and write what a system shows; hostile
paths lead nowhere, what is too large or cut off is not taken, and roles and lock-out hold."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403

PASSWORD = "TANDBERG"


class Files(unittest.TestCase):
    def start(self, family="c-series", **settings):
        self.world = World("files")
        self.enterContext(self.world)
        self.system = self.world.add_estate([{"family": family, "host_name": f"room.{self.world.domain}",
                                              "settings": {"service.ssh.mode": "on", **settings}}])[0]
        self.world.start_device()
        self.address, self.folder = self.system["address"], self.world.folder / "files"
        self.folder.mkdir()
        script = self.folder / "askpass"
        script.write_text('#!/bin/sh\nprintf "%s\\n" "$COUNTERSIGN_TEST_PASSWORD"\n')
        script.chmod(0o700)
        self.env = {"SSH_ASKPASS": str(script), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none"}
        self.options = ["-F", "none", "-o", f"UserKnownHostsFile={self.folder}/known_hosts", "-o", "GlobalKnownHostsFile=none", "-o",
                        "StrictHostKeyChecking=accept-new", "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1", "-o",
                        "LogLevel=ERROR", "-P", str(self.world.port(22))]

    def sftp(self, *lines, user="admin", password=PASSWORD):
        """A batch; a line that begins with - may fail."""
        # What is said first holds: -b alone would forbid passwords.
        return run("sftp", "-o", "BatchMode=no", *self.options, "-b", "-", f"{user}@{self.address}", check=False, stdin="\n".join(lines) + "\n",
                   env={**self.env, "COUNTERSIGN_TEST_PASSWORD": password})

    def scp(self, *arguments, user="admin", password=PASSWORD):
        """`:path` is at the system."""
        ready = [f"{user}@{self.address}{one}" if str(one).startswith(":") else one for one in arguments]
        return run("scp", *self.options, *ready, check=False, env={**self.env, "COUNTERSIGN_TEST_PASSWORD": password})

    def web(self, path):
        return curl("--insecure", "--digest", "--user", f"admin:{PASSWORD}", f"http://{self.address}:{self.world.port(80)}{path}").stdout

    def name_file(self, name, at="configuration.xml"):
        file = self.folder / at
        file.write_text(f"<Configuration><SystemUnit><Name>{name}</Name></SystemUnit></Configuration>\n")
        return file

    def system_name(self):
        return self.web("/getxml?location=/Configuration/SystemUnit/Name")

    def pair(self, days=365, name="pair"):
        authority = Authority(self.world.folder / "ca")
        key, certificate = authority.issue(self.system["host_name"], name=name, days=days)
        both = self.folder / f"{name}-both.pem"
        both.write_text(certificate.read_text() + key.read_text())
        return authority, certificate, both

    def test_reads_lists_and_says_what_is_there(self):
        self.start()
        done = self.sftp("pwd", "ls -l", "ls -la /certificates", "cd certificates", "ls", f"get trust.pem {self.folder}/trust.pem",
                         f"get ../configuration.xml {self.folder}/got.xml", f"get -p /status.xml {self.folder}/status.xml")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"(?m)^-rw-r--r-- +1 system +system +\d+ .* /?configuration.xml$")
        self.assertRegex(done.stdout, r"(?m)^-r--r--r-- .* /?status.xml$")
        self.assertRegex(done.stdout, r"(?m)^dr-xr-xr-x .* /?certificates$")
        self.assertIn("<Configuration", (self.folder / "got.xml").read_text())
        self.assertIn(">***</CommunityName>", (self.folder / "got.xml").read_text())
        self.assertIn("<Status", (self.folder / "status.xml").read_text())
        for protocol in ([], ["-O"]):
            target = self.folder / f"scp{len(protocol)}"
            done = self.scp(*protocol, "-r", "-p", ":/certificates", target)
            self.assertEqual(done.returncode, 0, f"{protocol} {done.stderr}")
            self.assertIn("BEGIN CERTIFICATE", (target / "management.pem").read_text())
            self.assertNotIn("PRIVATE", (target / "management.pem").read_text())
            self.assertTrue((target / "trust.pem").exists())

    def test_takes_configuration_certificate_and_trust(self):
        self.start()
        authority, certificate, both = self.pair()
        for protocol, number in ([], 1), (["-O"], 2):
            done = self.scp(*protocol, self.name_file(f"room{number}"), ":/configuration.xml")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f">room{number}<", self.system_name())
            padded = self.name_file(f"padded{number}")
            padded.write_bytes(padded.read_bytes() + b" " * 1_000_000)
            self.assertEqual(self.scp(*protocol, padded, ":/configuration.xml").returncode, 0, "just below the limit")
            self.assertIn(f">padded{number}<", self.system_name())
        got = self.folder / "got.xml"
        done = self.sftp(f"get configuration.xml {got}", f"put {got} configuration.xml")
        self.assertEqual(done.returncode, 0, "what was read may be written again: " + done.stderr)
        self.assertIn(">padded2<", self.system_name())
        done = self.sftp(f"put {both} /certificates/management.pem", f"put {authority.certificate} /certificates/trust.pem",
                         f"get /certificates/management.pem {self.folder}/now.pem", f"get certificates/trust.pem {self.folder}/roots.pem")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(fingerprint_of(self.folder / "now.pem"), fingerprint_of(certificate))
        self.assertEqual(fingerprint_of(self.folder / "roots.pem"), fingerprint_of(authority.certificate))
        renamed = self.folder / "management.pem"
        _, second, both = self.pair(name="second")
        renamed.write_bytes(both.read_bytes())
        done = self.scp("-O", renamed, ":/certificates")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.sftp(f"get /certificates/management.pem {self.folder}/now.pem")
        self.assertEqual(fingerprint_of(self.folder / "now.pem"), fingerprint_of(second))
        written = [line for line in self.world.journal(self.system) if " file.written " in line]
        self.assertIn('path="/certificates/management.pem" door="ssh" user="admin"', written[-1])

    def test_refuses_what_is_wrong_and_changes_nothing(self):
        self.start()
        before = self.system_name()
        _, certificate, both = self.pair()
        wrong = self.folder / "wrong.xml"
        wrong.write_text("<Configuration><SystemUnit><Name>half</Name></SystemUnit><Nonsense>1</Nonsense></Configuration>")
        large = self.folder / "large.xml"
        large.write_bytes(self.name_file("large").read_bytes() + b" " * 1_100_000)
        for protocol in ([], ["-O"]):
            for file, target in ((wrong, "/configuration.xml"), (large, "/configuration.xml"), (certificate, "/certificates/management.pem"),
                                 (self.name_file("x"), "/status.xml"), (self.name_file("x"), "/other.xml"), (both, "/certificates/../x.pem"),
                                 (both, "/../../etc/passwd"), (both, "/certificates/no/such/folder")):
                done = self.scp(*protocol, file, f":{target}")
                self.assertNotEqual(done.returncode, 0, f"{protocol} {target}")
        self.assertEqual(self.system_name(), before)
        done = self.scp("-O", wrong, ":/configuration.xml")
        self.assertIn("DEV-001", done.stderr, "the old protocol tells why")
        done = self.sftp("-rm configuration.xml", "-rename configuration.xml other.xml", "-mkdir more", "-rmdir certificates",
                         "-ln -s /etc/passwd certificates/link", f"-put -f {wrong} configuration.xml", "ls -1")
        self.assertEqual(done.stdout.split("sftp> ls -1\n")[-1].split(), ["certificates", "configuration.xml", "status.xml"])

    def test_paths_lead_nowhere_else(self):
        self.start()
        for path in ("/etc/passwd", "../../../../etc/passwd", "certificates/../../../etc/shadow", "/proc/self/environ", "/certificates/management.pem/x",
                     f"/{self.system['serial']}", "/certificates/..%2f..%2fetc", "a" * 2000):
            for protocol in ([], ["-O"]):
                self.assertNotEqual(self.scp(*protocol, f":{path}", self.folder / "stolen").returncode, 0, path)
                self.assertFalse((self.folder / "stolen").exists(), path)
        done = self.sftp("cd ../../..", "pwd")
        self.assertIn("Remote working directory: /\n", done.stdout)

    def raw(self, command=None, subsystem=None):
        """A channel of our own: what a hostile program would send."""
        place = ["-s", f"admin@{self.address}", subsystem] if subsystem else [f"admin@{self.address}", command]
        options = [one if one != "-P" else "-p" for one in self.options]
        child = subprocess.Popen(["ssh", *options, *place], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                 env={**os.environ, **self.env, "COUNTERSIGN_TEST_PASSWORD": PASSWORD})
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.stdin.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        return child

    def test_a_cut_transfer_leaves_nothing(self):
        self.start()
        before = self.system_name()
        whole = self.name_file("cut").read_bytes()

        child = self.raw("scp -t /configuration.xml")
        self.assertEqual(child.stdout.read(1), b"\0")
        child.stdin.write(b"C0644 %d configuration.xml\n" % (len(whole) + 10) + whole)
        child.stdin.flush()
        self.assertEqual(child.stdout.read(1), b"\0")
        child.stdin.close()
        self.assertNotEqual(child.wait(30 * PATIENCE), 0, "the end came before the file was whole")

        # The whole file came, but its sender says that it could not read all of it.
        child = self.raw("scp -t /configuration.xml")
        child.stdin.write(b"C0644 %d configuration.xml\n" % len(whole) + whole + b"\1scp: read error\n")
        child.stdin.close()
        self.assertNotEqual(child.wait(30 * PATIENCE), 0)

        # SFTP: opened and written, never closed.
        def packet(kind, *fields):
            body = bytes([kind]) + b"".join(fields)
            return len(body).to_bytes(4, "big") + body

        def text(value):
            return len(value).to_bytes(4, "big") + value

        child = self.raw(subsystem="sftp")
        child.stdin.write(packet(1, b"\0\0\0\3") + packet(3, b"\0\0\0\1", text(b"/configuration.xml"), b"\0\0\0\x1a", b"\0\0\0\0") +
                          packet(6, b"\0\0\0\2", text(b"0"), bytes(8), text(whole)))
        child.stdin.flush()
        self.assertEqual(child.stdout.read(9), b"\0\0\0\5\2\0\0\0\3")
        self.assertEqual(child.stdout.read(14)[4], 102, "a handle")
        self.assertEqual(child.stdout.read(5)[4], 101, "the write was taken into memory")
        child.kill()
        child.wait()
        self.assertEqual(self.system_name(), before)
        self.assertNotIn("file.written", "\n".join(self.world.journal(self.system)))
        self.assertEqual(self.scp("-O", self.name_file("after"), ":/configuration.xml").returncode, 0)
        self.assertIn(">after<", self.system_name())

    def test_log_in_roles_and_switch_hold(self):
        self.start()
        for _ in range(5):
            self.assertNotEqual(self.scp(self.name_file("x"), ":/configuration.xml", password="wrong").returncode, 0)
        self.assertNotEqual(self.sftp("pwd").returncode, 0, "locked out with the right password too")

    def test_families_without_files_refuse_them(self):
        self.start("mxp")
        self.assertNotEqual(self.sftp("pwd").returncode, 0)
        self.assertNotEqual(self.scp("-O", ":/configuration.xml", self.folder / "x").returncode, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
