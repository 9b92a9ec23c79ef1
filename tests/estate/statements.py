#!/usr/bin/env python3
"""The store's daily work goes through indexes: nothing that is done for each system, call or certificate walks through a whole table
(the manager says which statements do, docs/operation.md, log level debug)."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

# Tables with a row for each system, certificate, call, job or record.
LARGE = {"systems", "inventory", "inventory_uses", "issued", "pending_certificates", "pending_client_certificates", "audit", "jobs", "tickets",
         "ticket_events", "assessments", "system_trust", "connections", "arrivals", "campaign_systems", "campaign_changes", "log_in_failures"}
# Those that may: answers about all rows, pages in the order of the table, and walks through an index of the few that are under way.
ALLOWED = [r"SELECT level, count\(\*\) FROM systems GROUP BY level", r"SELECT id FROM systems ORDER BY id",
           r"SELECT systems\.id, systems\.id FROM systems WHERE 1 = 1 ORDER BY systems\.id LIMIT", r"FROM jobs INDEXED BY jobs_active",
           r"FROM log_in_failures ORDER BY guard_key$",
           r"FROM jobs WHERE state = 'running' AND owner", r"FROM campaign_systems WHERE open = 1"]


class Statements(unittest.TestCase):
    def test_daily_work_walks_through_no_large_table(self):
        with World("statements") as world:
            systems = [{"family": "c-series", "host_name": "room1.company.com"}, {"family": "mcu", "host_name": "mcu1.company.com"}]
            settings = world.folder / "settings.manager.toml"
            settings.write_text('log_level = "debug"\n')
            world.start_all(systems, "--settings", settings)
            # The first start makes the tables, and says so of each step; this one finds them.
            world.manager.stop()
            world.restart_manager()
            step("systems are added, secured, observed, re-keyed, and one gets away")
            world.add_to_manager(systems)
            world.cli("job", "wait", "--timeout", "120")
            world.cli("secure-only", "set", "verify")
            world.cli("job", "wait", "--timeout", "180")
            self.assertEqual({one["level"] for one in world.systems().values()}, {4})
            world.cli("inventory", "rekey", "room1.company.com")
            world.cli("system", "observe", "mcu1.company.com")
            world.cli("job", "wait", "--timeout", "180")
            world.cli("system", "remove", "mcu1.company.com")
            step("what the store said of its statements")
            walks = re.findall(r"store\.walk step=\"(SCAN (\S+)[^\"]*)\" statement=\"(.*)\"", world.manager.text())
            found = {(table, statement) for _, table, statement in walks
                     if table in LARGE and not any(re.search(one, statement) for one in ALLOWED)}
            self.assertTrue(walks, "the manager says which statements walk: small tables are among them")
            self.assertEqual(found, set())


if __name__ == "__main__":
    main()
