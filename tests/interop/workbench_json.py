#!/usr/bin/env python3
"""Every command that needs no manager prints with --json what docs/workbench-json.md says, field by field."""

import json
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from json_document import JsonChecks, read_documents  # noqa: E402
from workbench import InFolder  # noqa: E402


DOCUMENT = read_documents("workbench-json.md")


class Json(JsonChecks, InFolder):
    document = DOCUMENT
    seen = {}  # heading -> fields that a real answer had

    def ask(self, command, *arguments, code=0):
        answer = self.countersign("--json", *command.split(), *arguments, code=code).json()
        self.check_object(answer, command, command)
        return answer

    def test_every_answer_has_the_fields_of_the_document_and_no_others(self):
        self.write("pass", "secret\n")
        self.ask("key new", "--out", "ca.key")
        self.ask("cert self-sign", "--key", "ca.key", "--cn", "Root", "--profile", "ca", "--out", "ca.pem")
        self.ask("key new", "--type", "rsa:2048", "--passphrase-file", "pass", "--out", "locked.key")
        self.ask("key convert", "locked.key", "--passphrase-file", "pass", "--out", "plain.key")
        self.ask("request new", "--key", "plain.key", "--cn", "a.company.com", "--out", "a.csr")
        self.ask("request new", "--new-key", "b.key", "--cn", "b.company.com", "--out", "b.csr")
        self.ask("cert sign", "--request", "a.csr", "--ca-cert", "ca.pem", "--ca-key", "ca.key", "--out", "a.pem")
        self.ask("request renew", "--from", "a.pem", "--key", "b.key", "--out", "c.csr")
        self.ask("request renew", "--from", "a.pem", "--new-key", "d.key", "--out", "d.csr")
        self.ask("cert convert", "a.pem", "--to", "der", "--out", "a.der")
        self.ask("cert match", "--key", "plain.key", "--cert", "a.pem", "--request", "a.csr")
        self.ask("cert match", "--key", "b.key", "--cert", "a.pem", code=2)
        self.ask("cert verify", "a.pem", "--roots", "ca.pem", "--host", "other.company.com", code=2)
        self.ask("cert verify", "a.pem", "--roots", "a.pem", "--untrusted", "ca.pem", code=None)
        self.ask("cert chain", "ca.pem", "a.pem", "a.der", "--out", "chain.pem")
        self.ask("cert trusted", "a.pem", "--roots", "ca.pem")
        self.ask("cert trusted", "ca.pem", "--roots", "a.pem", code=2)
        self.ask("cert trust", "ca.pem", "--roots", "roots.pem")
        self.ask("cert trust", "ca.pem", "--roots", "trusted.pem")
        self.ask("bundle merge", "a.pem", "ca.pem", "--out", "both.pem")
        self.ask("bundle split", "both.pem", "--out-dir", "parts")
        self.ask("pfx export", "--cert", "both.pem", "--key", "plain.key", "--name", "Room", "--passphrase-file", "pass", "--out", "a.pfx")
        self.ask("pfx import", "a.pfx", "--passphrase-file", "pass", "--out-dir", "apart")
        self.ask("crl new", "--ca-cert", "ca.pem", "--ca-key", "ca.key", "--out", "crl.pem")
        self.ask("crl revoke", "a.pem", "--crl", "crl.pem", "--ca-cert", "ca.pem", "--ca-key", "ca.key")
        self.openssl("pkey", "-in", "b.key", "-pubout", "-out", "b.pub")
        self.write("half.pem", self.read("a.pem") + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        self.ask("show", "a.pem", "a.csr", "plain.key", "crl.pem", "b.pub", "locked.key", "a.pfx", "half.pem", code=3)
        for word in ("CRT-014", "10", "tls-old-version", "login_failed"):
            self.ask("explain", word)
        self.ask("completion", "fish")
        self.ask("man", "--out-dir", "man")
        # What needs a responder is tried where one is: tests/interop/workbench_certificates.py.
        silent = {heading for heading in DOCUMENT if heading not in self.seen} - {"ocsp query"}
        self.assertEqual(silent, set(), "nothing printed these")
        for heading, fields in self.seen.items():
            unseen = set(DOCUMENT[heading]) - fields
            self.assertEqual(unseen, set(), f"no answer had these fields of {heading}")

    def test_errors_and_warnings_are_objects_on_standard_error(self):
        failed = self.countersign("--json", "cert", "match", "--key", "none", "--cert", "nothing", code=3)
        self.assertEqual(failed.out, "")
        error = json.loads(failed.err)["error"]
        self.check_object(error, "Error", "error")
        self.assertEqual([cause["id"] for cause in error["causes"]], ["FIL-001", "FIL-001"])
        warned = self.countersign("--json", "key", "new", "--type", "rsa:1024", "--legacy", "--out", "k")
        self.assertIn("1024", json.loads(warned.err)["warning"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
