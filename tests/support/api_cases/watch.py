"""What monitoring asks."""

import re

from operation_cases import case

LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9.e+]+')


@case("GET", "/health/live")
@case("GET", "/health/ready")
def anybody_may_ask_whether_it_is_well(api):
    assert api.other("GET", "/health/live").ok(headers={}) == {"status": "alive"}
    ready = api.other("GET", "/health/ready").ok(headers={})
    assert ready["status"] == "ready" and all(check["passed"] for check in ready["checks"]), ready


@case("GET", "/metrics")
def prometheus_reads_numbers(api):
    answer = api.call()
    assert answer.type.startswith("text/plain; version=0.0.4"), answer
    values = {}
    for line in answer.body.splitlines():
        if line.startswith("# "):
            assert re.match(r"# (HELP|TYPE) [a-z_]+ ", line), line
            continue
        assert LINE.fullmatch(line), line
        name, number = line.rsplit(" ", 1)
        values[name] = float(number)
    systems = sum(number for name, number in values.items() if name.startswith("countersign_systems{"))
    assert systems == len(api.other("GET", "/systems").ok(query="?limit=1000")["systems"]), answer
    assert values["process_resident_memory_bytes"] > 1e6 and values["process_open_fds"] > 3
    assert values["countersign_own_certificate_end_seconds"] > values["process_start_time_seconds"]


@case("GET", "/overview")
def the_first_page_is_one_answer(api):
    seen = api.ok()
    systems = api.other("GET", "/systems").ok(query="?limit=1000")["systems"]
    assert seen["systems"] == len(systems) == sum(seen["levels"]), seen
    assert seen["levels"] == [sum(one["level"] == level for one in systems) for level in range(5)], seen
    assert seen["history"][-1]["levels"] == seen["levels"], "the last day is today"
    ends = {}
    for one in systems:
        if one["certificate_expires"]:
            ends[one["certificate_expires"][:10]] = ends.get(one["certificate_expires"][:10], 0) + 1
    for one in seen["certificates"]:
        assert ends[one["day"]] == one["count"], (one, ends)
    counts = api.other("GET", "/tickets/counts").ok()
    assert sum(one["count"] for one in seen["tickets"]) == counts["open"], (seen, counts)
    for one in seen["next"]:
        assert one["text"] and one["button"] and not one["place"].startswith("/"), one
    said = api.world.cli("overview").stdout
    for text in (f"{seen['systems']} systems, Secure-Only {seen['secure_only']}", "What to do:", *(one["text"] for one in seen["next"])):
        assert text in said, (text, said)
    assert api.world.api("overview")["systems"] == seen["systems"]


@case("GET", "/system-counts")
def a_selection_is_counted(api):
    everything = api.ok()
    assert everything["systems"] == sum(everything["levels"]) == sum(one["count"] for one in everything["families"]), everything
    some = api.ok(query="?family=mcu")
    assert some["families"] == [{"family": "mcu", "count": some["systems"]}], some
    assert api.ok(query="?text=nobody-has-this-name")["systems"] == 0
    api.refused(422, "GEN-001", query="?level=9")
    said = api.world.cli("system", "counts", "--family", "mcu").stdout
    assert said.startswith(f"{some['systems']} system") and "c-series" not in said, said
    assert api.world.api("system", "counts", "--family", "mcu") == some


@case("GET", "/demonstration")
def a_demonstration_is_offered_when_one_was_started_and_taken_by_the_command(api):
    assert api.ok() == {"systems": 0, "list": "", "vendors": [], "policy": {}}
    assert "--first-visit" in api.world.cli("demonstration", "take", check=False).stdout
    folder = api.world.folder / "manager" / "demonstration"
    folder.mkdir()
    try:
        api.refused(500, "FIL-001")
        (folder / "systems.csv").write_text("host_name,address,family\ndemonstration.company.com,,mcu\n\n")
        (folder / "policy.json").write_text('{"colour": "red"}')
        api.refused(422, "GEN-001")
        (folder / "policy.json").write_text('{"certificate_days": 364}')
        days = api.other("GET", "/policy").ok()["certificate_days"]
        seen = api.ok()
        assert (seen["systems"], seen["vendors"], seen["policy"]) == (1, [], {"certificate_days": 364}), seen
        assert "Added 1 system" in api.world.cli("demonstration", "take").stdout
        assert api.other("GET", "/policy").ok()["certificate_days"] == 364
        api.other("PATCH", "/policy").ok({"certificate_days": days})
        api.other("DELETE", "/systems/{id}").ok(id=api.world.systems()["demonstration.company.com"]["id"])
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()
