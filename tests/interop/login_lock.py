#!/usr/bin/env python3
"""Guessing a password from outside, through each door: after five wrong ones the guesser's address is locked out, also for the
right password, on every door of the system, and nobody else is."""

import pathlib
import sys
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from transactions import Transactions  # noqa: E402

RIGHT, WRONG, TRIES = "TANDBERG", "wrong-guess", 5


class Lock(unittest.TestCase):
    def locked_by(self, name, guess):
        """Guesses through one door from one address until it is locked; another address is not."""
        with World(f"lock-{name}") as world:
            system = world.add_estate([{"family": "c-series", "host_name": f"room.{world.domain}",
                                        "settings": {"service.https.mode": "on", "service.ssh.mode": "on"}}])[0]
            world.start_device()
            address, guesser, other = system["address"], f"{world.net}.77", f"{world.net}.78"
            self.assertEqual(self.web(world, address, other, RIGHT), 200)
            for _ in range(TRIES):
                guess(world, address, guesser, WRONG)
            self.assertTrue(any("login.locked" in line for line in world.journal(system)), world.journal(system)[-8:])
            step(f"{name}: locked out, with the right password too, and through every other door")
            self.assertFalse(guess(world, address, guesser, RIGHT), name)
            self.assertEqual(self.web(world, address, guesser, RIGHT), 429)
            self.assertFalse(self.telnet(world, address, guesser, RIGHT))
            self.assertFalse(self.ssh(world, address, guesser, RIGHT))
            step(f"{name}: others come in, through that door too")
            self.assertTrue(guess(world, address, other, RIGHT))
            self.assertEqual(self.web(world, address, other, RIGHT), 200)

    def web(self, world, address, source, password, scheme="https", standard=443):
        return status_of(f"{scheme}://{address}:{world.port(standard)}/getxml?location=/Configuration/SystemUnit", "--insecure", "--digest",
                         "--user", f"admin:{password}", "--interface", source)

    def telnet(self, world, address, source, password):
        peer = socket.create_connection((address, world.port(23)), timeout=15 * PATIENCE, source_address=(source, 0))
        received = b""
        try:
            while b"assword:" not in received:
                part = peer.recv(1000)
                if not part:
                    return False
                received += part
            peer.sendall(password.encode() + b"\r\n")
            while True:
                part = peer.recv(1000)
                if not part:
                    return False
                received += part
                if b"OK" in received:
                    return True
                if received.count(b"assword:") > 1:
                    return False
        except OSError:
            return False
        finally:
            peer.close()

    def ssh(self, world, address, source, password):
        script = world.folder / "askpass"
        script.write_text('#!/bin/sh\nprintf "%s\\n" "$COUNTERSIGN_TEST_PASSWORD"\n')
        script.chmod(0o700)
        done = run("ssh", "-F", "none", "-p", world.port(22), "-b", source, "-o", f"UserKnownHostsFile={world.folder}/known_hosts",
                   "-o", "StrictHostKeyChecking=accept-new", "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1", "-o",
                   "LogLevel=ERROR", "-o", "PreferredAuthentications=password", f"admin@{address}", "xstatus systemunit", check=False,
                   env={"SSH_ASKPASS": str(script), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none", "COUNTERSIGN_TEST_PASSWORD": password})
        return done.returncode == 0

    def locked_elsewhere(self, family, right, user, guess, settings=None):
        """The same through a door that only this family has; `web` is its other one."""
        scheme, port = ("https", 443) if family == "roomos" else ("http", 80)
        log_in = "--basic" if family == "roomos" else "--digest"
        with World(f"lk-{family}") as world:
            system = world.add_estate([{"family": family, "host_name": f"room.{world.domain}", "settings": settings or {}}])[0]
            world.start_device()
            address, guesser, other = system["address"], f"{world.net}.77", f"{world.net}.78"
            url = f"{scheme}://{address}:{world.port(port)}/"
            web = lambda source: status_of(url, "--insecure", log_in, "--user", f"{user}:{right}", "--interface", source)  # noqa: E731
            self.assertTrue(guess(world, address, other, right), "the right password opens it")
            for _ in range(TRIES):
                self.assertFalse(guess(world, address, guesser, WRONG))
            self.assertTrue(any("login.locked" in line for line in world.journal(system)), world.journal(system)[-8:])
            self.assertFalse(guess(world, address, guesser, right), "locked out, with the right password too")
            self.assertEqual(web(guesser), 429, "and through the other door")
            self.assertTrue(guess(world, address, other, right), "others come in")
            self.assertIn(web(other), (200, 302))

    def test_ftp(self):
        self.locked_elsewhere("mxp", RIGHT, "admin", lambda world, address, source, password: run(
            "curl", "--silent", "--max-time", "20", "--interface", source, "--user", f"admin:{password}", f"ftp://{address}:{world.port(21)}/",
            check=False).returncode == 0)

    def test_transactions(self):
        def guess(world, address, source, password):
            session = Transactions(f"http://{address}:{world.port(80)}", "--interface", source)
            answer = session.ask("TRANS_MCU", "LOGIN", USER_NAME="POLYCOM", PASSWORD=password)
            return session.status(answer)[0] == "0"
        self.locked_elsewhere("rmx", "POLYCOM", "POLYCOM", guess)

    def test_xml_rpc(self):
        def guess(world, address, source, password):
            call = ("<?xml version='1.0'?><methodCall><methodName>device.query</methodName><params><param><value><struct>"
                    "<member><name>authenticationUser</name><value><string>admin</string></value></member>"
                    f"<member><name>authenticationPassword</name><value><string>{password}</string></value></member>"
                    "</struct></value></param></params></methodCall>")
            answer = xml.fromstring(curl("--interface", source, "--header", "Content-Type: text/xml", "--data-binary", call,
                                         f"http://{address}:{world.port(80)}/RPC2").stdout)
            if answer.find("fault") is not None:
                self.assertEqual(answer.findtext(".//int"), "15", "wrong or locked out: the vendor's code")
                return False
            return True
        self.locked_elsewhere("mcu", "", "admin", guess)

    def test_websocket(self):
        handshake = ["--http1.1", "--insecure", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13", "-H",
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]

        def guess(world, address, source, password):
            # 101 and then silence: curl gives up after a moment and says what it was told.
            told = run("curl", "--silent", "--max-time", "2", "--output", "/dev/null", "--write-out", "%{http_code}", "--interface", source, "--basic",
                       "--user", f"admin:{password}", *handshake, f"https://{address}:{world.port(443)}/ws", check=False).stdout
            return told == "101"
        self.locked_elsewhere("roomos", "", "admin", guess)

    def test_https(self):
        self.locked_by("https", lambda *who: self.web(*who) == 200)

    def test_http(self):
        self.locked_by("http", lambda *who: self.web(*who, "http", 80) == 200)

    def test_telnet(self):
        self.locked_by("telnet", self.telnet)

    def test_ssh(self):
        self.locked_by("ssh", self.ssh)


if __name__ == "__main__":
    main()
