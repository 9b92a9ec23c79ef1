#!/usr/bin/env python3
"""The dataport through lines of other people's making: a serial terminal opened by Python, a challenge answered with Python's hashlib, a
Telnet client that sends every key (REQ DPT-1, SVC-4)."""

import hashlib
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import BIN, Failed, PATIENCE, World, socket, wait_for  # noqa: E402
from terminal import Line  # noqa: E402

ECHO, GO_AHEAD, DO = 1, 3, 253


class Dataport(unittest.TestCase):
    def start(self, world, family):
        self.address = f"{world.net}.1"
        device = world.start("device", BIN / "countersign-device", "--family", family, "--address", self.address, "--serial", "DP1",
                             "--data", world.folder / "data", "--port-offset", world.offset)
        device.await_line("ready:", 180)

    def connect(self, world, port):
        connection = socket.create_connection((self.address, world.port(port)), timeout=15 * PATIENCE)
        connection.setblocking(True)
        self.addCleanup(connection.close)
        return Line(connection.fileno())

    def test_serial_console(self):
        with World("console") as world:
            self.start(world, "c-series")
            console = world.folder / "data" / "DP1" / "console"
            self.assertTrue(console.is_symlink(), "the path of the pseudo terminal is published")
            terminal = Line(os.open(console, os.O_RDWR | os.O_NOCTTY))
            terminal.send(b"\r")
            terminal.read_until(b"login: ")
            terminal.send(b"admin\r")
            terminal.read_until(b"Password: ")
            terminal.send(b"wrong\r")
            terminal.read_until(b"Login incorrect\r\n")
            terminal.read_until(b"login: ")
            terminal.send(b"admin\r")
            terminal.read_until(b"Password: ")
            terminal.send(b"TANDBERG\r")
            self.assertNotIn(b"TANDBERG\r", terminal.read_until(b"\r\nOK\r\n"))
            terminal.send(b"xconf systemu name: room\r")
            terminal.read_until(b"** end\r\n\r\nOK\r\n")
            terminal.send(b"\x1b[A204\r")
            self.assertIn(b"xconf systemu name: room204", terminal.read_until(b"** end\r\n\r\nOK\r\n"))
            terminal.send(b"xconf systemu name\r")
            self.assertIn(b'"room204"', terminal.read_until(b"\r\nOK\r\n"))
            terminal.send(b"bye\r")
            os.close(terminal.descriptor)
            again = Line(os.open(console, os.O_RDWR | os.O_NOCTTY))

            def asked():
                again.send(b"\r")
                try:
                    again.read_until(b"login: ", seconds=2)
                    return True
                except Failed:
                    return False
            wait_for(asked, "the console asks who comes next to log in")
            os.close(again.descriptor)

    def test_telnet_challenge(self):
        with World("challenge") as world:
            self.start(world, "mxp")
            line = self.connect(world, 57)
            challenge = line.read_until(b"\r\nResponse: ").rpartition(b"Challenge: ")[2]
            self.assertRegex(challenge, rb"^[0-9a-f]{32}$")
            line.send(hashlib.md5(challenge + b"TANDBERG").hexdigest().encode() + b"\r\n")
            line.read_until(b"\r\nOK\r\n\r\n")
            line.send(b"xcommand feedbackregister url:http://10.47.14.185:8000 expression.1:status/call\r\n")
            self.assertTrue(line.read_until(b"\r\nOK\r\n").endswith(b"*r Result (status=OK):\r\n    ID: 1\r\n*r/end\r\n"))
            line.send(b"xhistory\r\n")
            self.assertEqual(line.read_until(b"\r\nOK\r\n").strip(), b"", "a system that made no calls has none to tell of")
            line.send(b"xhistory call 1\r\n")
            line.read_until(b'ERROR: No match on address expression: "call 1"\r\n')
            line.send(b"xcommand feedbackregister url:http://10.47.14.186:8000 " +
                      b" ".join(b"expression.%d:status/call" % number for number in range(1, 16)) + b"\r\n")
            line.read_until(b"    ID: 2\r\n*r/end\r\n\r\nOK\r\n")
            line.send(b"xcommand feedbackregister url:http://10.47.14.187:8000 " +
                      b" ".join(b"expression.%d:status/call" % number for number in range(1, 6)) + b"\r\n")
            self.assertIn(b"20 are the most", line.read_until(b"\r\nERROR\r\n"))
            line.send(b"bye\r\n")
            other = self.connect(world, 57)
            other.read_until(b"Response: ")
            other.send(hashlib.md5(challenge + b"TANDBERG").hexdigest().encode() + b"\r\n")
            other.read_until(b"Login incorrect\r\n")

    def test_telnet_key_by_key(self):
        with World("keys") as world:
            self.start(world, "c-series")
            line = self.connect(world, 23)
            line.read_until(b"Password: ")
            line.send(bytes([255, DO, ECHO]) + b"TANDBERG\r\0")
            self.assertNotIn(b"TANDBERG\r", line.read_until(b"\r\nOK\r\n\r\n"))
            line.send(bytes([255, DO, GO_AHEAD]))
            for key in b"xst\tsystemu\tsoft":
                line.send(bytes([key]))
            line.read_until(b"soft")
            line.send(b"\r\0")
            self.assertIn(b"*s SystemUnit Software Version: ", line.read_until(b"\r\nOK\r\n"))
            line.send(b"echo off\r\0")
            line.read_until(b"OK\r\n")
            line.send(b"xstatus systemunit software\r\0")
            self.assertNotIn(b"xstatus", line.read_until(b"\r\nOK\r\n"))
            line.send(b"echo on\r\0")
            line.read_until(b"OK\r\n")
            line.send(b"xstatus systemunit software\r\0")
            self.assertIn(b"xstatus", line.read_until(b"\r\nOK\r\n"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
