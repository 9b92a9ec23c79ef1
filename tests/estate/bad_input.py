#!/usr/bin/env python3
"""Bad input is refused with an error of the catalogue, and nothing is changed."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World("bad").__enter__()
        cls.systems = cls.world.start_all([{"family": "c-series", "host_name": "room1.company.com"}, {"family": "mcu", "host_name": "mcu1.company.com", "password": "changed by its owner"}])
        cls.codec, cls.mcu = cls.systems

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__(None, None, None)

    # --- the manager ------------------------------------------------------------------------------------------------------
    def request(self, method, path, body, token=True):
        """Status and problem document of a request to the manager's API by curl."""
        world = self.world
        secret = (world.folder / "manager" / "token").read_text().strip()
        host = f"{world.manager_host}:{world.port(443)}"
        done = curl("--request", method, "--cacert", world.folder / "manager" / "ca.pem", "--resolve", f"{host}:{world.manager_address}",
                    *(["--header", f"Authorization: Bearer {secret}"] if token else []), "--header", "Content-Type: application/json",
                    *(["--data-binary", body] if body is not None else []), "--write-out", "\n%{http_code}", f"https://{host}{path}")
        text, _, code = done.stdout.rpartition("\n")
        return int(code), json.loads(text) if text.strip().startswith("{") else text

    def refused(self, answer, status, identifier):
        self.assertEqual(answer[0], status, answer)
        self.assertEqual(answer[1]["id"], identifier, answer)
        self.assertTrue(answer[1]["detail"] and answer[1]["remedy"], answer)

    def test_the_api_refuses_with_problem_documents(self):
        before = self.world.api("system", "list")
        self.refused(self.request("POST", "/api/v1/systems", "{"), 400, "GEN-005")
        self.refused(self.request("POST", "/api/v1/systems", '{"host_name": "not a host"}'), 422, "GEN-001")
        self.refused(self.request("POST", "/api/v1/systems", '{"host_name": "x y", "family": 3, "nonsense": 1}'), 422, "GEN-006")
        self.refused(self.request("POST", "/api/v1/systems", "{}"), 422, "GEN-002")
        self.refused(self.request("POST", "/api/v1/systems", '{"host_name": "a.company.com", "family": "toaster"}'), 422, "FAM-002")
        self.refused(self.request("GET", "/api/v1/systems/99999", None), 404, "GEN-003")
        self.refused(self.request("GET", "/api/v1/nothing", None), 404, "GEN-003")
        self.refused(self.request("PUT", "/api/v1/systems", "{}"), 405, "GEN-007")
        self.refused(self.request("GET", "/api/v1/systems", None, token=False), 401, "ACC-001")
        self.refused(self.request("POST", "/api/v1/session", '{"user": "admin", "password": "wrong"}', token=False), 401, "ACC-002")
        self.refused(self.request("POST", "/api/v1/factory-anchors", '{"vendor": "x", "pem": "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n"}'),
                     422, "CRT-002")
        self.refused(self.request("POST", "/api/v1/factory-anchors", '{"vendor": "x", "pem": "nothing"}'), 422, "CRT-006")
        self.refused(self.request("PATCH", "/api/v1/policy", '{"secure_only": "perhaps", "dns_servers": ["x"]}'), 422, "GEN-006")
        self.assertEqual(before, self.world.api("system", "list"), "nothing was changed")

    def test_a_change_that_is_refused_leaves_the_password_alone(self):
        first, second = [self.request("POST", "/api/v1/systems", json.dumps({"address": address, "family": "mcu"}))[1]["id"]
                         for address in ("127.0.0.201", "127.0.0.202")]
        try:
            self.refused(self.request("PATCH", f"/api/v1/systems/{second}", '{"address": "127.0.0.201", "password": "a new one"}'), 409, "MGR-001")
            self.assertEqual(self.request("GET", f"/api/v1/systems/{second}", None)[1]["password_origin"], "factory")
            self.assertEqual(self.request("PATCH", f"/api/v1/systems/{second}", '{"password": "a new one"}')[1]["password_origin"], "given")
        finally:
            for one in (first, second):
                self.request("DELETE", f"/api/v1/systems/{one}", None)

    def test_a_body_over_the_limit_is_refused_before_it_is_read(self):
        big = self.world.folder / "big"
        big.write_text("x" * 200_000)
        self.refused(self.request("POST", "/api/v1/systems", f"@{big}"), 413, "NET-009")
        status = status_of(f"http://{self.codec['address']}:{self.world.port(80)}/putxml", "--digest", "--user", "x:TANDBERG", "--header", "Content-Type: text/xml",
                           "--header", "Expect:", "--data-binary", f"@{self.make_big()}")
        self.assertEqual(status, 413)

    def make_big(self):
        file = self.world.folder / "bigger"
        file.write_text("<Configuration>" + " " * 3_000_000 + "</Configuration>")
        return file

    def test_credentials_are_not_taken_over_http(self):
        world = self.world
        status, _, body = curl("--data", '{"user":"admin","password":"x"}', "--write-out", "\n%{http_code}",
                               f"http://{world.manager_address}:{world.port(80)}/api/v1/session").stdout.rpartition("\n")
        self.assertEqual((body, json.loads(status)["id"]), ("403", "ACC-004"))

    def test_an_unknown_host_is_named_with_its_remedy(self):
        before = self.world.api("system", "list")
        done = self.world.cli("system", "add", "nowhere.company.com", "--family", "mcu", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("NET-005", done.stderr)
        self.assertIn("nowhere.company.com", done.stderr)
        self.assertIn("What to do", done.stderr)
        self.assertEqual(before, self.world.api("system", "list"), "nothing was added")

    def test_a_wrong_password_opens_a_ticket_and_changes_nothing(self):
        secret = self.world.folder / "wrong"
        secret.write_text("wrong password\n")
        self.world.cli("secure-only", "set", "off")
        self.world.cli("system", "add", self.mcu["host_name"], "--ip", self.mcu["address"], "--family", "mcu", "--password-file", secret)
        try:
            self.world.cli("system", "observe", self.mcu["host_name"], check=False)
            ticket = wait_for(lambda: [t for t in self.world.tickets() if t["system_name"] == "mcu1"], "a ticket")[0]
            self.assertEqual(ticket["type"], "login_failed", ticket)
        finally:
            self.world.cli("system", "remove", self.mcu["host_name"])

    def test_systems_call_with_broken_xml(self):
        world = self.world
        path = "/tms/public/external/management/SystemManagementService.asmx"
        body, _, status = curl("--data-binary", "<Envelope><broken", "--header", "Content-Type: text/xml", "--write-out", "\n%{http_code}",
                               f"http://{world.manager_address}:{world.port(80)}{path}").stdout.rpartition("\n")
        self.assertEqual((status, json.loads(body)["id"]), ("400", "DEV-008"))

    def test_the_command_names_the_problem_and_exits_with_its_code(self):
        done = self.world.cli("system", "show", "nobody", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("GEN-003", done.stderr)
        self.assertEqual(self.world.cli("secure-only", "set", "sometimes", check=False).returncode, 1)
        done = self.world.cli("--json", "system", "show", "nobody", check=False)
        self.assertEqual(json.loads(done.stderr)["error"]["id"], "GEN-003")

    # --- a system ---------------------------------------------------------------------------------------------------------
    def put(self, body):
        file = self.world.folder / "put.xml"
        file.write_text(body)
        done = curl("--digest", "--user", "x:TANDBERG", "--header", "Content-Type: text/xml", "--data-binary", f"@{file}", "--write-out", "\n%{http_code}",
                    f"http://{self.codec['address']}:{self.world.port(80)}/putxml")
        text, _, code = done.stdout.rpartition("\n")
        return int(code), text

    def configuration(self):
        return curl("--digest", "--user", "x:TANDBERG", f"http://{self.codec['address']}:{self.world.port(80)}/getxml?location=/Configuration").stdout

    def test_malformed_and_hostile_xml_changes_nothing(self):
        before = self.configuration()
        self.assertIn("<Configuration", before)
        bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Configuration>&b;</Configuration>'
        for body in ("<Configuration><broken", bomb, "<a>" * 500, "", "plain text"):
            status, text = self.put(body)
            self.assertGreaterEqual(status, 400, body)
            self.assertIn("DEV-008", text)
        self.assertEqual(before, self.configuration())

    def test_one_bad_value_refuses_the_whole_document_and_all_problems_are_named(self):
        before = self.configuration()
        status, text = self.put("<Configuration><SystemUnit><Name>changed</Name></SystemUnit><NetworkServices><HTTP><Mode>Perhaps</Mode></HTTP>"
                                "<Nothing><Mode>On</Mode></Nothing></NetworkServices></Configuration>")
        self.assertIn("Illegal value", text, "in the family's own words")
        self.assertIn("/Configuration/NetworkServices/HTTP/Mode", text)
        self.assertIn("No match on address expression", text)
        self.assertIn("/Configuration/NetworkServices/Nothing/Mode", text)
        self.assertEqual(before, self.configuration(), "all or nothing")

    def test_the_last_way_in_cannot_be_closed(self):
        status, text = self.put("<Configuration><NetworkServices><HTTP><Mode>Off</Mode></HTTP><Telnet><Mode>Off</Mode></Telnet></NetworkServices></Configuration>")
        self.assertIn("DEV-005", text)

    def test_an_address_where_verification_needs_a_host_name(self):
        status, text = self.put("<Configuration><NetworkServices><HTTPS><VerifyServerCertificate>On</VerifyServerCertificate></HTTPS></NetworkServices>"
                                "<Provisioning><ExternalManager><Address>192.0.2.1</Address></ExternalManager></Provisioning></Configuration>")
        self.assertIn("DEV-006", text)

    def test_broken_certificates_are_refused_with_their_ids(self):
        world = self.world
        company = Authority(world.folder / "company")
        key, certificate = company.issue("room1.company.com")
        other, _ = company.issue("other.company.com")
        request = certificate.with_suffix(".csr")
        broken = world.folder / "broken.pem"
        broken.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        expired = company.issue("room1.company.com", "old", start=("20200101000000Z", "20210101000000Z"))
        cases = [("CRT-002", broken, key), ("CRT-014", certificate, other), ("CRT-007", request, key), ("CRT-011", expired[1], expired[0]), ("CRT-001", certificate, broken)]
        browser = Browser(f"http://{self.codec['address']}:{world.port(80)}", "x", "TANDBERG")
        before = browser.open("/web/security/cert").text
        for identifier, cert, private in cases:
            browser.open("/web/security/cert").fill_in("Upload", **{"HTTPS Certificate (PEM format)": cert, "Private Key (PEM format)": private})
            self.assertIn(identifier, browser.text)
            self.assertEqual(browser.open("/web/security/cert").text, before, "what is refused changes nothing")


if __name__ == "__main__":
    main()
