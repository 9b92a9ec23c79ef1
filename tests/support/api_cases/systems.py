"""Systems: added, shown, changed, observed, planned for, forgotten."""

from estate import wait_for
from operation_cases import case


@case("GET", "/systems")
def systems_come_in_pages(api):
    first = api.ok(query="?limit=1")
    assert len(first["systems"]) == 1 and first["next"]
    second = api.ok(query=f"?limit=1&after={first['next']}")
    assert second["systems"][0]["id"] != first["systems"][0]["id"]
    assert api.ok(query="?text=nobody")["systems"] == []
    ends = sorted(one["certificate_expires"] for one in api.ok(query="?limit=1000")["systems"] if one["certificate_expires"])
    assert sorted(one["certificate_expires"] for one in api.ok(query="?expires_after=2000-01-01T00:00:00Z")["systems"]) == ends
    assert api.ok(query="?expires_after=2000-01-01T00:00:00Z&expires_before=2000-01-02T00:00:00Z")["systems"] == []
    assert [one["certificate_expires"] for one in api.ok(query=f"?expires_after={ends[-1]}")["systems"]] == [one for one in ends if one == ends[-1]]
    api.refused(422, "GEN-001", query="?expires_after=late")


@case("POST", "/systems")
@case("PATCH", "/systems/{id}")
@case("DELETE", "/systems/{id}")
def a_system_is_added_changed_and_forgotten(api):
    fresh = {"address": f"{api.world.net}.98", "family": "mcu", "name": "Fresh"}
    made = api.other("POST", "/systems").ok(fresh)
    api.other("POST", "/systems").refused(409, "MGR-001", fresh)
    change = api.other("PATCH", "/systems/{id}")
    assert change.ok({"name": "Renamed", "pins": ["ab" * 32]}, id=made["id"])["name"] == "Renamed"
    change.refused(422, "GEN-006", {"address": "here", "pins": ["short"]}, id=made["id"])
    moved = change.ok({"https_port": 4443, "track_by": "mac", "pins": []}, id=made["id"])
    assert (moved["https_port"], moved["track_by"], moved["pins"]) == (4443, "mac", [])
    change.refused(422, "GEN-001", {"https_port": 70000}, id=made["id"])
    change.refused(422, "GEN-001", {"track_by": "host_name"}, id=made["id"])
    change.refused(422, "GEN-001", {"pins": ["ab" * 32] * 11}, id=made["id"])
    home = {"name": "Home", "family": "c-series", "connectivity": "behind_firewall", "mac_address": "00-50-60-0A-0B-0C", "persistent": ["system.name=Home"]}
    added = api.other("POST", "/systems").ok(home)
    assert added["mac_address"] == "00:50:60:0a:0b:0c", added
    assert api.other("GET", "/systems/{id}/connection").ok(id=added["id"]) == {"connectivity": "behind_firewall", "persistent": {"system.name": "Home"}}
    api.other("POST", "/systems").refused(422, "GEN-002", {"name": "Else", "family": "c-series", "connectivity": "behind_firewall"})
    api.other("DELETE", "/systems/{id}").ok(id=added["id"])
    api.other("DELETE", "/systems/{id}").ok(id=made["id"])
    api.other("GET", "/systems/{id}").refused(404, "GEN-003", id=made["id"])


@case("GET", "/systems/{id}")
def a_system_is_found_by_each_of_its_names(api):
    system = api.systems[0]
    by_name = [api.ok(id=name)["id"] for name in (system["host_name"], system["address"], system["serial"])]
    assert len(set(by_name)) == 1, by_name
    assert api.ok(id=by_name[0])["assessment"]["protocols"]


@case("POST", "/systems/{id}/observe")
def a_look_says_the_level(api):
    assert api.ok(id=api.systems[0]["host_name"])["level"] in (1, 2, 3, 4)


@case("GET", "/systems/{id}/plan")
def a_plan_is_for_the_mode_that_is_asked_for(api):
    assert api.ok(query="?secure_only=verify", id=api.systems[0]["host_name"])["steps"]
    api.refused(422, "GEN-001", query="?secure_only=perhaps", id=api.systems[0]["host_name"])


@case("GET", "/systems/{id}/settings")
def a_system_says_its_settings_and_the_plan_stands_beside(api):
    system = api.systems[0]["host_name"]
    api.other("PATCH", "/systems/{id}/connection").ok({"persistent": ["system.name=Kept"]}, id=system)
    reported = api.ok(id=system)["settings"]
    named = {one["name"]: one for one in reported}
    plan = api.other("GET", "/systems/{id}/plan").ok(id=system)
    then = {change["setting"]: change["value"] for step in plan["steps"] for change in step["settings"]}
    assert len(named) > 20 and then, (named, then)
    for name, value in then.items():
        now = named[name]["value"]
        assert named[name]["wanted"] == (value if value != now else None), (named[name], value)
    assert named["system.name"]["kept"] == "Kept"
    assert not any("password" in one["name"] and one["value"] for one in reported)
    assert all(one["path"] for one in reported if not one["name"])
    api.other("PATCH", "/systems/{id}/connection").ok({"persistent": []}, id=system)
    api.refused(404, "GEN-003", id="nobody")


@case("GET", "/systems/{id}/history")
def what_looks_found_changed_is_listed(api):
    system = api.other("GET", "/systems/{id}").ok(id=api.systems[0]["host_name"])
    page = api.ok(id=system["id"], query="?limit=1")
    assert [set(one) for one in page["looks"]] in ([], [{"id", "at", "changes"}])
    assert (page["next"] is None) == (not page["looks"])
    api.refused(404, "GEN-003", id="nobody")
    api.refused(422, "GEN-001", id=system["id"], query="?before=x")


@case("POST", "/systems/{id}/enforce")
@case("POST", "/enforce")
@case("GET", "/jobs")
@case("GET", "/jobs/{id}")
def enforcement_is_a_job_that_ends(api):
    system = api.other("GET", "/systems/{id}").ok(id=api.systems[0]["host_name"])
    jobs = api.other("POST", "/systems/{id}/enforce").ok(id=system["id"])["jobs"]
    assert len(api.other("POST", "/enforce").ok({"systems": [system["id"]]})["jobs"]) == 1  # the same, unless that has ended already
    show = api.other("GET", "/jobs/{id}")
    wait_for(lambda: show.ok(id=jobs[0])["state"] == "succeeded", "the job succeeds", 120)
    page = api.other("GET", "/jobs").ok(query=f"?system={system['id']}&limit=1&state=succeeded")
    assert [one["system"] for one in page["jobs"]] == [system["id"]]
    assert page["next"] == page["jobs"][0]["id"]
    older = api.other("GET", "/jobs").ok(query=f"?system={system['id']}&limit=1000&before={page['next']}")
    assert all(one["id"] < page["next"] for one in older["jobs"]) and older["next"] is None
    # An empty selection is a mistake, not the whole estate.
    for nothing in ({}, {"systems": []}, {"folder": ""}, {"all": False}):
        api.other("POST", "/enforce").refused(422, "MGR-044", nothing)
    api.other("GET", "/jobs").refused(422, "GEN-001", query="?state=done")
