#!/usr/bin/env python3
"""Keys that systems make themselves (decision 0062, REQ MGR-13): where a system can, its private key is nowhere but there. What the manager keeps of it is
looked at in its database, what is served is held against the system's own record of its requests, by openssl."""

import pathlib
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from by_hand import Company  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402


class DeviceKeys(unittest.TestCase):
    def requests_of(self, system):
        """SHA-256 of the public keys that the unit made, oldest first."""
        made = [line for line in self.world.journal(system) if line.split(" ", 2)[1] == "request.made"]
        return [next(word.split("=", 1)[1].strip('"') for word in line.split() if word.startswith("key=")) for line in made]

    def served_key(self, system):
        shown = run("openssl", "s_client", "-connect", f"{system['address']}:{self.world.port(443)}", stdin="", check=False).stdout
        public = run("openssl", "x509", "-noout", "-pubkey", stdin=shown).stdout
        file = self.world.folder / "public.der"
        run("openssl", "pkey", "-pubin", "-outform", "DER", "-out", file, stdin=public)
        return run("openssl", "dgst", "-sha256", "-r", file).stdout.split()[0]

    def served(self, system):
        return served_certificate(system["address"], self.world.port(443))["fingerprint"]

    def rows(self, question):
        """The database as it is, also of a manager that does not run."""
        database = sqlite3.connect(f"file:{self.world.folder}/manager/manager.db?mode=ro", uri=True)
        try:
            return database.execute(question).fetchall()
        finally:
            database.close()

    def kept_keys(self):
        """Of whom the manager keeps a key that is on its way."""
        return ({name for name, in self.rows("SELECT systems.host_name FROM pending_certificates JOIN systems ON id = system WHERE sealed_key <> ''")} |
                {name for name, in self.rows("SELECT systems.host_name FROM certificate_requests AS r JOIN systems ON systems.id = r.system WHERE sealed_key <> ''")})

    def expect_level(self, level, *systems):
        seen = self.world.systems()
        for system in systems:
            self.assertEqual(seen[system["host_name"]]["level"], level, self.world.cli("system", "show", system["host_name"]).stdout)

    def begin(self, world, systems):
        self.world = world
        world.start_all(systems)
        world.add_to_manager(systems)
        world.cli("job", "wait", "--timeout", "120")

    def enforce(self, code=0):
        done = self.world.cli("enforce", "--wait", "--timeout", "300", check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr + self.world.cli("job", "list").stdout)

    def key_made(self, system):
        return self.world.api("inventory", "show", self.served(system))["key_made"]

    @unittest.skipIf(os.environ.get("COUNTERSIGN_TEST_POSTGRESQL"), "it looks into the file")
    def test_private_keys_stay_in_the_systems_that_make_them(self):
        with World("devkeys") as world:
            bridge, studio, other = systems = [{"family": family, "host_name": f"{name}.{world.domain}"}
                                               for family, name in (("rmx", "bridge"), ("roomos", "studio"), ("mcu", "other"))]
            self.begin(world, systems)
            world.cli("secure-only", "set", "verify")
            world.pin_served(bridge)
            world.cli("enforce", bridge["host_name"])
            wait_for(lambda: self.requests_of(bridge), "the system made a request", 120, 0.0005)
            world.manager.kill()
            answered = any(" certificate.installed " in line for line in world.journal(bridge))
            step(f"SIGKILL of the manager as soon as the system had made its request; its answer was {'there' if answered else 'not there'}")
            self.assertNotIn(bridge["host_name"], self.kept_keys())
            world.restart_manager()
            world.cli("job", "wait", "--timeout", "240", check=False)
            self.enforce()
            step("all are at Level 4; each of the two serves the key of its newest request, and nothing of the keys was ever here")
            self.expect_level(4, *systems)
            for system in (bridge, studio):
                self.assertEqual(self.served_key(system), self.requests_of(system)[-1], system["host_name"])
                self.assertEqual(self.key_made(system), "system")
            self.assertEqual(self.requests_of(other), [])
            self.assertEqual(self.key_made(other), "manager")
            self.assertEqual(len(self.requests_of(studio)), 1)
            self.assertLessEqual(len(self.requests_of(bridge)), 2, "at most one more after the kill")
            issued = {name for name, in self.rows("SELECT DISTINCT systems.host_name FROM inventory JOIN systems ON systems.id = inventory.system "
                                                  "WHERE purpose = 'system' AND key_made <> 'system'")}
            self.assertEqual(issued, {other["host_name"]}, "no other certificate was made for them on the way")
            self.assertEqual(self.kept_keys(), set())
            self.assertIn("Key made by: system", world.cli("inventory", "show", self.served(bridge)).stdout)
            trail = [one["detail"] for one in world.api("audit", "list", "--limit", "1000")["records"] if one["action"] == "certificate.issue"]
            self.assertEqual(len([detail for detail in trail if "a key that the system made" in detail]), len(self.requests_of(studio)) +
                             len(self.rows(f"SELECT 1 FROM issued JOIN systems ON id = system WHERE host_name = '{bridge['host_name']}'")), trail)
            step("new keys for all: made there again, and the former pair does not stay in the list of the one that keeps a list")
            before = {system["host_name"]: self.served_key(system) for system in systems}
            world.cli("inventory", "rekey", *(system["host_name"] for system in systems))
            world.cli("job", "wait", "--timeout", "240")
            self.enforce()
            for system in (bridge, studio):
                self.assertNotEqual(self.served_key(system), before[system["host_name"]])
                self.assertEqual(self.served_key(system), self.requests_of(system)[-1], system["host_name"])
            self.assertNotEqual(self.served_key(other), before[other["host_name"]])
            self.assertEqual(sum(" certificate.forgotten " in line for line in world.journal(studio)), 1)
            self.expect_level(4, *systems)
            step("a policy that asks for keys which one of the two cannot make: the manager makes that one, and the record says why")
            world.cli("policy", "set", "--key-type", "rsa:2048")
            world.cli("inventory", "rekey", bridge["host_name"], studio["host_name"])
            world.cli("job", "wait", "--timeout", "240")
            self.enforce()
            self.assertEqual((self.key_made(bridge), self.key_made(studio)), ("system", "manager"))
            self.assertEqual(world.api("inventory", "show", self.served(bridge))["key"], "RSA 2048")
            self.assertTrue(any("the policy asks for rsa:2048" in one["detail"] for one in world.api("audit", "list", "--limit", "1000")["records"]))
            self.assertEqual(self.kept_keys(), set())
            self.expect_level(4, *systems)
            self.assertEqual(world.tickets(), [])

    def open_requests(self):
        return {one["names"][0]: one for one in self.world.api("by-hand", "list", "--state", "open")["requests"]}

    @unittest.skipIf(os.environ.get("COUNTERSIGN_TEST_POSTGRESQL"), "it looks into the file")
    def test_an_authority_that_people_ask_signs_requests_of_the_systems(self):
        with World("devkeyshand") as world:
            bridge, studio, other = systems = [{"family": family, "host_name": f"{name}.{world.domain}"}
                                               for family, name in (("rmx", "bridge"), ("roomos", "studio"), ("c-series", "other"))]
            self.begin(world, systems)
            company = Company(world.folder / "company")
            world.cli("root", "add", company.root.certificate)
            world.cli("folder", "defaults", "set", "/", "--issuer", "by_hand")
            world.cli("secure-only", "set", "verify")
            world.pin_served(bridge)
            world.cli("job", "wait", "--timeout", "240", check=False)
            self.enforce()
            step("the requests of those that can come from them; the manager has a key for the other one alone")
            first = self.open_requests()
            self.assertEqual({host: one["key_made"] for host, one in first.items()},
                             {bridge["host_name"]: "system", studio["host_name"]: "system", other["host_name"]: "manager"})
            for system in (bridge, studio):
                self.assertEqual(first[system["host_name"]]["public_key"], self.requests_of(system)[-1])
            self.assertEqual(self.kept_keys(), {other["host_name"]})
            step("a manager that was killed while people are asked goes on with the same requests, and so do systems that restart")
            world.manager.kill()
            world.device.kill()
            world.device.start()
            world.device.await_line("ready:", 180)
            world.restart_manager()
            self.enforce()
            self.assertEqual(self.open_requests(), first)
            step("a system loses the key of its request: that one is given up, and another is made; the ticket stays")
            world.device.kill()
            (world.folder / "estate" / bridge["serial"] / "request.pem").unlink()
            world.device.start()
            world.device.await_line("ready:", 180)
            self.enforce()
            second = self.open_requests()
            self.assertEqual({host for host in first if second[host] != first[host]}, {bridge["host_name"]})
            self.assertEqual(second[bridge["host_name"]]["public_key"], self.requests_of(bridge)[-1])
            gone = world.api("by-hand", "show", str(first[bridge["host_name"]]["id"]))
            self.assertEqual((gone["state"], "does not have the key" in gone["note"]), ("superseded", True), gone)
            self.assertEqual({one["type"] for one in world.tickets()}, {"answer_awaited"})
            late = company.sign(first[bridge["host_name"]]["pem"], [bridge["host_name"]])
            self.assertIn("MGR-169", world.cli("by-hand", "answer", late, company.certificate, check=False).stderr)
            step("openssl signs; the answers go to the systems without a key, and are proven from outside with the company's root")
            answers = [company.sign(one["pem"], [host]) for host, one in second.items()]
            world.cli("by-hand", "answer", *answers, company.certificate)
            world.cli("job", "wait", "--timeout", "240")
            world.cli("system", "observe", "--all")
            self.expect_level(4, *systems)
            for system in systems:
                self.assertEqual(self.served_key(system), second[system["host_name"]]["public_key"])
                self.assertTrue(s_client_verifies(system["address"], world.port(443), company.root.certificate, system["host_name"]))
            self.assertEqual(self.kept_keys(), set())
            self.assertEqual([self.key_made(system) for system in systems], ["system", "system", "manager"])
            self.assertEqual(world.tickets(), [])
            step("a key that is lost after the answer came, at a system that cannot be asked: it is told, and a person says what to do")
            world.cli("inventory", "rekey", studio["host_name"])
            world.cli("job", "wait", "--timeout", "120")
            third = self.open_requests()[studio["host_name"]]
            world.device.kill()
            (world.folder / "estate" / studio["serial"] / "request.pem").unlink()
            world.device.start()
            world.device.await_line("ready:", 180)
            before = self.served(studio)
            world.cli("by-hand", "answer", company.sign(third["pem"], [studio["host_name"]]))
            wait_for(lambda: "MGR-195" in json.dumps(world.api("job", "list")), "the job says it", 120)
            self.assertEqual(self.served(studio), before, "what it shows stays")
            world.cli("by-hand", "discard", str(third["id"]))
            self.enforce()
            fourth = self.open_requests()[studio["host_name"]]
            world.cli("by-hand", "answer", company.sign(fourth["pem"], [studio["host_name"]]))
            wait_for(lambda: self.served(studio) != before, "the new certificate", 120)
            self.assertEqual(self.served_key(studio), fourth["public_key"])


if __name__ == "__main__":
    main()
