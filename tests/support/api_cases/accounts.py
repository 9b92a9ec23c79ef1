"""Accounts of people."""

from operation_cases import case

NOBODY = {}


def log_in(api, name, password):
    login = api.other("POST", "/session")
    login.ok({"user": name, "password": password}, headers=NOBODY)
    return {"Cookie": login.headers["Set-Cookie"].split(";")[0]}


@case("POST", "/accounts")
@case("GET", "/accounts")
@case("GET", "/accounts/{name}")
@case("PATCH", "/accounts/{name}")
@case("DELETE", "/accounts/{name}")
def an_account_comes_changes_and_goes(api):
    made = api.other("POST", "/accounts").ok({"name": "Case.One", "role": "operator", "full_name": "One"})
    assert made["name"] == "case.one" and made["must_change_password"] and len(made["one_time_password"]) >= 12
    api.other("POST", "/accounts").refused(409, "ACC-011", {"name": "case.one", "role": "viewer"})
    api.other("POST", "/accounts").refused(422, "GEN-006", {"name": "x y", "role": "viewer", "password": "short"})
    api.other("POST", "/accounts").refused(422, "GEN-001", {"name": "x", "role": "king"})
    page = api.other("GET", "/accounts").ok(query="?limit=1")
    assert len(page["accounts"]) == 1 and page["next"] == page["accounts"][0]["name"]
    assert "case.one" in {one["name"] for one in api.other("GET", "/accounts").ok()["accounts"]}
    assert api.other("PATCH", "/accounts/{name}").ok({"role": "auditor", "enabled": False}, name="CASE.one")["role"] == "auditor"
    assert api.other("GET", "/accounts/{name}").ok(name="case.one")["enabled"] is False
    api.other("PATCH", "/accounts/{name}").refused(409, "ACC-012", {"role": "viewer"}, name=api.fixture.user)
    api.other("DELETE", "/accounts/{name}").refused(409, "ACC-012", name=api.fixture.user)
    api.other("DELETE", "/accounts/{name}").ok(name="case.one")


@case("POST", "/accounts/{name}/unlock")
def an_account_is_unlocked(api):
    api.other("POST", "/accounts").ok({"name": "case.three", "role": "viewer"})
    api.other("POST", "/session").refused(401, "ACC-002", {"user": "case.three", "password": "wrong"}, headers=NOBODY)
    assert api.other("GET", "/accounts/{name}").ok(name="case.three")["failed_log_ins"] == 1
    api.ok(name="case.three")
    assert api.other("GET", "/accounts/{name}").ok(name="case.three")["failed_log_ins"] == 0
    api.other("DELETE", "/accounts/{name}").ok(name="case.three")


@case("POST", "/accounts/{name}/password")
@case("PUT", "/session/password")
@case("GET", "/accounts/{name}/sessions")
@case("DELETE", "/accounts/{name}/sessions")
@case("DELETE", "/accounts/{name}/sessions/{id}")
def a_one_time_password_is_changed_and_sessions_end(api):
    api.other("POST", "/accounts").ok({"name": "case.two", "role": "viewer", "password": "A-First-Password-1"})
    once = api.other("POST", "/accounts/{name}/password").ok(name="case.two")["one_time_password"]
    api.other("POST", "/accounts/{name}/password").refused(422, "ACC-007", {"password": "short"}, name="case.two")
    session = log_in(api, "case.two", once)
    assert api.other("GET", "/session").ok(headers=session)["must_change_password"] is True
    api.other("GET", "/systems").refused(403, "ACC-014", headers=session)
    change = api.other("PUT", "/session/password")
    change.refused(401, "ACC-002", {"old_password": "wrong", "new_password": "A-Second-Password-1"}, headers=session)
    change.ok({"old_password": once, "new_password": "A-Second-Password-1"}, headers=session)
    change.refused(403, "ACC-018", {"old_password": once, "new_password": "A-Second-Password-1"})
    api.other("GET", "/systems").ok(headers=session)
    listed = api.other("GET", "/accounts/{name}/sessions").ok(name="case.two")["sessions"]
    assert len(listed) == 1 and listed[0]["method"] == "password"
    api.other("DELETE", "/accounts/{name}/sessions/{id}").ok(name="case.two", id=listed[0]["id"])
    api.other("GET", "/session").refused(401, "ACC-002", headers=session)
    api.other("DELETE", "/accounts/{name}/sessions").ok(name="case.two")
    api.other("DELETE", "/accounts/{name}").ok(name="case.two")
