#!/usr/bin/env python3
"""People of several roles and their tokens at a real manager: every operation of the API is closed to those whose role does not allow it,
one-time passwords are changed at the command line, and the machine's administrator always gets in."""

import pathlib
import re
import sys
import tomllib
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from api_client import Client  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from openapi import Description  # noqa: E402

API = "/api/v1"
PASSWORD = "Correct-Horse-Battery-77"
MAY = {"viewer": {"self", "read", "own"}, "operator": {"self", "read", "own", "operate"}, "auditor": {"self", "read", "own", "audit"},
       "administrator": {"self", "read", "own", "operate", "audit", "administer"}}


class People(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.world = World("people").__enter__()
        try:
            cls.world.start_dns()
            cls.world.start_manager()
            cls.client = Client(cls.world)
            setup = cls.world.manager.await_line("set-up password:").split(":", 1)[1].strip()
            assert cls.client.ask("POST", API + "/setup", {"setup_password": setup, "new_password": PASSWORD}).status == 204
        except BaseException:
            cls.world.__exit__(*sys.exc_info())
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__(None, None, None)

    def secret(self, text):
        file = self.world.folder / "secret"
        file.write_text(text + "\n")
        return file

    def as_person(self, name, *arguments, check=True):
        """The workbench of somebody else: his own configuration, no token of the machine."""
        world = self.world
        env = {"COUNTERSIGN_URL": f"https://{world.manager_host}:{world.port(443)}", "COUNTERSIGN_ADDRESS": world.manager_address,
               "COUNTERSIGN_CA": str(world.folder / "manager" / "ca.pem"), "COUNTERSIGN_CONFIG": str(world.folder / f"{name}.toml")}
        return run(BIN / "countersign", *arguments, check=check, env=env)

    def person(self, name, role):
        """Makes the account and logs in as a new colleague does: one-time password, own password, token on his machine."""
        once = self.world.api("account", "add", name, "--role", role)["one_time_password"]
        first, own = self.world.folder / f"{name}.first", self.world.folder / f"{name}.own"
        first.write_text(once + "\n")
        own.write_text(PASSWORD + name + "\n")
        self.as_person(name, "login", "--user", name, "--password-file", first, "--new-password-file", own)
        return tomllib.loads((self.world.folder / f"{name}.toml").read_text())["token"]

    def test_1_each_role_may_what_the_description_says(self):
        for role, may in MAY.items():
            step(f"every operation, asked by a {role}")
            token = self.person(f"one.{role}", role)
            for (method, path), described in Description().operations().items():
                needed = described["x-permission"]
                if needed == "none":
                    continue
                # A thing that does not exist and a body that is none: who is let in is told that, and nothing happens.
                target = API + re.sub(r"{\w+}", "999999", path)
                if needed in may and (method != "GET" or path == "/events"):
                    continue
                answer = self.client.ask(method, target, None if method == "GET" else "[", {"Authorization": f"Bearer {token}"})
                with self.subTest(f"{role}: {method} {path}"):
                    if needed in may:
                        self.assertNotIn(answer.status, (401, 403), answer)
                    else:
                        self.assertEqual((answer.status, answer.json()["id"]), (403, "ACC-013"), answer)
                        self.assertIn("administrator", answer.json()["parameters"]["needed"])

    def test_2_roles_at_the_command_line(self):
        world = self.world
        self.person("anna", "operator")
        self.as_person("anna", "folder", "add", "/Labs")
        told = self.as_person("anna", "policy", "set", "--certificate-days", "90", check=False)
        self.assertEqual(told.returncode, 3, told)
        self.assertIn("ACC-013", told.stdout + told.stderr)
        step("a smaller role counts at the next request")
        world.cli("account", "set", "anna", "--role", "viewer")
        self.assertNotEqual(self.as_person("anna", "folder", "add", "/Shop", check=False).returncode, 0)
        self.as_person("anna", "folder", "list")
        step("a disabled account and its tokens are out, the trail knows who did what")
        world.cli("account", "set", "anna", "--disable")
        told = self.as_person("anna", "folder", "list", check=False)
        self.assertIn("ACC-002", told.stdout + told.stderr)
        self.assertIn("anna/token:countersign", {one["actor"] for one in world.api("audit", "list")["records"]})
        self.assertIn("disabled", world.cli("account", "list").stdout)
        world.cli("account", "remove", "anna")
        self.assertTrue(world.api("audit", "verify")["holds"])

    def test_3_tokens_have_limits(self):
        world = self.world
        look = world.cli("token", "create", "look", "--role", "auditor", "--days", "1").stdout.strip()
        bearer = {"Authorization": f"Bearer {look}"}
        self.assertEqual(self.client.ask("GET", API + "/audit", headers=bearer).status, 200)
        self.assertEqual(self.client.ask("POST", API + "/enforce", {}, bearer).json()["id"], "ACC-013")
        self.assertEqual(self.client.ask("POST", API + "/tokens", {"name": "more", "role": "administrator"}, bearer).json()["id"], "ACC-016")
        read = {"Authorization": "Bearer " + world.cli("token", "create", "read", "--read-only").stdout.strip()}
        self.assertEqual(self.client.ask("GET", API + "/systems", headers=read).status, 200)
        for method, path in (("POST", "/enforce"), ("PATCH", "/policy"), ("POST", "/tokens")):
            self.assertEqual(self.client.ask(method, API + path, {}, read).json()["id"], "ACC-017", path)
        listed = {one["name"]: one for one in world.api("token", "list")["tokens"]}
        self.assertEqual((listed["look"]["role"], listed["read"]["read_only"], listed["look"]["owner"]), ("auditor", True, None))

    def test_4_the_machine_lets_an_administrator_in_again(self):
        world = self.world
        once = run(BIN / "countersign-manager", "restore-administrator", "--data", world.folder / "manager").stdout.strip().rsplit(" ", 1)[1]
        own = world.folder / "admin.own"
        own.write_text("Another-Password-99\n")
        self.as_person("admin", "login", "--password-file", self.secret(once), "--new-password-file", own)
        self.as_person("admin", "account", "list")
        self.assertIn("console", {one["actor"] for one in world.api("audit", "list")["records"]})
        step("the two programs wrote one chain")
        self.assertTrue(world.api("audit", "verify")["holds"])
        step("the own password, with the old one")
        newest = world.folder / "admin.newest"
        newest.write_text("A-Third-Password-99\n")
        self.as_person("admin", "account", "password", "--password-file", own, "--new-password-file", newest)
        self.assertEqual(self.as_person("admin", "login", "--password-file", own, check=False).returncode, 3)
        self.as_person("admin", "login", "--password-file", newest)
        step("the last administrator stays")
        for one in world.api("account", "list")["accounts"]:
            if one["role"] == "administrator" and one["name"] != "admin":
                world.cli("account", "remove", one["name"])
        told = self.as_person("admin", "account", "remove", "admin", check=False)
        self.assertEqual(told.returncode, 3, told)
        self.assertIn("ACC-012", told.stdout + told.stderr)


if __name__ == "__main__":
    main()
