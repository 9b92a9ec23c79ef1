#!/usr/bin/env python3
"""From the first visit to Level 4 in a browser; failures, campaigns, folders, narrow screens (REQ GDE-2)."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from api_client import Client  # noqa: E402
from guide import main  # noqa: E402
from journeys import set_up_password, token, travel  # noqa: E402

SYSTEMS = [{"family": "c-series", "host_name": "room1.company.com"}, {"family": "c-series", "host_name": "room2.company.com"},
           {"family": "mcu", "host_name": "mcu1.company.com"}]


class FirstVisit(unittest.TestCase):
    def test_first_visit(self):
        with World("first-visit") as world:
            systems = world.start_all([dict(one) for one in SYSTEMS])
            family = next(one["name"] for one in Client(world).ask("GET", "/api/v1/families", None, {"Authorization": "Bearer " + token(world)}).json()["families"]
                          if one["id"] == "mcu")
            travel(world, "first_visit.mjs", setup=set_up_password(world), gone=f"{world.net}.99", goneFamily=family,
                   systems=[{name: one[name] for name in ("host_name", "address", "family")} for one in systems])


if __name__ == "__main__":
    main()
