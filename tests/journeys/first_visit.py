#!/usr/bin/env python3
"""From the first visit to Level 4 in a browser, with the demonstration estate; failures, campaigns, folders, narrow screens (REQ GDE-2)."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from api_client import Client  # noqa: E402
from guide import main, step  # noqa: E402
from journeys import set_up_password, token, travel  # noqa: E402

SYSTEMS = [{"family": "c-series", "host_name": "room1.company.com"}, {"family": "c-series", "host_name": "room2.company.com"},
           {"family": "mcu", "host_name": "mcu1.company.com"}, {"family": "c-series", "host_name": "room3.company.com"}]


def write_demonstration(world, systems):
    """As tools/demo.sh does it."""
    folder = world.folder / "manager" / "demonstration"
    (folder / "vendors").mkdir(parents=True)
    for authority in world.folder.glob("*/factory-ca/*.pem"):
        (folder / "vendors" / authority.name).write_text(authority.read_text())
    (folder / "policy.json").write_text(json.dumps({"dns_servers": [world.dns_address], "dns_domain": world.domain, "ntp_server": f"ntp.{world.domain}",
                                                    "manager_host_name": world.manager_host}))
    (folder / "systems.csv").write_text("host_name,address,family\n" + "".join(f"{one['host_name']},{one['address']},{one['family']}\n" for one in systems))


class FirstVisit(unittest.TestCase):
    def test_first_visit(self):
        with World("first-visit") as world:
            systems = world.add_estate([dict(one) for one in SYSTEMS])
            other_name = f"tms.{world.domain}"
            world.hosts[other_name] = world.manager_address
            world.start_dns()
            world.start_ntp()
            world.start_device()
            world.start_manager()
            write_demonstration(world, systems[:3])
            family = next(one["name"] for one in Client(world).ask("GET", "/api/v1/families", None, {"Authorization": "Bearer " + token(world)}).json()["families"]
                          if one["id"] == "mcu")
            shown = [{name: one[name] for name in ("host_name", "address", "family")} for one in systems]
            travel(world, "first_visit.mjs", setup=set_up_password(world), gone=f"{world.net}.99", goneFamily=family, systems=shown[:3], listed=shown[3],
                   hosts={world.manager_host: world.manager_address, **{one["host_name"]: one["address"] for one in shown}}, otherName=other_name, domain=world.domain, dns=world.dns_address)
            step("the name of a system leads to another unit: its certificate verifies for another name")
            failing = shown[1]
            world.change_hosts(**{failing["host_name"].replace(".", "__"): shown[0]["address"]})
            world.cli("system", "set", failing["host_name"], "--ip", shown[0]["address"], check=False)
            world.cli("system", "observe", failing["host_name"], check=False)
            number = world.systems()[failing["host_name"]]["id"]
            ticket = wait_for(lambda: next((one for one in world.tickets() if one["system"] == number and one["severity"] == "critical"), None), "a ticket", 60)
            rows = world.api("system", "show", failing["host_name"])["assessment"]["protocols"]
            cause = next(one["evidence"] for one in rows if one["name"] == "HTTPS Server")
            self.assertIn(f"/CN={shown[0]['host_name']}, not verified: name_mismatch", cause)
            travel(world, "failure.mjs", name=ticket["system_name"], title=ticket["title"], cause=cause,
                   failing={**failing, "address": shown[0]["address"]})


if __name__ == "__main__":
    main()
