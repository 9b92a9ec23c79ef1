"""The audit trail with its chain."""

from operation_cases import case


@case("GET", "/audit/chain")
def the_chain_comes_in_pages_from_its_beginning(api):
    first = api.ok(query="?limit=2")
    assert [one["id"] for one in first["records"]] == [1, 2] and first["next"] == 2
    assert api.ok(query="?limit=1&after=2")["records"][0]["id"] == 3
    assert api.ok(query="?after=999999999") == {"records": [], "next": None}
    api.refused(422, "GEN-006", query="?limit=0&before=3")


@case("GET", "/audit/head")
def the_head_is_the_newest_record(api):
    head = api.ok()
    chain = api.other("GET", "/audit/chain").ok(query=f"?after={head['newest'] - 1}")["records"]
    assert (chain[0]["id"], chain[0]["hash"]) == (head["newest"], head["hash"])
