#!/usr/bin/env python3
"""The pages of every family in a browser: each place of each menu in both colours, on a wide window and on a phone, with and without scripts;
log-in, lock-out and log-out; files that are checked before they are sent (docs/device-pages.md)."""

import pathlib
import sys
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main  # noqa: E402
from journeys import travel  # noqa: E402

FAMILIES = pathlib.Path(__file__).resolve().parent.parent.parent / "families"


def login_of(family):
    return tomllib.loads((FAMILIES / f"{family}.toml").read_text())["login"]


class DevicePages(unittest.TestCase):
    def test_device_pages(self):
        families = [path.stem for path in sorted(FAMILIES.glob("*.toml"))]
        with World("pages") as world:
            on = {"settings": {"service.https.mode": "on"}}
            wanted = [{"family": family, "host_name": f"{family}.{world.domain}", **({} if family == "roomos" else on)} for family in families]
            # One more, for people who are locked out.
            systems = world.add_estate([*wanted, {"family": "mcu", "host_name": f"locked.{world.domain}", **on}])
            world.start_device()
            company = Authority(world.folder / "company")
            key, certificate = company.issue(f"c-series.{world.domain}")
            other, _ = company.issue(f"other.{world.domain}")
            request = certificate.with_suffix(".csr")
            package = certificate.with_suffix(".pfx")
            run("openssl", "pkcs12", "-export", "-inkey", key, "-in", certificate, "-certfile", company.certificate, "-out", package, "-passout",
                "pass:open sesame")
            told = [{"family": system["family"], "host": system["host_name"], "address": system["address"], "user": login_of(system["family"])["user"],
                     "password": login_of(system["family"])["factory_password"]} for system in systems]
            travel(world, "device_pages.mjs", root=company.certificate, systems=told, hosts={system["host"]: system["address"] for system in told},
                   port=world.port(443), plain=world.port(80),
                   files={"key": str(key), "certificate": str(certificate), "other": str(other), "request": str(request), "package": str(package),
                          "root": str(company.certificate)})
            locked = world.journal(systems[-1])
            self.assertTrue(any("login.locked" in line for line in locked), "the lock-out stands in the journal")
            self.assertTrue(any('"logout"' in line or " logout" in line for line in locked), "the log-out, too")


if __name__ == "__main__":
    main()
