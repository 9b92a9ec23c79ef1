#!/usr/bin/env python3
"""Three managers on one PostgreSQL database (REQ MGR-13): over verified TLS, one authority, changes are seen by all; one of them is killed
in the middle of a campaign of 300 systems, and everything ends as if nothing had happened."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from managers import PASSWORD, Managers  # noqa: E402
from postgresql import Postgresql  # noqa: E402
from servers import free_port  # noqa: E402

FAMILIES = ("c-series", "mxp", "mps", "vcs", "mcu", "roomos")
SYSTEMS = 300


class SeveralManagers(unittest.TestCase):
    maxDiff = None

    def test_one_of_three_is_killed_in_a_campaign_of_300(self):
        with World("several") as world:
            authority = Authority(world.folder / "db-ca", "Database Root")
            key, certificate = authority.issue("localhost")
            with Postgresql(tls=(certificate, key), port=free_port(), password=PASSWORD) as server:
                managers = Managers(world, server, authority.certificate)
                self.run_estate(world, managers)

    def run_estate(self, world, managers):
        systems = [{"family": FAMILIES[n % len(FAMILIES)], "host_name": f"s{n}.company.com"} for n in range(SYSTEMS)]
        for number, system in enumerate(systems):
            system["address"] = f"{world.net.rsplit('.', 1)[0]}.{100 + number // 200}.{number % 200 + 1}"
        world.hosts[world.manager_host] = managers.addresses
        world.add_estate(systems)
        world.start_dns()
        world.start_ntp()
        world.start_device()
        common = ("--log-level", "warning", "--restart-seconds", str(int(30 * PATIENCE)))
        step("three managers begin at the same time on one empty database: there is one authority")
        world.manager = managers.start(0, *common)
        for number in (1, 2):
            managers.start(number, *common)
        roots = {(managers.folder(n) / "ca.pem").read_text() for n in range(3)}
        self.assertEqual(len(roots), 1)
        world.trust_factory()
        world.set_policy()
        world.cli("policy", "set", "--key-type", "ec:p256")
        step("what one is told the others know")
        for number, system in enumerate(systems):
            system["id"] = managers.api(number % 3, "system", "add", system["host_name"], "--ip", system["address"], "--family",
                                        system["family"])["id"]
        for number in range(3):
            self.assertEqual(len(managers.api(number, "system", "list")["systems"]), SYSTEMS)
        wait_for(lambda: managers.api(1, "job", "list", "--state", "queued")["jobs"] == [] and
                 managers.api(1, "job", "list", "--state", "running")["jobs"] == [], "every system was looked at", 240)
        step("a campaign over all of them")
        managers.api(1, "campaign", "start", "--all", "--goal", "verify", "--canary", "s0.company.com", "--wave-size", "100", "--at-once", "100",
                     "--stop-on", "50", "--confirm", "each", "--name", "all", "--yes")
        campaign = managers.api(2, "campaign", "list")["campaigns"][0]["id"]

        def done(number=1):
            return sum(1 for one in managers.api(number, "campaign", "show", str(campaign))["members"] if one["state"] == "done")
        workers = set()

        def shared_and_far():
            # A job has an owner only while it runs: who works is seen over some time.
            workers.update(self.owners(managers))
            return done() >= SYSTEMS // 3 and len(workers) >= 2
        wait_for(shared_and_far, "a third of the systems is done, by several managers", 300, pause=0.2)
        step("SIGKILL of one of the three, which had work in hand")
        managers.children[0].kill()
        wait_for(lambda: managers.api(1, "campaign", "list")["campaigns"][0]["state"] == "done", "the campaign is done", 400, pause=0.5)
        seen = {one["host_name"]: one for one in managers.api(2, "system", "list")["systems"]}
        wrong = {host: (one["level"], one["reachability"]) for host, one in seen.items() if (one["level"], one["reachability"]) != (4, "reachable")}
        self.assertEqual(wrong, {})
        self.assertEqual(managers.api(2, "ticket", "list", "--state", "open")["tickets"], [])
        step("nothing was done twice, and the trail holds")
        issued = [one for one in managers.api(1, "inventory", "list")["certificates"] if one["purpose"] == "system"]
        self.assertEqual(len(issued), SYSTEMS, "one certificate for each system")
        for system in systems:
            events = [line.split(" ", 2)[1] for line in world.journal(system)]
            for event in ("certificate.installed", "password.changed", "trust.installed"):
                self.assertEqual(events.count(event), 1, (system["host_name"], event, events))
        self.assertTrue(managers.api(1, "audit", "verify")["holds"])
        for system in systems[::30]:
            self.assertTrue(s_client_verifies(system["address"], world.port(443), managers.folder(1) / "ca.pem", system["host_name"]), system)
        step("the killed one comes again and is one of three")
        managers.children[0].start()
        managers.children[0].await_line("ready:")
        self.assertEqual(len(managers.api(0, "system", "list")["systems"]), SYSTEMS)

    def owners(self, managers):
        return managers.server.query("countersign", "SELECT DISTINCT owner FROM jobs WHERE owner <> ''").split()

    def test_another_name_is_shown_by_all_and_the_one_before_too(self):
        with World("renamed") as world:
            authority = Authority(world.folder / "db-ca", "Database Root")
            key, certificate = authority.issue("localhost")
            with Postgresql(tls=(certificate, key), port=free_port(), password=PASSWORD) as server:
                managers = Managers(world, server, authority.certificate)
                other = "conferencing.company.com"
                world.hosts[world.manager_host] = world.hosts[other] = managers.addresses[:2]
                world.start_dns()
                world.start_ntp()
                world.manager = managers.start(0)
                managers.start(1)

                def shown(number, name):
                    return s_client_verifies(managers.addresses[number], world.port(443), managers.folder(number) / "ca.pem", name)
                step("one is told that the estate's manager is called otherwise")
                self.assertEqual([shown(number, other) for number in (0, 1)], [False, False])
                managers.api(1, "policy", "set", "--manager-host-name", other)
                self.assertTrue(shown(1, other), "who was told shows it at once")
                wait_for(lambda: shown(0, other), "the other one shows it", 60)
                self.assertEqual([shown(number, world.manager_host) for number in (0, 1)], [True, True], "the name before is kept")
                outside = "outside.company.com"
                managers.api(0, "network", "set", "--public-host-name", outside)
                self.assertTrue(shown(0, outside), "the name for systems outside is shown at once")
                wait_for(lambda: shown(1, outside), "the other one shows it", 60)
                step("and after a restart")
                for child in managers.children:
                    child.stop()
                    child.start()
                    child.await_line("ready:")
                self.assertEqual([shown(number, name) for number in (0, 1) for name in (other, world.manager_host, outside)], [True] * 6)

    def test_a_server_that_is_not_verified_gets_no_password(self):
        with World("unverified") as world:
            authority = Authority(world.folder / "db-ca", "Database Root")
            other = Authority(world.folder / "other-ca", "Other Root")
            key, certificate = authority.issue("db.company.com")
            world.start_dns()
            with Postgresql(tls=(certificate, key), port=free_port(), password=PASSWORD, more=("log_connections=on",)) as server:
                for why, roots in (("another name", authority.certificate), ("another root", other.certificate)):
                    step(why)
                    managers = Managers(world, server, roots)
                    child = managers.start(0, ready=False)
                    self.assertEqual(child.process.returncode, 3, child.text())
                    self.assertIn("STO-001", child.text())
                self.assertNotIn("authenticated", server.log.read_text())

    def test_another_sealing_key_is_refused(self):
        with World("sealing") as world:
            authority = Authority(world.folder / "db-ca", "Database Root")
            key, certificate = authority.issue("localhost")
            world.start_dns()
            with Postgresql(tls=(certificate, key), port=free_port(), password=PASSWORD) as server:
                managers = Managers(world, server, authority.certificate)
                managers.start(0)
                managers.folder(1).mkdir(mode=0o700)
                child = managers.start(1, ready=False)
                self.assertIn("STO-006", child.text())
                step("the database's server is stopped and started again: the manager goes on")
                server.stop()
                server.start()
                self.assertEqual(managers.api(0, "system", "list")["systems"], [])


if __name__ == "__main__":
    main()
