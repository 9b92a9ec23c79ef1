#!/usr/bin/env python3
"""Renewals of certificates at systems with something wrong, over real sockets while weeks pass (REQ MGR-13, MGR-16, decision 0051): one
that takes a certificate and goes on serving the old one, one that refuses it, one that is away for three weeks, and one whose trust list
lacks a new root and cannot be changed. Each goes on serving what it served, is reached as before, has the ticket that says why, and is
renewed when its fault is gone. And renewals that wait for their hours."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from time_travel import LIBRARIES, TimeTravel  # noqa: E402


@unittest.skipUnless(LIBRARIES, "libfaketime is not installed")
class Renewals(unittest.TestCase):
    def served(self, system):
        try:
            return served_certificate(system["address"], self.world.port(443))["fingerprint"]
        except Failed:
            return ""

    def serves_another(self, system, known):
        """Nothing is served while it restarts."""
        return self.served(system) not in ("", known)

    def verifies(self, system):
        return s_client_verifies(system["address"], self.world.port(443), self.world.folder / "manager" / "ca.pem", system["host_name"])

    def tickets_of(self, system):
        number = self.world.systems()[system["host_name"]]["id"]
        return {ticket["type"]: ticket for ticket in self.world.tickets() if ticket["system"] == number}

    def await_ticket(self, system, kind):
        return wait_for(lambda: self.tickets_of(system).get(kind), f"{kind} of {system['host_name']}", 120)

    def state_of(self, fingerprint):
        return self.world.api("inventory", "show", fingerprint)["state"]

    def to_level_four(self, world, systems, *policy):
        self.world = world
        world.start_all(systems, "--contact-seconds", "10", "--restart-seconds", "30")
        world.cli("policy", "set", "--certificate-days", "47", "--renew-days-before", "5", *policy)
        world.add_to_manager(systems)
        world.cli("job", "wait", "--timeout", "180")
        world.cli("secure-only", "set", "verify")
        world.cli("job", "wait", "--timeout", "180")
        world.cli("system", "observe", "--all")
        for system in systems:
            self.assertEqual(world.systems()[system["host_name"]]["level"], 4, system["host_name"])
            self.assertTrue(self.verifies(system))

    def test_systems_with_something_wrong(self):
        with World("renewals") as world, TimeTravel(world) as clock:
            names = ("well", "keeps", "refuses", "away", "blind")
            systems = [{"family": "c-series", "host_name": f"{name}.{world.domain}"} for name in names]
            # What is refused stays refused when a trial goes back; without trials the step that fails is the upload.
            self.to_level_four(world, systems, "--trial-seconds", "0")
            well, keeps, refuses, away, blind = systems
            first = {system["host_name"]: self.served(system) for system in systems}
            step("a new root of the company, which one system cannot take into its trust list")
            world.control("fault", blind["serial"], "refuses_trust")
            company = Authority(world.folder / "company")
            world.cli("root", "add", company.certificate)
            world.cli("enforce")
            ticket = self.await_ticket(blind, "enforcement_failed")
            self.assertIn("Give the system the estate's trusted roots", ticket["text"])
            self.assertIn("FIL-002", ticket["text"])
            world.control("fault", keeps["serial"], "keeps_certificate")
            world.control("fault", refuses["serial"], "refuses_certificate")
            step("day 24: one goes away, for three weeks")
            clock.to(24)
            world.control("fault", away["serial"], "reset")
            ticket = self.await_ticket(away, "no_https_response")
            self.assertIn("HTTPS does not answer", ticket["text"])
            self.assertIn("HTTPS is enabled", ticket["remedy"])
            self.assertEqual(self.served(well), first[well["host_name"]], "its time has not come")
            step("day 37: the time of all has come")
            clock.to(37)
            wait_for(lambda: self.serves_another(well, first[well["host_name"]]), "the system that is well is renewed", 120)
            ticket = self.await_ticket(keeps, "enforcement_failed")
            self.assertIn("MGR-190", ticket["text"])
            self.assertIn("Restart the system", ticket["remedy"])
            ticket = self.await_ticket(refuses, "enforcement_failed")
            self.assertIn("Install a new key and certificate", ticket["text"])
            self.assertIn("FIL-002", ticket["text"])
            wait_for(lambda: self.serves_another(blind, first[blind["host_name"]]), "a root that it does not need holds nothing up", 120)
            ticket = self.await_ticket(blind, "enforcement_failed")
            self.assertIn("trusted roots", ticket["text"])
            for ticket in self.world.tickets():
                self.assertTrue(ticket["remedy"].strip().endswith("."), ticket)
            step("each serves what it served, which verifies from outside, and is managed as before")
            for system in (keeps, refuses, blind):
                self.assertTrue(self.verifies(system))
            for system in (keeps, refuses):
                self.assertEqual(self.served(system), first[system["host_name"]])
                world.cli("system", "observe", system["host_name"])
                shown = world.systems()[system["host_name"]]
                self.assertEqual((shown["level"], shown["reachability"]), (4, "reachable"))
                self.assertEqual(self.state_of(first[system["host_name"]]), "served")
            world.cli("system", "observe", blind["host_name"])
            self.assertEqual(world.systems()[blind["host_name"]]["level"], 4)
            self.assertIn("enforcement_failed", self.tickets_of(blind))
            step("day 45: the one that was away is back, two days before its end, and is renewed")
            world.control("clear", away["serial"], "reset")
            clock.to(45)
            wait_for(lambda: self.serves_another(away, first[away["host_name"]]), "the one that was away is renewed", 120)
            wait_for(lambda: not self.tickets_of(away), "its tickets close by themselves", 120)
            self.assertEqual(self.served(keeps), first[keeps["host_name"]])
            self.assertTrue(self.verifies(keeps))
            step("the faults are gone: each is renewed by the next try, with the certificate that waited for it")
            for system, fault in ((keeps, "keeps_certificate"), (refuses, "refuses_certificate"), (blind, "refuses_trust")):
                world.control("clear", system["serial"], fault)
            clock.to(46)
            # Its certificate is new already: the root that it could not take comes with the regular enforcement, or when somebody asks.
            world.cli("enforce", blind["host_name"])
            for system in (keeps, refuses, blind):
                wait_for(lambda one=system: self.serves_another(one, first[one["host_name"]]), f"{system['host_name']} is renewed", 120)
                wait_for(lambda one=system: not self.tickets_of(one), f"the tickets of {system['host_name']} close", 120)
            world.cli("job", "wait", "--timeout", "120")
            world.cli("system", "observe", "--all")
            for system in systems:
                self.assertTrue(self.verifies(system), system["host_name"])
                uses = world.api("inventory", "show", first[system["host_name"]])["uses"]
                # What it last called with is another use, which ends with its next call.
                self.assertEqual([use["service"] for use in uses if use["until"] is None and use["service"] != "client"], [], system["host_name"])
                self.assertEqual(world.systems()[system["host_name"]]["level"], 4)
            step("no certificate that a system served ever came to its end")
            clock.to(48)
            for system in systems:
                self.assertTrue(self.verifies(system), system["host_name"])
            self.assertEqual(world.tickets(), [])

    def test_renewals_wait_for_their_hours_and_never_past_the_end(self):
        with World("windows") as world, TimeTravel(world) as clock:
            estate, folder = systems = [{"family": "c-series", "host_name": f"{name}.{world.domain}"} for name in ("estate", "folder")]
            self.to_level_four(world, systems)
            first = {system["host_name"]: self.served(system) for system in systems}
            # A window that opens on day 40, and another that opens on day 37.
            begin = time.time() + 36 * 86400
            def window(moment):
                day, hour = time.strftime("%a %H", time.gmtime(moment)).lower().split()
                return f"{day} {hour}:00-{(int(hour) + 1) % 24:02}:00 UTC"
            later, soon = window(begin + 4 * 86400), window(begin + 86400)
            bad = world.cli("policy", "set", "--renewal-window", "someday", check=False)
            self.assertIn("MGR-040", bad.stderr)
            world.cli("policy", "set", "--renewal-window", later)
            self.assertEqual(world.api("policy", "show")["renewal_windows"], [later])
            world.cli("folder", "add", "/Nights")
            world.cli("folder", "defaults", "set", "/Nights", "--renewal-window", soon)
            world.cli("system", "move", folder["host_name"], "--to", "/Nights")
            step("day 36: both are due, and neither window is open")
            clock.to(36)
            wait_for(lambda: "renewals.held" in world.manager.text(), "the manager says that they wait")
            world.cli("enforce", "--wait", "--timeout", "120")
            for system in systems:
                self.assertEqual(self.served(system), first[system["host_name"]])
            step("in the folder's hour, the one in the folder is renewed, the other waits on")
            at = 37 - (begin + 86400) % 3600 / 86400 + 0.02
            clock.to(at)
            wait_for(lambda: self.serves_another(folder, first[folder["host_name"]]), "it is renewed", 120)
            self.assertEqual(self.served(estate), first[estate["host_name"]])
            step("a person who wants a new key does not wait")
            before = self.served(folder)
            world.cli("inventory", "rekey", folder["host_name"], "--revoke", "superseded")
            wait_for(lambda: self.serves_another(folder, before), "it has a new key", 120)
            step("a window that would open in the last tenth of the life, on day 43, is not waited for")
            world.cli("policy", "set", "--renewal-window", window(begin + 7 * 86400 - 3600 * 3))
            clock.to(38)
            world.cli("enforce")
            wait_for(lambda: self.serves_another(estate, first[estate["host_name"]]), "it is renewed before its end", 120)
            self.assertTrue(self.verifies(estate))
            step("without windows, all is as before")
            world.cli("policy", "set", "--renewal-window", "any")
            self.assertEqual(world.api("policy", "show")["renewal_windows"], [])


if __name__ == "__main__":
    main()
