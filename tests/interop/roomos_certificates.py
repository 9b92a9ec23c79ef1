#!/usr/bin/env python3
"""Certificates of RoomOS by its xAPI, from the factory to one of one's own on HTTPS, three times: at a terminal over SSH with multi-line
input, by XML with <body>, by JSON-RPC with `body`. openssl signs, and openssl looks from outside (REQ CRT-1 to CRT-5, RMX-2). Then what
else hangs on them: the lowest version of TLS, and feedback as JSON of what changed."""

import http.server
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from websocket import Socket  # noqa: E402

PASSWORD = "s3cret words"
HOST = "studio.company.com"
BLOCK = r"-----BEGIN {0}-----.*?-----END {0}-----\n?"


class Terminal:
    """A person at OpenSSH's client with a terminal: lines are typed, and read until a mark."""

    def __init__(self, folder, address, port):
        script = pathlib.Path(folder) / "askpass"
        script.write_text('#!/bin/sh\nprintf "%s\\n" "$COUNTERSIGN_TEST_PASSWORD"\n')
        script.chmod(0o700)
        self.process = subprocess.Popen(
            ["ssh", "-tt", "-F", "none", "-p", str(port), "-o", f"UserKnownHostsFile={folder}/known", "-o", "GlobalKnownHostsFile=none", "-o",
             "StrictHostKeyChecking=accept-new", "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1", "-o", "LogLevel=ERROR",
             f"admin@{address}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={**os.environ, "SSH_ASKPASS": str(script), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none", "COUNTERSIGN_TEST_PASSWORD": PASSWORD})
        self.lock, self.seen = threading.Condition(), ""
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        while data := os.read(self.process.stdout.fileno(), 65536):
            with self.lock:
                self.seen += data.decode().replace("\r\n", "\n")
                self.lock.notify_all()

    def until(self, pattern, seconds=30):
        """What came up to the end of the pattern."""
        with self.lock:
            if not self.lock.wait_for(lambda: re.search(pattern, self.seen), seconds * PATIENCE):
                raise Failed(f"nothing came that fits {pattern!r}: {self.seen!r}")
            end = re.search(pattern, self.seen).end()
            before, self.seen = self.seen[:end], self.seen[end:]
            return before

    def type(self, *lines):
        self.process.stdin.write("".join(line + "\r" for line in lines).encode())
        self.process.stdin.flush()

    def command(self, line, body=None):
        """Everything up to the end of the answer."""
        self.type(line, *([*body.strip().splitlines(), "."] if body else []))
        return self.until(r"\n\*\* end\n")

    def close(self):
        self.type("bye")
        try:
            self.process.wait(20 * PATIENCE)
        finally:
            self.process.kill()
            self.process.stdin.close()
            self.listener.join(5)
            self.process.stdout.close()


