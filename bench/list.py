#!/usr/bin/env python3
"""The list page over 100,000 systems: how long the API takes for a page of 100, by selection and order.

    COUNTERSIGN_BIN=build/release/bin python3 bench/list.py [--systems N] [--rounds N]

The manager runs with a database that this program fills; no system exists, so that nothing but the list is measured. One kept
HTTPS connection asks for the first page and for pages behind it, in turns. Beside each figure stands the same rows asked of the
database file by this program's own SQLite, the plain way that somebody would write it. Prints the median and the 95th percentile, and the
95th percentile as a ratio to the limit of 50 ms."""

import argparse
import http.client
import json
import pathlib
import random
import socket
import sqlite3
import ssl
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests" / "support"))
from estate import World  # noqa: E402

LIMIT_MS = 50.0
FAMILIES = ("c-series", "mxp", "mps", "vcs", "mcu", "rmx", "roomos")
# What is asked of the API, and the same as SQL.
QUESTIONS = (
    ("all, by number", "", "1", "id"),
    ("all, by name", "sort=name", "1", "name COLLATE NOCASE, id"),
    ("all, by address", "sort=address", "1", "address_key, id"),
    ("all, by end of certificate", "sort=certificate_expires", "1", "ifnull(certificate_expires, 9223372036854775807), id"),
    ("all, by folder", "sort=folder", "1", "(SELECT path FROM folders WHERE id = systems.folder), id"),
    ("a fifth (level 3), by name", "level=3&sort=name", "level = 3", "name COLLATE NOCASE, id"),
    ("a hundredth (level 1), by last call, newest first", "level=1&sort=-last_call_at", "level = 1", "ifnull(last_call_at, 0) DESC, id DESC"),
    ("a folder with 20 below it, by level", "folder=/Site%207&sort=level", "folder IN (SELECT id FROM folders WHERE path = '/Site 7' OR path LIKE '/Site 7/%')", "level, id"),
    ("text of a few, by name", "text=room%2077123&sort=name", "name LIKE '%room%' AND (name LIKE '%77123%' OR host_name LIKE '%77123%')", "name COLLATE NOCASE, id"),
    ("text of all, by name", "text=example&sort=name", "host_name LIKE '%example%'", "name COLLATE NOCASE, id"),
    ("text of none, by name", "text=nowhere&sort=name", "host_name LIKE '%nowhere%'", "name COLLATE NOCASE, id"),
    ("with a ticket, family and unreachable, by name", "ticket=yes&family=mcu&reachability=unreachable&sort=name",
     "id IN (SELECT system FROM tickets WHERE state = 'open') AND family = 'mcu' AND reachability = 'unreachable'", "name COLLATE NOCASE, id"),
)


