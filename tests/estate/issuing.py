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
        """Newest first: the one before stays in use for calls to the manager until the system calls with its new one."""
        return sorted((one for one in self.world.api("inventory", "list", "--system", system["host_name"], "--state", "served")["certificates"]
                       if one["purpose"] == "system"), key=lambda one: one["not_before"], reverse=True)

    def pem_of(self, fingerprint, name):
        file = self.world.folder / name
        file.write_text(self.world.api("inventory", "show", fingerprint)["pem"])
        return file

    def ocsp(self, *which):
        return self.ocsp_of(self.issuing, *which)

    def ocsp_of(self, issuer, *which):
        done = run("openssl", "ocsp", "-issuer", issuer, *which, "-url", f"http://{self.world.manager_address}:{self.world.port(80)}/pki/ocsp",
                   "-CAfile", self.root, "-verify_other", self.issuing, check=False)
        self.assertIn("Response verify OK", done.stdout + done.stderr)
        return done.stdout

    def list_of(self, certificate):
        """The revocation list that a certificate names, verified by its issuer's certificate."""
        text = run("openssl", "x509", "-in", certificate, "-noout", "-text").stdout
        self.assertIn("CRL Distribution Points", text)
        url = next(line.split("URI:", 1)[1].strip() for line in text.splitlines() if "URI:" in line and "/pki/crl/" in line)
        crl = self.world.folder / f"{certificate.stem}.crl.pem"
        run("openssl", "crl", "-inform", "DER", "-in", self.get(url, "list.crl"), "-out", crl)
        done = run("openssl", "crl", "-in", crl, "-CAfile", self.issuers, "-noout")
        self.assertIn("verify OK", done.stdout + done.stderr)
        return crl

    def check(self, leaf):
        """What `openssl verify` says with the lists that the certificate and its issuer name: the whole chain is asked for."""
        lists = self.world.folder / "lists.pem"
        lists.write_text(self.list_of(leaf).read_text() + self.list_of(self.issuing).read_text())
        done = run("openssl", "verify", "-crl_check_all", "-CAfile", self.root, "-untrusted", self.issuing, "-CRLfile", lists, leaf, check=False)
        return done.stdout + done.stderr

    def know_the_issuer(self, fingerprint):
        der = self.get(f"http://{self.world.manager_host}:{self.world.port(80)}/pki/ca/{fingerprint}", "issuing.der")
        self.issuing = self.world.folder / "issuing.pem"
        run("openssl", "x509", "-inform", "DER", "-in", der, "-out", self.issuing)
        self.assertEqual(fingerprint_of(self.issuing), fingerprint)
        self.issuers = self.world.folder / "issuers.pem"
        self.issuers.write_text(self.issuing.read_text() + self.root.read_text())

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
            self.know_the_issuer(first["issuer"])
            step("good: openssl ocsp, openssl verify -crl_check, and a request in the URL")
            self.assertIn(f"{leaf}: good", self.ocsp("-cert", leaf))
            self.assertIn("first.pem: OK", self.check(leaf))
            request = world.folder / "request.der"
            run("openssl", "ocsp", "-issuer", self.issuing, "-cert", leaf, "-no_nonce", "-reqout", request)
            in_url = urllib.parse.quote(base64.b64encode(request.read_bytes()).decode(), safe="")
            answer = self.get(f"http://{world.manager_host}:{world.port(80)}/pki/ocsp/{in_url}", "answer.der")
            done = run("openssl", "ocsp", "-respin", answer, "-issuer", self.issuing, "-cert", leaf, "-CAfile", self.root,
                       "-verify_other", self.issuing)
            self.assertIn(f"{leaf}: good", done.stdout)
            self.assertIn("0x1234: unknown", self.ocsp("-serial", "0x1234"))
            step("the level above: the root answers for the issuing authority, and the manager shows it with its certificate")
            self.assertIn(f"{self.issuing}: good", self.ocsp_of(self.root, "-cert", self.issuing))
            shown = run("openssl", "s_client", "-connect", f"{world.manager_address}:{world.port(443)}", "-showcerts", stdin="").stdout
            self.assertEqual(shown.count("BEGIN CERTIFICATE"), 2, "leaf and issuing authority, without the root")
            self.assertTrue(s_client_verifies(world.manager_address, world.port(443), self.root, world.manager_host))
            self.assertIn(f"{leaf}: good", self.ocsp("-cert", leaf, "-no_nonce"))
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
            self.assertIn(f"{leaf}: revoked", self.ocsp("-cert", leaf, "-no_nonce"), "an answer that was kept says so, too")
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
            step("an issuing authority is revoked when another has taken its place everywhere")
            done = world.cli("inventory", "revoke", fingerprint_of(self.issuing), check=False)
            self.assertIn("MGR-160", done.stderr)
            world.cli("authority", "renew-intermediate")
            world.cli("inventory", "rekey", "--issuer", fingerprint_of(self.issuing))
            world.cli("job", "wait", "--timeout", "120")
            world.cli("system", "observe", "--all")
            world.cli("inventory", "revoke", fingerprint_of(self.issuing), "--reason", "superseded")
            self.assertIn("revoked", self.ocsp_of(self.root, "-cert", self.issuing))
            self.assertIn("certificate revoked", self.check(world.folder / "second.pem"))
            self.know_the_issuer(self.served(system)[0]["issuer"])
            self.assertIn("fourth.pem: OK", self.check(self.pem_of(self.served(system)[0]["fingerprint"], "fourth.pem")))
            self.assertEqual({one["level"] for one in world.systems().values()}, {4})
            again = world.cli("inventory", "revoke", second["fingerprint"], check=False)
            self.assertIn("MGR-151", again.stdout + again.stderr)


if __name__ == "__main__":
    main()
