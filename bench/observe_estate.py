#!/usr/bin/env python3
"""Whole observations and assessments of many virtual systems: every service port from outside, the HTTPS chain verified, log-in, the
system's own account of its settings, certificates, trust list, time and names; then level, findings and tickets, stored durably.

    COUNTERSIGN_BIN=build/release/bin python3 bench/observe_estate.py [COUNT]     default: 10000

Both ends run on this machine: the systems of all families in one process, with HTTPS on and identities of their vendors, the manager
in another, a real name server. The manager is stopped when it knows them all and started again; measured from the first to the
last observation of its first look. Prints the time as a ratio to the aim (10,000 in 8 s) and the rate as a ratio to what
bench_observation prints as the raw rate of verified handshakes, when it stands beside the programs; below and above 1 is good."""

import http.client
import json
import os
import pathlib
import re
import socket
import sqlite3
import ssl
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from estate import BIN, World, wait_for  # noqa: E402

AIM = 10_000 / 8  # observations a second
FAMILIES = ["c-series", "mxp", "mps", "vcs", "mcu", "rmx", "roomos"]


def processor(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def system(world, number):
    family = FAMILIES[number % len(FAMILIES)]
    address = f"{world.net.rsplit('.', 1)[0]}.{100 + number // 200}.{number % 200 + 1}"
    one = {"family": family, "host_name": f"s{number}.company.com", "address": address}
    if family not in ("roomos", "vcs"):
        one["settings"] = {"service.https.mode": "On"}
    return one


def add_all(world, systems):
    """Through one connection: one command for each would measure the starting of programs."""
    secret = (world.folder / "manager" / "token").read_text().strip()
    context = ssl.create_default_context(cafile=str(world.folder / "manager" / "ca.pem"))
    api = http.client.HTTPSConnection(world.manager_host, world.port(443), context=context)
    api._create_connection = lambda address, *rest, **more: socket.create_connection((world.manager_address, world.port(443)))
    for one in systems:
        body = json.dumps({key: one[key] for key in ("host_name", "address", "family")})
        api.request("POST", "/api/v1/systems", body, {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"})
        answer = api.getresponse()
        text = answer.read()
        assert answer.status == 201, text


def ask(world, query, *values):
    """The manager's own database, beside it."""
    database = sqlite3.connect(f"file:{world.folder / 'manager' / 'manager.db'}?mode=ro", uri=True, timeout=30)
    try:
        return database.execute(query, values).fetchone()[0]
    finally:
        database.close()


def raw_rate():
    program = BIN / "bench_observation"
    if not program.exists():
        return None
    printed = subprocess.run([program, "--rounds", "1", "--seconds", "3"], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"raw OpenSSL handshakes\D*([\d,.]+)", printed).group(1).replace(",", ""))


def main(count):
    with World("observe") as world:
        systems = [system(world, number) for number in range(count)]
        world.start_all(systems, "--log-level", "warning", "--observe-seconds", "604800", "--enforce-seconds", "604800")
        add_all(world, systems)
        world.cli("job", "wait", "--timeout", "900", timeout=1000)
        wait_for(lambda: ask(world, "SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'waiting')") == 0, "all were seen", 900, 1)
        world.manager.stop()
        newest = ask(world, "SELECT max(id) FROM jobs")
        world.manager.start()
        world.manager.await_line("ready:")
        wait_for(lambda: ask(world, "SELECT count(*) FROM jobs WHERE id > ?", newest), "the first look begins", 60, 0.005)
        began, used = time.monotonic(), (processor(world.device.process), processor(world.manager.process))
        wait_for(lambda: ask(world, "SELECT count(DISTINCT system) FROM jobs WHERE id > ? AND state = 'succeeded'", newest) == count,
                 "all were seen", 900, 0.1)
        took = time.monotonic() - began
        used = processor(world.device.process) - used[0], processor(world.manager.process) - used[1]
        levels = {}
        for one in world.systems().values():
            key = (one["family"], one["level"])
            levels[key] = levels.get(key, 0) + 1
        print(f"{count} systems observed and assessed in {took:.2f} s, {count / took:.0f}/s; ratio to the aim {count / took / AIM:.2f}; "
              f"processor time: agent {used[0]:.1f} s, manager {used[1]:.1f} s")
        print("  levels: " + ", ".join(f"{family} {level}: {number}" for (family, level), number in sorted(levels.items())))
    raw = raw_rate()
    if raw:
        print(f"  raw verified handshakes {raw:.0f}/s, the same cores, the same run: ratio {count / took / raw:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
