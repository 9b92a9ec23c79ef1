"""Lists: order, views, adding by list, export."""

import json

from operation_cases import case


@case("GET", "/systems")
def systems_come_in_every_order(api):
    names = [one["name"] for one in api.ok(query="?sort=-name")["systems"]]
    assert names == sorted(names, key=str.lower, reverse=True)
    api.refused(422, "GEN-001", query="?sort=password")
    page = api.ok(query="?sort=name&limit=1")
    api.refused(422, "GEN-001", query=f"?sort=-name&after={page['next']}")
    api.refused(422, "GEN-006", query="?level=9&ticket=perhaps")
    api.refused(404, "GEN-003", query="?folder=/Nowhere")


@case("GET", "/views")
@case("POST", "/views")
@case("DELETE", "/views/{name}")
def a_view_is_saved_used_and_removed(api):
    save, listed = api.other("POST", "/views"), api.other("GET", "/systems")
    save.ok({"name": "Ours", "text": "room1", "sort": "name", "columns": "name,level"})
    save.refused(422, "GEN-001", {"name": "bad", "sort": "colour"})
    save.refused(422, "GEN-001", {"name": "bad", "colour": "red"})
    assert [one["name"] for one in api.other("GET", "/views").ok()["views"]] == ["Ours"]
    assert {one["host_name"] for one in listed.ok(query="?view=ours")["systems"]} == {"room1.company.com"}
    listed.refused(404, "GEN-003", query="?view=theirs")
    assert api.other("GET", "/export/systems").call(query="?view=ours").body.splitlines()[0] == "name,level"
    api.other("DELETE", "/views/{name}").ok(name="Ours")


@case("POST", "/import/systems")
@case("GET", "/export/systems")
def a_list_comes_in_and_goes_out(api):
    add, out = api.other("POST", "/import/systems"), api.other("GET", "/export/systems")
    csv = {"Authorization": f"Bearer {api.fixture.token}", "Content-Type": "text/csv; charset=utf-8"}
    bad = ("\ufeffName;Host name;Address;Folder;MAC\r\n=cmd;list1.company.com;;/Imported;\r\nx;list2 company;10.300.0.1;;12\r\n"
           "y;room1.company.com;;;\r\n").encode()
    told = add.ok(bad, query="?make_folders=yes", headers=csv)
    places = {(one["parameters"]["line"], one["parameters"]["column"]) for one in told["problems"]}
    assert places == {("3", "host_name"), ("3", "address"), ("3", "mac"), ("4", "host_name")}, places
    assert (told["added"], told["lines"], {one["id"] for one in told["problems"]}) == ([], 3, {"MGR-024"})
    told = add.ok(bad, query="?make_folders=yes&partial=yes&dry_run=yes", headers=csv)
    assert (told["added"], told["would_add"]) == ([], 1)
    added = add.call(bad, query="?make_folders=yes&partial=yes", headers=csv)
    assert added.status == 201, added
    fresh = api.other("GET", "/systems/{id}").ok(id=added.json()["added"][0])
    assert (fresh["name"], fresh["folder_path"], fresh["track_by"]) == ("=cmd", "/Imported", "host_name")
    add.refused(422, "MGR-024", b"host_name,colour\nlist9.company.com,red\n", headers=csv)
    add.refused(422, "MGR-080", b'host_name\n"open\n', headers=csv)
    add.refused(422, "GEN-001", b"host_name\n", headers={**csv, "Content-Type": "application/json"})
    assert out.call(query="?columns=name,folder&folder=/Imported").body == "name,folder\r\n'=cmd,/Imported\r\n"
    assert json.loads(out.call(query="?format=json&columns=name&folder=/Imported").body) == {"systems": [{"name": "=cmd"}]}
    out.refused(422, "GEN-001", query="?columns=password")
    out.refused(422, "GEN-001", query="?format=xls")
    api.other("DELETE", "/systems/{id}").ok(id=fresh["id"])
    folder = api.other("GET", "/folders").ok(query="?path=/Imported")["folders"][0]
    api.other("DELETE", "/folders/{id}").ok(id=folder["id"])
