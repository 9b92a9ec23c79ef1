#!/usr/bin/env python3
"""Log-in, roles and the lock-out in a browser: what a role may not do is not offered, and refused (docs/access.md)."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main  # noqa: E402
from journeys import call_of, prepare_people, travel  # noqa: E402
from openapi import Description  # noqa: E402


class Access(unittest.TestCase):
    def test_access(self):
        with World("access") as world:
            world.start_dns()
            world.start_manager()
            people = prepare_people(world, viewer="vera", auditor="otto")
            operations = [{"method": method, "path": path, "permission": described["x-permission"]} for (method, path), described in Description().operations().items()]
            company = Authority(world.folder / "company", "Company Root CA")
            travel(world, "access.mjs", operations=operations, plain=world.port(80), companyRoot=str(company.certificate),
                   call=call_of({"mac": "00:50:60:01:02:03", "serial": "A1BC2345", "address": f"{world.net}.42"}), **people)


if __name__ == "__main__":
    main()