def fill(file, count):
    """Systems as an estate of this size has them; each has a job under way, so that the manager does not go to look at them."""
    chance = random.Random(4711)
    now = int(time.time())
    with sqlite3.connect(file, timeout=60) as database:
        for site in range(50):
            parent = database.execute("INSERT INTO folders (parent, name, path, created) VALUES (1, ?, ?, ?)", (f"Site {site}", f"/Site {site}", now)).lastrowid
            for floor in range(20):
                database.execute("INSERT INTO folders (parent, name, path, created) VALUES (?, ?, ?, ?)", (parent, f"Floor {floor}", f"/Site {site}/Floor {floor}", now))
        folders = [row[0] for row in database.execute("SELECT id FROM folders")]
        for number in range(count):
            address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
            level = 1 if number % 100 == 0 else chance.choice((2, 3, 4, 4, 4))
            database.execute(
                "INSERT INTO systems (name, family, host_name, address, address_key, track_by, pins, user_name, password_origin, https_proven, serial_number, "
                "mac_address, software, secure_only_capable, reachability, level, observed_at, certificate_expires, certificate_fingerprint, last_call_at, last_call, "
                "created, folder) VALUES (?, ?, ?, ?, ?, 'host_name', '', 'admin', 'managed', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'https verified', ?, ?)",
                (f"Room {chance.randrange(100000)}", chance.choice(FAMILIES), f"room{number}.example.com", address, f"4{number + (10 << 24):08x}", f"A{number:07}",
                 f"00:50:60:{number >> 16 & 255:02x}:{number >> 8 & 255:02x}:{number & 255:02x}", f"TC{chance.randrange(3, 8)}.{chance.randrange(4)}", chance.random() < 0.8,
                 "unreachable" if chance.random() < 0.05 else "reachable", level, now - chance.randrange(900),
                 now + chance.randrange(1, 400) * 86400 if chance.random() < 0.9 else None, f"{number:064x}", now - chance.randrange(86400), now, chance.choice(folders)))
        database.execute("INSERT INTO systems_text (rowid, words) SELECT id, name || char(10) || host_name || char(10) || address || char(10) || serial_number || char(10) || "
                         "mac_address || char(10) || family || char(10) || software FROM systems")
        database.execute("INSERT INTO assessments (system, document, service_lines) SELECT id, json_object('level', level, 'why', 'HTTP is open'), '[]' FROM systems")
        database.execute("INSERT INTO tickets (system, type, state, severity, text, remedy, opened, updated, times_seen) "
                         "SELECT id, 'connection_error', 'open', 'critical', 'gone', '', 0, 0, 1 FROM systems WHERE id % 20 = 0")
        for kind in ("observe", "enforce"):
            database.execute("INSERT INTO jobs (kind, system, state, owner, leased_until, not_before, created) SELECT ?, id, 'running', 'bench', ?, 0, 0 FROM systems",
                             (kind, now + 10 ** 8))
    database.close()


class Api:
    def __init__(self, world):
        context = ssl.create_default_context(cafile=str(world.folder / "manager" / "ca.pem"))
        self.connection = http.client.HTTPSConnection(world.manager_host, world.port(443), context=context)
        self.connection._create_connection = lambda *_, **__: socket.create_connection((world.manager_address, world.port(443)))
        self.fields = {"Authorization": "Bearer " + (world.folder / "manager" / "token").read_text().strip()}

    def page(self, query, after):
        began = time.perf_counter()
        self.connection.request("GET", f"/api/v1/systems?limit=100&{query}&after={after}", headers=self.fields)
        answer = self.connection.getresponse()
        body = answer.read()
        took = (time.perf_counter() - began) * 1000
        if answer.status != 200:
            sys.exit(f"{query}: {answer.status} {body[:300]}")
        found = json.loads(body)
        return took, [one["id"] for one in found["systems"]], found["next"] or ""


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--systems", type=int, default=100000)
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    with World("list") as world:
        world.start_dns()
        world.start_manager("--log-level", "warning")
        world.manager.stop()
        file = world.folder / "manager" / "manager.db"
        began = time.monotonic()
        fill(file, arguments.systems)
        print(f"{arguments.systems} systems written in {time.monotonic() - began:.1f} s")
        world.restart_manager()
        api = Api(world)
        raw = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        worst = 0.0
        print(f"{'selection and order':52} {'p50 ms':>8} {'p95 ms':>8} {'of 50 ms':>9} {'raw p95':>8}")
        for name, query, where, order in QUESTIONS:
            times, plain, after = [], [], ""
            for turn in range(arguments.rounds):
                took, ids, following = api.page(query, after)
                times.append(took)
                began = time.perf_counter()
                rows = raw.execute(f"SELECT * FROM systems WHERE {where} ORDER BY {order} LIMIT 100").fetchall()
                plain.append((time.perf_counter() - began) * 1000)
                if not after and [row[0] for row in rows] != ids:
                    sys.exit(f"{name}: the rows differ from those of the plain query")
                after = following if turn % 4 != 3 else ""
            high = percentile(times, 0.95)
            worst = max(worst, high)
            print(f"{name:52} {statistics.median(times):8.2f} {high:8.2f} {high / LIMIT_MS:9.2f} {percentile(plain, 0.95):8.2f}")
        print(f"worst p95 {worst:.2f} ms, {worst / LIMIT_MS:.2f} of the limit")
        raw.close()


if __name__ == "__main__":
    main()
