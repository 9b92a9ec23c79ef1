"""Requests to an authority that is asked by hand, and the answers to them."""

import base64
import pathlib
import tempfile

from estate import Authority, wait_for
from operation_cases import case


@case("GET", "/certificate-requests")
@case("GET", "/certificate-requests/{id}")
@case("DELETE", "/certificate-requests/{id}")
@case("GET", "/certificate-request-bundle")
@case("POST", "/certificate-answers")
def a_request_waits_is_downloaded_and_is_discarded(api):
    listed, one = api.other("GET", "/certificate-requests"), api.other("GET", "/certificate-requests/{id}")
    bundle, answers = api.other("GET", "/certificate-request-bundle"), api.other("POST", "/certificate-answers")
    folder = api.other("POST", "/folders").ok({"path": f"/By Hand {api.method}"})["id"]
    bundle.refused(404, "MGR-176", query=f"?folder={folder}")
    api.other("PATCH", "/folders/{id}/defaults").ok({"issuer": "by_hand"}, id=folder)
    system = next(one for one in api.systems if one["host_name"] != "mcu1.company.com")["host_name"]
    number = api.other("GET", "/systems/{id}").ok(id=system)["id"]
    api.other("PATCH", "/systems/{id}").ok({"folder": folder}, id=system)
    assert api.other("GET", "/systems/{id}/policy").ok(id=system)["issuer"] == "by_hand"
    campaign = api.other("POST", "/campaigns").ok({"systems": [number], "mode": "verify", "name": "by hand"})["id"]
    found = wait_for(lambda: listed.ok(query=f"?folder={folder}&state=open")["requests"], "a request is made", 120)
    request = found[0]
    assert (request["system"], request["state"], request["names"]) == (number, "open", [system]), request
    assert one.ok(id=request["id"])["pem"] == request["pem"]
    one.refused(404, "GEN-003", id=999999)
    listed.refused(422, "GEN-006", query="?state=lost&limit=0")
    assert listed.ok(query="?limit=1&state=open")["next"] in (None, request["id"])
    bundle.ok(query=f"?folder={folder}&format=tar")
    bundle.ok(query=f"?requests={request['id']}")
    bundle.refused(422, "GEN-006", query="?format=rar&requests=all")
    assert one.ok(id=request["id"])["downloaded"]
    answers.refused(422, "GEN-001", {"files": []})
    answers.refused(422, "GEN-001", {"files": [{"name": "a", "content": "%"}]})
    stranger = Authority(pathlib.Path(tempfile.mkdtemp(dir=api.world.folder)) / "stranger").issue(system)[1].read_bytes()
    told = answers.ok({"files": [{"name": "a.pem", "content": stranger.decode()}, {"name": "b", "content": base64.b64encode(b"nothing").decode()}]})
    assert [one["problem"]["id"] for one in told["refused"]] == ["CRT-001", "MGR-168"] and not told["taken"], told
    discard = api.other("DELETE", "/certificate-requests/{id}")
    assert discard.ok(id=request["id"])["state"] == "superseded"
    discard.refused(409, "MGR-174", id=request["id"])
    counts = lambda: api.other("GET", "/campaigns/{id}").ok(id=campaign)["counts"]  # noqa: E731
    wait_for(lambda: counts() == {"proven": 1}, "the campaign waits for a person", 120)
    api.other("POST", "/campaigns/{id}/rollback").ok({"wave": 1}, id=campaign)
    wait_for(lambda: counts() == {"rolled_back": 1}, "it is as before", 120)
    api.other("POST", "/campaigns/{id}/cancel").ok(id=campaign)
    api.other("PATCH", "/systems/{id}").ok({"folder": 1}, id=system)
    api.other("DELETE", "/folders/{id}").ok(id=folder)
