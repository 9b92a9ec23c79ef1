#!/usr/bin/env python3
"""Ways into the estate: a scan of address ranges, systems that are announced, and systems that call and wait to be accepted; and what
anonymous callers cannot do (REQ MGR-1, MGR-9, MGR-12)."""

import http.client
import pathlib
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

MANAGER = "/tms/public/external/management/SystemManagementService.asmx"
FEEDBACK = "/tms/public/feedback/code.aspx"
BOOK = "/tms/public/external/phonebook/phonebookservice.asmx"


def boot(serial="", mac="", name="room", address="10.9.9.9", event="Boot"):
    return ('<env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><PostEvent><Identification>'
            f"<SystemName>{name}</SystemName><MACAddress>{mac}</MACAddress><IPAddress>{address}</IPAddress>"
            f"<ProductType>TANDBERG Codec</ProductType><SWVersion>TC4.1.2</SWVersion><SerialNumber>{serial}</SerialNumber>"
            f"</Identification><Event>{event}</Event></PostEvent></env:Body></env:Envelope>")


class Adding(unittest.TestCase):
    maxDiff = None

    def post(self, world, path, body, *options):
        return status_of(f"http://{world.manager_address}:{world.port(80)}{path}", "--data-binary", body, *options)

    def test_a_scan_finds_systems_and_adds_what_is_chosen(self):
        with World("scan") as world:
            systems = world.add_estate([{"family": "c-series", "host_name": "room.company.com"}, {"family": "mcu", "host_name": "mcu.company.com"},
                                        {"family": "vcs", "host_name": "vcs.company.com"}])
            world.start_dns()
            world.start_ntp()
            world.start_device()
            world.start_manager()
            world.set_policy()
            step("a dry run says what would be asked, and sends nothing")
            dry = world.api("scan", "start", f"{world.net}.0/24", "--dry-run")
            self.assertEqual((dry["addresses"], dry["state"], dry["over_snmp"]), (254, "not_started", True))
            self.assertEqual(world.api("scan", "list")["scans"], [])
            step("limits: too many addresses, no ranges at all")
            for wrong, code in (("10.0.0.0/8", "MGR-088"), ("10.0.0.300", "MGR-087"), ("239.0.0.0/24", "MGR-087"), ("10.0.0.9-10.0.0.3", "MGR-087")):
                refused = world.cli("scan", "start", wrong, check=False)
                self.assertEqual(refused.returncode, 1, refused.stdout)
                self.assertIn(code, refused.stderr)
            step("family, version and name without any password")
            journals = [len(world.journal(one)) for one in systems]
            scan = world.api("scan", "start", f"{world.net}.1-{len(systems) + 3}", "--rate", "100")
            self.assertEqual((scan["state"], scan["looked_at"]), ("done", len(systems) + 3))
            found = {one["address"]: one for one in scan["findings"]}
            self.assertEqual({address: one["family"] for address, one in found.items()}, {one["address"]: one["family"] for one in systems})
            self.assertTrue(found[systems[0]["address"]]["software"], found)
            self.assertIn("snmp", found[systems[0]["address"]]["answers"])
            for one, before in zip(systems, journals):
                self.assertFalse([line for line in world.journal(one)[before:] if "login" in line], "nobody logged in")
            self.assertEqual(world.systems(), {}, "found is not added")
            step("chosen ones are added, into a folder")
            world.cli("scan", "add", str(scan["id"]), systems[0]["address"], "--folder", "/Found")
            world.cli("job", "wait", "--timeout", "60")
            listed = world.api("system", "list")["systems"]
            self.assertEqual([one["address"] for one in listed], [systems[0]["address"]])
            again = world.api("scan", "show", str(scan["id"]))
            self.assertEqual([one["added"] for one in again["findings"]].count(True), 1)
            step("by rule: what is recognised is added at once")
            rule = world.api("scan", "start", f"{world.net}.1-{len(systems)}", "--add-recognised", "--folder", "/Found")
            self.assertEqual({one["system"] is not None for one in rule["findings"]}, {True})
            self.assertEqual(len(world.api("system", "list")["systems"]), len(systems))
            step("under Secure-Only: HTTPS only")
            world.cli("secure-only", "set", "on")
            seen = world.api("scan", "start", f"{world.net}.1-{len(systems)}")
            self.assertEqual((seen["over_snmp"], seen["over_http"]), (False, False))
            for one in seen["findings"]:
                self.assertEqual(one["answers"], ["https"], one)

    def test_an_announced_system_comes_in_with_its_first_call(self):
        with World("announced") as world:
            systems = world.add_estate([{"family": "c-series", "host_name": "room.company.com"}, {"family": "c-series", "host_name": "other.company.com"}])
            world.start_dns()
            world.start_ntp()
            world.start_device()
            world.start_manager()
            world.trust_factory()
            world.set_policy()
            room, other = systems
            world.cli("preregistration", "add", "--mac", room["mac"], "--name", "Boardroom", "--host-name", room["host_name"], "--folder", "/Berlin",
                      "--persistent", "system.name=Boardroom")
            twice = world.cli("preregistration", "add", "--mac", room["mac"].lower().replace(":", "-"), check=False)
            self.assertIn("MGR-081", twice.stderr)
            bad = world.cli("preregistration", "add", "--serial", "x", "--host-name", "not a name", "--persistent", "service.https.mode=off", check=False)
            self.assertEqual(bad.returncode, 1)
            for problem in ("host_name", "persistent.service.https.mode"):
                self.assertIn(problem, bad.stderr, "all problems at once")
            step("somebody calls in its name, from another place: it is added there, looked at, and not confirmed")
            self.assertEqual(self.post(world, MANAGER, boot(mac=room["mac"]), "--interface", other["address"]), 200)
            one = world.api("preregistration", "list")["preregistrations"][0]
            self.assertEqual(one["state"], "called")
            world.cli("job", "wait", "--timeout", "60")
            self.assertNotEqual(world.api("preregistration", "list")["preregistrations"][0]["state"], "confirmed", "it is another unit")
            step("the system itself calls: it takes its place, and its own account confirms it")
            self.assertEqual(self.post(world, MANAGER, boot(mac=room["mac"]), "--interface", room["address"]), 200)
            wait_for(lambda: world.api("preregistration", "list")["preregistrations"][0]["state"] == "confirmed", "the unit confirms it", 60)
            system = world.systems()[room["host_name"]]
            self.assertEqual((system["name"], system["address"], system["mac_address"].lower()), ("Boardroom", room["address"], room["mac"].lower()))
            self.assertEqual(len(world.api("system", "list", "--folder", "/Berlin")["systems"]), 1)
            step("its settings: put there by enforcement, and put back after a boot that lost them")
            world.cli("enforce", "Boardroom", "--wait", "--timeout", "120")

            def name():
                url = f"http://{room['address']}:{world.port(80)}/getxml?location=/Configuration/SystemUnit"
                return curl("--digest", "--user", "admin:TANDBERG", url).stdout
            self.assertIn("Boardroom", name())
            curl("--digest", "--user", "admin:TANDBERG", "--data-raw", "<Configuration><SystemUnit><Name>lost</Name></SystemUnit></Configuration>",
                 "--header", "Content-Type: text/xml", f"http://{room['address']}:{world.port(80)}/putxml")
            self.assertIn("lost", name())

            def again():
                self.post(world, MANAGER, boot(mac=room["mac"]), "--interface", room["address"])
                return "Boardroom" in name()
            wait_for(again, "its name is put back", 60, 1)

    def test_unknown_callers_wait_within_limits(self):
        with World("waiting") as world:
            systems = world.add_estate([{"family": "c-series", "host_name": "room.company.com"}])
            world.start_dns()
            world.start_ntp()
            world.start_device()
            world.start_manager()
            world.set_policy()
            room = systems[0]
            self.assertEqual(self.post(world, MANAGER, boot(serial=room["serial"], mac=room["mac"], name="Lobby"), "--interface", room["address"]), 200)
            waiting = world.api("waiting", "list")["waiting"]
            self.assertEqual([(one["name"], one["address"], one["perhaps_behind_firewall"]) for one in waiting], [("Lobby", room["address"], True)])
            self.assertEqual(world.systems(), {})
            step("rejected, it does not come back; accepted, it is a system")
            world.cli("waiting", "reject", str(waiting[0]["id"]))
            self.post(world, MANAGER, boot(serial=room["serial"], mac=room["mac"]), "--interface", room["address"])
            typed = world.cli("system", "add", f"{world.net}.77", check=False)
            self.assertIn(f"{world.net}.77", typed.stderr, "an address where a name is asked for is tried as an address")
            self.assertNotIn("host_name", typed.stderr)
            self.assertEqual(world.api("waiting", "list")["waiting"], [])
            self.assertEqual(len(world.api("waiting", "list", "--state", "rejected")["waiting"]), 1)
            world.cli("waiting", "accept", str(waiting[0]["id"]), "--folder", "/Lobby", "--name", "Lobby")
            self.assertEqual([(one["name"], one["address"]) for one in world.api("system", "list")["systems"]], [("Lobby", room["address"])])
            self.assertEqual(world.api("waiting", "list", "--state", "rejected")["waiting"], [])
            self.flood(world, room)
            self.nonsense(world)

    def flood(self, world, room):
        step("10,000 forged calls change nothing that is known, and fill no list beyond its limit")
        self.post(world, MANAGER, boot(serial=room["serial"], mac=room["mac"], event="Beat"), "--interface", room["address"])
        before = {name: world.api("system", "show", "Lobby")[name] for name in ("level", "last_call", "address", "track_by", "name")}
        audit = world.api("audit", "list")["records"][0]["id"]
        bodies = [boot(serial=f"FORGED{i}", name="x") for i in range(50)] + [boot(serial=room["serial"], mac=room["mac"], event="Beat")]

        def send(part):
            connection = http.client.HTTPConnection(world.manager_address, world.port(80), timeout=60)
            for i in range(part, 10000, 4):
                connection.request("POST", MANAGER, bodies[i % len(bodies)], {"Content-Type": "text/xml"})
                if connection.getresponse().read() == b"":
                    raise Failed("no answer")
        threads = [threading.Thread(target=send, args=(part,)) for part in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        waiting = world.api("waiting", "list")["waiting"]
        self.assertLessEqual(len(waiting), 10, "at most ten of one address")
        self.assertLess(sum(one["calls"] for one in waiting), 200, "most of them are not even written down")
        after = {name: world.api("system", "show", "Lobby")[name] for name in before}
        self.assertEqual(after, before)
        self.assertLess(world.api("audit", "list")["records"][0]["id"] - audit, 100, "the trail is not filled")
        self.assertEqual(len(world.api("system", "list")["systems"]), 1)

    def nonsense(self, world):
        step("oversized, broken and entity-laden bodies are refused; the manager goes on")
        secret = world.folder / "secret"
        secret.write_text("the-secret-of-the-file")
        entity = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]>' + boot(serial="XXE", name="&e;")
        big = world.folder / "big"
        big.write_text("<Status>" + "x" * (600 * 1024) + "</Status>")
        for path in (MANAGER, FEEDBACK, BOOK, "/RPC2"):
            self.assertEqual(self.post(world, path, f"@{big}"), 413, path)
            for body in ("", "<", "<a><b></a>", "no xml at all", "\x01\x02"):
                self.assertIn(self.post(world, path, body), (400, 422), (path, body))
            self.assertIn(self.post(world, path, entity), (200, 400, 422), path)
        everything = json.dumps(world.api("waiting", "list")) + json.dumps(world.api("audit", "list"))
        self.assertNotIn("the-secret-of-the-file", everything)
        self.assertEqual(status_of(f"http://{world.manager_address}:{world.port(80)}/ca.pem"), 200)

    def test_behind_a_firewall_a_system_is_served_when_it_calls(self):
        with World("firewall") as world:
            systems = world.add_estate([{"family": "c-series", "host_name": "home.company.com"}])
            world.start_dns()
            world.start_ntp()
            world.start_device()
            world.start_manager()
            world.set_policy()
            home = systems[0]
            self.post(world, MANAGER, boot(serial=home["serial"], name="Home"), "--interface", home["address"])
            waiting = world.api("waiting", "list")["waiting"][0]
            world.cli("waiting", "accept", str(waiting["id"]), "--connectivity", "behind_firewall", "--family", "c-series", "--persistent", "system.name=Home")
            world.cli("job", "wait", "--timeout", "60")
            shown = world.api("system", "show", "Home")
            self.assertEqual((shown["level"], shown["address"]), (0, ""))
            self.assertIn("behind a firewall", shown["assessment"]["why"])
            step("enforcement waits for its call, and says so")
            world.cli("secure-only", "set", "on")
            jobs = wait_for(lambda: [one for one in world.api("job", "list")["jobs"] if one["kind"] == "enforce" and one["state"] == "waiting"], "it waits")
            self.assertIn("MGR-090", json.dumps(jobs))
            step("its call is answered with its settings, and nothing secret")
            answer = curl("--interface", home["address"], "--data-binary", boot(serial=home["serial"]),
                          f"http://{world.manager_address}:{world.port(80)}{MANAGER}").stdout
            for part in ("HTTPS", world.manager_host, "Home"):
                self.assertIn(part, answer)
            self.assertNotIn("assword", answer)
            other = curl("--data-binary", boot(serial="ELSE"), f"http://{world.manager_address}:{world.port(80)}{MANAGER}").stdout
            self.assertNotIn("<Protocol>", other)
            step("it calls over HTTPS: that is what was wanted")
            curl("--insecure", "--interface", home["address"], "--data-binary", boot(serial=home["serial"], event="Beat"),
                 f"https://{world.manager_address}:{world.port(443)}{MANAGER}")
            world.cli("enforce", "Home", "--wait", "--timeout", "60")

    def test_a_system_that_is_tracked_by_its_mac_address_is_found_where_it_moved(self):
        with World("moved") as world:
            room, neighbour = world.start_all([{"family": "c-series", "host_name": "room.company.com"}, {"family": "c-series", "host_name": "neighbour.company.com"}])
            world.add_to_manager([room, neighbour])
            world.cli("system", "set", room["host_name"], "--track-by", "mac")
            world.cli("secure-only", "set", "on")
            world.cli("enforce", "--wait")
            old = room["address"]
            step("calls in its name from elsewhere, where nobody or another unit is, change nothing")
            before = world.systems()[room["host_name"]]
            for elsewhere in (f"{world.net}.77", neighbour["address"]):
                self.assertEqual(self.post(world, MANAGER, boot(room["serial"], room["mac"]), "--interface", elsewhere), 200)
            log = world.manager.log
            wait_for(lambda: log.read_text().count("move.not_proven") >= 2, "both places were looked at", 60)
            self.assertEqual({name: world.systems()[room["host_name"]][name] for name in ("address", "level", "password_origin", "serial_number")},
                             {name: before[name] for name in ("address", "level", "password_origin", "serial_number")})
            step("it moves: its first call there shows where it is, and it proves who it is")
            world.device.stop()
            room["address"] = f"{world.net}.78"
            world.add_estate([room, neighbour])
            world.device.start()
            world.device.await_line("ready:")
            moved = wait_for(lambda: (one := world.systems()[room["host_name"]])["address"] == room["address"] and one, "it was found", 90)
            self.assertEqual((moved["track_by"], moved["serial_number"]), ("mac", room["serial"]))
            told = [one["detail"] for one in world.api("audit", "list")["records"] if "it called from there" in one["detail"]]
            self.assertEqual(len(told), 1, told)
            self.assertIn(f"it is at {room['address']} now, and was at {old}", told[0])
            wait_for(lambda: world.systems()[room["host_name"]]["level"] == before["level"], "the level that it had", 60)
            world.cli("enforce", room["host_name"], "--wait")

    def test_systems_behind_a_firewall_and_at_other_ports_are_added_one_by_one_and_by_list(self):
        with World("byhand") as world:
            world.start_dns()
            world.start_manager()
            world.set_policy()
            world.cli("system", "add", "--name", "Home", "--serial", "H1", "--family", "c-series", "--connectivity", "behind_firewall", "--persistent", "system.name=Home")
            self.assertEqual(world.api("system", "connection", "Home"), {"connectivity": "behind_firewall", "persistent": {"system.name": "Home"}})
            refused = world.cli("system", "add", "--name", "Other", "--connectivity", "behind_firewall", check=False)
            self.assertEqual(refused.returncode, 1, refused.stdout)
            list_file = world.folder / "list.csv"
            list_file.write_text(f"name,address,serial,family,https_port,track_by,connectivity\nLobby,{world.net}.90,L1,mcu,4443,mac,public\nAnn,,A1,c-series,,,behind_firewall\n")
            world.cli("system", "import", list_file)
            lobby = world.api("system", "show", "Lobby")
            self.assertEqual((lobby["https_port"], lobby["track_by"]), (4443, "mac"))
            self.assertEqual([world.api("system", "connection", name)["connectivity"] for name in ("Lobby", "Ann")], ["public", "behind_firewall"])
            self.assertIn("4443", world.cli("system", "export", "--columns", "name,https_port,track_by").stdout)
            step("what is given empty is taken away")
            world.cli("system", "set", "Lobby", "--host-name", "lobby.company.com", "--https-port", "0", "--system-pin", "ab" * 32, "--track-by", "host_name")
            world.cli("system", "set", "Lobby", "--ip", "", "--system-pin", "")
            lobby = world.api("system", "show", "Lobby")
            self.assertEqual((lobby["host_name"], lobby["address"], lobby["pins"], lobby["https_port"]), ("lobby.company.com", "", [], 0))
            policy = world.api("policy", "set", "--dns-server", "", "--dns-domain", "", "--ntp-server", "", "--change-factory-passwords", "no")
            self.assertEqual((policy["dns_servers"], policy["dns_domain"], policy["ntp_server"], policy["change_factory_passwords"]), ([], "", "", False))


if __name__ == "__main__":
    main()
