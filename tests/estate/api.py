#!/usr/bin/env python3
"""The manager's API and page over real HTTPS: access is given to those who have it and to nobody else, and no answer carries a secret. That
every operation answers as described is for operations.py."""

import http.client
import pathlib
import re
import sqlite3
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from api_client import Client  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from openapi import Description  # noqa: E402

PASSWORD = "Correct-Horse-Battery-77"
SYSTEM_PASSWORD = "Given-By-A-Person-4711"
API = "/api/v1"
DESCRIPTION = Description()


class Api(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.world = World("api").__enter__()
        cls.systems = cls.world.start_all([{"family": "c-series", "host_name": "room1.company.com"}, {"family": "mcu", "host_name": "mcu1.company.com"}])
        cls.codec, cls.mcu = cls.systems
        cls.client = Client(cls.world)
        cls.token = (cls.world.folder / "manager" / "token").read_text().strip()
        cls.setup_password = cls.world.manager.await_line("set-up password:").split(":", 1)[1].strip()
        cls.secrets = {"the API token": cls.token, "the set-up password": cls.setup_password, "the administrator's password": PASSWORD,
                       "the password of a system": SYSTEM_PASSWORD}
        try:
            cls().first_visit()
            cls.world.add_to_manager(cls.systems)
            cls.world.cli("job", "wait", "--timeout", "120")
        except BaseException:
            cls.world.__exit__(*sys.exc_info())
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__(None, None, None)

    def runTest(self):
        """For the calls of setUpClass."""

    # --- asking -----------------------------------------------------------------------------------------------------------
    def call(self, method, path, status, body=None, query="", client=None, headers=None, **parameters):
        """Calls an operation of the description and checks its answer against it."""
        headers = {"Authorization": f"Bearer {self.token}"} if headers is None else headers
        answer = (client or self.client).ask(method, API + path.format(**parameters) + query, body, headers)
        self.assertEqual(answer.status, status, f"{method} {path}{query}: {answer}")
        self.assertEqual(DESCRIPTION.check_answer(method, path, answer.status, answer.type, answer.body), [], f"{method} {path}: {answer}")
        return answer

    def refused(self, method, path, status, identifier, body=None, **more):
        answer = self.call(method, path, status, body, **more)
        problem = answer.json()
        self.assertEqual((problem["id"], problem["status"]), (identifier, status), answer)
        self.assertTrue(problem["detail"] and problem["remedy"], answer)
        return problem

    def log_in(self, client=None):
        """The Cookie header of a new session, and the Set-Cookie line that made it."""
        line = self.call("POST", "/session", 204, {"user": "admin", "password": PASSWORD}, headers={}, client=client).headers["Set-Cookie"]
        cookie = line.split(";")[0]
        self.secrets["a session"] = cookie.split("=", 1)[1]
        return {"Cookie": cookie}, line

    def database(self, statement, *values):
        """Time passes: what the manager wrote of the end of things is moved."""
        with sqlite3.connect(self.world.folder / "manager" / "manager.db", timeout=30) as database:
            self.assertEqual(database.execute(statement, values).rowcount, 1, statement)
        database.close()

    # --- access -----------------------------------------------------------------------------------------------------------
    def first_visit(self):
        step("first visit: the set-up password works once, and only for a password that is long enough")
        anybody = {}
        self.assertEqual(self.call("GET", "/setup", 200, headers=anybody).json(), {"pending": True})
        self.refused("GET", "/systems", 401, "ACC-001", headers=anybody)
        self.refused("POST", "/setup", 401, "ACC-002", {"setup_password": "guess", "new_password": PASSWORD}, headers=anybody)
        self.refused("POST", "/setup", 422, "ACC-007", {"setup_password": self.setup_password, "new_password": "short"}, headers=anybody)
        self.refused("POST", "/session", 401, "ACC-002", {"user": "admin", "password": PASSWORD}, headers=anybody)
        self.refused("POST", "/session", 401, "ACC-002", {"user": "admin", "password": self.setup_password}, headers=anybody)
        self.call("POST", "/setup", 204, {"setup_password": self.setup_password, "new_password": PASSWORD}, headers=anybody)
        self.assertEqual(self.call("GET", "/setup", 200, headers=anybody).json(), {"pending": False})
        self.refused("POST", "/setup", 409, "ACC-006", {"setup_password": self.setup_password, "new_password": PASSWORD + "2"}, headers=anybody)

    def test_a_session_begins_with_the_password_and_ends_with_log_out(self):
        session, line = self.log_in()
        self.assertRegex(line, r"^__Host-countersign=[A-Za-z0-9_-]{40,}; ")
        attributes = {part.strip().lower() for part in line.split(";")[1:]}
        # The __Host- prefix demands Path=/, Secure and no Domain (RFC 6265bis section 4.1.3.2).
        self.assertEqual(attributes, {"path=/", "secure", "httponly", "samesite=strict", "max-age=43200"})
        self.assertEqual(self.call("GET", "/session", 200, headers=session).json(), {"user": "admin", "role": "administrator", "permissions": ["self", "read", "own", "operate", "audit", "administer"],
                                                                               "must_change_password": False, "read_only": False})
        ended = self.call("DELETE", "/session", 204, headers=session)
        self.assertIn("Max-Age=0", ended.headers["Set-Cookie"])
        self.refused("GET", "/session", 401, "ACC-002", headers=session)

    def test_a_session_ends_after_twelve_hours(self):
        session, _ = self.log_in()
        self.database("UPDATE sessions SET expires = expires - 43199 WHERE rowid = (SELECT max(rowid) FROM sessions)")
        wait_for(lambda: self.client.ask("GET", API + "/session", headers=session).status == 401, "the session ended")

    def test_a_session_of_nobody_is_refused(self):
        self.refused("GET", "/systems", 401, "ACC-002", headers={"Cookie": "__Host-countersign=" + "A" * 43})
        self.refused("GET", "/systems", 401, "ACC-001", headers={"Cookie": "__Host-countersignx=1; other=2"})
        self.refused("GET", "/systems", 401, "ACC-002", headers={"Authorization": "Bearer " + "A" * 43})
        self.refused("GET", "/systems", 401, "ACC-001", headers={"Authorization": "Basic YWRtaW46eA=="})

    def test_guessing_locks_the_log_in_for_the_guesser_only(self):
        guesser = Client(self.world, source=f"{self.world.net}.240")
        wrong = {"user": "admin", "password": "not this one"}
        for _ in range(5):
            self.refused("POST", "/session", 401, "ACC-002", wrong, client=guesser, headers={})
        problem = self.refused("POST", "/session", 429, "ACC-003", wrong, client=guesser, headers={})
        self.assertGreater(int(problem["parameters"]["seconds"]), 0)
        right = {"user": "admin", "password": PASSWORD}
        self.refused("POST", "/session", 429, "ACC-003", right, client=guesser, headers={})
        self.log_in()

    def test_a_request_that_another_site_caused_is_refused(self):
        session, _ = self.log_in()
        own = f"https://{self.world.manager_host}:{self.world.port(443)}"
        before = self.call("GET", "/policy", 200).json()
        change = {"renew_days_before": before["renew_days_before"] + 1}
        for foreign in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": own.replace("https", "http")},
                        {"Origin": "https://" + self.world.manager_host}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            self.refused("PATCH", "/policy", 403, "ACC-005", change, headers={**session, **foreign})
            self.refused("POST", "/session", 403, "ACC-005", {"user": "admin", "password": PASSWORD}, headers=foreign)
            self.refused("DELETE", "/session", 403, "ACC-005", headers={**session, **foreign})
        self.assertEqual(self.call("GET", "/policy", 200).json(), before)
        self.call("PATCH", "/policy", 200, {"renew_days_before": before["renew_days_before"]}, headers={**session, "Origin": own})

    def test_a_token_lives_until_its_end_or_until_it_is_taken_back(self):
        made = {}
        for name, days in (("a year", 365), ("for ever", 0), ("a day", 1)):
            made[name] = self.call("POST", "/tokens", 201, {"name": name, "days": days}).json()["token"]
            self.secrets[f"the token {name!r}"] = made[name]
            self.call("GET", "/about", 200, headers={"Authorization": f"Bearer {made[name]}"})
        listed = {token["name"]: token for token in self.call("GET", "/tokens", 200).json()["tokens"]}
        self.assertIsNone(listed["for ever"]["expires"])
        life = [time.mktime(time.strptime(listed["a day"][field][:19], "%Y-%m-%dT%H:%M:%S")) for field in ("created", "expires")]
        self.assertAlmostEqual(life[1] - life[0], 86400, delta=2)
        self.database("UPDATE tokens SET expires = expires - 86399 WHERE id = ?", listed["a day"]["id"])
        wait_for(lambda: self.client.ask("GET", API + "/about", headers={"Authorization": f"Bearer {made['a day']}"}).status == 401, "it ended")
        self.call("DELETE", "/tokens/{id}", 204, id=listed["a year"]["id"])
        self.refused("GET", "/about", 401, "ACC-002", headers={"Authorization": f"Bearer {made['a year']}"})
        self.refused("POST", "/tokens", 422, "GEN-001", {"name": "x", "days": -1})
        self.refused("POST", "/tokens", 422, "GEN-001", {"name": ""})

    # --- operations -------------------------------------------------------------------------------------------------------
    def test_every_operation_answers_as_described(self):
        world = self.world
        self.call("GET", "/families", 200)
        about = self.call("GET", "/about", 200).json()
        self.assertEqual(about["host_name"], world.manager_host)
        self.assertTrue(about["roots"])
        step("systems")
        listed = self.call("GET", "/systems", 200).json()["systems"]
        self.assertEqual({one["host_name"] for one in listed}, {one["host_name"] for one in self.systems})
        number = {one["host_name"]: one["id"] for one in listed}
        codec = number[self.codec["host_name"]]
        world.hosts["gone.company.com"] = f"{world.net}.99"
        gone = self.call("POST", "/systems", 201, {"host_name": "gone.company.com", "address": f"{world.net}.99", "family": "mcu", "name": "Gone",
                                                   "user": "admin", "password": SYSTEM_PASSWORD, "pins": ["ab" * 32]}).json()
        shown = self.call("GET", "/systems/{id}", 200, id=codec).json()
        self.assertTrue(shown["assessment"]["protocols"] and shown["assessment"]["readiness"])
        for name in ("room1.company.com", self.codec["address"], self.codec["serial"], shown["name"]):
            self.assertEqual(self.call("GET", "/systems/{id}", 200, id=name).json()["id"], codec, name)
        changed = self.call("PATCH", "/systems/{id}", 200, {"name": "Room 1", "password": SYSTEM_PASSWORD}, id=gone["id"]).json()
        self.assertEqual((changed["name"], changed["password_origin"]), ("Room 1", "given"))
        self.assertEqual(self.call("POST", "/systems/{id}/observe", 200, id=codec).json()["level"], shown["level"])
        step("plans, policy, enforcement")
        plan = self.call("GET", "/systems/{id}/plan", 200, query="?secure_only=verify", id=codec).json()
        self.assertTrue(plan["steps"])
        self.call("GET", "/systems/{id}/plan", 200, id=codec)
        policy = self.call("GET", "/policy", 200).json()
        self.assertEqual(self.call("PATCH", "/policy", 200, {"certificate_days": 300}).json(), {**policy, "certificate_days": 300})
        jobs = self.call("POST", "/systems/{id}/enforce", 202, id=codec).json()["jobs"]
        jobs += self.call("POST", "/enforce", 202, {"systems": [number[self.mcu["host_name"]]]}).json()["jobs"]
        self.assertEqual(len(jobs), 2)
        for job in jobs:
            wait_for(lambda: self.call("GET", "/jobs/{id}", 200, id=job).json()["state"] == "succeeded", f"job {job}", 120)
        self.assertTrue(self.call("GET", "/jobs", 200).json()["jobs"])
        self.assertEqual({one["system"] for one in self.call("GET", "/jobs", 200, query=f"?system={codec}&limit=2").json()["jobs"]}, {codec})
        step("folders")
        root = self.call("GET", "/folders", 200).json()["folders"][0]
        self.assertEqual((root["id"], root["path"], root["parent"]), (1, "/", None))
        berlin = self.call("POST", "/folders", 201, {"path": "/Europe/Berlin"}).json()
        paris = self.call("POST", "/folders", 201, {"name": "Paris", "parent": berlin["parent"]}).json()
        self.assertEqual(paris["path"], "/Europe/Paris")
        self.refused("POST", "/folders", 409, "MGR-020", {"name": "PARIS", "parent": berlin["parent"]})
        self.assertEqual(self.call("GET", "/folders", 200, query="?path=europe/paris").json()["folders"], [paris])
        self.assertEqual(self.call("GET", "/folders", 200, query="?limit=2").json()["next"], "/Europe")
        self.call("POST", "/folders/{id}/systems", 204, {"systems": [codec]}, id=berlin["id"])
        self.refused("POST", "/folders/{id}/systems", 404, "GEN-003", {"systems": [codec, 99999]}, id=paris["id"])
        self.assertEqual(self.call("GET", "/folders/{id}", 200, id=berlin["id"]).json()["systems"], 1)
        for where in ("/Europe", str(berlin["id"])):
            self.assertEqual([one["id"] for one in self.call("GET", "/systems", 200, query=f"?folder={where}").json()["systems"]], [codec])
        self.refused("GET", "/systems", 404, "GEN-003", query="?folder=/Asia")
        self.assertEqual(self.call("PATCH", "/systems/{id}", 200, {"folder": paris["id"]}, id=codec).json()["folder"], paris["id"])
        self.refused("PATCH", "/systems/{id}", 422, "GEN-001", {"folder": 4711}, id=codec)
        self.refused("DELETE", "/folders/{id}", 409, "MGR-021", id=paris["id"])
        self.refused("PATCH", "/folders/{id}", 409, "MGR-022", {"parent": paris["id"]}, id=berlin["parent"])
        self.assertEqual(self.call("PATCH", "/folders/{id}", 200, {"name": "Lyon", "parent": 1}, id=paris["id"]).json()["path"], "/Lyon")
        self.call("DELETE", "/folders/{id}", 204, query="?move_to=/", id=paris["id"])
        self.assertEqual(self.call("GET", "/systems/{id}", 200, id=codec).json()["folder"], 1)
        self.refused("DELETE", "/folders/{id}", 409, "MGR-023", id=1)
        self.refused("GET", "/systems", 422, "GEN-006", query="?level=9&ticket=perhaps")
        step("tickets, certificates, audit, vendors")
        tickets = wait_for(lambda: self.call("GET", "/tickets", 200, query=f"?system={gone['id']}").json()["tickets"], "a ticket of a system that is gone", 60)
        self.assertEqual(tickets[0]["state"], "open")
        self.assertTrue(self.call("GET", "/certificates", 200).json()["certificates"])
        self.assertTrue(self.call("GET", "/audit", 200, query="?limit=1000").json()["records"])
        authority = Authority(world.folder / "vendor", "Vendor CA")
        added = self.call("POST", "/factory-anchors", 201, {"vendor": "Vendor", "pem": authority.certificate.read_text()}).json()
        self.assertEqual(added["certificates"][0]["fingerprint"], fingerprint_of(authority.certificate))
        self.assertTrue(self.call("GET", "/factory-anchors", 200).json()["certificates"])
        self.call("DELETE", "/systems/{id}", 204, id=gone["id"])
        self.refused("GET", "/systems/{id}", 404, "GEN-003", id=gone["id"])

    def test_campaigns_answer_as_described(self):
        mcu = self.call("GET", "/systems/{id}", 200, id=self.mcu["host_name"]).json()["id"]
        wanted = {"systems": [mcu], "mode": "verify", "canaries": [mcu], "confirm": "wave", "start_at": "2099-01-01T00:00:00Z",
                  "windows": ["mon-fri 22:00-05:00 Europe/Berlin"]}
        plan = self.call("POST", "/campaigns/plan", 200, wanted).json()
        self.assertEqual((plan["summary"]["total"], plan["systems"][0]["outlook"], plan["systems"][0]["wave"]), (1, "has_steps", 0))
        self.assertTrue(all(one["why"] and one["undo"] for one in plan["systems"][0]["plan"]["steps"]))
        self.assertEqual(self.call("POST", "/campaigns/plan", 200, wanted).json()["digest"], plan["digest"], "nothing changed")
        problem = self.refused("POST", "/campaigns", 409, "MGR-043", {**wanted, "name": "one", "stop_on": "2", "digest": plan["digest"]})
        self.assertIn("settings", problem["detail"])
        for body, identifier in (({"mode": "verify"}, "MGR-044"), ({"folder": "/Asia"}, "GEN-003"), ({"systems": [99999]}, "GEN-003"),
                                 ({"all": True, "systems": [mcu]}, "GEN-001"), ({**wanted, "windows": ["tomorrow"], "waves": ["0"]}, "GEN-006"),
                                 ({**wanted, "canaries": [99999]}, "MGR-044"), ({"family": "vcs"}, "MGR-044")):
            self.refused("POST", "/campaigns/plan", 404 if identifier == "GEN-003" else 422, identifier, body)
        self.refused("POST", "/campaigns", 422, "GEN-002", wanted)
        made = self.call("POST", "/campaigns", 201, {**wanted, "name": "one", "digest": plan["digest"]}).json()
        self.assertEqual((made["state"], made["counts"], made["waits_until"][:4]), ("running", {"pending": 1}, "2099"))
        number = made["id"]
        self.refused("POST", "/campaigns", 409, "MGR-042", {**wanted, "name": "two"})
        self.refused("POST", "/enforce", 409, "MGR-042", {"family": "mcu"})
        self.assertEqual(self.call("GET", "/campaigns", 200, query="?limit=1").json()["campaigns"][0]["id"], number)
        self.assertEqual(self.call("GET", "/campaigns/{id}", 200, id=number).json(), made)
        page = self.call("GET", "/campaigns/{id}/systems", 200, query="?state=pending&wave=0", id=number).json()
        self.assertEqual([one["system"] for one in page["systems"]], [mcu])
        self.refused("GET", "/campaigns/{id}/systems", 422, "GEN-001", query="?state=perhaps", id=number)
        self.assertEqual(self.call("GET", "/campaigns/{id}/report", 200, id=number).json()["attention"], [])
        self.assertEqual(self.call("POST", "/campaigns/{id}/pause", 200, id=number).json()["reason"], "by_hand")
        self.assertEqual(self.call("POST", "/campaigns/{id}/resume", 200, {"retry": True}, id=number).json()["state"], "running")
        self.refused("POST", "/campaigns/{id}/confirm", 409, "MGR-046", {"wave": 0}, id=number)
        self.assertEqual(self.call("GET", "/campaigns/{id}/rollback", 200, query="?wave=0", id=number).json(), {"systems": []})
        self.refused("POST", "/campaigns/{id}/rollback", 409, "MGR-046", {"wave": 0}, id=number)
        self.assertEqual(self.call("POST", "/campaigns/{id}/cancel", 200, id=number).json()["counts"], {"skipped": 1})
        self.refused("POST", "/campaigns/{id}/cancel", 409, "MGR-048", id=number)
        self.refused("GET", "/campaigns/{id}", 404, "GEN-003", id=99999)

    def test_systems_come_in_pages(self):
        seen, after, pages = [], 0, 0
        while after is not None:
            page = self.call("GET", "/systems", 200, query=f"?limit=1&after={after}").json()
            self.assertLessEqual(len(page["systems"]), 1)
            seen += [one["host_name"] for one in page["systems"]]
            after, pages = page["next"], pages + 1
            self.assertLess(pages, 20)
        self.assertEqual(len(seen), len(set(seen)))
        self.assertLessEqual({one["host_name"] for one in self.systems}, set(seen))
        for query, hosts in (("?family=mcu&text=company", {"mcu1.company.com"}), ("?text=ROOM1", {"room1.company.com"}), ("?text=nobody", set()), ("?level=4", set())):
            self.assertEqual({one["host_name"] for one in self.call("GET", "/systems", 200, query=query).json()["systems"]} & {one["host_name"] for one in self.systems}, hosts, query)

    def test_events_tell_of_a_system_that_changed(self):
        api = self.client.connect()
        api.request("GET", API + "/events", headers={"Authorization": f"Bearer {self.token}"})
        answer = api.getresponse()
        self.assertEqual(answer.status, 200)
        self.assertEqual(DESCRIPTION.check_answer("GET", "/events", 200, answer.headers["Content-Type"], ""), [])
        self.assertIn("no-store", answer.headers["Cache-Control"])
        lines, done = [], threading.Event()

        def read():
            for line in iter(answer.readline, b""):
                lines.append(line.decode().rstrip("\n"))
                if done.is_set():
                    return
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        wait_for(lambda: "retry: 2000" in lines, "the stream begins")
        codec = self.call("GET", "/systems/{id}", 200, id="room1.company.com").json()
        self.call("PATCH", "/systems/{id}", 200, {"name": "Renamed"}, id=codec["id"])

        def told():
            return any(one == "event: system" and two == f'data: {{"id":{codec["id"]}}}' for one, two in zip(lines, lines[1:]))
        wait_for(told, f"an event: {lines}")
        self.call("PATCH", "/systems/{id}", 200, {"name": codec["name"]}, id=codec["id"])
        done.set()
        reader.join(30 * PATIENCE)
        self.client.told.append(("GET", "/events", str(answer.headers), "\n".join(lines)))
        api.close()

    def test_unknown_operations_are_problem_documents(self):
        for method, path, status, identifier in (("GET", "/nothing", 404, "GEN-003"), ("POST", "/systems/1/nothing", 404, "GEN-003"), ("PUT", "/policy", 405, "GEN-007")):
            answer = self.client.ask(method, API + path, headers={"Authorization": f"Bearer {self.token}"})
            self.assertEqual((answer.status, answer.type), (status, "application/problem+json"), answer)
            self.assertEqual(DESCRIPTION.check(answer.json(), DESCRIPTION.document["components"]["schemas"]["Problem"], "body"), [])
            self.assertEqual(answer.json()["id"], identifier)
        self.refused("GET", "/tickets", 422, "GEN-001", query="?state=new")
        self.refused("GET", "/jobs", 422, "GEN-001", query="?state=done")
        self.refused("GET", "/systems/{id}/plan", 422, "GEN-001", query="?secure_only=perhaps", id="room1.company.com")
        self.refused("GET", "/jobs/{id}", 404, "GEN-003", id=99999)
        self.refused("DELETE", "/tokens/{id}", 404, "GEN-003", id=99999)

    # --- page and roots ---------------------------------------------------------------------------------------------------

    def plain(self, method, path, body=None):
        api = http.client.HTTPConnection(self.world.manager_address, self.world.port(80), timeout=30 * PATIENCE)
        try:
            api.request(method, path, body, {"Host": self.world.manager_host})
            answer = api.getresponse()
            text = answer.read().decode()
        finally:
            api.close()
        self.client.told.append((method, "http:" + path, str(answer.headers), text))
        return answer, text

    def test_http_leads_browsers_to_https_and_takes_no_credentials(self):
        for path in ("/", "/anything?x=1", "/page.js"):
            answer, _ = self.plain("GET", path)
            self.assertEqual((answer.status, answer.headers["Location"]), (308, f"https://{self.world.manager_host}:{self.world.port(443)}/"), path)
        for method, path in (("GET", "/api/v1/systems"), ("POST", "/api/v1/session"), ("POST", "/")):
            answer, text = self.plain(method, path, "{}" if method == "POST" else None)
            self.assertEqual(json.loads(text)["id"], "ACC-004", (method, path))
            self.assertEqual(answer.headers["Content-Type"], "application/problem+json")

    def test_roots_are_the_same_over_http_and_https(self):
        held = (self.world.folder / "manager" / "ca.pem").read_text()
        secure = self.client.ask("GET", "/ca.pem")
        answer, text = self.plain("GET", "/ca.pem")
        self.assertEqual((secure.status, secure.type, secure.body), (200, "application/x-pem-file", held))
        self.assertEqual((answer.status, answer.headers["Content-Type"], text), (200, "application/x-pem-file", held))

    # --- at the end -------------------------------------------------------------------------------------------------------
    def test_zz_no_answer_and_no_log_line_carries_a_secret(self):
        self.assertGreater(len(self.client.told), 50)
        for what, secret in self.secrets.items():
            self.assertGreater(len(secret), 11)
            for method, path, headers, text in self.client.told:
                if (method, path) == ("POST", API + "/tokens"):
                    continue  # shows the new token, this once
                shown = text if (method, path) == ("POST", API + "/session") else headers + text
                self.assertNotIn(secret, shown, f"{what} in the answer of {method} {path}")
        for method, path, headers, text in self.client.told:
            self.assertNotIn("PRIVATE KEY", text, f"{method} {path}")
        log = self.world.manager.log.read_text().replace(f"set-up password: {self.setup_password}", "")
        for what, secret in self.secrets.items():
            self.assertNotIn(secret, log, f"{what} in the manager's log")


if __name__ == "__main__":
    main()
