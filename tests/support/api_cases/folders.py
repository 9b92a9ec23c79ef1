"""Folders: made, renamed, filled, removed."""

from operation_cases import case


@case("GET", "/folders")
@case("POST", "/folders")
@case("GET", "/folders/{id}")
@case("PATCH", "/folders/{id}")
@case("DELETE", "/folders/{id}")
@case("POST", "/folders/{id}/systems")
def a_folder_is_made_filled_and_removed(api):
    add, show, change, remove, put = (api.other(*one) for one in (("POST", "/folders"), ("GET", "/folders/{id}"), ("PATCH", "/folders/{id}"),
                                                                  ("DELETE", "/folders/{id}"), ("POST", "/folders/{id}/systems")))
    name = f"Case {api.method} {len(api.path)}"
    made = add.ok({"path": f"/{name}/Berlin"})
    assert change.ok({"name": "Potsdam"}, id=made["id"])["path"] == f"/{name}/Potsdam"
    system = api.other("GET", "/systems/{id}").ok(id=api.systems[0]["host_name"])
    put.ok({"systems": [system["id"]]}, id=made["id"])
    assert show.ok(id=made["id"])["systems"] == 1
    remove.refused(409, "MGR-021", id=made["id"])
    put.ok({"systems": [system["id"]]}, id=system["folder"])
    remove.ok(id=made["id"])
    remove.ok(id=made["parent"])
    show.refused(404, "GEN-003", id=made["id"])
    page = api.other("GET", "/folders").ok(query="?limit=1")
    assert [one["path"] for one in page["folders"]] == ["/"]
