#!/usr/bin/env python3
"""`countersign probe` against servers with known faults: each gives its own finding and nothing that does not belong to it."""

import json
import os
import pathlib
import shutil
import socket
import ssl
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import BIN, PATIENCE, run  # noqa: E402
from guide import main  # noqa: E402
from json_document import JsonChecks, read_documents  # noqa: E402
from servers import (Authority, HelloServer, Peer, RevocationServer, gnutls_server, nginx, s_server, slapd, speaks)  # noqa: E402

NAME = "server.example.com"
# Nothing here waits for a deadline but the silent peer.
SILENT = str(int(3 * PATIENCE))


class Probe(JsonChecks, unittest.TestCase):
    document = read_documents("workbench-json.md", "probe.md")
    seen = {}

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="countersign-probe-"))
        cls.root = Authority(cls.folder, "Root")
        cls.issuing = Authority(cls.folder, "Issuing", cls.root)
        cls.good, cls.good_key = cls.issuing.issue("good")
        cls.chain = ["-cert_chain", cls.issuing.certificate]
        cls.revocation = RevocationServer()

    @classmethod
    def tearDownClass(cls):
        cls.revocation.close()
        if not os.environ.get("COUNTERSIGN_KEEP"):
            shutil.rmtree(cls.folder)

    def setUp(self):
        self.here = self.folder / self.id().rpartition(".")[2]
        self.here.mkdir()

    # --- what the tests are made of -----------------------------------------------------------------------------------------
    def probe(self, port, *more, code, host=NAME, roots=None):
        done = run(BIN / "countersign", "probe", f"{host}:{port}", "--address", "127.0.0.1", "--roots", roots or self.root.certificate,
                   "--json", *more, check=False)
        said = [one["text"] for server in json.loads(done.stdout or '{"servers": []}')["servers"] for one in server["findings"]]
        self.assertEqual(done.returncode, code, f"{said} {done.stderr}")
        self.check_object(json.loads(done.stdout), "probe", "answer")
        servers = json.loads(done.stdout)["servers"]
        self.assertEqual(len(servers), 1)
        return servers[0]

    def findings(self, seen):
        """Rules about the connection by id, those about certificates by kind and place."""
        return sorted(f"{one['certificate']['kind']} {one['certificate']['depth']}" if one["certificate"] else one["rule"] for one in seen["findings"])

    def expect(self, port, findings, *more, code=2, level=3, **how):
        seen = self.probe(port, *more, code=code, **how)
        self.assertEqual(self.findings(seen), sorted(findings), json.dumps(seen["findings"], indent=1))
        self.assertEqual(seen["level"], level, seen["why"])
        for finding in seen["findings"]:
            self.assertTrue(finding["text"] and finding["remedy"], finding)
        return seen

    def serve(self, certificate, key, *more, chain=True):
        return s_server(self.here, certificate, key, *(self.chain if chain else []), *more)

    def pem(self, name, *certificates):
        path = self.here / name
        path.write_text("".join(pathlib.Path(one).read_text() for one in certificates))
        return path

    # --- a good server ------------------------------------------------------------------------------------------------------
    def test_a_good_server_gives_no_findings(self):
        with self.serve(self.good, self.good_key) as port:
            seen = self.expect(port, [], code=0, level=4)
        self.assertTrue(seen["holds"] and seen["complete"])
        accepted = {one["version"]: one["accepted"] for one in seen["versions"]}
        self.assertEqual(accepted, {"SSL 3": False, "TLS 1.0": False, "TLS 1.1": False, "TLS 1.2": True, "TLS 1.3": True})
        self.assertEqual(seen["handshake"]["version"], "TLSv1.3")
        self.assertEqual([len(one["presented"]) for one in seen["chains"]], [2])
        self.assertEqual([len(one["path"]) for one in seen["chains"]], [3])
        self.assertTrue(seen["chains"][0]["verified"])
        self.assertIn("x25519", seen["groups"])

    def test_nginx_as_mozilla_recommends_it_gives_no_findings(self):
        chain = self.pem("chain.pem", self.good, self.issuing.certificate)
        ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305"
        with nginx(self.here, f"""listen 127.0.0.1:PORT ssl http2; ssl_certificate {chain}; ssl_certificate_key {self.good_key};
                   ssl_protocols TLSv1.2 TLSv1.3; ssl_ciphers {ciphers}; ssl_prefer_server_ciphers on;""") as port:
            seen = self.expect(port, [], code=0, level=4)
        self.assertEqual(seen["handshake"]["alpn"], "h2")
        tls12 = next(one for one in seen["versions"] if one["version"] == "TLS 1.2")
        self.assertEqual(tls12["order"], "server")
        self.assertEqual([one["name"] for one in tls12["ciphers"]], [
            "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
            "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"])

    def test_the_ciphers_stand_in_the_servers_order(self):
        order = ["ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256"]
        with self.serve(self.good, self.good_key, "-cipher", ":".join(order), "-serverpref") as port:
            seen = self.probe(port, code=0)
        tls12 = next(one for one in seen["versions"] if one["version"] == "TLS 1.2")
        self.assertEqual(tls12["order"], "server")
        self.assertEqual([one["id"] for one in tls12["ciphers"]], [0xcca9, 0xc02c, 0xc02b])

    # --- certificates with a fault ------------------------------------------------------------------------------------------
    def test_expired(self):
        certificate, key = self.issuing.issue("expired", dates=("20240101000000Z", "20240301000000Z"))
        with self.serve(certificate, key) as port:
            self.expect(port, ["expired 0"])

    def test_not_yet_valid(self):
        certificate, key = self.issuing.issue("early", dates=("20400101000000Z", "20400301000000Z"))
        with self.serve(certificate, key) as port:
            self.expect(port, ["not_yet_valid 0"])

    def test_wrong_name(self):
        certificate, key = self.issuing.issue("other-name", name="other.example.com")
        with self.serve(certificate, key) as port:
            self.expect(port, ["name_mismatch 0"])
            self.expect(port, [], "--sni", "other.example.com", code=0, level=4)

    def test_incomplete_chain(self):
        with self.serve(self.good, self.good_key, chain=False) as port:
            self.expect(port, ["incomplete_chain 0"])
            seen = self.expect(port, ["incomplete_chain 0", "tls-chain-completable"], "--untrusted", self.issuing.certificate)
        text = next(one["text"] for one in seen["findings"] if one["rule"] == "tls-chain-completable")
        self.assertIn("CN=Issuing", text)

    def test_wrong_order(self):
        lower = Authority(self.here, "Lower", self.issuing)
        certificate, key = lower.issue("disordered")
        chain = self.pem("chain.pem", certificate, self.issuing.certificate, lower.certificate)
        with nginx(self.here, f"listen 127.0.0.1:PORT ssl; ssl_certificate {chain}; ssl_certificate_key {key};"
                              "ssl_protocols TLSv1.2 TLSv1.3;") as port:
            seen = self.expect(port, ["tls-chain-order"], level=4)
        self.assertTrue(seen["chains"][0]["verified"], "OpenSSL can order it, and that is not all there is to say")

    def test_self_signed(self):
        certificate, key = self.here / "self.pem", self.here / "self.key"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
            "-days", "90", "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}", "-addext", "basicConstraints=critical,CA:false",
            "-addext", "extendedKeyUsage=serverAuth", "-addext", "keyUsage=critical,digitalSignature")
        with self.serve(certificate, key, chain=False) as port:
            seen = self.probe(port, "--profile", "device-legacy", code=2)
        self.assertEqual(self.findings(seen), ["self_signed 0"])
        self.assertEqual(seen["level"], 3)

    def test_a_root_that_is_not_trusted(self):
        other = Authority(self.here, "Other root")
        chain = self.pem("chain.pem", self.issuing.certificate, self.root.certificate)
        with s_server(self.here, self.good, self.good_key, "-cert_chain", chain) as port:
            self.expect(port, ["untrusted_root 2"], roots=other.certificate)

    def test_weak_key(self):
        certificate, key = self.issuing.issue("weak", key="rsa:1024")
        with self.serve(certificate, key, "-cipher", "ECDHE+AESGCM:@SECLEVEL=0", "-tls1_2") as port:
            self.expect(port, ["tls-no-tls13", "weak_key 0"])

    def test_sha1(self):
        certificate, key = self.issuing.issue("sha1", digest="sha1")
        with self.serve(certificate, key, "-cipher", "ECDHE+AESGCM:@SECLEVEL=0", "-tls1_2") as port:
            self.expect(port, ["tls-no-tls13", "weak_signature 0"], "--profile", "rfc5280")

    def test_root_sent_and_a_stranger(self):
        stranger = Authority(self.here, "Stranger", self.root)
        chain = self.pem("chain.pem", self.issuing.certificate, self.root.certificate)
        with s_server(self.here, self.good, self.good_key, "-cert_chain", chain) as port:
            self.expect(port, ["tls-chain-root-sent"], code=0, level=4)
        chain = self.pem("chain.pem", self.issuing.certificate, stranger.certificate)
        with s_server(self.here, self.good, self.good_key, "-cert_chain", chain) as port:
            self.expect(port, ["tls-chain-extra"], code=0, level=4)

    def test_two_certificates_are_both_judged(self):
        certificate, key = self.issuing.issue("expired-rsa", key="rsa:2048", dates=("20240101000000Z", "20240301000000Z"))
        chain = self.pem("chain.pem", self.good, self.issuing.certificate)
        second = self.pem("second.pem", certificate, self.issuing.certificate)
        for versions in ("TLSv1.3", "TLSv1.2"):
            with nginx(self.here, f"listen 127.0.0.1:PORT ssl; ssl_certificate {chain}; ssl_certificate_key {self.good_key};"
                                  f"ssl_certificate {second}; ssl_certificate_key {key}; ssl_protocols {versions}; ssl_ciphers ECDHE+AESGCM;") as port:
                more = ["tls-no-tls13"] if versions == "TLSv1.2" else []
                seen = self.expect(port, ["expired 0", *more])
            self.assertEqual([one["verified"] for one in seen["chains"]], [True, False])
            self.assertEqual([one["chain"] for one in seen["findings"] if one["certificate"]], [1])

    # --- revocation ---------------------------------------------------------------------------------------------------------
    def revocable(self, label, pointers, revoked):
        authority = Authority(self.here, label, self.root)
        self.revocation.authorities[label] = authority
        certificate, key = authority.issue("server", more=pointers.format(url=f"{self.revocation.url}/{label}"))
        if revoked:
            authority.revoke(certificate)
        return s_server(self.here, certificate, key, "-cert_chain", authority.certificate)

    CRL, OCSP = "crlDistributionPoints = URI:{url}.crl", "authorityInfoAccess = OCSP;URI:{url}"

    def test_revoked_by_crl(self):
        with self.revocable("gone", self.CRL, revoked=True) as port:
            self.expect(port, ["revoked 0"])
            self.assertIn("/gone.crl", self.revocation.asked)
            asked = len(self.revocation.asked)
            self.expect(port, [], "--no-revocation", code=0, level=4)
            self.assertEqual(len(self.revocation.asked), asked)

    def test_revoked_by_ocsp(self):
        with self.revocable("answered", self.OCSP, revoked=True) as port:
            self.expect(port, ["revoked 0"])
        self.assertIn("/answered", self.revocation.asked)

    def test_not_revoked(self):
        with self.revocable("fine", f"{self.CRL}\n{self.OCSP}", revoked=False) as port:
            self.expect(port, [], code=0, level=4)

    def test_a_responder_that_cannot_be_reached_is_advice(self):
        with self.revocable("away", "authorityInfoAccess = OCSP;URI:http://127.0.0.1:1/", revoked=False) as port:
            self.expect(port, ["tls-revocation-unanswered"], code=0, level=4)

    def test_nobody_is_asked_about_a_chain_that_is_not_trusted(self):
        stranger = Authority(self.here, "stranger-root")
        self.revocation.authorities["unknown"] = stranger
        certificate, key = stranger.issue("server", more=self.CRL.format(url=f"{self.revocation.url}/unknown"))
        with s_server(self.here, certificate, key) as port:
            self.expect(port, ["incomplete_chain 0"])
        self.assertNotIn("/unknown.crl", self.revocation.asked)

    def stapling(self, label, revoked, must_staple="", staple=True):
        authority = Authority(self.here, label, self.root)
        certificate, key = authority.issue("server", more=must_staple)
        if revoked:
            authority.revoke(certificate)
        request, answer = self.here / f"{label}.req", self.here / f"{label}.resp"
        run("openssl", "ocsp", "-issuer", authority.certificate, "-cert", certificate, "-no_nonce", "-reqout", request)
        answer.write_bytes(authority.ocsp(request.read_bytes()))
        return s_server(self.here, certificate, key, "-cert_chain", authority.certificate, *(["-status_file", answer] if staple else []))

    def test_stapled_answers_count(self):
        with self.stapling("stapled", revoked=False) as port:
            self.assertTrue(self.expect(port, [], code=0, level=4)["stapled"])
        with self.stapling("stapled-revoked", revoked=True) as port:
            self.expect(port, ["revoked 0"])

    def test_a_promised_staple_that_is_missing(self):
        with self.stapling("promised", revoked=False, must_staple="tlsfeature = status_request", staple=False) as port:
            self.expect(port, ["tls-staple-missing"], level=4)

    def test_a_staple_about_another_certificate(self):
        other = self.here / "other.resp"
        with self.stapling("first", revoked=False):
            other.write_bytes((self.here / "first.resp").read_bytes())
        with self.serve(self.good, self.good_key, "-status_file", other) as port:
            self.expect(port, ["tls-staple-invalid"], level=4)

    # --- versions, ciphers and keys -----------------------------------------------------------------------------------------
    def test_tls_1_0_only(self):
        with self.serve(self.good, self.good_key, "-tls1", "-cipher", "ECDHE+AES:@SECLEVEL=0") as port:
            seen = self.expect(port, ["tls-only-old-version"])
        self.assertIn("TLS 1.0", seen["why"])

    def test_old_versions_beside_new_ones(self):
        with self.serve(self.good, self.good_key, "-cipher", "ECDHE+AES:@SECLEVEL=0") as port:
            self.expect(port, ["tls-old-version"], level=4)

    def test_no_common_cipher(self):
        with self.serve(self.good, self.good_key, "-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256") as port:
            self.expect(port, ["tls-no-common-cipher"], level=0)

    def test_broken_ciphers_of_another_library(self):
        certificate, key = self.issuing.issue("rsa", key="rsa:2048")
        chain = self.pem("chain.pem", certificate, self.issuing.certificate)
        priority = "NONE:+VERS-TLS1.2:+ECDHE-RSA:+AES-128-GCM:+3DES-CBC:+ARCFOUR-128:+SHA1:+AEAD:+SIGN-ALL:+GROUP-ALL:+CTYPE-X509:%SERVER_PRECEDENCE"
        with gnutls_server(self.here, chain, key, priority, "--disable-client-cert") as port:
            seen = self.expect(port, ["tls-broken-cipher", "tls-no-tls13"], level=4)
        tls12 = next(one for one in seen["versions"] if one["version"] == "TLS 1.2")
        self.assertEqual([(one["name"], one["weakness"]) for one in tls12["ciphers"]], [
            ("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "none"), ("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "broken"),
            ("TLS_ECDHE_RSA_WITH_RC4_128_SHA", "broken")])

    def test_anonymous_and_null_ciphers(self):
        with self.serve(self.good, self.good_key, "-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-NULL-SHA:AECDH-AES128-SHA:@SECLEVEL=0",
                        "-serverpref") as port:
            self.expect(port, ["tls-anonymous", "tls-no-encryption", "tls-no-tls13"])

    def test_nothing_but_null_ciphers_is_level_1(self):
        with self.serve(self.good, self.good_key, "-tls1_2", "-cipher", "ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0") as port:
            self.expect(port, ["tls-no-encryption", "tls-no-tls13"], level=1)

    def test_no_forward_secrecy(self):
        certificate, key = self.issuing.issue("static-rsa", key="rsa:2048")
        with self.serve(certificate, key, "-tls1_2", "-cipher", "AES128-GCM-SHA256") as port:
            self.expect(port, ["tls-no-forward-secrecy", "tls-no-tls13"], level=4)
            self.expect(port, ["tls-no-forward-secrecy"], "--profile", "device-legacy", code=0, level=4)

    def test_small_diffie_hellman_group(self):
        certificate, key = self.issuing.issue("dh", key="rsa:2048")
        parameters = self.here / "dh.pem"
        run("openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:modp_1536", "-out", parameters)
        with self.serve(certificate, key, "-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-dhparam", parameters) as port:
            seen = self.expect(port, ["tls-no-tls13", "tls-weak-dh"], level=4)
        self.assertEqual(seen["smallest_dh_bits"], 1536)

    def test_ssl_3_export_compression_and_old_renegotiation(self):
        certificate, _ = self.issuing.issue("ssl3", key="rsa:2048")
        with HelloServer(0x0300, [0x0003, 0x0005], [certificate, self.issuing.certificate], compression=1) as server:
            seen = self.expect(server.port, ["tls-only-old-version", "tls-export-cipher", "tls-broken-cipher", "tls-compression",
                                             "tls-no-secure-renegotiation", "tls-handshake-failed"])
        self.assertEqual([len(one["presented"]) for one in seen["chains"]], [2])

    # --- who asks for what --------------------------------------------------------------------------------------------------
    def test_client_certificate_required(self):
        for version in ("-tls1_3", "-tls1_2"):
            more = ["tls-no-tls13"] if version == "-tls1_2" else []
            with self.serve(self.good, self.good_key, version, "-Verify", "1", "-CAfile", self.root.certificate) as port:
                seen = self.expect(port, ["tls-client-certificate-required", *more], code=0, level=4)
            self.assertEqual(seen["client_certificate"], "required")
            self.assertIn("CN = Root", seen["accepted_authorities"][0])

    def test_client_certificate_requested(self):
        with self.serve(self.good, self.good_key, "-verify", "1") as port:
            self.expect(port, ["tls-client-certificate-requested"], code=0, level=4)

    def test_another_certificate_without_a_name(self):
        other, other_key = self.issuing.issue("default", name="default.example.com")
        chain = self.pem("chain.pem", self.good, self.issuing.certificate)
        other_chain = self.pem("other.pem", other, self.issuing.certificate)
        with nginx(self.here, f"listen 127.0.0.1:PORT ssl default_server; ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {other_chain}; ssl_certificate_key {other_key};",
                   f"listen 127.0.0.1:PORT ssl; server_name {NAME}; ssl_certificate {chain}; ssl_certificate_key {self.good_key};") as port:
            seen = self.expect(port, ["tls-other-certificate-without-name"], code=0, level=4)
        self.assertEqual(seen["without_name"], "other")

    # --- peers that are no TLS server ---------------------------------------------------------------------------------------
    def test_a_silent_peer(self):
        with Peer(lambda connection: [None for _ in iter(lambda: connection.recv(4096), b"")]) as peer:
            self.expect(peer.port, ["tls-silent"], "--timeout", SILENT, level=0)

    def test_a_peer_that_closes(self):
        with Peer(lambda connection: None) as peer:
            self.expect(peer.port, ["tls-closed"], level=0)

    def test_plain_http(self):
        seen = self.expect(self.revocation.server.server_port, ["tls-not-spoken"], level=2)
        self.assertEqual(seen["spoken"], "HTTP")
        with nginx(self.here, "listen 127.0.0.1:PORT;") as port:
            self.expect(port, ["tls-not-spoken"], level=2)

    def test_banners_of_other_protocols(self):
        for banner, spoken, level in ((b"SSH-2.0-OpenSSH_9.2\r\n", "SSH", 3), (b"220 mail.example.com ESMTP\r\n", "SMTP", 1),
                                      (b"+OK ready\r\n", "POP3", 1), (b"\xff\xfd\x18login: ", "Telnet", 1)):
            with Peer(speaks((b"", banner))) as peer:
                self.assertEqual(self.expect(peer.port, ["tls-not-spoken"], level=level)["spoken"], spoken)

    def test_a_port_that_is_closed_ends_with_3(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            done = run(BIN / "countersign", "probe", f"127.0.0.1:{taken.getsockname()[1]}", "--json", check=False)
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertEqual(json.loads(done.stderr.splitlines()[-1])["error"]["id"], "NET-001" if "NET-001" in done.stderr else "NET-004")

    # --- protocols that begin in clear --------------------------------------------------------------------------------------
    def context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem("chain.pem", self.good, self.issuing.certificate), self.good_key)
        return context

    def test_starttls(self):
        tls = self.context()
        offer = b"<stream:stream xmlns:stream='http://etherx.jabber.org/streams'><stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>"
        proceed = b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
        talks = {
            "smtp": ((b"", b"220-welcome\r\n220 mail ESMTP\r\n"), (b"EHLO", b"250-mail\r\n250-STARTTLS\r\n250 OK\r\n"), (b"STARTTLS", b"220 go\r\n")),
            "imap": ((b"", b"* OK ready\r\n"), (b"STARTTLS", b"* 1 EXISTS\r\na1 OK go\r\n")),
            "pop3": ((b"", b"+OK ready\r\n"), (b"STLS", b"+OK go\r\n")),
            "ftp": ((b"", b"220 ready\r\n"), (b"AUTH TLS", b"234 go\r\n")),
            "xmpp": ((f"to='{NAME}'".encode(), offer), (b"<starttls", proceed)),
            "xmpp-server": ((b"jabber:server", offer), (b"<starttls", proceed)),
            "postgres": ((b"\x00\x00\x00\x08\x04\xd2\x16\x2f", b"S"),),
        }
        for protocol, lines in talks.items():
            with self.subTest(protocol), Peer(speaks(*lines, tls)) as peer:
                self.expect(peer.port, [], "--starttls", protocol, code=0, level=4)

    def test_starttls_of_a_real_directory_server(self):
        chain = self.pem("chain.pem", self.good, self.issuing.certificate)
        with slapd(self.here, chain, self.good_key) as port:
            seen = self.probe(port, "--starttls", "ldap", code=0)
        self.assertEqual((seen["level"], seen["handshake"]["version"]), (4, "TLSv1.3"))

    def test_starttls_that_is_refused(self):
        talks = {
            "smtp": ((b"", b"220 mail\r\n"), (b"EHLO", b"250 mail\r\n")),
            "pop3": ((b"", b"+OK\r\n"), (b"STLS", b"-ERR no\r\n")),
            "imap": ((b"", b"* OK\r\n"), (b"STARTTLS", b"a1 BAD no\r\n")),
            "postgres": ((b"\x04\xd2\x16\x2f", b"N"),),
        }
        for protocol, lines in talks.items():
            with self.subTest(protocol), Peer(speaks(*lines)) as peer:
                self.expect(peer.port, ["tls-starttls-refused"], "--starttls", protocol, level=1)

    # --- the command itself -------------------------------------------------------------------------------------------------
    def test_saved_certificates_are_what_openssl_sees(self):
        with self.serve(self.good, self.good_key) as port:
            self.probe(port, "--save", self.here / "saved", code=0)
            shown = run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-showcerts", stdin="").stdout
        saved = (self.here / "saved" / f"127.0.0.1-{port}.pem").read_text()
        self.assertEqual(saved.count("BEGIN CERTIFICATE"), 2)
        for block in saved.split("-----END CERTIFICATE-----\n")[:-1]:
            self.assertIn(block.strip(), shown)

    def test_ways_to_write_a_host(self):
        with self.serve(self.good, self.good_key) as port:
            for target in (f"127.0.0.1:{port}", f"[127.0.0.1]:{port}", f"https://127.0.0.1:{port}/path", f"{NAME}.:{port}"):
                done = run(BIN / "countersign", "probe", target, "--address", "127.0.0.1", "--roots", self.root.certificate, check=False)
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
                self.assertIn("Level 4", done.stdout)
        for target in ("no host", "host:port", "host:0", "[::1", "https://user@host/", "a:b:c"):
            done = run(BIN / "countersign", "probe", target, check=False)
            self.assertEqual(done.returncode, 1, target + done.stdout + done.stderr)

    def test_gentle_makes_one_connection_at_a_time(self):
        open_now, most = set(), [0]

        def talk(connection):
            open_now.add(connection)
            most[0] = max(most[0], len(open_now))
            try:
                hello = connection.recv(4096)
                connection.sendall(bytes([21, 3, 1, 0, 2, 2, 40]) if hello else b"")
                connection.recv(4096)
            finally:
                open_now.discard(connection)

        with Peer(talk) as peer:
            self.expect(peer.port, ["tls-no-common-cipher"], "--gentle", level=0)
        self.assertEqual(most[0], 1)


if __name__ == "__main__":
    main()
