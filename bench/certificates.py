#!/usr/bin/env python3
"""The list of certificates over 1,000,000 of them: how long the API takes for a page of 100, by selection and order.

    COUNTERSIGN_BIN=build/release/bin python3 bench/certificates.py [--certificates N] [--rounds N]

The manager runs with a database that this program fills. One kept HTTPS connection asks for the first page and for pages behind it, in
turns. Beside each figure stands the same rows asked of the database file by this program's own SQLite. Prints the median and the 95th
percentile, and the 95th percentile as a ratio to the limit of 50 ms."""

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
DAY = 86400
ISSUERS = ("a" * 64, "b" * 64, "c" * 64)
# What is asked of the API, and the same as SQL; {now} is the time.
QUESTIONS = (
    ("all, by their end", "", "1", "not_after, id"),
    ("all, the latest end first", "sort=-not_after", "1", "not_after DESC, id DESC"),
    ("served", "state=served", "state = 'served' AND not_after > {now}", "not_after, id"),
    ("served, ending within 30 days", "state=served&expires_before=30", "state = 'served' AND not_after > {now} AND not_after < {now} + 2592000", "not_after, id"),
    ("expired, the latest first", "state=expired&sort=-not_after", "not_after <= {now} AND state <> 'revoked'", "not_after DESC, id DESC"),
    ("revoked (1 in 1,000)", "state=revoked", "state = 'revoked'", "not_after, id"),
    ("one issuer (a third)", f"issuer={ISSUERS[1]}", f"issuer = '{ISSUERS[1]}'", "not_after, id"),
    ("one issuer, pending (few)", f"issuer={ISSUERS[1]}&state=pending", f"issuer = '{ISSUERS[1]}' AND state = 'pending' AND not_after > {{now}}", "not_after, id"),
    ("one system", "system=77123", "system = 77123", "not_after, id"),
    ("text of a few", "text=room77123", "names LIKE '%room77123%'", "not_after, id"),
    ("text of all", "text=example", "names LIKE '%example%'", "not_after, id"),
    ("text of none", "text=nowhere", "names LIKE '%nowhere%'", "not_after, id"),
    ("text of a hundredth, two words", "text=room7712%20example", "names LIKE '%room7712%'", "not_after, id"),
)


def fill(file, count):
    chance = random.Random(4711)
    now = int(time.time())
    rows = []
    with sqlite3.connect(file, timeout=60) as database:
        database.execute("DELETE FROM inventory_uses")
        database.execute("DELETE FROM inventory")
        database.execute("DELETE FROM inventory_text")
        for number in range(count):
            draw = chance.random()
            end = now + chance.randrange(-3 * 365, 365) * DAY + chance.randrange(DAY)
            state = "revoked" if draw < 0.001 else "pending" if draw < 0.0011 else "served" if end > now and draw < 0.9 else "replaced"
            name = f"room{number % 100000}.example.com"
            rows.append((f"{number:064x}", f"{chance.getrandbits(120):030x}", f"/CN={name}", name, "/O=Countersign/CN=Countersign Root", ISSUERS[number % 3], number % 100000 + 1,
                         end - 90 * DAY, end, state, now, now, now if state == "revoked" else None, ""))
        database.executemany("INSERT INTO inventory (fingerprint, serial, subject, names, issuer_subject, issuer, purpose, system, key_kind, not_before, not_after, state, "
                             "first_seen, last_seen, revoked, pem) VALUES (?, ?, ?, ?, ?, ?, 'system', ?, 'EC 256', ?, ?, ?, ?, ?, ?, ?)", rows)
        database.execute("INSERT INTO inventory_text (rowid, words) SELECT id, subject || char(10) || names || char(10) || serial || char(10) || fingerprint FROM inventory")
    database.close()
    return now


def percentile(times, share):
    return sorted(times)[min(len(times) - 1, int(len(times) * share))]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--certificates", type=int, default=1000000)
    parser.add_argument("--rounds", type=int, default=40)
    arguments = parser.parse_args()
    with World("certs") as world:
        world.start_dns()
        world.start_manager("--log-level", "warning")
        world.manager.stop()
        file = world.folder / "manager" / "manager.db"
        began = time.monotonic()
        now = fill(file, arguments.certificates)
        print(f"{arguments.certificates} certificates written in {time.monotonic() - began:.1f} s")
        world.restart_manager()
        context = ssl.create_default_context(cafile=str(world.folder / "manager" / "ca.pem"))
        connection = http.client.HTTPSConnection(world.manager_host, world.port(443), context=context)
        connection._create_connection = lambda *_, **__: socket.create_connection((world.manager_address, world.port(443)))
        fields = {"Authorization": "Bearer " + (world.folder / "manager" / "token").read_text().strip()}
        raw = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
        worst = 0.0
        print(f"{'selection and order':40} {'p50 ms':>8} {'p95 ms':>8} {'of 50 ms':>9} {'raw p95':>8}")
        for name, query, where, order in QUESTIONS:
            times, plain, after = [], [], ""
            for turn in range(arguments.rounds):
                began = time.perf_counter()
                connection.request("GET", f"/api/v1/certificates?limit=100&{query}" + (f"&after={after}" if after else ""), headers=fields)
                answer = connection.getresponse()
                body = answer.read()
                times.append((time.perf_counter() - began) * 1000)
                if answer.status != 200:
                    sys.exit(f"{query}: {answer.status} {body[:300]}")
                found = json.loads(body)
                began = time.perf_counter()
                rows = raw.execute(f"SELECT * FROM inventory WHERE {where.format(now=now)} ORDER BY {order} LIMIT 100").fetchall()
                plain.append((time.perf_counter() - began) * 1000)
                # The manager's own rows came back at its start, and time goes on: the ends tell whether it is the same page.
                if turn == 0 and rows and "system" not in query and abs(len(rows) - len(found["certificates"])) > 5:
                    sys.exit(f"{name}: {len(found['certificates'])} rows, and the plain query finds {len(rows)}")
                after = (found["next"] or "") if turn % 4 != 3 else ""
            high = percentile(times, 0.95)
            worst = max(worst, high)
            print(f"{name:40} {statistics.median(times):8.2f} {high:8.2f} {high / LIMIT_MS:9.2f} {percentile(plain, 0.95):8.2f}")
        print(f"worst p95 {worst:.2f} ms, {worst / LIMIT_MS:.2f} of the limit")
        raw.close()


if __name__ == "__main__":
    main()
