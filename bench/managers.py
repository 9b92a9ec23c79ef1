#!/usr/bin/env python3
"""How many jobs one, two and four managers on one PostgreSQL database finish in a second: every system of a virtual estate is looked at
again and again, over verified HTTPS. Managers, database and systems share this machine: on few cores more managers are not faster, and
the ratio says what sharing costs.

    COUNTERSIGN_BIN=build/release/bin python3 bench/managers.py [SYSTEMS] [SECONDS]

Prints jobs per second, and ratios to one manager on PostgreSQL and to one on SQLite; judges nothing."""

import contextlib
import pathlib
import sqlite3
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from estate import *  # noqa: E402,F403
from managers import PASSWORD, Managers  # noqa: E402
from postgresql import Postgresql  # noqa: E402
from servers import free_port  # noqa: E402

SYSTEMS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
SECONDS = int(sys.argv[2]) if len(sys.argv) > 2 else 20
COMMON = ("--log-level", "warning", "--observe-seconds", "1", "--enforce-seconds", "86400")
# Old jobs are forgotten, so they cannot be counted; numbers are given in order.
DONE = "SELECT max(id) - (SELECT count(*) FROM jobs WHERE state IN ('queued', 'running', 'waiting')) FROM jobs"


def finished(count):
    """Finished jobs of a second, from how many there were at the ends."""
    begin, first = time.monotonic(), count()
    time.sleep(SECONDS)
    last = count()
    return (last - first) / (time.monotonic() - begin)


def prepare(world):
    systems = [{"family": "c-series", "host_name": f"s{n}.company.com"} for n in range(SYSTEMS)]
    for number, system in enumerate(systems):
        system["address"] = f"{world.net.rsplit('.', 1)[0]}.{100 + number // 200}.{number % 200 + 1}"
    world.add_estate(systems)
    world.start_dns()
    world.start_ntp()
    world.start_device()
    return systems


def settle(world, systems):
    world.trust_factory()
    world.set_policy()
    world.cli("policy", "set", "--key-type", "ec:p256")
    lines = ["name,host_name,address,family"] + [f"{one['host_name'].split('.')[0]},{one['host_name']},{one['address']},{one['family']}" for one in systems]
    listed = world.folder / "list.csv"
    listed.write_text("\n".join(lines) + "\n")
    world.cli("system", "import", listed)
    world.cli("secure-only", "set", "verify")
    wait_for(lambda: all(one["level"] == 4 for one in world.systems().values()), "every system is at Level 4", 400, pause=1)


def main():
    results = {}
    with World("bench-sqlite") as world:
        systems = prepare(world)
        world.start_manager(*COMMON)
        settle(world, systems)
        file = f"file:{world.folder / 'manager' / 'manager.db'}?mode=ro"

        def count_in_file():
            with contextlib.closing(sqlite3.connect(file, uri=True, timeout=30)) as database:
                return database.execute(DONE).fetchone()[0]
        results["SQLite, 1 manager"] = finished(count_in_file)
        print(f"SQLite, 1 manager        {results['SQLite, 1 manager']:8.1f} jobs/s")
    with World("bench-managers") as world:
        authority = Authority(world.folder / "db-ca", "Database Root")
        key, certificate = authority.issue("localhost")
        with Postgresql(tls=(certificate, key), port=free_port(), password=PASSWORD, durable=True) as server:
            managers = Managers(world, server, authority.certificate)
            systems = prepare(world)
            world.manager = managers.start(0, *COMMON)
            settle(world, systems)

            def count():
                return int(server.query("countersign", DONE))
            for number in (1, 2, 4):
                while len(managers.children) < number:
                    managers.start(len(managers.children), *COMMON)
                rate = results[number] = finished(count)
                print(f"PostgreSQL, {number} manager{'s' if number > 1 else ' '}    {rate:8.1f} jobs/s   of one: {rate / results[1]:.2f}"
                      f"   of SQLite: {rate / results['SQLite, 1 manager']:.2f}", flush=True)


if __name__ == "__main__":
    main()
