#!/usr/bin/env python3
"""A company's authority that people ask by hand (REQ MGR-13, CRT-3, decision 0055): requests are downloaded, openssl signs them in another folder as the
company does, and the answers are uploaded. Systems come to Level 4 by that; what is wrong with an answer is said with its remedy and changes
nothing; a manager that is killed while it waits goes on; and certificates are renewed in the same way, early enough for people."""

import io
import json
import pathlib
import sys
import tarfile
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from time_travel import LIBRARIES, TimeTravel  # noqa: E402


class Company:
    """Root and issuing authority of a company, in a folder of their own, by openssl alone."""

    def __init__(self, folder, name="Company"):
        self.root = Authority(folder, f"{name} Root")
        self.folder, self.number = self.root.folder, 0
        self.key, request = self.folder / "issuing.key", self.folder / "issuing.csr"
        self.certificate = self.folder / "issuing.pem"
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out", request,
            "-subj", f"/O=Company/CN={name} Issuing")
        self.extend(request, self.certificate, self.root.certificate, self.root.key, 3000,
                    "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n")

    def extend(self, request, certificate, issuer, key, days, extensions):
        file = certificate.with_suffix(".ext")
        file.write_text(extensions + "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", issuer, "-CAkey", key, "-CAcreateserial", "-out", certificate, "-days", days,
            "-sha256", "-extfile", file)

    def sign(self, pem, names, days=365, usages="serverAuth,clientAuth"):
        """The certificate's file. `names`: what the company writes into it; it may be wrong."""
        self.number += 1
        request, certificate = (self.folder / f"{self.number}{ending}" for ending in (".csr", ".pem"))
        request.write_text(pem)
        run("openssl", "req", "-in", request, "-noout", "-verify")
        alternative = ",".join(f"DNS:{name}" for name in names)
        self.extend(request, certificate, self.certificate, self.key, days,
                    f"basicConstraints=CA:FALSE\nsubjectAltName={alternative}\nextendedKeyUsage={usages}\n")
        return certificate

    def sign_between(self, pem, name, begin, end):
        request, certificate, extensions = (self.folder / f"past{ending}" for ending in (".csr", ".pem", ".ext"))
        request.write_text(pem)
        extensions.write_text(f"subjectAltName=DNS:{name}\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n")
        self.root.issue_between(self.key, request, certificate, extensions, begin, end)
        return certificate


