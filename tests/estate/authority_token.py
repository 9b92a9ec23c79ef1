#!/usr/bin/env python3
"""The issuing authority's key on a PKCS#11 token (REQ MGR-13): an estate at Level 4 below it, a manager that starts without the token, says
what is wrong and goes on when it is back, and a wrong PIN that is sent once. SoftHSM is the token."""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
KEY = "pkcs11:token=estate;object=issuing"


class Token(unittest.TestCase):
    def refused(self, world, code, *command):
        done = world.cli(*command, check=False)
        self.assertIn(done.returncode, (1, 2, 3), done.stdout + done.stderr)
        self.assertIn(code, done.stderr)

    def make_token(self, world):
        self.tokens = world.folder / "tokens"
        self.tokens.mkdir()
        settings = world.folder / "softhsm2.conf"
        settings.write_text(f"directories.tokendir = {self.tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(settings)
        self.addCleanup(os.environ.pop, "SOFTHSM2_CONF")
        run("softhsm2-util", "--init-token", "--free", "--label", "estate", "--so-pin", "5678", "--pin", "1234")
        self.tool("--keypairgen", "--key-type", "EC:prime256v1", "--label", "issuing", "--id", "01")
        self.pin = world.folder / "token.pin"
        self.pin.write_text("1234\n")
        self.pin.chmod(0o600)

    def tool(self, *arguments):
        return run("pkcs11-tool", "--module", MODULE, "--token-label", "estate", "--login", "--pin", "1234", *arguments)

    def authority(self, world):
        return next(one for one in world.api("authority", "show")["authorities"] if one["level"] == "issuing" and one["state"] == "current")

    def tickets(self, world):
        return [one for one in world.tickets() if one["type"] == "authority_key_away"]

    def served_issuer(self, system):
        served = [one for one in self.world.api("inventory", "list", "--system", system["host_name"], "--state", "served")["certificates"]
                  if one["purpose"] == "system"]
        return {one["issuer"] for one in served}

    def test_the_issuing_authoritys_key_is_on_a_token(self):
        with World("token") as world:
            self.world = world
            self.make_token(world)
            systems = world.start_all([{"family": "c-series", "host_name": f"room1.{world.domain}"},
                                       {"family": "mcu", "host_name": f"mcu1.{world.domain}"}],
                                      "--pkcs11-module", MODULE, "--pkcs11-pin-file", self.pin)
            step("what is no key, or not there, is refused and changes nothing")
            before = self.authority(world)["fingerprint"]
            self.refused(world, "GEN-001", "authority", "renew-intermediate", "--key", "/etc/key.pem")
            self.refused(world, "CRT-027", "authority", "renew-intermediate", "--key", "pkcs11:token=estate;object=nothing")
            self.assertEqual(self.authority(world)["fingerprint"], before)
            step("the estate gets to Level 4 below the key of the token")
            world.cli("authority", "renew-intermediate", "--key", KEY)
            issuing = self.authority(world)
            self.assertEqual((issuing["key"], issuing["token"], issuing["away"]), ("token", KEY, ""))
            self.refused(world, "MGR-181", "authority", "renew-intermediate", "--key", KEY)
            world.add_to_manager(systems)
            world.cli("job", "wait", "--timeout", "120")
            world.cli("secure-only", "set", "verify")
            world.cli("job", "wait", "--timeout", "180")
            self.assertEqual({one["level"] for one in world.systems().values()}, {4})
            for system in systems:
                self.assertIn(issuing["fingerprint"], self.served_issuer(system))
            step("the token is taken away: the manager starts, says so, and nothing that is in use breaks")
            world.manager.stop()
            away = self.tokens.rename(world.folder / "drawer")
            self.tokens.mkdir()
            world.restart_manager()
            shown = self.authority(world)
            self.assertIn("there is no such token", shown["away"])
            self.assertIn("which does not give it", world.cli("authority", "show").stdout)
            ticket = wait_for(lambda: next(iter(self.tickets(world)), None), "a ticket tells of it")
            self.assertIn("MGR-180", ticket["text"])
            self.assertEqual({one["level"] for one in world.systems().values()}, {4})
            world.cli("inventory", "rekey", systems[0]["host_name"])
            job = wait_for(lambda: next((one for one in world.api("job", "list")["jobs"] if "MGR-180" in str(one)), None),
                           "the job says what it waits for")
            self.assertEqual(job["system"], world.systems()[systems[0]["host_name"]]["id"])
            # Asked before the token is back: what waits for it goes on as soon as it is there.
            before = {one["fingerprint"] for one in world.api("inventory", "list", "--system", systems[0]["host_name"])["certificates"]}
            step("it is back: the certificate is made, and the ticket closes by itself")
            self.tokens.rmdir()
            away.rename(self.tokens)
            world.manager.stop()
            world.restart_manager()
            self.assertEqual(self.authority(world)["away"], "")
            wait_for(lambda: not self.tickets(world), "the ticket is closed")
            world.cli("enforce", systems[0]["host_name"], "--wait", "--timeout", "120")
            after = {one["fingerprint"] for one in world.api("inventory", "list", "--system", systems[0]["host_name"])["certificates"]}
            self.assertEqual(len(after - before), 1, "one new certificate")
            step("a wrong PIN is sent once, and the right one opens the key without a restart")
            world.manager.stop()
            self.pin.write_text("9999\n")
            world.restart_manager()
            wait_for(lambda: self.tickets(world), "a ticket tells of it")
            self.assertRegex(self.authority(world)["away"], "refused (the|this) PIN")
            self.pin.write_text("1234\n")
            world.cli("inventory", "rekey", systems[0]["host_name"])
            world.cli("job", "wait", "--timeout", "180")
            self.assertEqual(self.authority(world)["away"], "")


if __name__ == "__main__":
    main()
