#!/usr/bin/env python3
"""False peers on both sides: what the manager tells a false system, and what a system tells a false manager: nothing.

Each impostor records every byte it gets. A ticket `Certificate Validation Error` opens, and closes by itself when the cause
is gone (REQ MGR-6, TRU-3)."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from impostor import Impostor, Recorder, Relay  # noqa: E402

PAST = ("20200101000000Z", "20210101000000Z")


# Words that must never reach an impostor.
SECRETS = (b"uthorization", b"PRIVATE KEY", b"TANDBERG", b"GET ", b"POST ")


DRIVEN = ("c-series", "mcu", "rmx")  # one family of each driver: docs/driver-sdk.md
CALLING = ("c-series", "mxp", "mps", "vcs", "mcu", "roomos")
KEPT = ("host_name", "track_by", "password_origin")


class Impostors(unittest.TestCase):
    def impostors(self, world, host, address):
        """Name of the fault -> an impostor at that address, made when called. Nobody can steal a key of the estate (it is sealed),
        but anybody can pass connections on to a neighbour: the right authority, the wrong name."""
        stranger = Authority(world.folder / f"stranger-{host}", "Stranger CA")
        own = (world.folder / f"self-{host}.key", world.folder / f"self-{host}.pem")
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", own[0], "-out", own[1], "-days", "30", "-subj", f"/CN={host}",
            "-addext", f"subjectAltName=DNS:{host}")
        wrong, expired = stranger.issue(host, "wrong"), stranger.issue(host, "expired", start=PAST)

        def with_certificate(key, certificate):
            return lambda: Impostor(address, world.port(443), certificate, key)
        return {"wrong certificate": with_certificate(*wrong), "expired": with_certificate(*expired), "self-signed": with_certificate(*own),
                "right authority, wrong name": lambda: Relay(address, world.port(443), (self.neighbour["address"], world.port(443)))}

    def assert_nothing_was_said(self, impostor):
        self.assertGreater(impostor.connections, 0)
        if isinstance(impostor, Relay):
            # The end of a handshake (Finished, 69 bytes at most) and an alert (19); the shortest request would add 60 more.
            self.assertLessEqual(impostor.encrypted_bytes(), 88, "more than the handshake and an alert was said")
            return
        self.assertEqual(impostor.payload, b"", "not one byte of payload")
        for word in SECRETS:
            self.assertNotIn(word, impostor.raw)

    def start_estate(self, world, families, *more):
        """A system of each family, and a neighbour in a process of its own, at Level 4."""
        self.systems = [{"family": family, "host_name": f"{family}.company.com"} for family in families]
        for one in self.systems:
            if one["family"] == "rmx":
                one["settings"] = {"service.https.mode": "on"}
        world.add_estate(self.systems)
        self.neighbour = world.add_estate([{"family": "c-series", "host_name": "neighbour.company.com"}], "neighbours", 100)[0]
        world.start_dns()
        world.start_ntp()
        world.start_device()
        world.start_device(name="neighbours")
        world.start_manager(*more)
        world.trust_factory()
        world.set_policy()
        world.add_to_manager([*self.systems, self.neighbour])
        for one in self.systems:
            if one["family"] == "rmx":  # its factory certificate leads to no authority: a person compares and pins it
                world.cli("system", "set", one["host_name"], "--system-pin", served_certificate(one["address"], world.port(443))["fingerprint"])
        world.cli("secure-only", "set", "verify")
        world.cli("enforce", "--wait")
        for one in world.systems().values():
            self.assertEqual(one["level"], 4, world.cli("system", "show", one["host_name"]).stdout)

    def suspected(self, world):
        return {one["system_name"] for one in world.tickets() if one["title"] == "Certificate Validation Error"}

    def test_the_manager_tells_a_false_system_nothing(self):
        with World("falsesystem") as world:
            self.start_estate(world, DRIVEN, "--observe-seconds", "2")
            before = world.systems()
            issued = len([one for one in world.api("inventory", "list")["certificates"] if one["purpose"] == "system"])
            world.device.stop()
            faults = [self.impostors(world, one["host_name"], one["address"]) for one in self.systems]
            for fault in faults[0]:
                with self.subTest(fault):
                    step(fault)
                    false = [appear[fault]() for appear in faults] + [Recorder(one["address"], world.port(80)) for one in self.systems]
                    try:
                        wait_for(lambda: self.suspected(world) == set(DRIVEN), f"the tickets open ({fault})", 60)
                        for one in self.systems:
                            world.cli("system", "observe", one["host_name"], check=False)
                            world.cli("enforce", one["host_name"], "--wait", "--timeout", "3", check=False)
                    finally:
                        for one in false:
                            one.close()
                    for one in false:
                        if isinstance(one, Recorder):
                            self.assertEqual(one.received, b"", "no fall-back to HTTP")
                        else:
                            self.assert_nothing_was_said(one)
                    after = world.systems()
                    for host in before:
                        self.assertEqual([after[host][what] for what in KEPT], [before[host][what] for what in KEPT], host)
                    self.assertEqual(len([one for one in world.api("inventory", "list")["certificates"] if one["purpose"] == "system"]), issued, "no certificate was made")
                    step("the cause goes: the tickets close by themselves")
                    world.device.start()
                    world.device.await_line("ready:")
                    wait_for(lambda: not world.tickets(), "the tickets close", 90)
                    # Its verification is in effect once it has the time again: a look before that shows Level 3.
                    wait_for(lambda: {one["level"] for one in world.systems().values()} == {4}, "Level 4 again", 30)
                    world.device.stop()
            world.children.remove(world.device)

    def test_a_system_tells_a_false_manager_nothing(self):
        with World("falsemanager") as world:
            self.start_estate(world, CALLING)
            for fault, appear in self.impostors(world, world.manager_host, world.manager_address).items():
                with self.subTest(fault):
                    step(fault)
                    calls = {host: one["last_call_at"] for host, one in world.systems().items()}
                    world.manager.stop()
                    impostor = appear()
                    plain = Recorder(world.manager_address, world.port(80))
                    try:
                        world.device.stop()
                        world.device.start()  # every system boots and calls its manager
                        world.device.await_line("ready:")
                        wait_for(lambda: impostor.connections >= len(CALLING), "the systems call", 60)
                    finally:
                        impostor.close()
                        plain.close()
                    self.assert_nothing_was_said(impostor)
                    self.assertEqual(plain.received, b"", "HTTPS never falls back to HTTP")
                    for system in self.systems:
                        self.assertEqual(port_state(system["address"], world.port(443)), "open", "the owner is not locked out")
                    step("the true manager is back: the systems find it by themselves")
                    world.restart_manager()
                    wait_for(lambda: all((one["last_call_at"] or "") > (calls[host] or "") for host, one in world.systems().items()
                                         if host != self.neighbour["host_name"]), "every system called", 120)


if __name__ == "__main__":
    main()
