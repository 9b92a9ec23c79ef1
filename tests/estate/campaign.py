#!/usr/bin/env python3
"""Campaigns (REQ GDE-2, MGR-4): 300 systems of all families, some of them faulty; waves that a person confirms, that go back, that are
rolled back; and a manager that is killed in the middle."""

import collections
import pathlib
import random
import ssl
import sys
import hashlib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from api_client import Client  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

FAMILIES = ("c-series", "mxp", "mps", "vcs", "mcu", "roomos", "rmx")
# What a system with the fault must end as: tickets of which one is open at least, and whether it can be talked to meanwhile.
NOT_KEPT = {"enforcement_failed"}
NOT_BELIEVED = {"certificate_validation_error", "enforcement_failed"}
NOT_REACHED = {"no_https_response", "connection_error"}
FAULTS = {
    "silent": NOT_REACHED,
    "reset": NOT_REACHED,
    "expired": NOT_BELIEVED,
    "wrong_name": NOT_BELIEVED,
    "untrusted": NOT_BELIEVED,
    "read_only": NOT_KEPT,
    "forgetful": NOT_KEPT,
    "clock:-864000s": NOT_KEPT,
    "disk_full": NOT_KEPT,
}
GONE = {"silent", "reset"}


def in_many_nets(world, systems):
    """More than one /24 of addresses."""
    for number, system in enumerate(systems):
        system["address"] = f"{world.net.rsplit('.', 1)[0]}.{100 + number // 200}.{number % 200 + 1}"
    return systems


def shown_fingerprint(system, world):
    pem = ssl.get_server_certificate((system["address"], world.port(443)), timeout=20 * PATIENCE)
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


