#!/usr/bin/env python3
"""The root of the manager's own authority is replaced under a running estate (REQ MGR-13, TRU-1): 300 systems of all families, with no
failed verification on either side, through a kill of the manager; a system that is away is waited for; a replacement is given up."""

import pathlib
import ssl
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from api_client import Client  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

FAMILIES = ("c-series", "mxp", "mps", "vcs", "mcu", "roomos", "rmx")


def shown_fingerprint(system, world):
    return served_certificate(system["address"], world.port(443))["fingerprint"]


class Bystander(threading.Thread):
    """Verifies all the time, in both directions, with what each side trusts at that moment: the manager's file of roots, and the trust
    list that a system keeps on its disk."""

    def __init__(self, world, systems):
        super().__init__(daemon=True)
        self.world, self.systems, self.done, self.failures = world, systems, threading.Event(), []
        self.of_systems = self.of_manager = 0

    def verify(self, roots, address, name):
        context = ssl.create_default_context(cadata=roots)
        try:
            with socket.create_connection((address, self.world.port(443)), timeout=10 * PATIENCE) as peer:
                with context.wrap_socket(peer, server_hostname=name):
                    return True
        except ssl.SSLCertVerificationError as error:
            self.failures.append(f"{name}: {error}")
        except OSError:  # it restarts
            pass
        return False

    def run(self):
        roots = self.world.folder / "manager" / "ca.pem"
        while not self.done.is_set():
            for system in self.systems:
                if self.done.is_set():
                    return
                self.of_systems += self.verify(roots.read_text(), system["address"], system["host_name"])
                self.of_manager += self.verify(system["trust"].read_text(), self.world.manager_address, self.world.manager_host)