class ByHand(unittest.TestCase):
    def requests(self, *more):
        return self.world.api("by-hand", "list", *more)["requests"]

    def open_requests(self):
        return {one["names"][0]: one for one in self.requests("--state", "open")}

    def waiting(self):
        return {ticket["system"]: ticket for ticket in self.world.tickets() if ticket["type"] == "answer_awaited"}

    def number(self, system):
        return self.world.systems()[system["host_name"]]["id"]

    def level(self, system):
        self.world.cli("system", "observe", system["host_name"])
        return self.world.systems()[system["host_name"]]["level"]

    def served(self, system):
        return served_certificate(system["address"], self.world.port(443))["fingerprint"]

    def verifies(self, system, company):
        return s_client_verifies(system["address"], self.world.port(443), company.root.certificate, system["host_name"])

    def begin(self, world, by_hand, others=(), *manager):
        """The company's folder says by hand; systems are in it, and others are not."""
        self.world = world
        world.start_all([*by_hand, *others], "--contact-seconds", "10", "--restart-seconds", "30", *manager)
        company = Company(world.folder / "company")
        world.cli("root", "add", company.root.certificate)
        world.cli("folder", "add", "/Company/Rooms")
        world.cli("folder", "defaults", "set", "/Company", "--issuer", "by_hand")
        world.add_to_manager([*by_hand, *others])
        for system in by_hand:
            world.cli("system", "move", system["host_name"], "--to", "/Company/Rooms")
        world.cli("job", "wait", "--timeout", "180")
        return company

    def bundle(self, name, *more):
        file = self.world.folder / name
        self.world.cli("by-hand", "download", "--out", file, *more)
        return file

    def refused(self, said, *files):
        """Exit code 2, each of the errors with its remedy, and nothing is changed."""
        before = self.requests()
        done = self.world.cli("by-hand", "answer", *files, check=False)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        for code in said:
            self.assertIn(code, done.stderr)
        self.assertEqual([one["state"] for one in self.requests()], [one["state"] for one in before])
        return done.stderr

    def test_level_four_by_answers_that_people_upload(self):
        with World("byhand") as world:
            room, bridge = by_hand = [{"family": "c-series", "host_name": f"room1.{world.domain}"}, {"family": "mcu", "host_name": f"bridge1.{world.domain}"}]
            other = {"family": "c-series", "host_name": f"other1.{world.domain}"}
            company = self.begin(world, by_hand, [other])
            step("the folder says who issues, and those below it inherit that")
            told = {one["path"]: one["issuer"] for one in world.api("folder", "list")["folders"]}
            self.assertEqual(told, {"/": "internal", "/Company": "by_hand", "/Company/Rooms": "by_hand"})
            self.assertIn("by hand", world.cli("folder", "list").stdout)
            step("a campaign ends though the answer has not come: below its goal, and it says why; the rest goes on")
            names = [system["host_name"] for system in (room, bridge, other)]
            world.cli("campaign", "start", *names, "--goal", "verify", "--name", "all", "--confirm", "each", "--yes", "--wait", "--timeout", "300",
                      check=False, timeout=350)
            campaign = world.api("campaign", "list")["campaigns"][0]
            self.assertEqual((campaign["state"], campaign["counts"]), ("done", {"done": 1, "below_goal": 2}), campaign)
            notes = [one["note"] for one in world.api("campaign", "report", "1")["attention"]]
            self.assertEqual(len([note for note in notes if "waits for the answer" in note]), 2, notes)
            self.assertEqual([self.level(system) for system in (room, bridge, other)], [3, 3, 4])
            step("job, plan and ticket say what is waited for and what to do")
            job = next(one for one in world.api("job", "list", "--state", "succeeded")["jobs"]
                       if one["kind"] == "enforce" and one["system"] == self.number(room))
            self.assertIn("Waits for the answer of the authority", job["progress"])
            plan = world.api("plan", "show", "--goal", "verify", room["host_name"])["plans"][0]
            self.assertEqual(plan["steps"], [], "everything else is done")
            self.assertIn("Waits for the answer of the authority", " ".join(plan["notes"]))
            tickets = self.waiting()
            self.assertEqual(set(tickets), {self.number(room), self.number(bridge)})
            self.assertIn("countersign by-hand download", tickets[self.number(room)]["remedy"])
            self.assertEqual(tickets[self.number(room)]["severity"], "notice")
            step("the same requests are kept: by another enforcement, and by a manager that was killed")
            first = self.open_requests()
            self.assertEqual(set(first), {system["host_name"] for system in by_hand})
            world.cli("enforce", "--wait", "--timeout", "120")
            world.manager.kill()
            world.restart_manager()
            world.cli("enforce", "--wait", "--timeout", "120")
            self.assertEqual(self.open_requests(), first)
            step("one bundle, as zip and as tar, with a manifest")
            with zipfile.ZipFile(self.bundle("all.zip")) as packed:
                self.assertIsNone(packed.testzip())
                manifest = json.loads(packed.read("manifest.json"))["requests"]
                texts = {one["names"][0]: packed.read(one["file"]).decode() for one in manifest}
            self.assertEqual({one["names"][0]: (one["system"], one["key_type"], one["usages"], one["public_key_sha256"], one["made"]) for one in manifest},
                             {name: (one["system_name"], "ec:p256", ["serverAuth", "clientAuth"], one["public_key"], one["made"])
                              for name, one in first.items()})
            with tarfile.open(self.bundle("all.tar", "--folder", "/Company")) as packed:
                self.assertEqual(packed.extractfile(manifest[0]["file"]).read().decode(), texts[manifest[0]["names"][0]])
            self.assertIn("MGR-176", world.cli("by-hand", "download", "--system", other["host_name"], "--out", world.folder / "none.zip", check=False).stderr)
            self.assertTrue(all(one["downloaded"] for one in self.requests()))
            self.wrong_answers(company, room, texts[room["host_name"]])
            step("what fits is taken though another file does not; PKCS#7 with its chain")
            good = company.sign(texts[bridge["host_name"]], [bridge["host_name"]])
            chain = world.folder / "bridge.p7b"
            run("openssl", "crl2pkcs7", "-nocrl", "-certfile", good, "-certfile", company.certificate, "-out", chain, "-outform", "DER")
            broken = world.folder / "broken.pem"
            broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
            done = world.cli("by-hand", "answer", chain, broken, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertIn("Taken for bridge1", done.stdout)
            self.assertIn("broken.pem", done.stderr)
            wait_for(lambda: self.number(bridge) not in self.waiting(), "the ticket closes", 60)
            wait_for(lambda: serves(bridge["address"], world.port(443), good), "it is installed by itself", 120)
            step("an archive as a file manager packs it, with the requests still in it")
            packed = io.BytesIO()
            good = company.sign(texts[room["host_name"]], [room["host_name"]], usages="serverAuth")
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("manifest.json", json.dumps(manifest))
                archive.writestr("1-room.csr", texts[room["host_name"]])
                archive.writestr("signed/1-room.pem", good.read_text())
                archive.writestr("signed/chain.pem", company.certificate.read_text() + company.root.certificate.read_text())
            file = world.folder / "signed.zip"
            file.write_bytes(packed.getvalue())
            done = world.cli("by-hand", "answer", file)
            self.assertIn("not made for TLS clients", done.stderr)
            wait_for(lambda: serves(room["address"], world.port(443), good), "it is installed by itself", 120)
            world.cli("job", "wait", "--timeout", "120")
            step("Level 4, proven from outside with the company's root alone; leaf and issuing authority are shown")
            for system in by_hand:
                self.assertEqual(self.level(system), 4, system["host_name"])
                self.assertTrue(self.verifies(system, company))
                shown = run("openssl", "s_client", "-connect", f"{system['address']}:{world.port(443)}", "-showcerts", stdin="").stdout
                self.assertEqual(shown.count("BEGIN CERTIFICATE"), 2)
            self.assertEqual(self.waiting(), {})
            step("inventory and requests say who issued")
            found = world.api("inventory", "show", self.served(room))
            self.assertEqual((found["state"], found["purpose"]), ("served", "by_hand"))
            self.assertIn("Company Issuing", found["issuer_subject"])
            answered = self.requests("--state", "answered")
            self.assertEqual({one["certificate"] for one in answered}, {self.served(system) for system in by_hand})
            self.assertTrue(all(one["installed"] and "Company Issuing" in one["issuer_subject"] for one in answered), answered)
            again = world.cli("by-hand", "answer", good)
            self.assertIn("taken before", again.stdout)
            step("a new key by hand, given up again; and back to the internal authority")
            served = self.served(bridge)
            world.cli("inventory", "rekey", bridge["host_name"])
            world.cli("job", "wait", "--timeout", "120")
            fresh = self.open_requests()[bridge["host_name"]]
            self.assertEqual(self.served(bridge), served, "what it shows stays")
            self.assertEqual(self.level(bridge), 4)
            late = company.sign(fresh["pem"], [bridge["host_name"]])
            world.cli("folder", "defaults", "set", "/Company", "--issuer", "internal")
            world.cli("enforce", "--wait", "--timeout", "120")
            wait_for(lambda: self.served(bridge) != served, "the internal authority's certificate", 120)
            world.cli("enforce", "--wait", "--timeout", "120")
            self.assertEqual(self.open_requests(), {})
            self.refused(["MGR-169", "internal authority"], late, company.certificate)
            self.assertEqual(self.level(bridge), 4)
            trail = {one["action"] for one in world.api("audit", "list")["records"]}
            self.assertLessEqual({"request.make", "request.download", "request.answer", "request.installed", "request.supersede"}, trail)

    def wrong_answers(self, company, room, text):
        step("wrong answers: each is named with what is wrong and what to do, and nothing is changed")
        host, folder = room["host_name"], self.world.folder
        key, _ = company.root.issue("stranger.company.com")
        self.refused(["MGR-168"], company.root.folder / "stranger.company.com.pem")
        self.refused(["MGR-171", host], company.sign(text, ["other.company.com"]), company.certificate)
        self.refused(["MGR-173", "Company Issuing"], company.sign(text, [host]))
        stranger = Company(folder / "stranger", "Stranger")
        self.refused(["MGR-172", "Stranger Root", "root add"], stranger.sign(text, [host]), stranger.certificate, stranger.root.certificate)
        past = company.sign_between(text, host, "20200101000000Z", "20210101000000Z")
        self.refused(["CRT-011"], past, company.certificate)
        self.refused(["CRT-013", "serverAuth"], company.sign(text, [host], usages="clientAuth"), company.certificate)
        request = folder / "request.csr"
        request.write_text(text)
        self.assertIn("CRT-007", self.world.cli("by-hand", "answer", request, check=False).stderr)
        several = self.refused(["MGR-171", "CRT-013", "MGR-173"], company.sign(text, ["other.company.com"], usages="clientAuth"))
        self.assertIn(host, several, "all problems of one certificate at once")
        archive = folder / "cut.zip"
        archive.write_bytes((folder / "all.zip").read_bytes()[:400])
        self.refused(["MGR-175"], archive)

    @unittest.skipUnless(LIBRARIES, "libfaketime is not installed")
    def test_a_renewal_by_hand_begins_early_and_is_escalated(self):
        with World("byhandlate") as world, TimeTravel(world) as clock:
            room = {"family": "c-series", "host_name": f"room1.{world.domain}"}
            company = self.begin(world, [room], (), "--request-days", "40")
            world.cli("secure-only", "set", "verify")
            world.cli("job", "wait", "--timeout", "180")
            world.cli("by-hand", "answer", company.sign(self.open_requests()[room["host_name"]]["pem"], [room["host_name"]], days=120), company.certificate)
            world.cli("job", "wait", "--timeout", "180")
            first = self.served(room)
            self.assertEqual(self.level(room), 4)
            self.assertTrue(world.api("inventory", "show", first)["renew_at"])
            step("day 75: nothing is asked for yet")
            clock.to(75)
            world.cli("enforce", "--wait", "--timeout", "120")
            self.assertEqual(self.open_requests(), {})
            step("day 81, 39 days before the end: a request by itself; the ticket is a notice, and the certificate stays")
            clock.to(81)
            wait_for(self.open_requests, "the request is made by itself", 120)
            world.cli("job", "wait", "--timeout", "120")
            ticket = wait_for(lambda: self.waiting().get(self.number(room)), "the ticket", 60)
            self.assertEqual(ticket["severity"], "notice")
            request = self.open_requests()[room["host_name"]]
            self.assertEqual(self.level(room), 4)
            for day, severity in ((95, "warning"), (114, "critical")):
                step(f"day {day}: the ticket is {severity}")
                clock.to(day)
                world.cli("enforce", "--wait", "--timeout", "120")
                self.assertEqual(self.waiting()[self.number(room)]["severity"], severity)
                self.assertEqual(self.open_requests()[room["host_name"]]["id"], request["id"], "the same request")
                self.assertEqual(self.served(room), first)
            step("the answer comes: it is renewed, and the ticket closes")
            good = company.sign(request["pem"], [room["host_name"]], days=120)
            # The issuing authority came with the first answer.
            world.cli("by-hand", "answer", good)
            wait_for(lambda: serves(room["address"], world.port(443), good), "the new certificate", 120)
            world.cli("job", "wait", "--timeout", "120")
            wait_for(lambda: not self.waiting(), "the ticket closes", 60)
            self.assertTrue(self.verifies(room, company))
            self.assertEqual(self.level(room), 4)
            uses = world.api("inventory", "show", first)["uses"]
            self.assertEqual([use["service"] for use in uses if use["until"] is None and use["service"] != "client"], [])


if __name__ == "__main__":
    main()
