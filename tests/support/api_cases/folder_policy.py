"""Exceptions and connection settings of folders; units that came in the place of systems."""

import time

from operation_cases import case


@case("GET", "/exceptions")
@case("DELETE", "/exceptions/{id}")
@case("POST", "/folders/{id}/exceptions")
@case("GET", "/systems/{id}/policy")
def an_exception_counts_for_the_systems_of_its_folder(api):
    add, remove = api.other("POST", "/folders/{id}/exceptions"), api.other("DELETE", "/exceptions/{id}")
    change = api.other("PATCH", "/systems/{id}")
    folder = api.other("POST", "/folders").ok({"path": "/Labs"})["id"]
    wanted = {"mode": "off", "reason": "no certificates yet", "owner": "Ann", "ends": "2099-01-31"}
    add.refused(422, "GEN-001", wanted, id=folder)
    wanted["ends"] = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 30 * 86400))
    made = add.ok(wanted, id=folder)
    kept = add.ok({**wanted, "mode": None, "service": "ssh"}, id=folder)
    assert made["counts"] and (kept["kind"], kept["value"]) == ("keep_service", "ssh")
    add.refused(422, "GEN-006", {"mode": "sometimes", "reason": "", "owner": "Ann", "ends": "2020-01-01"}, id=folder)
    add.refused(422, "GEN-001", {**wanted, "mode": None, "service": "https"}, id=folder)
    system = api.systems[0]["host_name"]
    change.ok({"folder": folder}, id=system)
    policy = api.other("GET", "/systems/{id}/policy").ok(id=system)
    assert {one["id"] for one in policy["exceptions"]} == {made["id"], kept["id"]}
    notes = " ".join(api.other("GET", "/systems/{id}/plan").ok(id=system)["notes"])
    assert "Exception for /Labs until " + wanted["ends"] in notes, notes
    assert len(api.other("GET", "/exceptions").ok(query="?folder=/Labs")["exceptions"]) == 2
    for one in (made, kept):
        remove.ok(id=one["id"])
    remove.refused(404, "GEN-003", id=made["id"])
    change.ok({"folder": 1}, id=system)
    api.other("DELETE", "/folders/{id}").ok(id=folder)


@case("GET", "/folders/{id}/defaults")
@case("PATCH", "/folders/{id}/defaults")
def a_folder_has_connection_settings_and_shows_no_password(api):
    change = api.other("PATCH", "/folders/{id}/defaults")
    folder = api.other("POST", "/folders").ok({"path": f"/Settings {api.method}"})["id"]
    told = change.ok({"track_by": "host_name", "credentials": [{"user": "ops", "password": "Given-To-A-Folder-4711"}]}, id=folder)
    assert told["effective"] == {"track_by": "host_name", "user": None, "credentials": [{"user": "ops"}], "renewal_windows": None, "issuer": None, "identities": None}
    change.refused(422, "GEN-001", {"credentials": [{"user": "ops"}]}, id=folder)
    change.ok({"credentials": None}, id=folder)
    windows = ["daily 22:00-05:00 Europe/Berlin"]
    assert change.ok({"renewal_windows": windows}, id=folder)["effective"]["renewal_windows"] == windows
    change.refused(422, "GEN-001", {"renewal_windows": ["someday"]}, id=folder)
    assert change.ok({"renewal_windows": None}, id=folder)["effective"]["renewal_windows"] is None
    assert change.ok({"issuer": "by_hand"}, id=folder)["effective"]["issuer"] == "by_hand"
    assert api.other("GET", "/folders/{id}").ok(id=folder)["issuer"] == "by_hand"
    change.refused(422, "GEN-001", {"issuer": "acme"}, id=folder)
    assert change.ok({"issuer": None}, id=folder)["effective"]["issuer"] is None
    assert change.ok({"identities": "two"}, id=folder)["effective"]["identities"] == "two"
    change.refused(422, "GEN-001", {"identities": "three"}, id=folder)
    assert change.ok({"identities": None}, id=folder)["effective"]["identities"] is None
    assert api.other("GET", "/folders/{id}/defaults").ok(id=folder)["own"]["credentials"] == []
    api.other("DELETE", "/folders/{id}").ok(id=folder)


@case("GET", "/systems/{id}/replacement")
@case("POST", "/systems/{id}/replacement/accept")
def another_unit_is_accepted_when_it_was_seen_or_announced(api):
    fresh = api.other("POST", "/systems").ok({"address": f"{api.world.net}.97", "family": "mcu", "name": "Replaced"})
    accept = api.other("POST", "/systems/{id}/replacement/accept")
    assert api.other("GET", "/systems/{id}/replacement").ok(id=fresh["id"]) == {"replacement": None}
    accept.refused(409, "MGR-026", id=fresh["id"])
    accept.refused(422, "GEN-001", {"mac_address": "12"}, id=fresh["id"])
    assert accept.ok({"serial_number": "NEW1"}, id=fresh["id"])["serial_number"] == "NEW1"
    api.other("DELETE", "/systems/{id}").ok(id=fresh["id"])
