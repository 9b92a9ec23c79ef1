"""Campaigns: planned, started, paused, confirmed, rolled back, cancelled. They have a system of their own."""

from estate import wait_for
from operation_cases import case

HOST = "mcu2.company.com"


@case("POST", "/campaigns/plan")
@case("POST", "/campaigns")
@case("GET", "/campaigns")
@case("GET", "/campaigns/{id}")
@case("GET", "/campaigns/{id}/systems")
@case("GET", "/campaigns/{id}/report")
@case("POST", "/campaigns/{id}/pause")
@case("POST", "/campaigns/{id}/resume")
@case("POST", "/campaigns/{id}/cancel")
def a_campaign_is_planned_started_paused_and_cancelled(api):
    system = api.other("GET", "/systems/{id}").ok(id=HOST)["id"]
    wanted = {"systems": [system], "mode": "verify", "canaries": [system], "start_at": "2099-01-01T00:00:00Z",
              "windows": ["mon-fri 22:00-05:00 Europe/Berlin"]}
    plan, start = api.other("POST", "/campaigns/plan"), api.other("POST", "/campaigns")
    planned = plan.ok(wanted)
    assert planned["systems"][0]["outlook"] == "has_steps" and plan.ok(wanted)["digest"] == planned["digest"]
    plan.refused(422, "MGR-044", {"mode": "verify"})
    plan.refused(422, "GEN-006", {**wanted, "windows": ["tomorrow"], "waves": ["0"]})
    start.refused(409, "MGR-043", {**wanted, "name": "one", "stop_on": "2", "digest": planned["digest"]})
    start.refused(422, "GEN-002", wanted)
    made = start.ok({**wanted, "name": "one", "digest": planned["digest"]})
    number = made["id"]
    start.refused(409, "MGR-042", {**wanted, "name": "two"})
    assert api.other("GET", "/campaigns").ok(query="?limit=1")["campaigns"][0]["id"] == number
    assert api.other("GET", "/campaigns/{id}").ok(id=number)["counts"] == {"pending": 1}
    members = api.other("GET", "/campaigns/{id}/systems")
    assert [one["system"] for one in members.ok(query="?state=pending&wave=0", id=number)["systems"]] == [system]
    members.refused(422, "GEN-001", query="?state=perhaps", id=number)
    assert api.other("GET", "/campaigns/{id}/report").ok(id=number)["attention"] == []
    assert api.other("POST", "/campaigns/{id}/pause").ok(id=number)["reason"] == "by_hand"
    assert api.other("POST", "/campaigns/{id}/resume").ok({"retry": True}, id=number)["state"] == "running"
    cancel = api.other("POST", "/campaigns/{id}/cancel")
    assert cancel.ok(id=number)["counts"] == {"skipped": 1}
    cancel.refused(409, "MGR-048", id=number)


@case("POST", "/campaigns/{id}/confirm")
@case("GET", "/campaigns/{id}/rollback")
@case("POST", "/campaigns/{id}/rollback")
def what_was_proven_is_confirmed_and_a_wave_is_taken_back(api):
    system = api.other("GET", "/systems/{id}").ok(id=HOST)["id"]
    show, back = api.other("GET", "/campaigns/{id}"), api.other("POST", "/campaigns/{id}/rollback")
    confirm = api.other("POST", "/campaigns/{id}/confirm")
    number = api.other("POST", "/campaigns").ok({"systems": [system], "mode": "on", "name": "there and back"})["id"]
    wait_for(lambda: show.ok(id=number)["counts"] == {"proven": 1}, "the system is at its goal", 120)
    wave = api.other("GET", "/campaigns/{id}/systems").ok(id=number)["systems"][0]["wave"]
    confirm.refused(409, "MGR-046", {"wave": wave + 1}, id=number)
    assert confirm.ok({"wave": wave}, id=number)["systems"] == 1
    wait_for(lambda: show.ok(id=number)["counts"] == {"done": 1}, "it is confirmed", 120)
    confirm.refused(409, "MGR-048", {"wave": wave}, id=number)
    outlook = api.other("GET", "/campaigns/{id}/rollback")
    assert [one["system"] for one in outlook.ok(query=f"?wave={wave}", id=number)["systems"]] == [system]
    outlook.refused(422, "GEN-001", query="?wave=first", id=number)
    assert back.ok({"wave": wave}, id=number)["systems"] == 1
    wait_for(lambda: show.ok(id=number)["counts"] == {"rolled_back": 1}, "it is taken back", 120)
    back.refused(409, "MGR-046", {"wave": wave}, id=number)
