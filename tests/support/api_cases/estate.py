"""What is about the whole estate: the manager itself, families, policy, certificates, the trail, vendors, events."""

import http.client
import pathlib
import tempfile

from estate import BIN, Authority, fingerprint_of, run, wait_for
from operation_cases import API, DESCRIPTION, case


@case("GET", "/about")
def the_manager_names_itself_and_its_roots(api):
    about = api.ok()
    assert about["host_name"] == api.world.manager_host and about["roots"]


@case("GET", "/families")
def families_are_listed(api):
    assert {"c-series", "mcu"} <= {one["id"] for one in api.ok()["families"]}


@case("GET", "/policy")
@case("PATCH", "/policy")
def the_policy_changes_in_what_is_named(api):
    before = api.other("GET", "/policy").ok()
    change = api.other("PATCH", "/policy")
    assert change.ok({"certificate_days": 300}) == {**before, "certificate_days": 300}
    change.refused(422, "GEN-006", {"certificate_days": 0, "ntp_server": "no name"})
    assert change.ok({"renewal_windows": ["sat,sun 00:00-24:00 UTC"]})["renewal_windows"] == ["sat,sun 00:00-24:00 UTC"]
    change.refused(422, "GEN-001", {"renewal_windows": ["sat 25:00-26:00 UTC"]})
    change.ok({"renewal_windows": before["renewal_windows"]})
    assert change.ok({"certificate_days": before["certificate_days"]}) == before


@case("GET", "/certificates")
def certificates_are_listed_along_their_end(api):
    found = api.ok(query="?limit=1")
    assert len(found["certificates"]) == 1 and found["next"]
    following = api.ok(query=f"?limit=1000&after={found['next']}")["certificates"]
    ends = [one["not_after"] for one in found["certificates"] + following]
    assert ends == sorted(ends)
    own = api.ok(query="?system=0&state=served")["certificates"]
    assert [one["purpose"] for one in own] == ["manager"], own
    until = ends[-1]
    latest = api.ok(query=f"?limit=1000&expires_after={until}")["certificates"]
    assert latest and {one["not_after"] for one in latest} == {until}, latest
    assert [one for one in ends if one < until] == [one["not_after"] for one in api.ok(query=f"?limit=1000&expires_before={until}")["certificates"]]
    api.refused(422, "GEN-006", query="?state=lost&colour=red&expires_before=soon&expires_after=late")
    api.refused(422, "GEN-001", query="?after=nowhere")


@case("GET", "/certificates/{fingerprint}")
def a_certificate_is_shown_with_where_it_is_used_and_its_issuers(api):
    own = api.other("GET", "/certificates").ok(query="?system=0&state=served")["certificates"][0]
    shown = api.ok(fingerprint=own["fingerprint"][:12])
    assert shown["fingerprint"] == own["fingerprint"] and "BEGIN CERTIFICATE" in shown["pem"] and "BEGIN CERTIFICATE" in shown["chain"]
    assert [(use["system"], use["until"]) for use in shown["uses"]] == [(0, None)]
    api.refused(404, "GEN-003", fingerprint="0" * 64)


@case("POST", "/certificates/{fingerprint}/revoke")
def the_served_certificate_of_the_manager_is_not_revoked(api):
    own = api.other("GET", "/certificates").ok(query="?system=0&state=served")["certificates"][0]
    api.refused(409, "MGR-152", {"reason": "superseded"}, fingerprint=own["fingerprint"])
    api.refused(422, "GEN-001", {"reason": "certificateHold"}, fingerprint=own["fingerprint"])
    root = next(one for one in api.other("GET", "/certificates").ok()["certificates"] if one["purpose"] == "root")
    api.refused(409, "MGR-150", {}, fingerprint=root["fingerprint"])


@case("POST", "/certificates/{fingerprint}/revoke")
def a_certificate_of_the_responder_is_revoked_and_stays_so(api):
    api.fixture.client.ask("GET", "/pki/ocsp/AAAA", None, {})  # no request, and answered all the same: by a delegate
    responder = next(one for one in api.other("GET", "/certificates").ok()["certificates"] if one["purpose"] == "responder")
    assert api.ok({"reason": "superseded"}, fingerprint=responder["fingerprint"])["state"] == "revoked"
    api.refused(409, "MGR-151", {}, fingerprint=responder["fingerprint"])


