#!/usr/bin/env python3
"""Every day in a browser: each thing that a person does with systems, tickets, roots and tokens is done by click and seen in the API
afterwards; and what is told of each outcome is what came of it."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main  # noqa: E402
from journeys import call_of, set_up_administrator, travel  # noqa: E402

SYSTEMS = [{"family": "c-series", "host_name": "room1.company.com"}, {"family": "c-series", "host_name": "lobby.company.com"},
           {"family": "c-series", "host_name": "locked.company.com"}]


class Everyday(unittest.TestCase):
    def test_everyday(self):
        with World("everyday") as world:
            room, lobby, locked = world.start_all([dict(one) for one in SYSTEMS])
            set_up_administrator(world)
            company = Authority(world.folder / "company", "Company Root CA")
            world.add_to_manager([room])
            secret = "Only-On-A-Note-4711"
            telnet = Telnet(locked["address"], world.port(23), "TANDBERG")
            telnet.type(f"xcommand SystemUnit AdminPassword Set Password: {secret}")
            telnet.close()
            wrong = world.folder / "wrong"
            wrong.write_text("not the password\n")
            world.cli("system", "add", locked["host_name"], "--ip", locked["address"], "--family", locked["family"], "--password-file", wrong)
            path = "/tms/public/external/management/SystemManagementService.asmx"
            url = f"http://{world.manager_address}:{world.port(80)}{path}"
            self.assertEqual(status_of(url, "--data-binary", call_of(lobby), "--interface", lobby["address"]), 200)
            world.cli("job", "wait", "--timeout", "120")
            wait_for(lambda: [one for one in world.tickets() if one["type"] == "login_failed"], "a ticket of the failed log-in", 60)
            numbers = world.systems()
            names = {one["id"]: one["name"] for one in world.api("family", "list")["families"]}
            told = [{"host_name": one["host_name"], "address": one["address"], "serial": one["serial"], "family": names[one["family"]],
                     "id": numbers.get(one["host_name"], {}).get("id")} for one in (room, lobby, locked)]
            shown = {"room": told[0], "lobby": told[1], "locked": told[2], "companyRoot": str(company.certificate), "secret": secret}
            travel(world, "everyday.mjs", **shown)
            # Two days in the calendar: this one's certificate ends long before that of the other.
            world.cli("policy", "set", "--certificate-days", "200")
            before = world.systems()[lobby["host_name"]]["certificate_expires"]
            world.cli("inventory", "rekey", lobby["host_name"])
            wait_for(lambda: world.systems()[lobby["host_name"]]["certificate_expires"] < before, "it has a certificate of 200 days", 120)
            # One that fails: its password was not given, and nothing secret is said over HTTP.
            world.cli("campaign", "start", locked["host_name"], "--goal", "verify", "--name", "One room", "--confirm", "each", "--yes", "--wait", check=False)
            world.cli("notify", "add-syslog", "siem", "--host", "log.company.com", "--roots", company.certificate)
            travel(world, "outcomes.mjs", campaign=world.api("campaign", "list")["campaigns"][0]["id"], **shown)


if __name__ == "__main__":
    main()
