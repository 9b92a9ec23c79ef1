#!/usr/bin/env python3
"""The guides for the management server (seed 004, chapter Cisco TMS): Level 3, Level 4, the optional restriction to HTTPS, adding systems
afterwards, and turning Secure-Only off; with systems of every family, some not capable, some faulty (REQ GDE-1, MGR-1 to MGR-12)."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

FAMILIES = ("c-series", "mxp", "mps", "vcs", "mcu", "roomos", "rmx")
NOT_CAPABLE = (("c-series", "oldroom", "TC2.1.0"), ("mxp", "oldmxp", "F6.3"))


class TmsGuides(unittest.TestCase):
    maxDiff = None

    def shown(self, world):
        return world.cli("system", "list").stdout + world.cli("job", "list").stdout + world.cli("ticket", "list").stdout

    def enforce(self, world, code):
        done = world.cli("enforce", "--wait", "--timeout", "300", check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr + self.shown(world))

    def refused(self, world, code, *command):
        done = world.cli(*command, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn(code, done.stderr)

    def http(self, world, path, *options):
        return status_of(f"http://{world.manager_address}:{world.port(80)}{path}", *options)

    def https(self, world, path, *options):
        host = f"{world.manager_host}:{world.port(443)}"
        return status_of(f"https://{host}{path}", "--cacert", world.folder / "manager" / "ca.pem", "--resolve", f"{host}:{world.manager_address}", *options)

    def pin_rmx(self, world, systems):
        """The collaboration server's factory certificate leads to no authority: a person compares it and pins it."""
        rmx = next(one for one in systems if one["family"] == "rmx")
        world.pin_served(rmx)

    def old_systems(self):
        return [{"family": family, "host_name": f"{name}.company.com", "software": software} for family, name, software in NOT_CAPABLE]

    def assert_as_before(self, world, before):
        """Not capable: left as they are, over the doors that they have."""
        now = world.systems()
        for _, name, _ in NOT_CAPABLE:
            host = f"{name}.company.com"
            self.assertEqual(now[host]["level"], before[host]["level"], host)
            self.assertEqual(now[host]["track_by"], before[host]["track_by"], host)
            self.assertEqual(port_state(now[host]["address"], world.port(80)), "open", host)

    def test_level_3(self):
        with World("tms3") as world:
            systems = world.start_all([{"family": family, "host_name": f"{family}.company.com"} for family in FAMILIES] + self.old_systems(),
                                      "--answer-seconds", "3")
            step("1. The web site has a server certificate: https opens as http does")
            self.assertEqual(self.https(world, "/"), 200)
            self.assertEqual(self.http(world, "/ca.pem"), 200)
            world.add_to_manager(systems)
            world.cli("job", "wait", "--timeout", "120")
            before = world.systems()
            step("one of the capable systems stops to answer")
            faulty = next(one for one in systems if one["family"] == "mps")
            world.control("fault", faulty["serial"], "silent")
            step("1. Secure-Only mode on, Verify Certificates unchecked")
            world.cli("secure-only", "set", "on")
            step("2. Enforce Management Settings begins by itself")
            jobs = world.api("job", "list")["jobs"]
            self.assertTrue([one for one in jobs if one["kind"] == "enforce"], jobs)
            self.pin_rmx(world, systems)
            good = [one["host_name"] for one in systems if one["family"] in FAMILIES and one is not faulty and "old" not in one["host_name"]]
            world.cli("enforce", *good, "--wait", "--timeout", "300")
            step("3. New tickets: No HTTPS Response of the system that cannot be reached, and nothing of the others")
            world.cli("system", "observe", faulty["host_name"], check=False)
            tickets = {(one["system_name"], one["title"]) for one in world.tickets()}
            self.assertEqual(tickets, {("mps", "No HTTPS Response")}, self.shown(world))
            self.assert_as_before(world, before)
            notes = world.api("plan", "show", "oldroom.company.com")["plans"][0]["notes"]
            self.assertTrue(notes, "it is left alone without a word")
            for note in notes:
                self.assertIn("Not capable of Secure-Only", note)
            seen = world.systems()
            for host in good:
                self.assertEqual(seen[host]["level"], 3, world.cli("system", "show", host).stdout)
            step("HTTP is still there for the others")
            self.assertEqual(self.http(world, "/ca.pem"), 200)
            step("the connection error is resolved: the next run of the task updates the system, and its ticket closes")
            world.control("clear", faulty["serial"])
            world.cli("enforce", faulty["host_name"], "--wait", "--timeout", "300")
            self.assertEqual(world.systems()[faulty["host_name"]]["level"], 3, self.shown(world))
            self.assertEqual(world.tickets(), [])

    def test_level_4_restriction_adding_and_off(self):
        with World("tms4") as world:
            first = [{"family": family, "host_name": f"{family}.company.com"} for family in FAMILIES]
            late = {"family": "c-series", "host_name": "late.company.com"}
            systems = world.start_all(first + self.old_systems() + [late])
            unnamed = next(one for one in systems if one["family"] == "mxp")
            world.add_to_manager([one for one in systems if one not in (unnamed, late)])
            world.cli("system", "add", "--ip", unnamed["address"], "--name", "mxp", "--family", "mxp")
            world.cli("job", "wait", "--timeout", "120")
            self.check_readiness(world)
            self.to_level_4(world, systems, unnamed)
            self.add_after(world, late)
            self.restrict(world)
            self.turn_off(world, systems)

    def check_readiness(self, world):
        step("the readiness list: name, DNS, time, Override DNS No, one name inside and outside, host names of systems")
        done = world.cli("--json", "readiness", check=False)
        items = {one["id"]: one for one in json.loads(done.stdout)["readiness"]}
        for point in ("host_name", "dns", "systems_dns", "time", "override_dns", "one_name", "certificate"):
            self.assertEqual(items[point]["state"], "yes", items[point])
        self.assertEqual(done.returncode, 2, "a capable system has no host name")
        self.assertIn("mxp", items["systems_by_host_name"]["evidence"])
        self.assertTrue(items["systems_by_host_name"]["remedy"])
        step("Override DNS, or another name outside, and Secure-Only are refused together, with the remedy")
        world.cli("network", "set", "--override-dns", "yes", "--public-host-name", "outside.company.com")
        self.refused(world, "MGR-085", "secure-only", "set", "verify")
        self.refused(world, "MGR-007", "secure-only", "set", "on")
        self.assertEqual(world.api("policy", "show")["secure_only"], "off")
        world.cli("network", "set", "--override-dns", "no", "--public-host-name", "")
        step("a time server that nobody knows, too")
        world.cli("policy", "set", "--ntp-server", "nowhere.company.com")
        self.refused(world, "MGR-007", "secure-only", "set", "verify")
        world.cli("policy", "set", "--ntp-server", "ntp.company.com")

    def to_level_4(self, world, systems, unnamed):
        before = world.systems()
        step("6. Secure-Only on, Verify Certificates checked")
        world.cli("secure-only", "set", "verify")
        self.enforce(world, 2)
        step("5. a system without host name stays behind, and says why")
        plan = world.api("plan", "show", "mxp", check=False)["plans"][0]
        self.assertEqual([one["id"] for one in plan["blockers"]], ["MGR-006"])
        world.cli("system", "set", "mxp", "--host-name", unnamed["host_name"])
        self.pin_rmx(world, systems)
        self.enforce(world, 0)
        world.cli("system", "observe", "--all")
        seen = world.systems()
        for family in FAMILIES:
            one = seen[f"{family}.company.com"]
            self.assertEqual((one["level"], one["track_by"]), (4, "host_name"), world.cli("system", "show", one["host_name"]).stdout)
            for standard in (80, 23, 21):
                self.assertEqual(port_state(one["address"], world.port(standard)), "refused", f"{family} {standard}")
            self.assertFalse(snmp_answers(one["address"], world.port(161)), family)
        self.assert_as_before(world, before)
        step("8. no tickets of what was switched off on purpose")
        self.assertEqual(world.tickets(), [])
        step("a certificate that does not verify: communication is not continued, and a ticket says so")
        vcs = next(one for one in systems if one["family"] == "vcs")
        world.control("fault", vcs["serial"], "wrong_name")
        world.cli("system", "observe", vcs["host_name"], check=False)
        self.assertEqual([one["title"] for one in world.tickets()], ["Certificate Validation Error"])
        world.control("clear", vcs["serial"])
        world.cli("system", "observe", vcs["host_name"])
        self.assertEqual(world.tickets(), [])

    def add_after(self, world, late):
        step("a system that is added afterwards: Enforce Management Settings takes it along")
        world.cli("system", "add", late["host_name"], "--ip", late["address"])
        world.cli("enforce", late["host_name"], "--wait", "--timeout", "300")
        world.cli("system", "observe", late["host_name"])
        self.assertEqual(world.systems()[late["host_name"]]["level"], 4, self.shown(world))

    def restrict(self, world):
        step("the optional restriction: its limitations are shown first, with the systems that could not call any more")
        meaning = world.api("network", "restriction")
        self.assertGreaterEqual(len(meaning["limitations"]), 6)
        self.assertEqual({one["name"] for one in meaning["systems"]}, {"oldroom", "oldmxp"})
        self.refused(world, "MGR-082", "network", "set", "--plain-http", "forbidden")
        self.assertEqual(self.http(world, "/ca.pem"), 200, "what is refused changes nothing")
        world.cli("network", "set", "--plain-http", "forbidden", "--accept-limitations")
        for path in ("/", "/ca.pem", "/tms/public/feedback/code.aspx"):
            self.assertEqual(self.http(world, path), 403, path)
        issuer = next(one["fingerprint"] for one in world.api("authority", "show")["authorities"])
        for path in (f"/pki/crl/{issuer}", f"/pki/ca/{issuer}"):
            self.assertEqual(self.http(world, path), 200, path + " is what certificates name for revocation")
        self.assertEqual(self.http(world, "/tms/public/feedback/code.aspx", "--data", "<Status/>"), 403)
        self.assertEqual(self.https(world, "/"), 200, "the administrator is not locked out")
        step("redirect, if chosen: browsers are shown the way, calls are not")
        world.cli("network", "set", "--plain-http", "redirect")
        self.assertEqual(self.http(world, "/"), 308)
        self.assertEqual(self.http(world, "/tms/public/feedback/code.aspx", "--data", "<Status/>"), 403)
        step("kept over a restart; Off, which tells systems to call over HTTP, is refused meanwhile; scans use no SNMP")
        world.manager.stop()
        world.restart_manager()
        self.assertEqual(self.http(world, "/"), 308)
        self.refused(world, "MGR-086", "secure-only", "set", "off")
        scan = world.api("scan", "start", f"{world.net}.1-20", "--dry-run")
        self.assertEqual((scan["over_snmp"], scan["over_http"], scan["addresses"]), (False, False, 20))
        world.cli("network", "set", "--plain-http", "open")
        self.assertEqual(self.http(world, "/ca.pem"), 200)

    def turn_off(self, world, systems):
        step("Off: the way back is on trial where the system can do that, and no contact is lost")
        kinds = [one["kind"] for one in world.api("plan", "show", "--goal", "off", "c-series.company.com")["plans"][0]["steps"]]
        self.assertEqual((kinds[0], kinds[-1]), ("begin_trial", "confirm_trial"), kinds)
        world.cli("secure-only", "set", "off")
        self.enforce(world, 0)
        seen = world.systems()
        for family in FAMILIES:
            one = seen[f"{family}.company.com"]
            if family in ("c-series", "mxp", "mps", "vcs", "roomos"):
                self.assertEqual(one["last_call"], "http", one)
            self.assertEqual(port_state(one["address"], world.port(443)), "open", "its own HTTPS stays")
            self.assertEqual(one["reachability"], "reachable", one)
        self.assertEqual(world.tickets(), [])

    def test_a_way_back_that_leads_nowhere_is_undone_by_the_system(self):
        with World("tmsoff") as world:
            systems = world.start_all([{"family": "c-series", "host_name": "room.company.com"}], "--no-http")
            world.add_to_manager(systems)
            world.cli("secure-only", "set", "verify")
            self.enforce(world, 0)
            step("the manager has no HTTP port at all: a system that is told to call there would be lost")
            plan = world.cli("plan", "show", "room.company.com", "--goal", "off").stdout
            self.assertIn("Put the changes on trial", plan)
            world.cli("secure-only", "set", "off")
            wait_for(lambda: [one for one in world.api("audit", "list")["records"] if one["action"] == "trial.cancelled"], "the changes go back", 120)
            world.cli("system", "observe", "room.company.com")
            shown = world.api("system", "show", "room.company.com")
            manager = next(one for one in shown["assessment"]["protocols"] if one["id"] == "external_manager")
            self.assertIn("HTTPS", manager["evidence"])


if __name__ == "__main__":
    main()