class Listener:
    """An outside server: what was posted to it, in order."""

    def __init__(self, address, port):
        self.posts, outer = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.posts.append((self.headers["Content-Type"], body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((address, port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def find(self, wanted):
        """The first post as JSON that fits."""
        def look():
            return next((found for kind, body in list(self.posts) if kind == "application/json" and wanted(found := json.loads(body))), None)
        return wait_for(look, f"a post that fits; there were {self.posts}")

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class RoomOs(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.world = World("roomos").__enter__()
        self.addCleanup(self.world.__exit__, None, None, None)
        self.address = self.world.add_estate([{"family": "roomos", "name": "Studio", "host_name": HOST, "password": PASSWORD}])[0]["address"]
        self.world.start_device()
        self.https = self.world.port(443)
        self.authority = Authority(self.world.folder / "ca")

    # --- the three doors ---
    def terminal(self):
        terminal = Terminal(self.world.folder, self.address, self.world.port(22))
        self.addCleanup(terminal.close)
        terminal.until(r"\nOK\n\n")
        return terminal

    def put(self, path, body=None, **parameters):
        """A command over XML: its result element."""
        root = place = xml.Element("Command")
        for word in path.split():
            place = xml.SubElement(place, word)
        place.set("command", "True")
        for name, value in parameters.items():
            xml.SubElement(place, name).text = value
        if body:
            xml.SubElement(place, "body").text = body
        return self.post(root)[0]

    def post(self, root):
        done = curl("--insecure", "--user", f"admin:{PASSWORD}", "--header", "Content-Type: text/xml", "--data-binary",
                    xml.tostring(root, encoding="unicode"), f"https://{self.address}:{self.https}/putxml")
        return xml.fromstring(done.stdout)

    def configure(self, path, value):
        root = place = xml.Element("Configuration")
        for word in path.split():
            if word.isdigit():
                place.set("item", word)
            else:
                place = xml.SubElement(place, word)
        place.text = value
        answer = self.post(root)
        self.assertIsNotNone(answer.find("Success"), xml.tostring(answer))

    def rpc(self):
        peer = Socket(self.address, self.https, "admin", PASSWORD)
        self.addCleanup(peer.stream.close)
        self.assertEqual(peer.status, 101)
        return peer

    # --- what the authority does ---
    def sign(self, request, name):
        """The certificate for a request, with the names that it asks for; and its SHA-1, as the xAPI names it."""
        base = self.authority.folder / name
        request_file, certificate = base.with_suffix(".csr"), base.with_suffix(".pem")
        request_file.write_text(request)
        self.assertIn("verify OK", run("openssl", "req", "-in", request_file, "-noout", "-verify").stderr)
        run("openssl", "x509", "-req", "-in", request_file, "-CA", self.authority.certificate, "-CAkey", self.authority.key, "-CAcreateserial",
            "-out", certificate, "-days", "90", "-copy_extensions", "copyall")
        shown = run("openssl", "x509", "-in", certificate, "-noout", "-fingerprint", "-sha1").stdout
        return certificate, shown.split("=")[1].strip().replace(":", "").lower()

    def assert_verified(self, certificate):
        self.assertTrue(serves(self.address, self.https, certificate))
        self.assertTrue(s_client_verifies(self.address, self.https, self.authority.certificate, HOST))

    # --- tests ---
    def test_at_a_terminal(self):
        terminal = self.terminal()
        factory = served_certificate(self.address, self.https)["fingerprint"]
        step("a request that openssl reads as it stands")
        answer = terminal.command(f'xCommand Security Certificates CSR Create CommonName: "{HOST}" CountryName: NO OrganizationName: "Company"'
                                  f' OrganizationalUnit: "Rooms" SanDns: "{HOST}" SanIp: "{self.address}"')
        self.assertIn("*r CSRCreateResult (status=OK):", answer)
        request = re.search(BLOCK.format("CERTIFICATE REQUEST"), answer, re.S).group(0)
        certificate, sha1 = self.sign(request, "terminal")
        text = run("openssl", "req", "-noout", "-text", stdin=request).stdout
        self.assertRegex(text, rf"Subject: C ?= ?NO, O ?= ?Company, OU ?= ?Rooms, CN ?= ?{re.escape(HOST)}")
        self.assertIn(f"DNS:{HOST}, IP Address:{self.address}", text)
        step("an answer for another key is refused, and nothing changes")
        key, other = self.authority.issue(HOST, "other")
        answer = terminal.command("xcom sec cert csr link", other.read_text())
        self.assertIn("*r CSRLinkResult (status=Error):", answer)
        self.assertIn("*r CSRLinkResult Reason: ", answer)
        self.assertEqual(served_certificate(self.address, self.https)["fingerprint"], factory)
        step("the answer, ended by a dot, joins the list; it is used when it is activated")
        answer = terminal.command("xCommand Security Certificates CSR Link", certificate.read_text())
        self.assertIn(f'*r CSRLinkResult Fingerprint: "{sha1}"', answer)
        self.assertEqual(served_certificate(self.address, self.https)["fingerprint"], factory)
        shown = terminal.command("xCommand Security Certificates Services Show")
        mine = re.search(rf'Details (\d+) Fingerprint: "{sha1}"', shown).group(1)
        self.assertIn(f'*r ServicesShowResult Details {mine} UsedFor: ""', shown)
        self.assertIn(f'*r ServicesShowResult Details {mine} SubjectName: "/C=NO/O=Company/OU=Rooms/CN={HOST}"', shown)
        answer = terminal.command(f"xCommand Security Certificates Services Activate Fingerprint: {sha1} Purpose: HTTPS")
        self.assertIn("*r ServicesActivateResult (status=OK):", answer)
        self.assert_verified(certificate)
        shown = terminal.command("xCommand Security Certificates Services Show Filter: HTTPS")
        self.assertIn('*r ServicesShowResult Details 1 UsedFor: "HTTPS server"', shown)
        self.assertIn('*r ServicesShowResult Details 1 IssuerName: "/O=Company/CN=Company Root CA"', shown)
        pem = terminal.command("xCommand Security Certificates Services Show Filter: HTTPS Format: PEM")
        self.assertEqual(run("openssl", "x509", stdin=pem).stdout, run("openssl", "x509", "-in", certificate).stdout)
        step("it cannot be deleted while it is used; deactivated, the factory's is back")
        self.assertIn("(status=Error)", terminal.command(f"xCommand Security Certificates Services Delete Fingerprint: {sha1}"))
        self.assertIn("(status=OK)", terminal.command(f"xCommand Security Certificates Services Deactivate Fingerprint: {sha1} Purpose: HTTPS"))
        self.assertEqual(served_certificate(self.address, self.https)["fingerprint"], factory)
        self.assertIn("(status=OK)", terminal.command(f"xCommand Security Certificates Services Delete Fingerprint: {sha1}"))
        step("a pair with an encrypted key wants its passphrase, which is not remembered among the lines")
        key, certificate = self.authority.issue(HOST, "encrypted", passphrase="pass phrase")
        pair = certificate.read_text() + key.read_text()
        self.assertIn("(status=Error)", terminal.command("xCommand Security Certificates Services Add", pair))
        answer = terminal.command('xCommand Security Certificates Services Add PrivateKeyPassword: "pass phrase"', pair)
        added = re.search(r'ServicesAddResult Fingerprint: "([0-9a-f]{40})"', answer).group(1)
        self.assertIn("(status=OK)", terminal.command(f"xCommand Security Certificates Services Activate Fingerprint: {added} Purpose: HTTPS"))
        self.assert_verified(certificate)

    def test_by_xml(self):
        created = self.put("Security Certificates CSR Create", CommonName=HOST, SanDns=HOST)
        self.assertEqual((created.tag, created.get("status")), ("CSRCreateResult", "OK"))
        certificate, sha1 = self.sign(created.findtext("CSR"), "xml")
        step("the answer with the chain, in <body>")
        linked = self.put("Security Certificates CSR Link", certificate.read_text() + self.authority.certificate.read_text())
        self.assertEqual((linked.tag, linked.get("status"), linked.findtext("Fingerprint")), ("CSRLinkResult", "OK", sha1))
        self.assertEqual(self.put("Security Certificates Services Activate", Fingerprint=sha1, Purpose="HTTPS").get("status"), "OK")
        self.assert_verified(certificate)
        step("what the list shows")
        shown = self.put("Security Certificates Services Show", Filter="HTTPS")
        self.assertEqual((shown.tag, shown.findtext("Format")), ("ServicesShowResult", "Text"))
        first = shown.find("Details[@item='1']")
        self.assertEqual([child.tag for child in first], ["Fingerprint", "HashingAlgorithm", "IssuerName", "PublicKeySize", "SerialNumber",
                                                          "SignatureAlgorithm", "SubjectName", "UsedFor", "Version", "notAfter", "notBefore"])
        self.assertEqual((first.findtext("Fingerprint"), first.findtext("UsedFor")), (sha1, "HTTPS server"))
        step("refusals say why: parameters, an unknown certificate, no body")
        refused = self.put("Security Certificates Services Activate", Fingerprint=sha1, Purpose="Everything")
        self.assertEqual(refused.get("status"), "ParameterError")
        unknown = self.put("Security Certificates Services Delete", Fingerprint="00" * 20)
        self.assertEqual(unknown.get("status"), "Error")
        self.assertTrue(unknown.findtext("Reason"))
        self.assertEqual(self.put("Security Certificates Services Add").get("status"), "Error")
        step("trusted authorities")
        trusted = self.put("Security Certificates CA Add", self.authority.certificate.read_text())
        self.assertEqual((trusted.tag, trusted.get("status")), ("CAAddResult", "OK"))
        self.assertEqual(self.put("Security Certificates CA Add", self.authority.certificate.read_text()).get("status"), "Error")
        listed = self.put("Security Certificates CA Show")
        self.assertEqual(listed.findtext("Details/SubjectName"), "/O=Company/CN=Company Root CA")
        pem = self.put("Security Certificates CA Show", Format="PEM").findtext("Details/PEM")
        self.assertEqual(pem.strip(), run("openssl", "x509", "-in", self.authority.certificate).stdout.strip())
        self.assertEqual(self.put("Security Certificates CA Delete", Fingerprint=listed.findtext("Details/Fingerprint")).get("status"), "OK")
        self.assertIsNone(self.put("Security Certificates CA Show").find("Details"))

    def test_by_json_rpc(self):
        peer = self.rpc()

        def command(path, **parameters):
            return peer.ask("xCommand/" + path.replace(" ", "/"), **parameters)

        created = command("Security Certificates CSR Create", CommonName=HOST, SanDns=[HOST, "room.company.com"])["result"]
        self.assertEqual(created["status"], "OK")
        certificate, sha1 = self.sign(created["CSR"], "rpc")
        self.assertIn("DNS:room.company.com", run("openssl", "x509", "-in", certificate, "-noout", "-ext", "subjectAltName").stdout)
        self.assertEqual(command("Security Certificates CSR Link", body=certificate.read_text())["result"]["Fingerprint"], sha1)
        self.assertEqual(command("Security Certificates Services Activate", Fingerprint=sha1, Purpose="HTTPS")["result"]["status"], "OK")
        self.assert_verified(certificate)
        details = command("Security Certificates Services Show", Filter="HTTPS")["result"]["Details"]
        self.assertEqual((details[0]["id"], details[0]["Fingerprint"], details[0]["UsedFor"]), (1, sha1, "HTTPS server"))
        step("one certificate for two purposes, and the event that tells of it")
        subscribed = peer.ask("xFeedback/Subscribe", Query=["Event", "Certificate"])["result"]["Id"]
        peer.send(json.dumps({"jsonrpc": "2.0", "id": 9, "method": "xCommand/Security/Certificates/Services/Activate",
                              "params": {"Fingerprint": sha1, "Purpose": "SIP"}}))
        both = [json.loads(peer.receive()[1]) for _ in range(2)]
        self.assertIn({"jsonrpc": "2.0", "id": 9, "result": {"status": "OK"}}, both)
        self.assertIn({"Id": subscribed, "Event": {"Certificate": {"Installed": {"Fingerprint": fingerprint_of(certificate)}}}},
                      [one.get("params") for one in both])
        peer.ask("xFeedback/Unsubscribe", Id=subscribed)
        self.assertEqual(command("Security Certificates Services Show", Filter="SIP")["result"]["Details"][0]["UsedFor"], "HTTPS server, SIP")
        step("failures have code 1 and a reason")
        failed = command("Security Certificates Services Delete", Fingerprint=sha1)["error"]
        self.assertEqual(failed["code"], 1)
        self.assertIn("HTTPS", failed["message"])

    def test_lowest_version_of_tls(self):
        def takes(version):
            shown = run("openssl", "s_client", "-connect", f"{self.address}:{self.https}", version, stdin="", check=False)
            return shown.returncode == 0 and "BEGIN CERTIFICATE" in shown.stdout

        def lowest():
            return (takes("-tls1_2"), takes("-tls1_3"))

        self.assertEqual(lowest(), (True, True))
        self.configure("NetworkServices HTTPS Server MinimumTLSVersion", "TLSv1.3")
        self.assertEqual(lowest(), (False, True))
        step("also after a restart, and with another certificate")
        self.put("SystemUnit Boot")
        wait_for(lambda: port_state(self.address, self.https) != "open", "it restarts")
        wait_for(lambda: port_state(self.address, self.https) == "open", "it is back")
        key, certificate = self.authority.issue(HOST)
        added = self.put("Security Certificates Services Add", certificate.read_text() + key.read_text()).findtext("Fingerprint")
        self.assertEqual(self.put("Security Certificates Services Activate", Fingerprint=added, Purpose="HTTPS").get("status"), "OK")
        self.assert_verified(certificate)
        self.assertEqual(lowest(), (False, True))
        step("and back")
        self.configure("NetworkServices HTTPS Server MinimumTLSVersion", "TLSv1.2")
        self.assertEqual(lowest(), (True, True))
        step("what is old means what is safe today")
        self.configure("NetworkServices HTTPS Server MinimumTLSVersion", "TLSv1.1")
        self.assertEqual((takes("-tls1_1"), *lowest()), (False, True, True))

    def test_feedback_of_status(self):
        listener = Listener(f"{self.world.net}.200", self.world.port(80))
        self.addCleanup(listener.close)
        url = f"http://{self.world.net}.200/feedback"
        for switch in ("Provisioning TlsVerify", "HttpFeedback TlsVerify", "Phonebook Server 1 TlsVerify"):
            self.configure(switch, "Off")
        terminal, peer = self.terminal(), self.rpc()
        self.assertEqual(self.put("HttpFeedback Register", FeedbackSlot="1", ServerUrl=url, Format="JSON", Expression="/Configuration/SystemUnit").
                         get("status"), "OK")
        self.assertEqual(peer.ask("xGet", Path=["Status", "HttpFeedback", 1, "Format"])["result"], "JSON")
        step("a setting, as JSON")
        self.configure("SystemUnit Name", 'Studio "1" ü')
        post = listener.find(lambda body: "Configuration" in body)["Configuration"]
        self.assertEqual(list(post)[0], "Identification")
        self.assertEqual(post["Identification"]["SystemName"], {"Value": 'Studio "1" ü'})
        self.assertEqual(post["Identification"]["IPAddress"], {"Value": self.address})
        self.assertEqual(post["SystemUnit"], {"Name": {"Value": 'Studio "1" ü'}})
        step("a status that changes, to all who asked: posted, on the terminal, over the WebSocket")
        self.put("HttpFeedback Register", FeedbackSlot="1", ServerUrl=url, Format="JSON", Expression="/Status/Security/Certificates")
        terminal.command("xFeedback register /Status/Security/Certificates")
        subscribed = peer.ask("xFeedback/Subscribe", Query=["Status", "Security"])["result"]["Id"]
        key, certificate = self.authority.issue(HOST)
        added = self.put("Security Certificates Services Add", certificate.read_text() + key.read_text()).findtext("Fingerprint")
        self.put("Security Certificates Services Activate", Fingerprint=added, Purpose="HTTPS")
        sha256 = fingerprint_of(certificate)
        posted = listener.find(lambda body: "Status" in body)["Status"]
        self.assertEqual(posted["Security"]["Certificates"]["Server"]["Fingerprint"], {"Value": sha256})
        self.assertEqual(posted["Security"]["Certificates"]["Server"]["Factory"], {"Value": "False"})
        told = terminal.until(r"\*s Security Certificates Server Factory: False\n(?:\*s [^\n]*\n)*\*\* end\n")
        self.assertIn(f'*s Security Certificates Server Fingerprint: "{sha256}"', told)
        event = json.loads(peer.receive()[1])["params"]
        self.assertEqual((event["Id"], event["Status"]["Security"]["Certificates"]["Server"]["Fingerprint"]), (subscribed, sha256))
        step("a list item that goes is a ghost")
        self.put("HttpFeedback Register", FeedbackSlot="2", ServerUrl=url, Expression="/Event/Nothing")
        self.put("HttpFeedback Register", FeedbackSlot="1", ServerUrl=url, Format="JSON", Expression="/Status/HttpFeedback")
        self.put("HttpFeedback Deregister", FeedbackSlot="2")
        listener.find(lambda body: {"id": "2", "ghost": "True"} in body.get("Status", {}).get("HttpFeedback", []))
        self.assertFalse([body for kind, body in listener.posts if kind != "application/json"])


if __name__ == "__main__":
    main()
