#!/usr/bin/env python3
"""The manager's authority as relying parties see it (REQ MGR-13, TRU-7): its revocation list and its responder, held against openssl's
own programs; a new key after a compromise, with the old certificate revoked after the proof; the inventory of all of it."""

import base64
import pathlib
import sys
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402


class Issuing(unittest.TestCase):
    def get(self, url, name, *more):
        file = self.world.folder / name
        run("curl", "--silent", "--show-error", "--fail", "--max-time", "20", "--resolve",
            f"{self.world.manager_host}:{self.world.port(80)}:{self.world.manager_address}", *more, "--output", file, url)
        return file

    def served(self, system):
        return [one for one in self.world.api("inventory", "list", "--system", system["host_name"], "--state", "served")["certificates"]
                if one["purpose"] == "system"]

    def pem_of(self, fingerprint, name):
        file = self.world.folder / name
        file.write_text(self.world.api("inventory", "show", fingerprint)["pem"])
        return file

    def ocsp(self, *which):
        done = run("openssl", "ocsp", "-issuer", self.root, *which, "-url", f"http://{self.world.manager_address}:{self.world.port(80)}/pki/ocsp",
                   "-CAfile", self.root, check=False)
        self.assertIn("Response verify OK", done.stdout + done.stderr)
        return done.stdout

    def check(self, leaf):
        """What `openssl verify` says with the list that the certificate names."""
        text = run("openssl", "x509", "-in", leaf, "-noout", "-text").stdout
        self.assertIn("CRL Distribution Points", text)
        url = next(line.split("URI:", 1)[1].strip() for line in text.splitlines() if "URI:" in line and "/pki/crl/" in line)
        der = self.get(url, "list.crl")
        crl = self.world.folder / "list.pem"
        run("openssl", "crl", "-inform", "DER", "-in", der, "-out", crl)
        self.assertIn("verify OK", run("openssl", "crl", "-in", crl, "-CAfile", self.root, "-noout").stderr)
        done = run("openssl", "verify", "-crl_check", "-CAfile", self.root, "-CRLfile", crl, leaf, check=False)
        return done.stdout + done.stderr

    def test_relying_parties_learn_what_was_revoked(self):
        with World("iss") as world:
            self.world = world
            self.root = world.folder / "manager" / "ca.pem"
            system, other = world.start_all([{"family": "c-series", "host_name": f"room1.{world.domain}"},
                                             {"family": "mcu", "host_name": f"mcu1.{world.domain}"}])
            world.cli("authority", "set", "--http-base", f"http://{world.manager_host}:{world.port(80)}")
            world.add_to_manager([system, other])
            world.cli("job", "wait", "--timeout", "120")
            world.cli("secure-only", "set", "verify")
            world.cli("job", "wait", "--timeout", "120")
            world.cli("system", "observe", "--all")
            step("the inventory knows what is served, with its issuer, and when it is to be renewed")
            first = self.served(system)[0]
            found = world.api("inventory", "show", first["fingerprint"])
            self.assertEqual([(use["system_name"], use["until"]) for use in found["uses"] if use["service"] == "https"],
                             [(world.systems()[system["host_name"]]["name"], None)])
            self.assertLess(first["not_before"], first["renew_at"])
            self.assertLess(first["renew_at"], first["not_after"])
            leaf = self.pem_of(first["fingerprint"], "first.pem")
            step("good: openssl ocsp, openssl verify -crl_check, and a request in the URL")
            self.assertIn(f"{leaf}: good", self.ocsp("-cert", leaf))
            self.assertIn("first.pem: OK", self.check(leaf))
            self.assertIn("0x1234: unknown", self.ocsp("-serial", "0x1234"))
            request = world.folder / "request.der"
            run("openssl", "ocsp", "-issuer", self.root, "-cert", leaf, "-no_nonce", "-reqout", request)
            in_url = urllib.parse.quote(base64.b64encode(request.read_bytes()).decode(), safe="")
            answer = self.get(f"http://{world.manager_host}:{world.port(80)}/pki/ocsp/{in_url}", "answer.der")
            done = run("openssl", "ocsp", "-respin", answer, "-issuer", self.root, "-cert", leaf, "-CAfile", self.root)
            self.assertIn(f"{leaf}: good", done.stdout)
            issuer = self.get(f"http://{world.manager_host}:{world.port(80)}/pki/ca/{first['issuer']}", "issuer.der")
            self.assertIn(f"SHA256 Fingerprint={bytes.fromhex(first['issuer']).hex(':').upper()}".lower(),
                          run("openssl", "x509", "-inform", "DER", "-in", issuer, "-noout", "-fingerprint", "-sha256").stdout.lower())
            step("a new key: the old certificate is revoked when the new one is served and verified")
            world.cli("inventory", "rekey", system["host_name"], "--revoke", "keyCompromise")
            world.cli("job", "wait", "--timeout", "120")
            world.cli("system", "observe", system["host_name"])
            second = self.served(system)[0]
            self.assertNotEqual(first["fingerprint"], second["fingerprint"])
            old = world.api("inventory", "show", first["fingerprint"])
            self.assertEqual((old["state"], old["reason"], old["replaced_by"]), ("revoked", "keyCompromise", second["fingerprint"]))
            self.assertEqual(world.systems()[system["host_name"]]["level"], 4)
            self.assertEqual(len(self.served(other)), 1, "others are left alone")
            self.assertIn("certificate revoked", self.check(leaf))
            self.assertIn("second.pem: OK", self.check(self.pem_of(second["fingerprint"], "second.pem")))
            shown = self.ocsp("-cert", leaf)
            self.assertIn(f"{leaf}: revoked", shown)
            self.assertIn("keyCompromise", shown)
            step("a certificate that is revoked while a system serves it is replaced")
            world.cli("inventory", "revoke", second["fingerprint"][:16], "--reason", "superseded")
            world.cli("job", "wait", "--timeout", "120")
            world.cli("system", "observe", system["host_name"])
            third = self.served(system)[0]
            self.assertNotIn(third["fingerprint"], (first["fingerprint"], second["fingerprint"]))
            self.assertIn("revoked", self.ocsp("-cert", world.folder / "second.pem"))
            self.assertEqual(world.tickets(), [])
            again = world.cli("inventory", "revoke", second["fingerprint"], check=False)
            self.assertIn("MGR-151", again.stdout + again.stderr)


if __name__ == "__main__":
    main()
