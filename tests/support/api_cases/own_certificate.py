"""The certificate of the manager's HTTPS port, and the roots that the estate trusts."""

import base64
import pathlib
import tempfile

from estate import Authority, fingerprint_of, run, wait_for
from operation_cases import case


def company(api, name):
    return Authority(pathlib.Path(tempfile.mkdtemp(dir=api.world.folder)) / "company", name)


def a_system_that_verifies_and_is_away(api):
    """Makes one by a campaign of its own; the answer brings it back, and all as it was."""
    unit = next(one for one in api.systems if one["host_name"] == "mcu1.company.com")
    system = api.other("GET", "/systems/{id}").ok(id=unit["host_name"])["id"]
    number = api.other("POST", "/campaigns").ok({"systems": [system], "mode": "verify", "name": "one that verifies"})["id"]
    counts = lambda: api.other("GET", "/campaigns/{id}").ok(id=number)["counts"]  # noqa: E731
    wait_for(lambda: counts() == {"proven": 1}, "the system verifies", 120)
    api.world.control("fault", unit["serial"], "silent")

    def back():
        api.world.control("clear", unit["serial"])
        wave = api.other("GET", "/campaigns/{id}/systems").ok(id=number)["systems"][0]["wave"]
        api.other("POST", "/campaigns/{id}/rollback").ok({"wave": wave}, id=number)
        wait_for(lambda: counts() == {"rolled_back": 1}, "it is as before", 120)
    return back


@case("GET", "/own-certificate")
@case("POST", "/own-certificate")
@case("DELETE", "/own-certificate")
@case("POST", "/own-certificate/roll-back")
@case("POST", "/own-certificate/staged")
@case("DELETE", "/own-certificate/staged")
def the_manager_gets_a_certificate_of_a_company_and_goes_back(api):
    show, install = api.other("GET", "/own-certificate"), api.other("POST", "/own-certificate")
    assert show.ok()["active"]["internal"]
    authority = company(api, "Company of the API")
    key, certificate = authority.issue(api.world.manager_host)
    body = {"certificate": certificate.read_text() + authority.certificate.read_text(), "key": key.read_text()}
    install.refused(422, "MGR-111", body)
    install.refused(422, "GEN-006", {"certificate": "%", "unknown": 1})
    install.refused(422, "CRT-014", {**body, "key": company(api, "Other").issue("other.company.com")[0].read_text(), "trust_root": True})
    back = a_system_that_verifies_and_is_away(api)
    activate, discard = api.other("POST", "/own-certificate/staged"), api.other("DELETE", "/own-certificate/staged")
    state = install.ok({**body, "trust_root": True})
    assert [one["name"] for one in state["staged"]["waiting_for"]["systems"]] == ["mcu1"], state
    activate.refused(409, "MGR-115", {})
    discard.ok()
    discard.refused(409, "MGR-116")
    activate.refused(409, "MGR-116", {})
    install.ok({**body, "trust_root": True})
    state = activate.ok({"accept_consequences": True})
    back()
    assert state["active"]["certificate"]["fingerprint"] == fingerprint_of(certificate)
    api.other("DELETE", "/roots/{fingerprint}").refused(409, "MGR-118", fingerprint=state["active"]["root"])
    assert api.other("POST", "/own-certificate/roll-back").ok()["active"]["internal"]
    api.other("POST", "/own-certificate/roll-back").ok()
    assert api.other("DELETE", "/own-certificate").ok()["active"]["internal"]
    api.other("DELETE", "/own-certificate").refused(409, "MGR-121")


@case("POST", "/own-certificate/request")
@case("DELETE", "/own-certificate/request")
def a_request_is_made_and_given_up(api):
    make, give_up = api.other("POST", "/own-certificate/request"), api.other("DELETE", "/own-certificate/request")
    made = make.ok({"organization": "Company", "names": ["alias.company.com"]})
    assert {api.world.manager_host, "alias.company.com"} <= set(made["names"])
    shown = run("openssl", "req", "-noout", "-verify", "-subject", stdin=made["pem"])
    assert api.world.manager_host in shown.stdout + shown.stderr
    make.refused(409, "CRT-042", {})
    make.refused(422, "GEN-001", {"names": ["no name"], "replace": True})
    give_up.ok()
    give_up.refused(409, "CRT-041")


@case("GET", "/roots")
@case("POST", "/roots")
@case("GET", "/roots/{fingerprint}")
@case("DELETE", "/roots/{fingerprint}")
def roots_of_others_are_trusted_and_forgotten(api):
    authority = company(api, "Partner of the API")
    fingerprint = fingerprint_of(authority.certificate)
    der = base64.b64encode(run("openssl", "x509", "-in", authority.certificate, "-outform", "DER", "-out", authority.folder / "ca.der")
                           and (authority.folder / "ca.der").read_bytes()).decode()
    add = api.other("POST", "/roots")
    assert add.ok({"certificates": der})["added"][0]["fingerprint"] == fingerprint
    add.refused(409, "MGR-120", {"certificates": authority.certificate.read_text()})
    add.refused(422, "MGR-114", {"certificates": authority.issue("leaf.company.com")[1].read_text()})
    listing = api.other("GET", "/roots")
    page = listing.ok(query="?limit=1")
    assert page["roots"][0]["internal"] and page["next"] == page["roots"][0]["fingerprint"]
    assert fingerprint in {one["fingerprint"] for one in listing.ok(query=f"?after={page['next']}")["roots"]}
    assert not api.other("GET", "/roots/{fingerprint}").ok(fingerprint=fingerprint)["needed_by"]
    remove = api.other("DELETE", "/roots/{fingerprint}")
    remove.refused(409, "MGR-119", fingerprint=page["roots"][0]["fingerprint"])
    remove.ok(fingerprint=fingerprint)
    remove.refused(404, "GEN-003", fingerprint=fingerprint)
