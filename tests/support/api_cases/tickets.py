"""Tickets: found, counted, worked on. The fixture has a system that is gone, so that there is one."""

import datetime

from operation_cases import case


def a_ticket(api):
    gone = api.other("GET", "/systems/{id}").ok(id="gone")["id"]
    return api.other("GET", "/tickets").ok(query=f"?state=active&system={gone}")["tickets"][0]


def change(api, ticket, **fields):
    return api.other("PATCH", "/tickets/{id}").ok(fields, id=ticket["id"])


@case("GET", "/tickets")
def tickets_are_found_by_what_they_are(api):
    ticket = a_ticket(api)
    for query in (f"?type={ticket['type']}", "?severity=critical", "?state=all", f"?system={ticket['system']}", "?assignee="):
        assert ticket["id"] in {one["id"] for one in api.ok(query=query)["tickets"]}, query
    for query in ("?type=login_failed", "?severity=notice", "?state=closed&limit=5", "?system=0", "?assignee=nobody-of-this-name"):
        assert ticket["id"] not in {one["id"] for one in api.ok(query=query)["tickets"]}, query
    page = api.ok(query="?state=all&limit=1")
    assert len(page["tickets"]) == 1
    if page["next"]:
        assert api.ok(query=f"?state=all&limit=1&after={page['next']}")["tickets"][0]["id"] < page["next"]
    api.refused(422, "GEN-001", query="?state=new")
    assert len(api.refused(422, "GEN-006", query="?severity=bad&sevrity=bad&limit=0")["causes"]) == 3


@case("GET", "/tickets/counts")
def tickets_are_counted(api):
    a_ticket(api)
    counts = api.ok()
    assert counts["open"] == sum(one["count"] for one in counts["by_severity"]) == sum(one["count"] for one in counts["by_type"]) >= 1
    assert api.ok(query="?type=login_failed")["open"] == 0


@case("GET", "/tickets/{id}")
@case("PATCH", "/tickets/{id}")
@case("GET", "/tickets/{id}/events")
def a_ticket_is_worked_on_and_remembers_it(api):
    ticket = a_ticket(api)
    later = (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert change(api, ticket, acknowledged=True, assignee="Anna", comment="I know")["assignee"] == "Anna"
    snoozed = change(api, ticket, snoozed_until=later)
    assert snoozed["snoozed_until"] == later
    assert ticket["id"] not in {one["id"] for one in api.other("GET", "/tickets").ok()["tickets"]}
    assert ticket["id"] in {one["id"] for one in api.other("GET", "/tickets").ok(query="?state=snoozed")["tickets"]}
    assert change(api, ticket, snoozed_until=None)["snoozed_until"] is None
    assert change(api, ticket, state="closed", comment="gone for good")["state"] == "closed"
    kinds = [one["kind"] for one in api.other("GET", "/tickets/{id}/events").ok(id=ticket["id"])["events"]]
    wanted = ["opened", "commented", "assigned", "acknowledged", "snoozed", "woken", "closed"]
    assert [kind for kind in kinds if kind in wanted][:len(wanted)] == wanted, kinds
    now = api.other("GET", "/tickets/{id}").ok(id=ticket["id"])
    if now["state"] == "closed":  # a look in between opens it again by itself
        assert change(api, ticket, state="open")["held"]
    change(api, ticket, acknowledged=False, assignee="")
    refused = api.other("PATCH", "/tickets/{id}")
    refused.refused(422, "GEN-001", {}, id=ticket["id"])
    assert len(refused.refused(422, "GEN-006", {"state": "new", "snoozed_until": "2001-01-01T00:00:00Z"}, id=ticket["id"])["causes"]) == 2
