#!/usr/bin/env python3
"""One step back to the certificate before, on the certificate page of every family: shown only when there is one, journalled, and undone
with the trial it was part of (REQ CRT-6)."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

BACK = "Restore the previous certificate"
# Page, button of the upload, labels of certificate and key, button of the restart (None: an upload works at once).
PAGES = {
    "c-series": ("/web/security/cert", "Upload", "HTTPS Certificate (PEM format)", "Private Key (PEM format)"),
    "roomos": ("/web/security/cert", "Upload", "HTTPS Certificate (PEM format)", "Private Key (PEM format)"),
    "mxp": ("/sysconf/certificates", "Upload", "HTTPS Certificate", "Private Key"),
    "mps": ("/sysconf/certificates", "Upload", "HTTPS Certificate", "Private Key"),
    "vcs": ("/security", "Upload server certificate data", "Select server certificate file", "Select server private key"),
    "mcu": ("/network/ssl_certificates", "Upload certificate and key", "Certificate", "Private key"),
}
SAFETY = {"c-series": "/web/safety", "mxp": "/sysconf/safety", "mps": "/sysconf/safety", "vcs": "/safety", "mcu": "/settings/safety"}
SECURE = ("vcs", "roomos")
LOG_IN = {"mcu": ("admin", ""), "roomos": ("admin", "")}


class RollBack(unittest.TestCase):
    def family(self, family):
        page, upload, certificate_label, key_label = PAGES[family]
        with World(f"rb{family[0]}{family[-1]}") as world:
            host = f"room.{world.domain}"
            system = world.add_estate([{"family": family, "host_name": host}])[0]
            world.start_device()
            company = Authority(world.folder / "company")
            pairs = [company.issue(host, name) for name in ("first", "second")]
            scheme, port = ("https", 443) if family in SECURE else ("http", 80)
            options = ["--insecure"] + (["--basic"] if family == "roomos" else [])
            browser = Browser(f"{scheme}://{system['address']}:{world.port(port)}", *LOG_IN.get(family, ("admin", "TANDBERG")), *options)

            def shown():
                """The fingerprint of the installed pair, and whether a step back is offered."""
                browser.open(page)
                text = browser.text.replace(":", "").lower()
                held = [number for number, (_, one) in enumerate(pairs) if fingerprint_of(one) in text]
                return held, BACK in browser.html

            step(f"{family}: with the factory's pair there is nothing to go back to")
            self.assertEqual(shown(), ([], False))
            for number, (key, certificate) in enumerate(pairs):
                browser.open(page).fill_in(upload, **{certificate_label: certificate, key_label: key})
                self.assertEqual(shown(), ([number], True), browser.text)
            if family in SAFETY:
                step("on trial: undone with it")
                browser.open(SAFETY[family]).fill_in("Begin", **{"Undo after (seconds)": "600"})
                self.assertTrue(re.search(r"Trial (\S+) has begun", browser.text), browser.text)
                browser.open(page).fill_in(BACK)
                self.assertEqual(shown()[0], [0])
                browser.open(SAFETY[family]).fill_in("Undo now")
                self.assertEqual(shown(), ([1], True))
            step("one step back, and no further")
            browser.open(page).fill_in(BACK)
            self.assertIn("The previous certificate and key are installed again.", browser.text)
            self.assertEqual(shown(), ([0], False))
            self.assertTrue(any("certificate.rolled_back" in line for line in world.journal(system)), world.journal(system)[-5:])
            if family == "vcs":
                step("it is what HTTPS shows")
                self.assertTrue(serves(system["address"], world.port(443), pairs[0][1]))

    def test_c_series(self):
        self.family("c-series")

    def test_roomos(self):
        self.family("roomos")

    def test_mxp(self):
        self.family("mxp")

    def test_mps(self):
        self.family("mps")

    def test_vcs(self):
        self.family("vcs")

    def test_mcu(self):
        self.family("mcu")


if __name__ == "__main__":
    main()
