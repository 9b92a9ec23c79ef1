#!/usr/bin/env python3
"""The first load of the overview with 100,000 systems, in a real browser: from the moment it is asked for until it is drawn.

    COUNTERSIGN_BIN=build/release/bin python3 bench/first_load.py [--systems N] [--rounds N]

The database is that of bench/list.py. Each round is a new profile of Chromium; "cold" has an empty cache, "warm" has loaded it before. Beside them
stand the answer of the API alone, and the same in a manager without systems: what is left of the difference is the interface itself."""

import argparse
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from api_client import Client  # noqa: E402
from estate import World  # noqa: E402
from journeys import set_up_administrator, token, travel  # noqa: E402
from list import fill  # noqa: E402

LIMIT_MS = 1500.0


def api_alone(world, rounds):
    client, times = Client(world), []
    for _ in range(rounds):
        began = time.perf_counter()
        answer = client.ask("GET", "/api/v1/overview", None, {"Authorization": "Bearer " + token(world)})
        times.append((time.perf_counter() - began) * 1000)
        assert answer.status == 200, answer
    return statistics.median(times)


def measure(count, rounds):
    with World("first-load") as world:
        world.start_dns()
        world.start_manager("--log-level", "warning")
        set_up_administrator(world)
        if count:
            world.manager.stop()
            fill(world.folder / "manager" / "manager.db", count)
            world.restart_manager()
        alone = api_alone(world, 10)
        figures = json.loads(travel(world, "first_load.mjs", rounds=rounds, quiet=True).strip().splitlines()[-1])
        return alone, figures


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--systems", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print(f"{'systems':>9} {'cache':>6} {'median ms':>10} {'worst ms':>9} {'of 1.5 s':>9} {'API alone':>10}")
    for count in (0, arguments.systems):
        alone, figures = measure(count, arguments.rounds)
        for kind, times in figures.items():
            high = max(times)
            print(f"{count:9} {kind:>6} {statistics.median(times):10.0f} {high:9.0f} {high / LIMIT_MS:9.2f} {alone:10.1f}")


if __name__ == "__main__":
    main()