@case("POST", "/rekey")
def systems_that_serve_a_certificate_get_a_new_one_and_nothing_else_is_taken(api):
    served = api.other("GET", "/certificates").ok(query="?state=served&limit=1000")["certificates"]
    system = next(one["system"] for one in served if one["system"] != 0)
    answer = api.ok({"systems": [system]})
    mode = api.other("GET", "/policy").ok()["secure_only"]
    held = [{"system": system, "name": answer["held"][0]["name"], "why": "mode_off"}] if mode == "off" else []
    assert (answer["systems"], answer["held"]) == ([] if held else [system], held), answer
    api.refused(404, "GEN-003", {"issuer": "0" * 64})
    responder = next(one for one in api.other("GET", "/certificates").ok(query="?limit=1000")["certificates"] if one["purpose"] == "manager")
    api.refused(409, "MGR-153", {"issuer": responder["fingerprint"]})
    api.refused(422, "GEN-006", {"issuer": "0" * 64, "all": True, "revoke": "certificateHold"})


@case("GET", "/certificate-profiles")
def what_certificates_are_issued_for_is_one_table(api):
    rows = {row["name"]: row for row in api.other("GET", "/certificate-profiles").ok()["profiles"]}
    assert rows["server"]["extended_key_usages"] == ["serverAuth"] and rows["client"]["extended_key_usages"] == ["clientAuth"]
    assert rows["authority"]["authority"] and rows["responder"]["ocsp_no_check"]
    for row in rows.values():
        assert row["days"] <= row["longest_days"] and row["why"]
    change = api.other("PATCH", "/policy")
    change.refused(422, "GEN-006", {"certificate_days": rows["device"]["longest_days"] + 1, "key_type": "ed25519"})
    change.refused(422, "MGR-191", {"certificate_days": rows["device"]["longest_days"] + 1})
    change.refused(422, "GEN-001", {"identities": "three"})
    assert change.ok({"identities": "two"})["identities"] == "two"
    assert change.ok({"identities": "one"})["identities"] == "one"


@case("GET", "/authority")
@case("PATCH", "/authority")
def the_addresses_in_certificates_are_set_and_taken_away(api):
    show, change = api.other("GET", "/authority"), api.other("PATCH", "/authority")
    assert show.ok()["http_base"] == ""
    change.refused(422, "GEN-001", {"http_base": "https://tms.company.com"})
    changed = change.ok({"http_base": "http://tms.company.com/"})
    assert changed["ocsp_url"] == "http://tms.company.com/pki/ocsp", changed
    assert change.ok({"http_base": ""})["crl_url"] == ""


@case("POST", "/authority/renew-intermediate")
def another_issuing_authority_takes_over(api):
    before = api.other("GET", "/authority").ok()
    after = api.ok()
    assert after["fingerprint"] != before["fingerprint"]
    states = {one["fingerprint"]: one["state"] for one in after["authorities"] if one["level"] == "issuing"}
    assert states[before["fingerprint"]] == "former" and states[after["fingerprint"]] == "current", states


