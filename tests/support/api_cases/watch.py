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
