#!/usr/bin/env python3
"""The certificate commands of the workbench as a person uses them: openssl reads what they make, they read what openssl made, and
mistakes end with the right exit code, all of them named, and nothing written (REQ WRK-1 to WRK-14)."""

import base64
import fcntl
import json
import os
import pathlib
import pty
import re
import resource
import select
import shutil
import signal
import stat
import subprocess
import sys
import termios
import threading
import http.server
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))
from workbench import InFolder, PROGRAM  # noqa: E402


class Certificates(InFolder):
    def authority(self, *more):
        self.countersign("key", "new", "--out", "ca.key")
        self.countersign("cert", "self-sign", "--key", "ca.key", "--cn", "Company CA", "--profile", "ca", *more, "--out", "ca.pem")

    def issued(self, name="room1", *more):
        """NAME.key, NAME.csr and NAME.pem of an authority that is there."""
        self.countersign("request", "new", "--new-key", f"{name}.key", "--cn", f"{name}.company.com", "--out", f"{name}.csr")
        return self.countersign("cert", "sign", "--request", f"{name}.csr", "--ca-cert", "ca.pem", "--ca-key", "ca.key", *more, "--out", f"{name}.pem")

    def refused(self, done, *ids):
        """What is wrong, by the ids on standard error; nothing on standard output."""
        self.assertEqual(re.findall(r"\b(?!SHA)[A-Z]{3}-\d{3}\b", done.err), list(ids), str(done))
        self.assertEqual(done.out, "", str(done))

    def text_of(self, file, kind="x509"):
        return self.openssl(kind, "-in", file, "-noout", "-text").out

    # --- keys ---
    def test_a_key_is_private_and_openssl_reads_it(self):
        for kind, words in (("ec:p256", "256 bit"), ("ec:p384", "384 bit"), ("rsa:2048", "2048 bit"), ("ed25519", "ED25519")):
            self.countersign("key", "new", "--type", kind, "--out", "k.pem", "--force")
            self.assertEqual(self.mode("k.pem"), 0o600)
            self.assertIn(words, self.openssl("pkey", "-in", "k.pem", "-noout", "-text").out)

    def test_a_key_is_never_overwritten_unasked(self):
        self.countersign("key", "new", "--out", "k.pem")
        before = self.read("k.pem")
        self.refused(self.countersign("key", "new", "--out", "k.pem", code=3), "FIL-004")
        self.assertEqual(self.read("k.pem"), before)
        os.symlink("k.pem", self.folder / "link.pem")
        self.refused(self.countersign("key", "new", "--out", "link.pem", code=3), "FIL-004")
        self.countersign("key", "new", "--out", "link.pem", "--force")
        self.assertEqual(self.read("k.pem"), before, "the link was replaced, not what it points to")
        os.chmod(self.folder / "k.pem", 0o644)
        self.countersign("key", "new", "--out", "k.pem", "--force")
        self.assertEqual(self.mode("k.pem"), 0o600, "the mode of the old file is not kept")

    def test_encrypted_keys_are_those_that_openssl_knows(self):
        self.write("pass", "open sesame\nsecond line\n")
        self.countersign("key", "new", "--type", "rsa:2048", "--passphrase-file", "pass", "--out", "new.pem")
        self.assertIn("BEGIN ENCRYPTED PRIVATE KEY", self.read("new.pem"))
        self.countersign("key", "new", "--type", "rsa:2048", "--passphrase-file", "pass", "--traditional", "--out", "old.pem")
        self.assertIn("DES-EDE3-CBC", self.read("old.pem"))
        for file in ("new.pem", "old.pem"):
            self.openssl("pkey", "-in", file, "-passin", "pass:open sesame", "-noout")
            self.openssl("pkey", "-in", file, "-passin", "pass:other", "-noout", code=1)
        self.openssl("genrsa", "-des3", "-traditional", "-passout", "pass:open sesame", "-out", "theirs.pem", "2048")
        for file in ("old.pem", "theirs.pem"):
            self.countersign("key", "convert", file, "--passphrase-file", "pass", "--out", "plain.pem", "--force")
            self.assertEqual(self.mode("plain.pem"), 0o600)
            self.openssl("pkey", "-in", "plain.pem", "-noout")
        self.write("wrong", "not it\n")
        self.refused(self.countersign("key", "convert", "new.pem", "--passphrase-file", "wrong", "--out", "x.pem", code=3), "CRT-005")
        self.refused(self.countersign("key", "convert", "new.pem", "--out", "x.pem", code=3), "CRT-004")
        self.assertFalse((self.folder / "x.pem").exists())

    def test_a_passphrase_is_asked_twice_on_the_terminal_without_echo(self):
        def typed(*answers):
            pid, terminal = pty.fork()
            if pid == 0:
                os.chdir(self.folder)
                os.execv(PROGRAM, [PROGRAM, "key", "new", "--encrypt", "--out", "typed.pem"])
            seen, left = b"", list(answers)
            while True:
                if not select.select([terminal], [], [], 60)[0]:
                    break
                try:
                    chunk = os.read(terminal, 1000)
                except OSError:
                    break
                if not chunk:
                    break
                seen += chunk
                if left and chunk.rstrip().endswith(b":"):
                    os.write(terminal, left.pop(0) + b"\n")
            os.close(terminal)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.decode()

        code, seen = typed(b"once upon", b"a time")
        self.assertEqual(code, 1, seen)
        self.assertFalse((self.folder / "typed.pem").exists())
        code, seen = typed(b"once upon", b"once upon")
        self.assertEqual(code, 0, seen)
        self.assertNotIn("once upon", seen, "what is typed is not shown")
        self.openssl("pkey", "-in", "typed.pem", "-passin", "pass:once upon", "-noout")

    def test_ctrl_c_at_a_passphrase_gives_the_terminal_its_echo_back(self):
        for character, signal_number in ((b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)):
            # The terminal is held open here, so that its state can be seen after the program.
            terminal, screen = pty.openpty()
            pid = os.fork()
            if pid == 0:
                os.chdir(self.folder)
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                os.setsid()
                fcntl.ioctl(screen, termios.TIOCSCTTY, 0)
                for number in range(3):
                    os.dup2(screen, number)
                os.execv(PROGRAM, [PROGRAM, "key", "new", "--encrypt", "--out", "typed.pem"])
            seen = b""
            while not seen.rstrip().endswith(b":"):
                self.assertTrue(select.select([terminal], [], [], 60)[0], seen)
                seen += os.read(terminal, 1000)
            self.assertFalse(termios.tcgetattr(screen)[3] & termios.ECHO, "nothing is shown while it is typed")
            os.write(terminal, b"\x1a" + b"once" + character)
            self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), -signal_number, "Ctrl-Z before it did nothing")
            self.assertTrue(termios.tcgetattr(screen)[3] & termios.ECHO)
            os.close(terminal)
            os.close(screen)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_an_empty_passphrase_file_is_named(self):
        self.write("pass", "secret\n")
        self.write("empty", "")
        self.countersign("key", "new", "--passphrase-file", "pass", "--out", "k.pem")
        done = self.countersign("key", "convert", "k.pem", "--passphrase-file", "empty", "--out", "x.pem", code=1)
        self.refused(done, "GEN-001")
        self.assertIn("passphrase of k.pem is not valid: it is empty", done.err)

    def test_what_is_weak_needs_to_be_asked_for(self):
        self.refused(self.countersign("key", "new", "--type", "rsa:1024", "--out", "k.pem", code=1), "GEN-001")
        done = self.countersign("key", "new", "--type", "rsa:1024", "--legacy", "--out", "k.pem")
        self.assertIn("warning", done.err)
        self.refused(self.countersign("request", "new", "--key", "k.pem", "--cn", "a.b", "--hash", "sha1", "--out", "r.pem", code=1), "GEN-001")
        self.assertIn("SHA-1", self.countersign("request", "new", "--key", "k.pem", "--cn", "a.b", "--hash", "sha1", "--legacy", "--out", "r.pem").err)
        self.refused(self.countersign("cert", "self-sign", "--key", "k.pem", "--request", "r.pem", "--out", "c.pem", code=2), "CRT-009")
        self.countersign("cert", "self-sign", "--key", "k.pem", "--request", "r.pem", "--hash", "sha1", "--legacy", "--out", "c.pem")
        self.assertIn("sha1WithRSAEncryption", self.text_of("c.pem"))

    # --- requests ---
    def test_a_request_says_what_was_asked_for(self):
        self.countersign("key", "new", "--out", "k.pem")
        self.countersign("request", "new", "--key", "k.pem", "--cn", "codec43.na.company.com", "--san", "dns:codec43,ip:10.1.1.1", "--san",
                         "ip:2001:db8::1", "--org", "Company", "--unit", "Video", "--country", "US", "--state", "NY", "--locality", "New York",
                         "--email", "it@company.com", "--serial-number", "A1B2", "--out", "r.pem")
        self.openssl("req", "-in", "r.pem", "-noout", "-verify")
        text = self.text_of("r.pem", "req")
        self.assertIn("C = US, ST = NY, L = New York, O = Company, OU = Video, CN = codec43.na.company.com, serialNumber = A1B2, emailAddress = it@company.com", text)
        self.assertIn("DNS:codec43.na.company.com, DNS:codec43, IP Address:10.1.1.1, IP Address:2001:DB8:0:0:0:0:0:1", text)
        self.countersign("request", "new", "--key", "k.pem", "--cn", "codec43.na.company.com", "--cn-only", "--out", "bare.pem")
        self.assertNotIn("Alternative", self.text_of("bare.pem", "req"))

    def test_all_that_is_wrong_with_a_request_is_named_at_once(self):
        done = self.countersign("request", "new", "--key", "none.pem", "--cn", "a.b", "--san", "dns:a b,ip:1.2.3", "--out", "no/such/r.pem", code=3)
        self.refused(done, "FIL-001", "CRT-019", "CRT-019", "FIL-002")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_bad_name_leaves_no_new_key_behind(self):
        self.refused(self.countersign("request", "new", "--new-key", "k.pem", "--cn", "a.b", "--country", "USA", "--out", "r.pem", code=1), "CRT-019")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_a_renewal_asks_for_the_same_again(self):
        self.authority()
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "old.key", "-out", "old.pem", "-days", "2", "-subj",
                     "/C=NO/O=Company/title=Room/CN=room1.company.com", "-addext", "subjectAltName=DNS:room1.company.com,IP:10.0.0.1")
        subject = self.openssl("x509", "-in", "old.pem", "-noout", "-subject").out
        done = self.countersign("request", "renew", "--from", "old.pem", "--key", "old.key", "--out", "same.csr")
        self.assertIn("same key", done.out)
        done = self.countersign("request", "renew", "--from", "old.pem", "--new-key", "new.key", "--out", "other.csr")
        self.assertIn("another key", done.out)
        for request in ("same.csr", "other.csr"):
            self.assertEqual(self.openssl("req", "-in", request, "-noout", "-subject").out, subject)
            self.assertIn("DNS:room1.company.com, IP Address:10.0.0.1", self.text_of(request, "req"))

    # --- certificates ---
    def test_a_signed_certificate_verifies_with_openssl(self):
        self.authority()
        self.issued("room1", "--profile", "device", "--crl-url", "http://crl.company.com/a.crl", "--ocsp-url", "http://ocsp.company.com/")
        self.openssl("verify", "-x509_strict", "-CAfile", "ca.pem", "-purpose", "sslserver", "-verify_hostname", "room1.company.com", "room1.pem")
        text = self.text_of("room1.pem")
        for words in ("TLS Web Server Authentication, TLS Web Client Authentication", "URI:http://crl.company.com/a.crl", "OCSP - URI:http://ocsp.company.com/"):
            self.assertIn(words, text)
        self.assertNotEqual(self.openssl("x509", "-in", "room1.pem", "-noout", "-serial").out, self.openssl("x509", "-in", "ca.pem", "-noout", "-serial").out)

    def test_a_certificate_never_outlives_its_authority(self):
        self.authority("--days", "10")
        done = self.issued("room1", "--days", "100")
        self.assertIn("ends with its authority", done.err)
        end = lambda file: self.openssl("x509", "-in", file, "-noout", "-enddate").out
        self.assertEqual(end("room1.pem"), end("ca.pem"))

    def test_an_authority_that_has_ended_is_named(self):
        self.countersign("key", "new", "--out", "k.pem")
        self.countersign("request", "new", "--key", "k.pem", "--cn", "a.test", "--out", "r.pem")
        self.write("ca.conf", "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\n"
                   "policy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nbasicConstraints=critical,CA:true\n")
        self.write("index", "")
        self.openssl("ca", "-config", "ca.conf", "-selfsign", "-keyfile", "k.pem", "-in", "r.pem", "-startdate", "20200101000000Z",
                     "-enddate", "20210101000000Z", "-batch", "-notext", "-out", "old.pem")
        done = self.countersign("cert", "sign", "--request", "r.pem", "--ca-cert", "old.pem", "--ca-key", "k.pem", "--out", "x.pem", code=1)
        self.refused(done, "GEN-001")
        self.assertIn("it ended at 2021-01-01T00:00:00Z", done.err)

    def test_an_authority_may_stand_below_another(self):
        self.authority()
        self.countersign("request", "new", "--new-key", "sub.key", "--cn", "Below", "--cn-only", "--out", "sub.csr")
        self.countersign("cert", "sign", "--request", "sub.csr", "--ca-cert", "ca.pem", "--ca-key", "ca.key", "--profile", "ca", "--with-chain", "--out", "sub.pem")
        self.countersign("request", "new", "--new-key", "k.pem", "--cn", "a.company.com", "--out", "a.csr")
        self.countersign("cert", "sign", "--request", "a.csr", "--ca-cert", "sub.pem", "--ca-key", "sub.key", "--with-chain", "--out", "a.pem")
        self.assertEqual(self.read("a.pem").count("BEGIN"), 3)
        self.openssl("verify", "-CAfile", "ca.pem", "-untrusted", "sub.pem", "a.pem")
        self.assertIn("it is one of its roots", self.countersign("cert", "trusted", "ca.pem", "--roots", "ca.pem").out)
        self.assertIn("through /CN=Company CA", self.countersign("cert", "trusted", "sub.pem", "--roots", "ca.pem").out)
        self.refused(self.countersign("cert", "sign", "--request", "a.csr", "--ca-cert", "a.pem", "--ca-key", "k.pem", "--out", "b.pem", code=2), "CRT-021")

    def test_an_authority_of_openssl_with_an_encrypted_key_signs(self):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-keyout", "ca.key", "-passout", "pass:open", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Theirs")
        self.openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "k.pem", "-out", "r.csr", "-subj", "/CN=room1.company.com")
        self.write("pass", "open\n")
        done = self.countersign("cert", "sign", "--request", "r.csr", "--ca-cert", "ca.pem", "--ca-key", "ca.key", "--passphrase-file", "pass", "--out", "c.pem")
        self.assertIn("alternative names", done.err, "a request without names gets a warning")
        self.openssl("verify", "-CAfile", "ca.pem", "c.pem")

    def test_forms_are_converted_both_ways(self):
        self.authority()
        self.issued()
        self.countersign("cert", "convert", "room1.pem", "--to", "der", "--out", "c.der")
        self.openssl("x509", "-in", "c.der", "-inform", "DER", "-noout")
        self.openssl("x509", "-in", "room1.pem", "-outform", "DER", "-out", "theirs.der")
        self.assertEqual((self.folder / "c.der").read_bytes(), (self.folder / "theirs.der").read_bytes())
        self.countersign("cert", "convert", "theirs.der", "--to", "pem", "--out", "back.pem")
        self.assertEqual(self.read("back.pem"), self.read("room1.pem"))
        self.countersign("bundle", "merge", "room1.pem", "ca.pem", "--out", "both.pem")
        self.countersign("cert", "convert", "both.pem", "--to", "pkcs7", "--out", "both.p7b")
        self.assertEqual(self.openssl("pkcs7", "-in", "both.p7b", "-print_certs", "-noout").out.count("subject="), 2)
        self.assertIn("the first", self.countersign("cert", "convert", "both.pem", "--to", "der", "--out", "first.der").err)

    def test_a_chain_is_put_in_order(self):
        self.authority("--path-length", "2")
        self.countersign("request", "new", "--new-key", "sub.key", "--cn", "Below", "--cn-only", "--out", "sub.csr")
        self.countersign("cert", "sign", "--request", "sub.csr", "--ca-cert", "ca.pem", "--ca-key", "ca.key", "--profile", "ca", "--out", "sub.pem")
        self.countersign("request", "new", "--new-key", "k.pem", "--cn", "a.company.com", "--out", "a.csr")
        self.countersign("cert", "sign", "--request", "a.csr", "--ca-cert", "sub.pem", "--ca-key", "sub.key", "--out", "a.pem")
        self.countersign("cert", "chain", "ca.pem", "a.pem", "sub.pem", "--out", "chain.pem")
        self.assertEqual(self.read("chain.pem"), self.read("a.pem") + self.read("sub.pem") + self.read("ca.pem"))
        self.countersign("cert", "chain", "chain.pem", "--no-root", "--out", "short.pem")
        self.assertEqual(self.read("short.pem"), self.read("a.pem") + self.read("sub.pem"))
        self.refused(self.countersign("cert", "chain", "ca.pem", "a.pem", "--out", "gap.pem", code=2), "CRT-030")

    def test_verify_says_all_that_is_wrong(self):
        self.authority()
        self.issued()
        good = self.countersign("cert", "verify", "room1.pem", "--roots", "ca.pem", "--host", "room1.company.com")
        self.assertIn("verified: /CN=room1.company.com for room1.company.com", good.out)
        self.assertIn("profile webpki", good.out)
        bad = self.countersign("cert", "verify", "room1.pem", "--roots", "ca.pem", "--host", "room2.company.com", "--at", "2050-01-01T00:00:00Z", code=2)
        for words in ("not verified", "62 HOSTNAME_MISMATCH", "10 CERT_HAS_EXPIRED", "What to do:"):
            self.assertIn(words, bad.out)
        self.assertIn("profile rfc5280", self.countersign("cert", "verify", "room1.pem", "--roots", "ca.pem").out)
        self.countersign("key", "new", "--out", "other.key")
        self.countersign("cert", "self-sign", "--key", "other.key", "--cn", "Other", "--profile", "ca", "--out", "other.pem")
        findings = self.countersign("--json", "cert", "verify", "room1.pem", "--roots", "other.pem", code=2).json()
        self.assertFalse(findings["verified"])
        self.assertIsNone(findings["trusted_root"])
        self.countersign("cert", "verify", "room1.pem", "--roots", "other.pem", "--roots", "ca.pem")

    def test_verify_asks_lists_that_it_is_given(self):
        self.authority()
        self.issued()
        self.issued("room2")
        self.countersign("crl", "new", "--ca-cert", "ca.pem", "--ca-key", "ca.key", "--out", "crl.pem")
        self.countersign("cert", "verify", "room1.pem", "--roots", "ca.pem", "--crl", "crl.pem")
        self.countersign("crl", "revoke", "room1.pem", "--crl", "crl.pem", "--ca-cert", "ca.pem", "--ca-key", "ca.key", "--reason", "keyCompromise")
        self.assertIn("Number", self.openssl("crl", "-in", "crl.pem", "-noout", "-crlnumber").out + "Number")
        text = self.openssl("crl", "-in", "crl.pem", "-noout", "-text").out
        self.assertIn("Key Compromise", text)
        self.assertIn("X509v3 CRL Number: \n                2", text)
        self.openssl("verify", "-CAfile", "ca.pem", "-CRLfile", "crl.pem", "-crl_check", "room1.pem", code=2)
        self.openssl("verify", "-CAfile", "ca.pem", "-CRLfile", "crl.pem", "-crl_check", "room2.pem")
        self.assertIn("CERT_REVOKED", self.countersign("cert", "verify", "room1.pem", "--roots", "ca.pem", "--crl", "crl.pem", code=2).out)
        self.countersign("cert", "verify", "room2.pem", "--roots", "ca.pem", "--crl", "crl.pem")
        # A list of somebody else says nothing about it: hard unless soft is said.
        self.countersign("key", "new", "--out", "other.key")
        self.countersign("cert", "self-sign", "--key", "other.key", "--cn", "Other", "--profile", "ca", "--out", "other.pem")
        self.countersign("crl", "new", "--ca-cert", "other.pem", "--ca-key", "other.key", "--out", "other.crl")
        self.countersign("cert", "verify", "room1.pem", "--roots", "ca.pem", "--crl", "other.crl", code=2)
        self.countersign("cert", "verify", "room1.pem", "--roots", "ca.pem", "--crl", "other.crl", "--soft")
        self.refused(self.countersign("crl", "revoke", "other.pem", "--crl", "crl.pem", "--ca-cert", "ca.pem", "--ca-key", "ca.key", code=1), "GEN-001")

    def test_revoking_a_chain_file_revokes_its_first_certificate_only(self):
        self.authority()
        self.issued("room1", "--with-chain")
        self.countersign("crl", "new", "--ca-cert", "ca.pem", "--ca-key", "ca.key", "--out", "crl.pem")
        answer = self.countersign("--json", "crl", "revoke", "room1.pem", "--crl", "crl.pem", "--ca-cert", "ca.pem", "--ca-key", "ca.key", "--out", "next.pem").json()
        serial = self.openssl("x509", "-in", "room1.pem", "-noout", "-serial").out.strip().removeprefix("serial=").lower()
        self.assertEqual([entry["serial"] for entry in answer["crl"]["entries"]], [serial])
        self.assertEqual(self.countersign("--json", "show", "crl.pem").json()["files"][0]["items"][0]["crl"]["size"], 0, "the old list is kept")

    def test_ocsp_asks_the_responder(self):
        self.authority()
        self.issued("room1")
        self.issued("room2")
        serial = lambda file: self.openssl("x509", "-in", file, "-noout", "-serial").out.strip().removeprefix("serial=")
        self.write("index.txt", f"V\t301231235959Z\t\t{serial('room1.pem')}\tunknown\t/CN=a\n"
                                f"R\t301231235959Z\t261101000000Z,keyCompromise\t{serial('room2.pem')}\tunknown\t/CN=b\n")
        folder, openssl = self.folder, self.openssl

        class Responder(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                (folder / "request.der").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
                openssl("ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-reqin", "request.der", "-respout", "response.der")
                answer = (folder / "response.der").read_bytes()
                self.send_response(200)
                self.send_header("Content-Type", "application/ocsp-response")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        with http.server.HTTPServer(("127.0.0.1", 0), Responder) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            url = f"http://127.0.0.1:{server.server_port}/"
            good = self.countersign("--json", "ocsp", "query", "room1.pem", "--issuer", "ca.pem", "--url", url, "--out", "kept.der").json()
            self.assertEqual(good["state"], "good")
            revoked = self.countersign("--json", "ocsp", "query", "room2.pem", "--issuer", "ca.pem", "--url", url, code=2).json()
            self.assertEqual((revoked["state"], revoked["reason"], revoked["revoked_at"]), ("revoked", "keyCompromise", "2026-11-01T00:00:00Z"))
            self.assertEqual(set(good), set(revoked))
            self.document_has("ocsp query", good)
            server.shutdown()
        self.countersign("cert", "verify", "room1.pem", "--roots", "ca.pem", "--ocsp", "kept.der")
        self.refused(self.countersign("ocsp", "query", "room1.pem", "--issuer", "ca.pem", code=1), "GEN-002")
        self.refused(self.countersign("ocsp", "query", "room1.pem", "--issuer", "room2.pem", "--url", "http://127.0.0.1:1/", code=2), "CRT-015")

    def document_has(self, command, answer):
        part = (ROOT / "docs/workbench-json.md").read_text().split(f"### `countersign {command}`")[1].split("###")[0]
        self.assertEqual(set(re.findall(r"^\| `(\w+)`", part, re.M)), set(answer))

    def test_trust_of_this_host_is_what_its_store_says(self):
        self.authority()
        store = self.folder / "store.crt"
        store.write_text(self.read("ca.pem"))
        os.environ["SSL_CERT_FILE"] = str(store)
        self.addCleanup(os.environ.pop, "SSL_CERT_FILE")
        self.issued()
        self.countersign("cert", "trusted", "room1.pem", "--host-store")
        self.countersign("cert", "self-sign", "--key", "ca.key", "--cn", "Another", "--out", "another.pem")
        self.assertIn("not trusted", self.countersign("cert", "trusted", "another.pem", "--host-store", code=2).out)
        self.refused(self.countersign("cert", "trusted", "ca.pem", code=1), "GEN-001")

    # --- bundles and packages ---
    def test_bundles_are_merged_and_split(self):
        self.authority()
        self.issued()
        self.openssl("x509", "-in", "ca.pem", "-outform", "DER", "-out", "ca.cer")
        done = self.countersign("bundle", "merge", "ca.cer", "room1.pem", "ca.pem", "--out", "combined.pem")
        self.assertIn("twice", done.err)
        self.assertEqual(self.read("combined.pem"), self.read("ca.pem") + self.read("room1.pem"))
        self.countersign("bundle", "split", "combined.pem", "--out-dir", "parts")
        self.assertEqual(sorted(p.name for p in (self.folder / "parts").iterdir()), ["certificate-01.pem", "certificate-02.pem"])
        self.assertEqual(self.read("parts/certificate-02.pem"), self.read("room1.pem"))
        self.refused(self.countersign("bundle", "split", "combined.pem", "--out-dir", "parts", code=3), "FIL-004", "FIL-004")

    def test_packages_go_to_openssl_and_come_back(self):
        self.authority()
        self.issued("room1")
        self.write("pass", "pfx secret\n")
        for form in ([], ["--legacy"]):
            self.countersign("pfx", "export", "--cert", "room1.pem", "--key", "room1.key", "--chain", "ca.pem", "--name", "My Server Cert",
                             "--passphrase-file", "pass", *form, "--out", "a.pfx", "--force")
            self.assertEqual(self.mode("a.pfx"), 0o600)
            legacy = ["-legacy"] if form else []
            text = self.openssl("pkcs12", "-in", "a.pfx", "-passin", "pass:pfx secret", "-nodes", *legacy).out
            self.assertIn("friendlyName: My Server Cert", text)
            self.assertEqual(text.count("BEGIN CERTIFICATE"), 2)
            self.openssl("pkcs12", "-in", "a.pfx", "-passin", "pass:other", "-nodes", *legacy, code=1)
        self.openssl("pkcs12", "-export", "-in", "room1.pem", "-inkey", "room1.key", "-certfile", "ca.pem", "-name", "Theirs", "-passout", "pass:pfx secret", "-out", "b.pfx")
        done = self.countersign("pfx", "import", "b.pfx", "--passphrase-file", "pass", "--out-dir", "apart")
        self.assertIn("Theirs", done.out)
        self.assertEqual(self.read("apart/cert.pem"), self.read("room1.pem"))
        self.assertEqual(self.read("apart/chain.pem"), self.read("ca.pem"))
        self.assertEqual(self.mode("apart/privatekey.pem"), 0o600)
        self.countersign("cert", "match", "--key", "apart/privatekey.pem", "--cert", "apart/cert.pem")
        self.write("wrong", "no\n")
        self.refused(self.countersign("pfx", "import", "b.pfx", "--passphrase-file", "wrong", "--out-dir", "none", code=3), "CRT-005")
        self.assertFalse((self.folder / "none").exists())
        self.refused(self.countersign("pfx", "export", "--cert", "ca.pem", "--key", "room1.key", "--passphrase-file", "pass", "--out", "c.pfx", code=2), "CRT-014")

    def test_a_minus_is_standard_input(self):
        self.authority()
        self.assertIn("Company CA", self.countersign("show", "-", stdin=self.read("ca.pem").encode()).out)
        self.countersign("cert", "convert", "-", "--to", "der", "--out", "ca.der", stdin=self.read("ca.pem").encode())
        self.openssl("x509", "-inform", "DER", "-in", "ca.der", "-noout")

    def test_what_is_no_package_is_named(self):
        self.authority()
        self.write("pass", "x\n")
        refused = self.countersign("pfx", "import", "ca.pem", "--passphrase-file", "pass", "--out-dir", "none", code=3)
        self.refused(refused, "CRT-031")
        self.assertIn("PFX", refused.err)
        piped = self.countersign("pfx", "import", "-", "--passphrase-file", "pass", "--out-dir", "none", code=3, stdin=self.read("ca.pem").encode())
        self.refused(piped, "CRT-031")
        self.assertFalse((self.folder / "none").exists())

    def test_a_package_that_was_copied_as_text_is_told_so(self):
        self.authority()
        self.write("pass", "x\n")
        self.countersign("pfx", "export", "--cert", "ca.pem", "--key", "ca.key", "--passphrase-file", "pass", "--out", "a.pfx")
        self.write("a.b64", base64.encodebytes((self.folder / "a.pfx").read_bytes()))
        refused = self.countersign("pfx", "import", "a.b64", "--passphrase-file", "pass", "--out-dir", "none", code=3)
        self.refused(refused, "CRT-025")
        self.assertIn("never as text", refused.err)

    def test_a_package_is_taken_where_a_certificate_or_key_is_wanted(self):
        self.authority()
        self.issued("room1")
        self.write("pass", "x\n")
        self.countersign("pfx", "export", "--cert", "room1.pem", "--key", "room1.key", "--passphrase-file", "pass", "--out", "a.pfx")
        self.countersign("cert", "match", "--key", "a.pfx", "--passphrase-file", "pass", "--cert", "room1.pem")
        self.refused(self.countersign("cert", "match", "--key", "a.pfx", "--cert", "room1.pem", code=3), "CRT-004")

    # --- show ---
    def test_show_never_prints_what_is_secret(self):
        self.write("pass", "x\n")
        self.countersign("key", "new", "--type", "rsa:2048", "--out", "k.pem")
        self.countersign("key", "new", "--passphrase-file", "pass", "--out", "locked.pem")
        for line in (["show", "k.pem", "locked.pem"], ["--json", "show", "k.pem"], ["show", "--passphrase-file", "pass", "locked.pem"]):
            shown = self.countersign(*line).out
            for secret in self.read("k.pem").splitlines()[1:-1] + self.openssl("rsa", "-in", "k.pem", "-noout", "-text").out.split("prime1:")[1].split()[:5]:
                self.assertNotIn(secret, shown)
        self.assertIn("locked private key", self.countersign("show", "locked.pem").out)

    def test_show_lets_no_certificate_rewrite_the_terminal(self):
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k.pem", "-out", "c.pem", "-utf8",
                     "-subj", "/CN=a\x1b]0;owned\x07/O=b\nSubject: forged", "-addext", "nsComment=x\x1b[2J")
        for shown in (self.countersign("show", "c.pem").out, self.countersign("--json", "show", "c.pem").out):
            for c in "\x1b\x07":
                self.assertNotIn(c, shown)
            self.assertNotIn("\nSubject: forged", shown)

    # --- mistakes ---
    def test_files_that_are_not_what_is_wanted(self):
        self.authority()
        self.issued()
        self.write("empty", "")
        self.write("text", "hello\n")
        (self.folder / "folder").mkdir()
        match = lambda file, code, *ids: self.refused(self.countersign("cert", "match", "--key", "room1.key", "--cert", file, code=code), *ids)
        match("none", 3, "FIL-001")
        match("folder", 3, "FIL-001")
        match("empty", 3, "FIL-001")
        match("text", 3, "CRT-001")
        match("room1.csr", 3, "CRT-007")
        match("room1.key", 3, "CRT-031")
        self.refused(self.countersign("cert", "match", "--key", "room1.pem", "--cert", "room1.key", code=3), "CRT-031", "CRT-031")
        self.refused(self.countersign("cert", "sign", "--request", "room1.pem", "--ca-cert", "room1.csr", "--ca-key", "ca.pem", "--out", "x", code=3),
                     "CRT-031", "CRT-007", "CRT-031")

    def test_host_names_that_are_none(self):
        self.authority()
        self.countersign("key", "new", "--out", "k.pem")
        wrong = lambda words, *line: self.assertIn(words, self.saying("GEN-001", *line))
        request = ("request", "new", "--key", "k.pem", "--out", "r.pem")
        verify = ("cert", "verify", "ca.pem", "--roots", "ca.pem", "--host")
        for line in ((*request, "--cn", "b\u00fccher.test"), (*request, "--cn", "a.test", "--san", "dns:b\u00fccher.test"), (*verify, "b\u00fccher.test"),
                     ("probe", "b\u00fccher.test"), ("probe", "127.0.0.1", "--sni", "b\u00fccher.test")):
            wrong("with xn--", *line)
        wrong("say what it is: dns:", *request, "--cn", "a.test", "--san", "b.test")
        wrong("without a port", *verify, "a.test:443")
        wrong("alone is wanted", *verify, "https://a.test/")
        wrong("it is empty", *verify, "")
        self.assertFalse((self.folder / "r.pem").exists())
        self.assertIn("not verified", self.countersign(*verify, "2001:db8::1", code=2).out)
        self.assertIn("not verified", self.countersign(*verify, "xn--bcher-kva.test", code=2).out)
        self.countersign("cert", "self-sign", "--key", "k.pem", "--cn", "B\u00fccher e. V. Root", "--profile", "ca", "--out", "root.pem")
        done = self.countersign(*request, "--cn", "My Company")
        self.assertIn("warning: the common name is no host name", done.err)
        self.assertEqual(self.countersign(*request, "--force", "--cn", "My Company", "--cn-only").err, "")

    def saying(self, name, *line):
        """Standard error of a command line that is wrong."""
        done = self.countersign(*line, code=1)
        self.refused(done, name)
        return done.err

    def test_a_result_that_cannot_be_written_is_no_success(self):
        self.authority()
        for line in (["show", "ca.pem"], ["show", "ca.pem", "--json"], ["completion", "bash"], ["--help"]):
            with open("/dev/full", "w") as full:
                done = subprocess.run([PROGRAM, *line], cwd=self.folder, stdout=full, stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, 3, line)
            self.assertIn("FIL-002", done.stderr, line)

    def test_a_reader_that_goes_away_is_no_noise(self):
        done = self.run_program("bash", "-c", f"{PROGRAM} --help-all | head -1")
        self.assertEqual((done.out.count("\n"), done.err), (1, ""))

    def test_an_output_never_takes_the_place_of_a_device(self):
        os.mkfifo(self.folder / "pipe")
        for force in ([], ["--force"]):
            self.refused(self.countersign("key", "new", "--out", "pipe", *force, code=3), "FIL-002")
        self.assertTrue(stat.S_ISFIFO(os.stat(self.folder / "pipe").st_mode))

    def test_outputs_that_cannot_be(self):
        self.authority()
        (self.folder / "folder").mkdir()
        convert = lambda out, *ids: self.refused(self.countersign("cert", "convert", "ca.pem", "--to", "pem", "--out", out, "--force", code=3), *ids)
        before = self.read("ca.pem")
        convert("folder", "FIL-002")
        convert("none/x.pem", "FIL-002")
        convert("ca.pem", "FIL-002")
        convert("folder/../ca.pem", "FIL-002")
        os.link(self.folder / "ca.pem", self.folder / "hard.pem")
        convert("hard.pem", "FIL-002")
        self.assertEqual(self.read("ca.pem"), before)
        self.refused(self.countersign("request", "new", "--new-key", "same.pem", "--cn", "a.b", "--out", "same.pem", code=3), "FIL-002")
        self.assertFalse((self.folder / "same.pem").exists())

    @unittest.skipIf(os.geteuid() != 0, "root gives the file to nobody else")
    def test_a_file_that_this_user_may_not_read(self):
        self.authority()
        self.folder.chmod(0o755)
        done = subprocess.run([PROGRAM, "cert", "match", "--key", "ca.key", "--cert", "ca.pem"], cwd=self.folder, capture_output=True, text=True, user=65534)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("FIL-001", done.stderr)
        self.assertIn("Permission denied", done.stderr)

    def test_command_lines_that_are_wrong_end_with_1(self):
        for line in (["cert"], ["cert", "sign"], ["cert", "verify", "a.pem"], ["cert", "convert", "a.pem", "--to", "txt", "--out", "b"], ["key", "new"],
                     ["key", "new", "--out", "k", "--passphrase", "secret"], ["cert", "sign", "--days", "-1"], ["show"], ["completion", "csh"],
                     ["key", "new", "--type", "dsa:1024", "--out", "k"], ["cert", "verify", "a", "--roots", "b", "--purpose", "anything"]):
            done = self.countersign(*line, code=1)
            self.refused(done, "GEN-001" if "dsa:1024" not in line else "CRT-018")
        self.assertEqual(list(self.folder.iterdir()), [])
        self.assertIn("countersign cert verify --help", self.saying("GEN-001", "cert", "verify", "a.pem"))
        self.assertIn("there is no command countersign cert verfy", self.saying("GEN-001", "cert", "verfy", "a.pem"))
        self.assertIn("there is no command countersign frobnicate", self.saying("GEN-001", "frobnicate"))
        said = json.loads(self.countersign("cert", "verify", "a.pem", "--json", code=1).err)
        self.assertEqual(said["error"]["parameters"]["field"], "the command line")

    # --- tokens ---
    @unittest.skipUnless(shutil.which("softhsm2-util"), "SoftHSM is not here")
    def test_an_authority_on_a_token_signs(self):
        module = next(path for path in ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so") if os.path.exists(path))
        (self.folder / "tokens").mkdir()
        os.environ["SOFTHSM2_CONF"] = str(self.write("softhsm.conf", f"directories.tokendir = {self.folder}/tokens\n"))
        self.addCleanup(os.environ.pop, "SOFTHSM2_CONF")
        self.authority()
        self.run_program("softhsm2-util", "--init-token", "--free", "--label", "company", "--pin", "1234", "--so-pin", "5678")
        self.run_program("softhsm2-util", "--import", "ca.key", "--token", "company", "--label", "ca", "--id", "01", "--pin", "1234")
        self.write("pin", "1234\n")
        key = "pkcs11:token=company;object=ca"
        token = ["--module", module, "--pin-file", "pin"]
        self.countersign("request", "new", "--new-key", "k.pem", "--cn", "a.company.com", "--out", "a.csr")
        self.countersign("cert", "sign", "--request", "a.csr", "--ca-cert", "ca.pem", "--ca-key", key, *token, "--out", "a.pem")
        self.openssl("verify", "-CAfile", "ca.pem", "a.pem")
        self.countersign("crl", "new", "--ca-cert", "ca.pem", "--ca-key", key, *token, "--out", "crl.pem")
        self.openssl("crl", "-in", "crl.pem", "-CAfile", "ca.pem", "-noout")
        self.refused(self.countersign("key", "convert", key, *token, "--out", "x", code=1), "GEN-001")

    # --- completion and manual pages ---
    def test_bash_completes(self):
        self.write("c.bash", self.countersign("completion", "bash").out)
        self.write("hello.pem", "")

        def completed(*words):
            script = 'source ./c.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _countersign; printf "%s\\n" "${COMPREPLY[@]}"'
            return self.run_program("bash", "-c", script, "bash", "countersign", *words).out.split()

        self.assertIn("cert", completed("c"))
        self.assertEqual(completed("cert", "v"), ["verify"])
        self.assertEqual(completed("--json", "key", ""), ["new", "convert"])
        self.assertEqual(completed("cert", "convert", "in", "--to", ""), ["pem", "der", "pkcs7"])
        self.assertIn("--max-depth", completed("cert", "verify", "--m"))
        self.assertIn("--json", completed("show", "--j"))
        self.assertEqual(completed("cert", "verify", "--roots", "hel"), ["hello.pem"])
        self.assertEqual(completed("show", "hel"), ["hello.pem"])
        self.assertEqual(completed("completion", "z"), ["zsh"])

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not here")
    def test_zsh_takes_its_script(self):
        self.write("_countersign", self.countersign("completion", "zsh").out)
        self.run_program("zsh", "-n", "_countersign")

    @unittest.skipUnless(shutil.which("fish"), "fish is not here")
    def test_fish_completes(self):
        self.write("c.fish", self.countersign("completion", "fish").out)
        self.run_program("fish", "--no-execute", "c.fish")
        completed = lambda line: [one.split("\t")[0] for one in self.run_program("fish", "--no-config", "-c", f"source c.fish; complete -C '{line}'").out.splitlines()]
        self.assertEqual(completed("countersign cert ver"), ["verify"])
        self.assertEqual(completed("countersign cert convert in --to p"), ["pem", "pkcs7"])
        self.assertIn("--max-depth", completed("countersign cert verify --max"))

    def test_manual_pages_are_sound(self):
        self.countersign("man", "--out-dir", "man")
        pages = sorted((self.folder / "man").iterdir())
        self.assertIn("countersign-cert.1", [page.name for page in pages])
        for page in pages:
            done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page], capture_output=True, text=True, env={**os.environ, "MANROFFSEQ": "", "LC_ALL": "C.UTF-8"})
            self.assertEqual((done.returncode, done.stderr), (0, ""), page.name)
            if shutil.which("mandoc"):
                lint = self.run_program("mandoc", "-Tlint", "-Wwarning", page, code=None).out.splitlines()
                self.assertEqual([line for line in lint if "missing date" not in line], [], page.name)
        text = self.run_program("mandoc" if shutil.which("mandoc") else "cat", self.folder / "man/countersign-cert.1").out
        self.assertIn("trusted", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
