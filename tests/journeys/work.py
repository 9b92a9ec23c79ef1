#!/usr/bin/env python3
"""The daily work in a browser: two identities, requests by hand, a company's certificate, live changes, CSV, views, the keyboard alone."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main  # noqa: E402
from journeys import set_up_administrator, travel  # noqa: E402

SYSTEMS = [{"family": "roomos", "host_name": "studio.company.com"}, {"family": "c-series", "host_name": "room1.company.com"},
           {"family": "mcu", "host_name": "bridge1.company.com"}]


def issuing_authority(company):
    """A company's root that signs through an intermediate authority; journeys sign with its key."""
    key, request, certificate, extensions = (company.folder / f"issuing.{ending}" for ending in ("key", "csr", "pem", "ext"))
    run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request, "-subj",
        "/O=Company/CN=Company Issuing CA")
    extensions.write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
    run("openssl", "x509", "-req", "-in", request, "-CA", company.certificate, "-CAkey", company.key, "-CAcreateserial", "-out", certificate,
        "-extfile", extensions, "-days", "1800")


class Work(unittest.TestCase):
    def test_work(self):
        with World("work") as world:
            systems = world.start_all([dict(one) for one in SYSTEMS])
            set_up_administrator(world)
            company = Authority(world.folder / "company", "Company Root CA")
            issuing_authority(company)
            world.cli("root", "add", company.certificate)
            world.add_to_manager(systems)
            world.cli("job", "wait", "--timeout", "120")
            known = world.systems()
            names = {one["id"]: one["name"] for one in world.api("family", "list")["families"]}
            shown = [{"host_name": one["host_name"], "address": one["address"], "serial": one["serial"], "family": names[one["family"]],
                      "id": known[one["host_name"]]["id"]} for one in systems]
            travel(world, "work.mjs", roots=[company.certificate], company=str(company.folder), companyRoot=str(company.certificate), two=shown[0],
                   one=shown[1], by_hand=shown[2])


if __name__ == "__main__":
    main()