class Campaign(unittest.TestCase):
    maxDiff = None

    def api(self, world, method, path, body=None, status=None):
        token = (world.folder / "manager" / "token").read_text().strip()  # each life of the manager writes one
        answer = world.client.ask(method, "/api/v1" + path, body, {"Authorization": f"Bearer {token}"})
        self.assertTrue(answer.status == status if status else answer.status < 300, f"{method} {path}: {answer}")
        return answer.json() if answer.body else None

    def begin(self, world, systems, *more):
        """Systems at factory defaults, known to the manager. Nobody can verify who an RMX is before it was pinned (REQ RMX-1): somebody
        switched HTTPS on and compared the fingerprint at the system."""
        for system in systems:
            if system["family"] == "rmx":
                system["settings"] = {"service.https.mode": "on"}
        world.start_all(systems, "--log-level", "warning", *more)
        world.client = Client(world)
        world.cli("policy", "set", "--key-type", "ec:p256")
        for system in systems:
            body = {key: system[key] for key in ("host_name", "address", "family")}
            if system["family"] == "rmx":
                body["pins"] = [shown_fingerprint(system, world)]
            system["id"] = self.api(world, "POST", "/systems", body, 201)["id"]
        world.cli("job", "wait", "--timeout", "120")

    def dial(self, world, system, *words):
        verb = "fault" if words else "clear"
        world.control(verb, system["serial"], *words)

    def break_some(self, world, systems, number):
        """Faults of every kind on so many systems, behind the canaries. What a system forgets shows on those that restart on the way."""
        kinds, faulty = (*FAULTS, "slow:200ms"), {}
        for n in range(number):
            fault = kinds[n % len(kinds)]
            families = ("c-series",) if fault == "forgetful" else tuple(one for one in FAMILIES if one != "rmx")
            system = next(one for one in systems[7 + n:] if one["family"] == families[n % len(families)] and one["host_name"] not in faulty)
            faulty[system["host_name"]] = fault
            self.dial(world, system, fault)
        return faulty

    def members(self, world, campaign):
        shown = world.api("campaign", "show", str(campaign))
        return {one["name"]: one for one in shown["members"]}

    def open_doors(self, world, system):
        return {port for port in (80, 443) if port_state(system["address"], world.port(port)) == "open"}

    def test_300_systems_of_all_families_some_of_them_faulty(self):
        with World("campaign") as world:
            systems = in_many_nets(world, [{"family": FAMILIES[n % len(FAMILIES)], "host_name": f"s{n}.company.com"} for n in range(300)])
            self.begin(world, systems, "--answer-seconds", "5", "--restart-seconds", str(int(15 * PATIENCE)))
            step("every tenth has a fault, of every kind")
            faulty = self.break_some(world, systems, len(systems) // 10)
            before = {system["host_name"]: self.open_doors(world, system) for system in systems if system["host_name"] in faulty}
            step("the plan: every system, what is in the way, and a digest")
            select = ("--all", "--goal", "verify", "--canary", *[f"s{n}.company.com" for n in range(7)], "--wave-size", "100", "150", "--stop-on", "60",
                      "--attempts", "2", "--confirm", "each", "--at-once", "100")
            shown = world.cli("--json", "campaign", "plan", *select, check=False, timeout=280)
            self.assertEqual(shown.returncode, 2, "some are blocked: " + shown.stdout[-3000:] + shown.stderr)
            plan = json.loads(shown.stdout)
            summary = plan["summary"]
            self.assertEqual((summary["total"], [one["systems"] for one in summary["waves"]]), (300, [7, 100, 150, 43]))
            self.assertGreaterEqual(summary["systems"]["has_steps"], 270)
            done = world.cli("campaign", "start", *select, "--name", "all", "--yes", "--wait", "--timeout", "400", check=False, timeout=450)
            self.assertEqual(done.returncode, 2, done.stdout[-2000:] + done.stderr[-2000:])
            campaign = world.api("campaign", "list")["campaigns"][0]
            self.assertEqual(campaign["state"], "done", campaign)
            step("every healthy system is at Level 4, proven by somebody else")
            known, members = world.systems(), self.members(world, campaign["id"])
            reached = {host for host, one in known.items() if one["level"] == 4}
            wanted = {system["host_name"] for system in systems if faulty.get(system["host_name"], "slow:200ms") == "slow:200ms"}
            self.assertEqual({host: members[host.split(".")[0]] for host in wanted - reached}, {})
            self.assertEqual({host: faulty.get(host) for host in reached - wanted}, {})
            self.assertEqual({members[host.split(".")[0]]["state"] for host in wanted}, {"done"})
            roots = world.folder / "manager" / "ca.pem"
            for system in systems[:21]:
                if system["host_name"] in wanted:
                    self.assertTrue(s_client_verifies(system["address"], world.port(443), roots, system["host_name"]), system)
            step("every faulty one is reachable as before, with the right ticket and the right remedy")
            tickets = collections.defaultdict(list)
            for ticket in world.tickets():
                tickets[ticket["system"]].append(ticket)
            report = {one["name"]: one for one in world.api("campaign", "report", str(campaign["id"]))["attention"]}
            for system in systems:
                host, fault = system["host_name"], faulty.get(system["host_name"])
                if fault is None or host in wanted:
                    self.assertEqual(tickets[system["id"]], [], host)
                    continue
                one = report[host.split(".")[0]]
                self.assertEqual(one["state"], "failed", (host, fault, one))
                self.assertTrue(one["error_code"] and one["remedy"], one)
                types = {ticket["type"] for ticket in tickets[system["id"]]}
                self.assertTrue(types and types <= FAULTS[fault] | NOT_KEPT and types & FAULTS[fault], (host, fault, system["family"], types, one))
                self.assertTrue(all(ticket["text"] and ticket["remedy"] for ticket in tickets[system["id"]]), tickets[system["id"]])
                if fault not in GONE:
                    self.assertLessEqual(before[host], self.open_doors(world, system), (host, fault))
            step("repaired, each of them gets to Level 4: nobody was locked out")
            for system in systems:
                if system["host_name"] in faulty:
                    self.dial(world, system)
            names = [host for host in faulty if host not in wanted]
            again = world.cli("campaign", "start", *names, "--goal", "verify", "--name", "repaired", "--confirm", "each", "--yes", "--wait", "--timeout", "200",
                              check=False, timeout=260)
            self.assertEqual(again.returncode, 0, again.stdout[-2000:] + again.stderr[-2000:] + world.cli("campaign", "report", "2").stdout[-4000:])
            self.assertEqual({host: one["level"] for host, one in world.systems().items() if one["level"] != 4}, {})
            self.assertEqual(world.tickets(), [])

    def test_waves_are_reversible_until_somebody_confirms_them(self):
        with World("waves") as world:
            systems = [{"family": family, "host_name": f"{family}.company.com"} for family in ("c-series", "mcu", "roomos", "vcs")]
            self.begin(world, systems)
            c_series, mcu, roomos, vcs = (system["host_name"] for system in systems)
            step("the plan, as text; a digest of another plan starts nothing")
            shown = world.cli("campaign", "plan", "--all", "--goal", "verify").stdout
            for words in ("Put the changes on trial", "undo:", "why:", "4 systems: 4 with steps", "No trial: 1 system ", "New password: 4 systems", "Digest"):
                self.assertIn(words, shown)
            refused = world.cli("campaign", "start", c_series, "--goal", "verify", "--name", "all", "--digest", "0" * 64, check=False)
            self.assertIn("MGR-043", refused.stderr)
            refused = world.cli("campaign", "start", c_series, "--goal", "verify", "--name", "all", check=False)
            self.assertIn("--yes", refused.stderr, "nobody is there to be asked")
            step("canaries first, by hand: proven, on trial, and nothing more happens")
            world.cli("campaign", "start", "--all", "--goal", "verify", "--canary", c_series, "--canary", roomos, "--name", "floor", "--yes", "--wait", check=False)
            campaign = world.api("campaign", "list")["campaigns"][0]
            self.assertEqual((campaign["state"], campaign["counts"]), ("running", {"pending": 2, "proven": 2}), campaign)
            self.assertEqual({host for host, one in world.systems().items() if one["level"] == 4}, {c_series, roomos})
            member = self.members(world, 1)
            self.assertIsNotNone(member["c-series"]["confirm_by"])
            self.assertIsNone(member["roomos"]["confirm_by"], "the product has no trials")
            step("nobody else enforces them meanwhile, and they are in no other campaign")
            for words in (("enforce", mcu), ("campaign", "start", mcu, "--name", "other", "--yes", "--goal", "on")):
                refused = world.cli(*words, check=False)
                self.assertIn("MGR-042", refused.stderr, words)
            step("rolled back: the trial ends, settings are written back, and what stays is said before")
            outlook = self.api(world, "GET", "/campaigns/1/rollback?wave=0")["systems"]
            self.assertTrue(all(any("password stays" in text for text in one["stays"]) for one in outlook), outlook)
            world.cli("campaign", "rollback", "1", "--wave", "0", "--yes", "--wait", check=False)
            campaign = self.api(world, "GET", "/campaigns/1")
            self.assertEqual((campaign["state"], campaign["reason"], campaign["counts"]), ("paused", "rolled_back", {"pending": 2, "rolled_back": 2}), campaign)
            for system in (systems[0], systems[2]):
                self.assertEqual(self.open_doors(world, system) & {80}, {80}, "the old door is open again")
            self.assertEqual({host for host, one in world.systems().items() if one["level"] == 4}, set())
            self.assertIn("HTTPS stays on", self.members(world, 1)["roomos"]["note"])
            step("resumed, the next wave is proven, confirmed and stays")
            world.cli("campaign", "resume", "1")
            world.cli("campaign", "watch", "1", check=False)
            self.assertEqual(self.api(world, "GET", "/campaigns/1")["counts"], {"proven": 1, "pending": 1, "rolled_back": 2})
            world.cli("campaign", "confirm", "1", "--wait", check=False)
            self.assertEqual(self.api(world, "GET", "/campaigns/1")["counts"], {"proven": 1, "done": 1, "rolled_back": 2})
            world.cli("campaign", "confirm", "1", "--wait", check=False)
            campaign = self.api(world, "GET", "/campaigns/1")
            self.assertEqual((campaign["state"], campaign["counts"]), ("done", {"done": 2, "rolled_back": 2}), campaign)
            plans = [plan for plan in self.api(world, "POST", "/campaigns/plan", {"systems": [systems[1]["id"], systems[3]["id"]], "mode": "verify"})["systems"]]
            self.assertEqual({one["outlook"] for one in plans}, {"at_goal"}, "nothing is left on trial")
            step("nothing is left to confirm, a campaign that ended is not paused, and a wave of it still goes back")
            for words, code in ((("confirm", "1"), "MGR-048"), (("pause", "1"), "MGR-048"), (("cancel", "1"), "MGR-048"), (("show", "99"), "GEN-003"),
                                (("rollback", "1", "--wave", "7", "--yes"), "MGR-046")):
                self.assertIn(code, world.cli("campaign", *words, check=False).stderr, words)
            world.cli("campaign", "rollback", "1", "--wave", "2", "--yes", "--wait", check=False)
            self.assertEqual(self.api(world, "GET", "/campaigns/1")["counts"]["rolled_back"], 3)
            step("cancelled, what is on trial goes back at once")
            world.cli("campaign", "start", c_series, "--goal", "verify", "--name", "cancelled", "--yes", "--wait", check=False)
            self.assertEqual(self.api(world, "GET", "/campaigns/2")["counts"], {"proven": 1})
            world.cli("campaign", "cancel", "2")
            world.cli("campaign", "watch", "2", check=False)
            campaign = self.api(world, "GET", "/campaigns/2")
            self.assertEqual((campaign["state"], campaign["counts"]), ("cancelled", {"rolled_back": 1}), campaign)
            self.assertIn(80, self.open_doors(world, systems[0]))
            step("what was taken back is enforced as the estate's mode says: it calls over HTTP, with the name servers that it lost")
            world.cli("enforce", c_series, "--wait", "--timeout", "120")
            self.assertEqual(world.api("system", "show", c_series)["last_call"], "http")
            step("a folder is taken to the goal with one command")
            world.cli("folder", "add", "/Berlin")
            world.cli("system", "move", c_series, mcu, "--to", "/Berlin")
            world.cli("enforce", "--folder", "/Berlin", "--family", "mcu", "--wait")
            world.cli("campaign", "start", "--folder", "/Berlin", "--goal", "verify", "--name", "Berlin", "--confirm", "wave", "--yes", "--wait")
            known = world.systems()
            self.assertEqual((known[c_series]["level"], known[mcu]["level"], known[roomos]["level"]), (4, 4, known[roomos]["level"]))

    def test_a_manager_that_is_killed_in_the_middle_goes_on(self):
        with World("killed-campaign") as world:
            systems = [{"family": ("c-series", "mcu")[n % 2], "host_name": f"s{n}.company.com"} for n in range(40)]
            self.begin(world, systems, "--concurrency", "16")
            world.cli("campaign", "start", "--all", "--goal", "verify", "--name", "killed", "--confirm", "wave", "--wave-size", "10", "--stop-on", "1", "--yes")
            seed = random.randrange(1 << 30)
            chance = random.Random(seed)
            for number in range(4):
                finished = chance.randrange(1 + number * 8, 8 + number * 8)
                wait_for(lambda: self.api(world, "GET", "/campaigns/1")["counts"].get("done", 0) >= finished or
                         self.api(world, "GET", "/campaigns/1")["counts"].get("proven", 0) >= 3 + number, f"{finished} are done", 240)
                step(f"SIGKILL (seed {seed})")
                world.manager.kill()
                world.restart_manager()
            done = world.cli("campaign", "watch", "1", check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr + world.cli("campaign", "report", "1").stdout[-3000:])
            self.assertEqual({one["level"] for one in world.systems().values()}, {4})
            self.assertEqual(world.tickets(), [])
            step("no step that must not be done twice was done twice")
            issued = [one for one in world.api("inventory", "list")["certificates"] if one["purpose"] == "system"]
            self.assertEqual(len(issued), len(systems))
            for system in systems:
                events = [line.split(" ", 2)[1] for line in world.journal(system)]
                self.assertEqual([events.count(what) for what in ("certificate.installed", "password.changed", "trust.installed")], [1, 1, 1], events)


if __name__ == "__main__":
    main()
