#!/usr/bin/env python3
"""Two identities per system where its family can keep them apart (docs/identities.md, decision 0058): a RoomOS at Level 4 that serves one
certificate and calls with another, each with its own usage alone; renewal of each in its time, new keys for both, a certificate of the
wrong usage refused by the system and not believed by the manager, and the way back to one. A C-series and an RMX beside it keep one."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from time_travel import LIBRARIES, TimeTravel  # noqa: E402

SERVER, CLIENT = "TLS Web Server Authentication", "TLS Web Client Authentication"
CALL = ('<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><PostEvent><Identification><SystemName>Studio</SystemName>'
        "<SerialNumber>{}</SerialNumber></Identification><Event>Beat</Event></PostEvent></e:Body></e:Envelope>")


def usages(pem):
    """The extended key usages, as openssl reads them; none when there is no such extension."""
    lines = run("openssl", "x509", "-noout", "-ext", "extendedKeyUsage", stdin=pem, check=False).stdout.splitlines()
    return {one.strip() for one in lines[-1].split(",")} if len(lines) > 1 else set()


class Identities(unittest.TestCase):
    def served_pem(self, system):
        shown = run("openssl", "s_client", "-connect", f"{system['address']}:{self.world.port(443)}", "-showcerts", stdin="", check=False).stdout
        if "BEGIN CERTIFICATE" not in shown:
            raise Failed(f"nothing is served: {shown[-300:]}")
        return run("openssl", "x509", stdin=shown).stdout

    def served(self, system):
        try:
            return served_certificate(system["address"], self.world.port(443))["fingerprint"]
        except Failed:
            return ""

    def verifies(self, system):
        return s_client_verifies(system["address"], self.world.port(443), self.world.folder / "manager" / "ca.pem", system["host_name"])

    def shown(self, system):
        """What the system showed when it called last: the inventory's entry; None: nothing."""
        for one in self.world.api("inventory", "list", "--system", system["host_name"])["certificates"]:
            found = self.world.api("inventory", "show", one["fingerprint"])
            for use in found["uses"]:
                if use["service"] == "client" and use["until"] is None and use["system_name"] == self.name_of(system):
                    return found
        return None

    def was_shown(self, file):
        found = self.world.api("inventory", "show", fingerprint_of(file), check=False) or {}
        return any(use["service"] == "client" for use in found.get("uses", []))

    def name_of(self, system):
        return self.world.systems()[system["host_name"]]["name"]

    def level(self, system):
        return self.world.systems()[system["host_name"]]["level"]

    def details(self, system):
        return self.world.api("system", "show", system["host_name"])

    def readiness(self, system):
        return next(item for item in self.details(system)["assessment"]["readiness"] if item["id"] == "identities")

    def to_level_four(self, world, systems, *policy):
        self.world = world
        world.start_all(systems, "--contact-seconds", "10", "--restart-seconds", "30")
        if policy:
            world.cli("policy", "set", *policy)
        world.add_to_manager(systems)
        world.cli("job", "wait", "--timeout", "180")
        world.cli("secure-only", "set", "verify")
        world.cli("job", "wait", "--timeout", "180", check=False)
        for system in systems:
            # Its factory certificate is self-signed: a person compares it.
            if system["family"] == "rmx":
                world.pin_served(system)
                world.cli("enforce", system["host_name"], "--wait", "--timeout", "120")
        world.cli("system", "observe", "--all")
        for system in systems:
            self.assertEqual(self.level(system), 4, (system["host_name"], self.details(system)["assessment"], world.tickets()))
            self.assertTrue(self.verifies(system))

    def check_two(self, studio):
        self.assertEqual(usages(self.served_pem(studio)), {SERVER})
        shown = self.shown(studio)
        self.assertIsNotNone(shown)
        self.assertEqual((shown["purpose"], usages(shown["pem"])), ("system_client", {CLIENT}))
        self.assertNotEqual(shown["fingerprint"], self.served(studio))
        self.assertIn(studio["host_name"], shown["names"])
        return shown

    def post(self, studio, key, certificate):
        """A call in the system's name, from its own address. Who offers HTTP/2 is taken for a browser and not asked for a certificate."""
        done = run("curl", "--silent", "--show-error", "--fail", "--http1.1", "--max-time", "20", "--interface", studio["address"], "--cacert", self.world.folder / "manager" / "ca.pem",
                   "--cert", certificate, "--key", key, "--resolve", f"{self.world.manager_host}:{self.world.port(443)}:{self.world.manager_address}",
                   "--header", "Content-Type: text/xml", "--data-binary", CALL.format(studio["serial"]),
                   f"https://{self.world.manager_host}:{self.world.port(443)}/tms/public/external/management/SystemManagementService.asmx", check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    def company_pair(self, company, host, usage, name):
        base = company.folder / name
        key, request, certificate, extensions = (base.with_name(name + ending) for ending in (".key", ".csr", ".pem", ".ext"))
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={host}")
        extensions.write_text(f"subjectAltName=DNS:{host}\nextendedKeyUsage={usage}\nbasicConstraints=CA:FALSE\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", company.certificate, "-CAkey", company.key, "-CAcreateserial", "-out", certificate,
            "-extfile", extensions, "-days", "90")
        return key, certificate

    def test_two_where_the_family_can_and_one_where_it_cannot(self):
        with World("identities") as world:
            systems = [{"family": family, "host_name": f"{name}.{world.domain}"} for family, name in (("roomos", "studio"), ("c-series", "room"), ("rmx", "bridge"))]
            studio, room, bridge = systems
            step("a policy beyond the profiles is refused with all that is wrong")
            self.world = world
            self.to_level_four(world, systems, "--identities", "two")
            refused = world.cli("policy", "set", "--certificate-days", "900", "--key-type", "ed25519", check=False)
            self.assertNotEqual(refused.returncode, 0)
            for word in ("MGR-191", "MGR-192", "825", "profile server"):
                self.assertIn(word, refused.stderr)
            self.assertEqual(world.api("policy", "show")["certificate_days"], 365)
            profiles = {row["name"]: row for row in world.api("authority", "profiles")["profiles"]}
            self.assertEqual(profiles["client"]["extended_key_usages"], ["clientAuth"])
            self.assertIn("825", world.cli("authority", "profiles").stdout)

            step("RoomOS: the server's certificate is for servers alone, what it calls with is for clients alone")
            first = self.check_two(studio)
            self.assertEqual(self.readiness(studio)["state"], "yes")
            self.assertIn("shown in its newest call", self.readiness(studio)["evidence"])
            self.assertEqual(world.api("plan", "show", studio["host_name"])["plans"][0]["steps"], [], "nothing is left to do")

            step("C-series and RMX keep one with both usages, and say why")
            for system, why in ((room, "802.1X"), (bridge, "network services")):
                self.assertEqual(usages(self.served_pem(system)), {SERVER, CLIENT}, system["host_name"])
                plan = world.api("plan", "show", system["host_name"])["plans"][0]
                self.assertEqual(plan["blockers"], [])
                self.assertTrue(any("keeps one certificate, with both usages" in note and why in note for note in plan["notes"]), plan["notes"])
                item = self.readiness(system)
                self.assertEqual(item["state"], "yes", item)
                self.assertIn(why, item["evidence"])

            step("new keys for both, and the old ones are revoked")
            served = self.served(studio)
            world.cli("inventory", "rekey", studio["host_name"], "--revoke", "keyCompromise")
            world.cli("job", "wait", "--timeout", "120")
            world.cli("system", "observe", studio["host_name"])
            second = self.check_two(studio)
            self.assertNotEqual(self.served(studio), served)
            self.assertNotEqual(second["fingerprint"], first["fingerprint"])
            for old in (served, first["fingerprint"]):
                wait_for(lambda one=old: world.api("inventory", "show", one)["state"] == "revoked", f"{old} is revoked")
            self.assertEqual(self.level(studio), 4)

            step("a server's certificate is refused for calls, and a client's for the server")
            company = Authority(world.folder / "company")
            world.cli("root", "add", company.certificate)
            world.cli("enforce", "--wait", "--timeout", "120")
            pairs = {usage: self.company_pair(company, studio["host_name"], usage, usage) for usage in ("serverAuth", "clientAuth")}
            for usage in ("serverAuth", "clientAuth"):
                self.post(studio, *pairs[usage])
            # The system may call meanwhile, with its own: what counts is whether it was ever noted as that of a caller.
            wait_for(lambda: self.was_shown(pairs["clientAuth"][1]), "one for clients says who calls")
            self.assertFalse(self.was_shown(pairs["serverAuth"][1]), "a server's certificate says nothing about who calls")
            step("the manager wants to see the one that it gave out, and sees it")
            world.cli("enforce", studio["host_name"], "--wait", "--timeout", "120")
            self.assertEqual(self.check_two(studio)["fingerprint"], second["fingerprint"])

            step("a folder says one: the server's may call again, and then the other goes")
            world.cli("folder", "add", "/Single")
            world.cli("folder", "defaults", "set", "/Single", "--identities", "one")
            world.cli("system", "move", studio["host_name"], "--to", "/Single")
            world.cli("enforce", studio["host_name"], "--wait", "--timeout", "120")
            world.cli("system", "observe", studio["host_name"])
            self.assertEqual(usages(self.served_pem(studio)), {SERVER, CLIENT})
            wait_for(lambda: self.shown(studio)["fingerprint"] == self.served(studio), "it calls with what it serves")
            self.assertEqual(world.api("inventory", "show", second["fingerprint"])["state"], "replaced")
            self.assertEqual(self.level(studio), 4)
            self.assertEqual(world.tickets(), [])
            step("and two again")
            world.cli("folder", "defaults", "set", "/Single", "--identities", "none")
            world.cli("enforce", studio["host_name"], "--wait", "--timeout", "120")
            world.cli("system", "observe", studio["host_name"])
            self.check_two(studio)
            self.assertEqual(self.level(studio), 4)

    def test_the_system_refuses_a_certificate_of_the_wrong_usage(self):
        with World("usages") as world:
            studio = world.add_estate([{"family": "roomos", "host_name": f"studio.{world.domain}", "password": "s3cret words"}])[0]
            world.start_device()
            company = Authority(world.folder / "company")
            for usage, purpose, missing in (("serverAuth", "HttpClient", "clientAuth"), ("clientAuth", "HTTPS", "serverAuth")):
                key, certificate = self.company_pair(company, studio["host_name"], usage, usage)
                body = f"<Command><Security><Certificates><Services><Add command=\"True\"><body>{certificate.read_text()}{key.read_text()}</body></Add></Services></Certificates></Security></Command>"
                self.assertIn('status="OK"', self.put(world, studio, body))
                body = (f"<Command><Security><Certificates><Services><Activate command=\"True\"><Fingerprint>{fingerprint_of(certificate)}</Fingerprint>"
                        f"<Purpose>{purpose}</Purpose></Activate></Services></Certificates></Security></Command>")
                answer = self.put(world, studio, body)
                self.assertIn('status="Error"', answer)
                self.assertIn("CRT-013", answer)
                self.assertIn(missing, answer)

    @staticmethod
    def put(world, system, body):
        return curl("--insecure", "--user", "admin:s3cret words", "--header", "Content-Type: text/xml", "--data-binary", body,
                    f"https://{system['address']}:{world.port(443)}/putxml").stdout

    @unittest.skipUnless(LIBRARIES, "libfaketime is not installed")
    def test_each_side_is_renewed_in_its_time(self):
        with World("identity-renewals") as world, TimeTravel(world) as clock:
            studio = {"family": "roomos", "host_name": f"studio.{world.domain}"}
            self.to_level_four(world, [studio], "--identities", "two", "--certificate-days", "47", "--renew-days-before", "5")
            served, shown = self.served(studio), self.check_two(studio)["fingerprint"]
            step("day 24: the time of neither has come")
            clock.to(24)
            world.cli("enforce", "--wait", "--timeout", "120")
            self.assertEqual((self.served(studio), self.shown(studio)["fingerprint"]), (served, shown))
            step("day 37: both are renewed")
            clock.to(37)
            wait_for(lambda: self.served(studio) not in ("", served), "the server's is renewed", 120)
            wait_for(lambda: self.shown(studio)["fingerprint"] != shown, "what it calls with is renewed", 120)
            world.cli("job", "wait", "--timeout", "120")
            world.cli("system", "observe", "--all")
            self.check_two(studio)
            self.assertTrue(self.verifies(studio))
            self.assertEqual(world.api("inventory", "show", shown)["state"], "replaced")
            self.assertEqual(self.level(studio), 4)
            step("day 48: neither came to its end while it was in use")
            clock.to(48)
            self.assertTrue(self.verifies(studio))
            self.assertEqual(world.tickets(), [])

    def test_a_root_is_replaced_under_two_identities(self):
        with World("identities-root") as world:
            systems = [{"family": family, "host_name": f"{name}.{world.domain}"} for family, name in (("roomos", "studio"), ("c-series", "room"))]
            studio, room = systems
            step("two identities below the first root")
            self.to_level_four(world, systems, "--identities", "two")
            first = self.check_two(studio)
            before = {one["fingerprint"] for one in world.api("authority", "show")["authorities"]}
            self.assertIn(first["issuer"], before)
            step("the root is replaced: both follow, and the list of the system holds the new root alone")
            self.assertEqual(world.cli("authority", "replace", check=False).returncode, 2, "it was begun")
            wait_for(lambda: not world.api("authority", "show").get("replacement"), "the replacement ends", 240, 0.5)
            fresh = {one["fingerprint"] for one in world.api("authority", "show")["authorities"]} - before
            world.cli("system", "observe", "--all")
            second = self.check_two(studio)
            self.assertIn(second["issuer"], fresh, "what it calls with")
            self.assertNotEqual(second["fingerprint"], first["fingerprint"])
            for system in systems:
                served = world.api("inventory", "show", self.served(system))
                self.assertIn(served["issuer"], fresh, system["host_name"])
                self.assertTrue(self.verifies(system))
                self.assertEqual(self.level(system), 4)
            self.assertEqual((world.folder / "manager" / "ca.pem").read_text().count("BEGIN CERTIFICATE"), 1)


if __name__ == "__main__":
    main()
