#!/usr/bin/env python3
"""A page that stays open: what it asks for and how often, what it says when it hears nothing, what breaks beneath it, and where the keyboard is."""

import pathlib
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent.parent / "bench")]
from estate import *  # noqa: E402,F403
from guide import main  # noqa: E402
from journeys import set_up_administrator, travel  # noqa: E402
from list import fill  # noqa: E402

LONG = 1500


class Live(unittest.TestCase):
    def test_live(self):
        with World("live") as world:
            systems = world.start_all([{"family": "c-series", "host_name": "room1.company.com"}])
            set_up_administrator(world)
            world.manager.stop()
            fill(world.folder / "manager" / "manager.db", LONG)  # a list that is long; the manager does not look at these
            world.restart_manager()
            world.add_to_manager(systems)
            room = world.api("system", "list", "--text", "room1.company.com")["systems"][0]["id"]
            wait_for(lambda: world.api("system", "show", room)["observed_at"], "the system was observed", 60)
            # The browser comes over a line of its own, which the journeys cut.
            travel(world, "live.mjs", room=room, long=LONG, hosts={world.manager_host: f"{world.net}.251"})


if __name__ == "__main__":
    main()
