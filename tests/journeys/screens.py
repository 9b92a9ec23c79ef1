#!/usr/bin/env python3
"""Every screen of the interface: axe in both colours, and its states (loading, failed, denied)."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main  # noqa: E402
from journeys import set_up_administrator, travel  # noqa: E402


class Screens(unittest.TestCase):
    def test_screens(self):
        with World("screens") as world:
            systems = world.start_all([{"family": "c-series", "host_name": "room1.company.com"}, {"family": "mcu", "host_name": "mcu1.company.com"}])
            world.add_to_manager(systems)
            world.cli("system", "add", "--ip", f"{world.net}.99", "--family", "mcu", "--name", "gone")
            set_up_administrator(world)
            wait_for(lambda: world.systems().get("room1.company.com", {}).get("observed_at") and world.tickets(), "observed, with a ticket", 90)
            room = world.systems()["room1.company.com"]["id"]
            world.cli("campaign", "start", "room1.company.com", "--name", "One room", "--goal", "verify", "--confirm", "each", "--yes", check=False)
            wait_for(lambda: world.systems()["room1.company.com"]["level"] == 4, "the campaign reached its goal", 120)
            campaign = world.api("campaign", "list")["campaigns"][0]["id"]
            travel(world, "screens.mjs", system=room, ticket=world.tickets()[0]["id"], campaign=campaign,
                   fingerprint=world.systems()["room1.company.com"]["certificate_fingerprint"])


if __name__ == "__main__":
    main()
