#!/usr/bin/env python3
"""The web steps of the guides to Level 4 (REQ GDE-1, GDE-2) in a browser, on the pages of each family, with files made by openssl. At the end the
browser itself, with the company's root in its profile, finds nothing wrong with the system's HTTPS (docs/device-pages.md)."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main  # noqa: E402
from journeys import travel  # noqa: E402

STRONG = "superstrongpasswordhere"


class DeviceGuides(unittest.TestCase):
    def test_device_guides(self):
        with World("guides") as world:
            families = ("c-series", "mxp", "mps", "vcs", "mcu", "rmx")
            systems = world.add_estate([{"family": family, "host_name": f"{family}.{world.domain}"} for family in families])
            world.start_dns()
            world.start_ntp()
            world.start_device()
            company = Authority(world.folder / "company")
            told = []
            for system in systems:
                host = system["host_name"]
                key, certificate = company.issue(host, passphrase="open sesame")
                open_key, open_certificate = company.issue(host, name=f"{host}-open")
                told.append({"family": system["family"], "host": host, "address": system["address"], "root": str(company.certificate), "key": str(key),
                             "certificate": str(certificate), "open_key": str(open_key), "open_certificate": str(open_certificate),
                             "extensions": str(key.with_suffix(".ext"))})
            travel(world, "device_guides.mjs", root=company.certificate, systems=told, hosts={one["host"]: one["address"] for one in told},
                   port=world.port(443), plain=world.port(80), strong=STRONG, dns=world.dns_address, ntp=f"ntp.{world.domain}", domain=world.domain,
                   company_key=str(company.key))
            for system in systems:
                https = (system["address"], world.port(443))
                self.assertTrue(s_client_verifies(*https, company.certificate, system["host_name"]), f"{system['family']}: openssl agrees")
                self.assertEqual(port_state(system["address"], world.port(80)), "refused", f"{system['family']}: HTTP is closed")
            undone = [line for line in world.journal(systems[families.index("mcu")]) if "trial.undone" in line]
            self.assertEqual(len(undone), 1, "the change that nobody confirmed, and no other")


if __name__ == "__main__":
    main()
