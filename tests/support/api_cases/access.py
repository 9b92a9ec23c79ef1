"""Setting up, logging in, tokens. The fixture has set up the manager through these operations."""

from estate import curl
from operation_cases import case

NOBODY = {}


@case("GET", "/setup")
def the_set_up_is_done(api):
    assert api.ok(headers=NOBODY) == {"pending": False}


@case("POST", "/setup")
def the_set_up_password_works_once(api):
    api.refused(409, "ACC-006", {"setup_password": "any", "new_password": "Another-Password-1"}, headers=NOBODY)


def log_in(api):
    login = api.other("POST", "/session")
    login.ok({"user": api.fixture.user, "password": api.fixture.password}, headers=NOBODY)
    return {"Cookie": login.headers["Set-Cookie"].split(";")[0]}


@case("POST", "/session")
def a_wrong_password_opens_nothing(api):
    api.refused(401, "ACC-002", {"user": api.fixture.user, "password": "wrong"}, headers=NOBODY)
    log_in(api)


@case("GET", "/session")
def a_session_knows_its_user(api):
    assert api.ok(headers=log_in(api)) == {"user": api.fixture.user, "role": "administrator", "permissions": ["self", "read", "own", "operate", "audit", "administer"],
                                           "must_change_password": False, "read_only": False}


@case("DELETE", "/session")
def a_session_ends_with_log_out(api):
    session = log_in(api)
    api.ok(headers=session)
    api.other("GET", "/session").refused(401, "ACC-002", headers=session)


@case("POST", "/tokens")
@case("GET", "/tokens")
@case("DELETE", "/tokens/{id}")
def a_token_opens_until_it_is_taken_back(api):
    made = api.other("POST", "/tokens").ok({"name": "of a case", "days": 1})["token"]
    bearer = {"Authorization": f"Bearer {made}"}
    api.other("GET", "/about").ok(headers=bearer)
    for one in api.other("GET", "/tokens").ok()["tokens"]:
        assert made not in str(one)
        if one["name"] == "of a case":
            api.other("DELETE", "/tokens/{id}").ok(id=one["id"])
    api.other("GET", "/about").refused(401, "ACC-002", headers=bearer)
    api.other("POST", "/tokens").refused(422, "GEN-001", {"name": "", "days": 1})


@case("POST", "/tokens")
def a_token_of_a_folder_reaches_its_systems_and_nothing_else(api):
    folder = api.other("POST", "/folders").ok({"path": "/Reach/Inner"})["id"]
    add = api.other("POST", "/systems")
    inside, outside = (add.ok({"address": f"{api.world.net}.{last}", "family": "mcu", "name": f"Reach {last}", **more})
                       for last, more in ((94, {"folder": folder}), (95, {})))
    made = api.ok({"name": "of a folder", "days": 1, "folder": "/Reach"})["token"]
    shown = [one for one in api.other("GET", "/tokens").ok()["tokens"] if one["name"] == "of a folder"][-1]
    assert shown["folder"] == "/Reach"
    bearer = {"Authorization": f"Bearer {made}"}
    listed = api.other("GET", "/systems")
    assert [one["name"] for one in listed.ok(headers=bearer)["systems"]] == ["Reach 94"]
    assert [one["name"] for one in listed.ok(query="?folder=/Reach/Inner", headers=bearer)["systems"]] == ["Reach 94"]
    listed.refused(403, "ACC-027", query="?folder=/", headers=bearer)
    show, change = api.other("GET", "/systems/{id}"), api.other("PATCH", "/systems/{id}")
    assert show.ok(id=inside["id"], headers=bearer)["name"] == "Reach 94"
    assert change.ok({"name": "Reach renamed"}, id=inside["id"], headers=bearer)["name"] == "Reach renamed"
    for refused in (outside["id"], "Reach%2095", 999999):
        show.refused(403, "ACC-027", id=refused, headers=bearer)
    change.refused(403, "ACC-027", {"folder": 1}, id=inside["id"], headers=bearer)
    for method, path in (("GET", "/about"), ("GET", "/policy"), ("GET", "/tokens"), ("GET", "/audit"), ("GET", "/tickets"), ("GET", "/certificates")):
        api.other(method, path).refused(403, "ACC-027", headers=bearer)
    api.other("POST", "/tokens").refused(403, "ACC-027", {"name": "wider"}, headers=bearer)
    api.refused(404, "GEN-003", {"name": "nowhere", "folder": "/Nowhere"})
    for one in (inside, outside):
        api.other("DELETE", "/systems/{id}").ok(id=one["id"])
    api.other("DELETE", "/folders/{id}").ok(id=folder)
    show.refused(403, "ACC-027", id=inside["id"], headers=bearer)


@case("POST", "/session/certificate")
def a_persons_certificate_lets_its_account_in_and_a_connection_without_one_nobody(api):
    api.refused(403, "ACC-020", headers=NOBODY)
    world = api.world
    done = curl("--cacert", world.folder / "manager" / "ca.pem", "--resolve", f"{world.manager_host}:{world.port(8444)}:{world.manager_address}",
                "--request", "POST", "--write-out", "%{http_code}", "--cert", world.folder / "people" / "admin.pem", "--key",
                world.folder / "people" / "admin.key", f"https://{world.manager_host}:{world.port(8444)}/api/v1/session/certificate")
    assert done.stdout == "204", done.stdout
    api.fixture.seen.append((api.method, api.path, 204))
