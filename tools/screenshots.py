#!/usr/bin/env python3
"""Takes the pictures of README.md and docs: a manager with virtual systems, half of them at Level 4, seen by a headless Chromium.

    COUNTERSIGN_BIN=build/release/bin tools/screenshots.py [FOLDER]

Everything in the pictures is real but the history before today, which a new manager does not have: it is written into its database. Without
FOLDER the pictures of the repository (docs/images) are made anew."""

import datetime
import pathlib
import shutil
import sqlite3
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from estate import Authority, World, wait_for  # noqa: E402
from journeys import set_up_administrator, travel  # noqa: E402

KEPT = ("set-up", "overview", "overview-dark", "systems", "system", "plan", "campaign", "certificate", "overview-phone", "device")


def write_history(file, count):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    lines = []
    for back in range(60, 0, -1):
        done = (60 - back) * (count - 4) // 60
        middle = min(count - 4 - done, back // 20)
        lines.append(f"{today - datetime.timedelta(days=back)} 0 {count - done - middle} {middle} 0 {done}\n")
    with sqlite3.connect(file, timeout=30) as database:
        database.execute("INSERT INTO program_values (name, value) VALUES ('level_history', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", ("".join(lines),))


def main():
    with World("pictures") as world, tempfile.TemporaryDirectory() as scratch:
        out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(scratch)
        out.mkdir(parents=True, exist_ok=True)
        systems = world.start_all([{"family": "c-series", "host_name": f"room{number}.company.com"} for number in range(1, 9)]
                                  + [{"family": "mcu", "host_name": f"mcu{number}.company.com"} for number in range(1, 4)]
                                  + [{"family": "vcs", "host_name": "vcs1.company.com"}, {"family": "mxp", "host_name": "hall.company.com"}])
        set_up_administrator(world)
        for folder in ("/Berlin", "/Berlin/First floor", "/Paris"):
            world.cli("folder", "add", folder)
        world.add_to_manager(systems)
        world.cli("system", "move", *[one["host_name"] for one in systems[:8]], "--to", "/Berlin")
        world.cli("system", "move", *[one["host_name"] for one in systems[8:]], "--to", "/Paris")
        world.cli("system", "add", "--ip", f"{world.net}.99", "--family", "mcu", "--name", "Training room")
        wait_for(lambda: all(one["observed_at"] for host, one in world.systems().items() if host) and world.tickets(), "all are observed", 120)
        first = [one["host_name"] for one in systems[:7]]
        world.cli("campaign", "start", *first, "--name", "First floor to Level 4", "--goal", "verify", "--confirm", "each", "--yes", "--wait", check=False, timeout=400)
        second = [one["host_name"] for one in systems[7:10]]
        world.cli("campaign", "start", *second, "--name", "Conference units", "--goal", "verify", "--canaries", "1", "--confirm", "hand", "--yes", check=False)
        wait_for(lambda: any(one["counts"].get("proven") for one in world.api("campaign", "list")["campaigns"]), "one is proven", 200)
        write_history(world.folder / "manager" / "manager.db", len(systems))
        seen = world.systems()
        hall = next(one for one in systems if one["host_name"] == "hall.company.com")
        company = Authority(world.folder / "company")
        key, certificate = company.issue(hall["host_name"], passphrase="open sesame")
        hosts = {world.manager_host: world.manager_address, hall["host_name"]: hall["address"]}
        travel(world, "pictures.mjs", out=str(out), hosts=hosts, device=hall["host_name"], plain=world.port(80), key=str(key),
               certificate=str(certificate), companyRoot=str(company.certificate), devicePlace="System Configuration > Certificate Management", low=seen["hall.company.com"]["id"], high=seen["room1.company.com"]["id"],
               campaign=world.api("campaign", "list")["campaigns"][0]["id"], ticket=world.tickets()[0]["id"])
        if len(sys.argv) == 1:
            for one in KEPT:
                shutil.copy(out / f"{one}.png", ROOT / "docs" / "images" / f"{one}.png")


if __name__ == "__main__":
    main()