@case("POST", "/authority/export-root")
@case("POST", "/authority/take-offline")
@case("POST", "/authority/request-intermediate")
@case("POST", "/authority/install-intermediate")
@case("POST", "/authority/crl")
def the_roots_key_goes_elsewhere_and_signs_there(api):
    export, drop, ask, install, bring = (api.other("POST", "/authority/" + one) for one in (
        "export-root", "take-offline", "request-intermediate", "install-intermediate", "crl"))
    folder = pathlib.Path(tempfile.mkdtemp(dir=api.world.folder))
    passphrase = "correct horse battery"
    export.refused(422, "GEN-001", {"passphrase": "short"})
    file = export.ok({"passphrase": passphrase})["pem"]
    bring.refused(422, "CRT-022", {"list": "AAAA"})
    drop.refused(422, "CRT-005", {"file": file, "passphrase": "another passphrase"})
    drop.refused(422, "GEN-001", {"file": file, "passphrase": passphrase, "unknown": 1})
    assert drop.ok({"file": file, "passphrase": passphrase})["fingerprint"]
    export.refused(409, "MGR-164", {"passphrase": passphrase})
    request = ask.ok({})["pem"]
    install.refused(422, "GEN-006", {"certificate": Authority(folder / "ca").certificate.read_text()})
    for name, text in (("root.pem", file), ("request.pem", request), ("passphrase", passphrase + "\n")):
        (folder / name).write_text(text)
    signer = ("--ca-cert", folder / "root.pem", "--ca-key", folder / "root.pem", "--passphrase-file", folder / "passphrase", "--out")
    run(BIN / "countersign", "cert", "sign", "--request", folder / "request.pem", "--profile", "ca", *signer, folder / "issuing.pem")
    assert install.ok({"certificate": (folder / "issuing.pem").read_text()})["fingerprint"] == fingerprint_of(folder / "issuing.pem")
    run(BIN / "countersign", "crl", "new", *signer, folder / "crl.pem")
    bring.ok({"list": (folder / "crl.pem").read_text()})


@case("POST", "/authority/replacement")
@case("DELETE", "/authority/replacement")
@case("POST", "/authority/replacement/advance")
def the_root_is_replaced_and_that_is_given_up(api):
    from api_cases.own_certificate import a_system_that_verifies_and_is_away  # its cases come later

    begin, cancel, advance = (api.other(*one) for one in (("POST", "/authority/replacement"), ("DELETE", "/authority/replacement"),
                                                          ("POST", "/authority/replacement/advance")))
    cancel.refused(409, "MGR-162")
    advance.refused(409, "MGR-162", {})
    back = a_system_that_verifies_and_is_away(api)
    running = begin.ok()["replacement"]
    assert running["phase"] == "distribute" and running["waiting_for"]["in_all"] >= 1, running
    begin.refused(409, "MGR-161")
    advance.refused(409, "MGR-167", {})
    advance.refused(422, "GEN-001", {"unknown": 1})
    assert "replacement" not in cancel.ok()
    begin.ok()
    assert advance.ok({"accept_consequences": True})["replacement"]["phase"] == "change"
    cancel.refused(409, "MGR-163")
    back()
    api.other("POST", "/campaigns/{id}/cancel").ok(id=max(one["id"] for one in api.other("GET", "/campaigns").ok()["campaigns"]))
    wait_for(lambda: "replacement" not in api.other("GET", "/authority").ok(), "it ends", 120)


@case("GET", "/audit")
def the_trail_is_read_backwards(api):
    records = api.ok(query="?limit=2")["records"]
    assert len(records) == 2
    assert api.ok(query=f"?limit=1&before={records[-1]['id']}")["records"][0]["id"] < records[-1]["id"]


@case("GET", "/factory-anchors")
@case("POST", "/factory-anchors")
def a_vendor_is_believed(api):
    authority = Authority(pathlib.Path(tempfile.mkdtemp(dir=api.world.folder)) / "vendor", "Vendor CA")
    add = api.other("POST", "/factory-anchors")
    added = add.ok({"vendor": "Vendor", "pem": authority.certificate.read_text()})
    assert added["certificates"][0]["fingerprint"] == fingerprint_of(authority.certificate)
    assert added["certificates"][0]["fingerprint"] in {one["fingerprint"] for one in api.other("GET", "/factory-anchors").ok()["certificates"]}
    add.refused(422, "GEN-006", {})


@case("GET", "/events")
def events_come_as_a_stream(api):
    connection = api.fixture.client.connect()
    try:
        connection.request("GET", API + "/events", headers={"Authorization": f"Bearer {api.fixture.token}"})
        answer = connection.getresponse()
        assert DESCRIPTION.check_answer("GET", "/events", answer.status, answer.headers["Content-Type"], "") == []
        assert answer.readline() == b"retry: 2000\n"
        api.fixture.seen.append(("GET", "/events", answer.status))
    finally:
        connection.close()
