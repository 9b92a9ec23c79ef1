"""The manager's own doors; systems that come in by scan, announcement and call; phone books."""

from estate import status_of, wait_for
from operation_cases import case

BOOT = ('<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><PostEvent><Identification><SystemName>Lobby</SystemName>'
        "<MACAddress>00:50:60:77:00:{:02}</MACAddress></Identification><Event>Boot</Event></PostEvent></e:Body></e:Envelope>")


@case("GET", "/own-level")
def the_manager_has_a_level_too(api):
    own = api.ok()
    rows = {one["id"]: one for one in own["protocols"]}
    assert own["level"] == min(one["level"] for one in rows.values() if one["open"] and one["counts"]), own
    assert rows["http"]["open"] and rows["http"]["level"] == 2 and rows["http"]["raise_by"]
    assert rows["https"]["level"] == 4 and rows["database"]["level"] == 4, rows


@case("GET", "/network")
@case("PATCH", "/network")
@case("GET", "/network/restriction")
@case("GET", "/readiness")
def the_managers_own_doors(api):
    change = api.other("PATCH", "/network")
    assert change.ok({"scan_snmp": False})["scan_snmp"] is False
    change.ok({"scan_snmp": True})
    change.refused(409, "MGR-083", {"plain_http": "forbidden", "accept_limitations": True})
    change.refused(422, "GEN-001", {"plain_http": "ajar"})
    assert api.other("GET", "/network").ok()["plain_http"] == "open"
    assert api.other("GET", "/network/restriction").ok()["limitations"]
    assert {one["id"] for one in api.other("GET", "/readiness").ok()["readiness"]} >= {"host_name", "override_dns"}


@case("GET", "/systems/{id}/connection")
@case("PATCH", "/systems/{id}/connection")
def how_a_system_is_reached(api):
    host = api.systems[0]["host_name"]
    change = api.other("PATCH", "/systems/{id}/connection")
    assert change.ok({"connectivity": "public", "persistent": ["system.name=Room"]}, id=host)["persistent"] == {"system.name": "Room"}
    change.refused(422, "GEN-001", {"persistent": ["service.https.mode=off"]}, id=host)
    change.ok({"connectivity": "lan", "persistent": []}, id=host)
    assert api.other("GET", "/systems/{id}/connection").ok(id=host)["persistent"] == {}


@case("GET", "/preregistrations")
@case("POST", "/preregistrations")
@case("GET", "/preregistrations/{id}")
@case("DELETE", "/preregistrations/{id}")
def a_system_is_announced_and_withdrawn(api):
    add = api.other("POST", "/preregistrations")
    made = add.ok({"mac_address": "00:50:60:99:00:01", "name": "Later", "password": "not-told-again"})
    assert made["has_password"] and made["state"] == "announced"
    add.refused(409, "MGR-081", {"mac_address": "005060990001"})
    add.refused(422, "GEN-006", {"mac_address": "none", "host_name": "no name"})
    assert made["id"] in [one["id"] for one in api.other("GET", "/preregistrations").ok()["preregistrations"]]
    assert api.other("GET", "/preregistrations/{id}").ok(id=made["id"])["name"] == "Later"
    api.other("DELETE", "/preregistrations/{id}").ok(id=made["id"])


@case("GET", "/waiting-systems")
@case("DELETE", "/waiting-systems/{id}")
@case("POST", "/waiting-systems/{id}/accept")
@case("POST", "/waiting-systems/{id}/reject")
def a_system_that_calls_waits(api):
    def waiting(query=""):
        return api.other("GET", "/waiting-systems").ok(query=query)["waiting"]

    url = f"http://{api.world.manager_address}:{api.world.port(80)}/tms/public/external/management/SystemManagementService.asmx"
    for number in (1, 2):
        assert status_of(url, "--interface", f"{api.world.net}.97", "--data", BOOT.format(number)) == 200
    first, second = waiting()
    assert api.other("POST", "/waiting-systems/{id}/reject").ok(id=first["id"])["rejected"]
    assert [one["id"] for one in waiting("?state=rejected")] == [first["id"]]
    api.other("DELETE", "/waiting-systems/{id}").ok(id=first["id"])
    accept = api.other("POST", "/waiting-systems/{id}/accept")
    accept.refused(422, "GEN-001", {"connectivity": "somewhere"}, id=second["id"])
    made = accept.ok({"name": "Accepted", "family": "mcu"}, id=second["id"])
    assert waiting() == []
    api.other("DELETE", "/systems/{id}").ok(id=made["id"])


@case("GET", "/scans")
@case("POST", "/scans")
@case("GET", "/scans/{id}")
@case("POST", "/scans/{id}/cancel")
@case("POST", "/scans/{id}/add")
def addresses_are_scanned(api):
    start, show = api.other("POST", "/scans"), api.other("GET", "/scans/{id}")
    start.refused(422, "MGR-088", {"ranges": ["10.0.0.0/8"]})
    scan = start.ok({"ranges": [api.systems[0]["address"]]})
    wait_for(lambda: show.ok(id=scan["id"])["state"] == "done", "the scan ends")
    assert [one["family"] for one in show.ok(id=scan["id"])["findings"]] == [api.systems[0]["family"]]
    api.other("POST", "/scans/{id}/add").refused(404, "GEN-003", {"addresses": ["10.0.0.1"]}, id=scan["id"])
    api.other("POST", "/scans/{id}/add").ok({"addresses": [api.systems[0]["address"]]}, id=scan["id"])
    api.other("POST", "/scans/{id}/cancel").ok(id=scan["id"])
    assert api.other("GET", "/scans").ok()["scans"]


@case("GET", "/phonebooks")
@case("POST", "/phonebooks/import")
@case("GET", "/phonebooks/{id}")
@case("DELETE", "/phonebooks/{id}")
@case("POST", "/phonebooks/{id}/assign")
@case("POST", "/phonebooks/{id}/unassign")
@case("GET", "/phonebook-entries")
def a_phone_book_is_imported_assigned_and_removed(api):
    take = api.other("POST", "/phonebooks/import")
    take.refused(422, "MGR-080", {"name": "Case", "csv": "name,number\nA\n"})
    assert take.ok({"name": "Case", "csv": "name,number\nAnna,1\n"})["added"] == 1
    assert api.other("GET", "/phonebook-entries").ok(query="?text=ann&book=Case")["entries"][0]["routes"][0]["number"] == "1"
    assert api.other("POST", "/phonebooks/{id}/assign").ok({"folder": "/"}, id="Case")["assignments"] == ["folder 1"]
    api.other("POST", "/phonebooks/{id}/assign").refused(422, "GEN-001", {"all": True, "folder": "/"}, id="Case")
    assert api.other("POST", "/phonebooks/{id}/unassign").ok({"folder": "/"}, id="Case")["assignments"] == []
    assert api.other("GET", "/phonebooks/{id}").ok(id="Case")["entries"] == 1
    assert api.other("GET", "/phonebooks").ok()["phonebooks"]
    api.other("DELETE", "/phonebooks/{id}").ok(id="Case")


@case("GET", "/network/ssh-key")
def the_key_for_systems_stays_the_same(api):
    key = api.ok()["public_key"]
    assert key.startswith("ssh-ed25519 AAAA") and "\n" not in key, key
    assert api.ok()["public_key"] == key
