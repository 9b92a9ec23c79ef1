#!/usr/bin/env python3
"""False peers on both sides: what the manager tells a false system, and what a system tells a false manager: nothing.

Each impostor records every byte it gets. A ticket `Certificate Validation Error` opens, and closes by itself when the cause
is gone (REQ MGR-6, TRU-3)."""

import pathlib
import re
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from impostor import Impostor  # noqa: E402

PAST = ("20200101000000Z", "20210101000000Z")


def sealed_secrets(world, system):
    """Words that must never reach an impostor, in any form that we know of."""
    return [b"uthorization", b"PRIVATE KEY", b"TANDBERG", b"GET ", b"POST "]


class Impostors(unittest.TestCase):
    def false_certificates(self, world, host):
        """Name of the fault -> (key, certificate). The estate's own authority is not at hand to an impostor but in one case:
        a certificate of the right authority with the wrong name is what a neighbouring system would show."""
        stranger = Authority(world.folder / "stranger", "Stranger CA")
        selfsigned = (world.folder / "self.key", world.folder / "self.pem")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", selfsigned[0], "-out", selfsigned[1], "-days", "30", "-subj",
            f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}")
        return {"wrong certificate": stranger.issue(host, "wrong"), "expired": stranger.issue(host, "expired", start=PAST),
                "right authority, wrong name": self.neighbour(world, host), "self-signed": selfsigned}

    def neighbour(self, world, host):
        """The pair of another system of the estate, as its owner could copy it from there."""
        other = next(system for system in self.systems if system["host_name"] != host)
        pair = (world.folder / "estate" / other["serial"] / "certificate.pem").read_text()
        key, certificate = world.folder / "neighbour.key", world.folder / "neighbour.pem"
        blocks = re.findall(r"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----\n", pair, re.S)
        self.assertIn("CERTIFICATE", blocks)
        key.write_text("".join(m.group(0) for m in re.finditer(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?-----END \1-----\n", pair, re.S)))
        certificate.write_text("".join(m.group(0) for m in re.finditer(r"-----BEGIN (CERTIFICATE)-----.*?-----END \1-----\n", pair, re.S)))
        return key, certificate

    def test_the_manager_tells_a_false_system_nothing(self):
        with World("falsesystem") as world:
            self.systems = world.start_all([{"family": "c-series", "host_name": "room1.company.com"}, {"family": "mcu", "host_name": "mcu1.company.com"}],
                                           "--observe-seconds", "2")
            world.add_to_manager(self.systems)
            world.cli("secure-only", "set", "verify")
            world.cli("enforce", "--wait")
            before = world.systems()["room1.company.com"]
            self.assertEqual(before["level"], 4, world.cli("system", "show", "room1.company.com").stdout)
            issued = len(world.api("certificate", "list")["certificates"])
            victim = self.systems[0]
            world.device.stop()
            for fault, (key, certificate) in self.false_certificates(world, victim["host_name"]).items():
                with self.subTest(fault):
                    step(fault)
                    impostor = Impostor(victim["address"], world.port(443), certificate, key)
                    plain = Recorder(victim["address"], world.port(80))
                    try:
                        wait_for(lambda: [t for t in world.tickets() if t["title"] == "Certificate Validation Error" and t["system_name"] == "room1"],
                                 f"the ticket opens ({fault})", 60)
                        world.cli("system", "observe", victim["host_name"], check=False)
                        world.cli("enforce", victim["host_name"], "--wait", "--timeout", "3", check=False)
                    finally:
                        impostor.close()
                        plain.close()
                    self.assertGreater(impostor.connections, 0)
                    self.assertEqual(impostor.payload, b"", "not one byte of payload")
                    for word in sealed_secrets(world, victim):
                        self.assertNotIn(word, impostor.raw)
                    self.assertEqual(plain.received, b"", "no fall-back to HTTP")
                    after = world.systems()["room1.company.com"]
                    self.assertEqual((after["host_name"], after["track_by"], after["password_origin"]),
                                     (before["host_name"], before["track_by"], before["password_origin"]))
                    self.assertEqual(len(world.api("certificate", "list")["certificates"]), issued, "no certificate was made")
                    step("the cause goes: the ticket closes by itself")
                    world.device.start()
                    world.device.await_line("ready:")
                    wait_for(lambda: not world.tickets(), "the tickets close", 90)
                    self.assertEqual(world.systems()["room1.company.com"]["level"], 4)
                    world.device.stop()
            world.children.remove(world.device)

    def test_a_system_tells_a_false_manager_nothing(self):
        with World("falsemanager") as world:
            self.systems = world.start_all([{"family": "c-series", "host_name": "room1.company.com"}, {"family": "mcu", "host_name": "mcu1.company.com"}])
            world.add_to_manager(self.systems)
            world.cli("secure-only", "set", "verify")
            world.cli("enforce", "--wait")
            for fault, (key, certificate) in self.false_certificates(world, world.manager_host).items():
                with self.subTest(fault):
                    step(fault)
                    calls = {host: one["last_call_at"] for host, one in world.systems().items()}
                    world.manager.stop()
                    impostor = Impostor(world.manager_address, world.port(443), certificate, key)
                    plain = Recorder(world.manager_address, world.port(80))
                    try:
                        world.device.stop()
                        world.device.start()  # every system boots and calls its manager
                        world.device.await_line("ready:")
                        wait_for(lambda: impostor.connections >= 2, "the systems call", 60)
                    finally:
                        impostor.close()
                        plain.close()
                    self.assertEqual(impostor.payload, b"", "not one byte of payload")
                    for word in sealed_secrets(world, None):
                        self.assertNotIn(word, impostor.raw)
                    self.assertEqual(plain.received, b"", "HTTPS never falls back to HTTP")
                    for system in self.systems:
                        self.assertEqual(port_state(system["address"], world.port(443)), "open", "the owner is not locked out")
                    step("the true manager is back: the systems find it by themselves")
                    world.restart_manager()
                    wait_for(lambda: all((one["last_call_at"] or "") > (calls[host] or "") for host, one in world.systems().items()), "every system called", 120)


class Recorder:
    """A plain listener that records what it is sent."""

    def __init__(self, address, port):
        import threading
        self.received = b""
        self.listener = socket.create_server((address, port))
        self.listener.settimeout(0.2)
        self.open = True
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while self.open:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                continue
            connection.settimeout(2)
            try:
                while data := connection.recv(65536):
                    self.received += data
            except OSError:
                pass
            connection.close()

    def close(self):
        self.open = False
        self.thread.join()
        self.listener.close()


if __name__ == "__main__":
    main()