class RootReplacement(unittest.TestCase):
    maxDiff = None

    def begin(self, world, systems, *more):
        for system in systems:
            if system["family"] == "rmx":
                system["settings"] = {"service.https.mode": "on"}
        world.start_all(systems, "--log-level", "warning", *more)
        world.cli("policy", "set", "--key-type", "ec:p256")
        client = Client(world)
        token = (world.folder / "manager" / "token").read_text().strip()
        for system in systems:
            body = {key: system[key] for key in ("host_name", "address", "family")}
            if system["family"] == "rmx":
                body["pins"] = [shown_fingerprint(system, world)]
            answer = client.ask("POST", "/api/v1/systems", body, {"Authorization": f"Bearer {token}"})
            self.assertEqual(answer.status, 201, answer)
        world.cli("job", "wait", "--timeout", "200")
        world.cli("secure-only", "set", "verify")
        done = world.cli("job", "wait", "--timeout", "280", check=False)
        self.assertEqual(done.returncode, 0, done.stdout + world.cli("job", "list", "--state", "failed").stdout[:3000])
        self.assertEqual({host: one["level"] for host, one in world.systems().items() if one["level"] != 4}, {})
        for system in systems:
            system["trust"] = next((world.folder / "estate" / system["serial"]).rglob("trust.pem"))

    def replacement(self, world):
        return world.api("authority", "show").get("replacement")

    def phase(self, world):
        running = self.replacement(world)
        return running["phase"] if running else None

    def refusals(self, world, systems):
        """What systems' own records say of peers that they could not verify. A handshake that the killed manager left is none of these: what
        was seen of it verified."""
        return [line for system in systems for line in world.journal(system)
                if line.split(" ", 2)[1] == "tls.failed" and 'verify_result="0=OK" name_check="Match"' not in line]

    def issuers(self, world):
        return {one["fingerprint"]: one for one in world.api("authority", "show")["authorities"]}

    def below(self, world, system, root):
        return s_client_verifies(system["address"], world.port(443), root, system["host_name"])

    def roots_apart(self, world):
        """Files with the old root and with the new one."""
        files = []
        blocks = (world.folder / "manager" / "ca.pem").read_text().split("-----END CERTIFICATE-----\n")
        for number, block in enumerate(one for one in blocks if one.strip()):
            file = world.folder / f"root{number}.pem"
            file.write_text(block + "-----END CERTIFICATE-----\n")
            files.append(file)
        return files

    def test_300_systems_and_no_failed_verification(self):
        with World("root") as world:
            systems = [{"family": FAMILIES[n % len(FAMILIES)], "host_name": f"s{n}.company.com"} for n in range(300)]
            for number, system in enumerate(systems):
                system["address"] = f"{world.net.rsplit('.', 1)[0]}.{100 + number // 200}.{number % 200 + 1}"
            self.begin(world, systems, "--restart-seconds", str(int(60 * PATIENCE)))
            refused = self.refusals(world, systems)
            own = served_certificate(world.manager_address, world.port(443))["fingerprint"]
            bystander = Bystander(world, systems)
            bystander.start()
            began = time.monotonic()
            step("the root is replaced while all of it runs")
            done = world.cli("authority", "replace", check=False)
            self.assertEqual(done.returncode, 2, "it was begun: " + done.stdout + done.stderr)
            old, new = self.roots_apart(world)
            self.assertIn("MGR-161", world.cli("authority", "replace", check=False).stderr)
            self.assertEqual(served_certificate(world.manager_address, world.port(443))["fingerprint"], own, "not before all have its root")
            wait_for(lambda: self.phase(world) == "change", "every system has the new root", 200, 0.3)
            step("SIGKILL while certificates are replaced; the next life goes on")
            changed = lambda: len([one for one in world.api("inventory", "list", "--state", "served", "--issuer", issuing)["certificates"]])  # noqa: E731
            issuing = world.api("authority", "show")["fingerprint"]
            wait_for(lambda: changed() >= 20, "some have a certificate below the new root", 100, 0.3)
            world.manager.kill()
            world.restart_manager()
            self.assertIn(self.phase(world), ("change", "withdraw"))
            wait_for(lambda: self.phase(world) is None, "the replacement ends", 300, 0.3)
            print(f"replaced under 300 systems in {time.monotonic() - began:.1f} s; a bystander verified {bystander.of_systems} systems and "
                  f"{bystander.of_manager} times the manager")
            bystander.done.set()
            bystander.join()
            step("nobody failed to verify anybody")
            self.assertEqual(bystander.failures, [])
            self.assertGreater(bystander.of_systems, 300)
            self.assertGreater(bystander.of_manager, 300)
            self.assertEqual(self.refusals(world, systems), refused, "what systems say")
            for state in ("open", "closed"):
                self.assertEqual([one["type"] for one in world.tickets(state)
                                  if one["type"] in ("certificate_validation_error", "enforcement_failed")], [], "what the manager says")
            step("all are below the new root, and nobody trusts the old one")
            world.cli("system", "observe", "--all")
            self.assertEqual({host: one["level"] for host, one in world.systems().items() if one["level"] != 4}, {})
            self.assertEqual((world.folder / "manager" / "ca.pem").read_text(), new.read_text())
            gone = "".join(old.read_text().split("\n")[1:-2])
            for system in systems:
                self.assertNotIn(gone, "".join(system["trust"].read_text().split("\n")), system["host_name"])
            for system in systems[:14]:
                self.assertTrue(self.below(world, system, new), system["host_name"])
                self.assertFalse(self.below(world, system, old), system["host_name"])
            self.assertTrue(s_client_verifies(world.manager_address, world.port(443), new, world.manager_host))
            trail = world.folder / "trail.jsonl"
            world.cli("audit", "export", "--out", trail)
            actions = [json.loads(line).get("action", "") for line in trail.read_text().splitlines()]
            for action in ("authority.replace", "authority.replace_change", "authority.replace_own", "authority.replace_withdraw", "authority.replaced"):
                self.assertEqual(actions.count(action), 1, action)

    def test_a_system_that_is_away_is_waited_for(self):
        with World("away") as world:
            systems = [{"family": family, "host_name": f"{family}.company.com"} for family in ("c-series", "mcu", "roomos", "vcs")]
            self.begin(world, systems)
            mcu = systems[1]
            step("given up in its first phase: systems forget the new root")
            world.cli("authority", "replace", check=False)
            world.cli("authority", "cancel-replacement", check=False)
            self.assertIn("MGR-162", world.cli("authority", "cancel-replacement", check=False).stderr)
            world.cli("enforce", "--wait", "--timeout", "200")
            root = world.folder / "manager" / "ca.pem"
            self.assertEqual(root.read_text().count("BEGIN"), 1)
            for system in systems:
                self.assertEqual(system["trust"].read_text().count("BEGIN"), 1, system["host_name"])
            step("one is away: the others get the new root, nothing else changes, a ticket names it")
            world.control("fault", mcu["serial"], "silent")
            world.cli("system", "observe", mcu["host_name"], check=False)
            own = served_certificate(world.manager_address, world.port(443))["fingerprint"]
            world.cli("authority", "replace", check=False)
            waits = lambda: [one["name"] for one in self.replacement(world)["waiting_for"]["systems"]] == ["mcu"]  # noqa: E731
            wait_for(waits, "only the one that is away is waited for", 100)
            ticket = wait_for(lambda: next((one for one in world.tickets() if one["type"] == "root_replacement_waits"), None), "a ticket tells of it")
            self.assertIn("mcu", ticket["text"])
            self.assertEqual(self.phase(world), "distribute")
            self.assertIn("MGR-167", world.cli("authority", "advance", check=False).stderr)
            self.assertEqual(served_certificate(world.manager_address, world.port(443))["fingerprint"], own)
            self.assertEqual({one["level"] for host, one in world.systems().items() if host != mcu["host_name"]}, {4})
            step("it comes back: all goes on by itself")
            world.control("clear", mcu["serial"])
            world.cli("system", "observe", mcu["host_name"])
            wait_for(lambda: self.phase(world) is None, "the replacement ends", 150)
            world.cli("system", "observe", "--all")
            self.assertEqual({one["level"] for one in world.systems().values()}, {4})
            self.assertEqual([one for one in world.tickets() if one["type"] == "root_replacement_waits"], [])
            self.assertNotEqual(served_certificate(world.manager_address, world.port(443))["fingerprint"], own)


if __name__ == "__main__":
    main()
