#!/usr/bin/env python3
"""People who log in otherwise than by a password of the manager: those of a company's directory, a real slapd over TLS that is verified, and
those with a client certificate. Accounts of the manager itself work whatever happens to either; and what was guessed is not forgotten by
a restart."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from api_client import Client  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from people_servers import SUFFIX, PeopleAuthority, Slapd  # noqa: E402

ADMIN, PASSWORD = "admin", "Correct-Horse-Battery-77"
PEOPLE = {"anna": "Anna-Has-A-Password", "ben": "Ben-Has-A-Password", "carl": "Carl-Has-A-Password", "dora": "Dora-Has-A-Password"}
GROUPS = {"admins": ["anna", "dora"], "operators": ["ben"], "others": ["carl"]}


class OtherLogIns(unittest.TestCase):
    def begin(self, world):
        self.world = world
        self.directory_address = f"{world.net}.240"
        world.hosts.update({f"ldap.{world.domain}": self.directory_address, f"other.{world.domain}": self.directory_address})
        world.start_dns()
        self.settings = world.folder / "settings.manager.toml"

    def configure(self, **tables):
        lines = []
        for table, values in tables.items():
            lines.append(f"[{table}]")
            lines += [f"{name} = {toml_value(value)}" for name, value in values.items()]
        self.settings.write_text("\n".join(lines) + "\n")

    def start(self):
        self.world.start_manager("--settings", self.settings)
        setup = self.world.manager.await_line("set-up password:").split(":", 1)[1].strip()
        self.client = Client(self.world)
        self.assertEqual(self.client.ask("POST", "/api/v1/setup", {"setup_password": setup, "new_password": PASSWORD}).status, 204)

    def reload(self, **tables):
        before = self.world.manager.text().count("program.reloaded")
        self.configure(**tables)
        self.world.manager.process.send_signal(signal.SIGHUP)
        wait_for(lambda: self.world.manager.text().count("program.reloaded") > before, "the settings are read again")
        self.assertNotIn("program.reload_failed", self.world.manager.text())

    def log_in(self, user, password):
        """Status and the error's id, or the role that somebody has then."""
        answer = self.client.ask("POST", "/api/v1/session", {"user": user, "password": password})
        if answer.status != 204:
            return answer.status, answer.json()["id"]
        cookie = {"Cookie": answer.headers["Set-Cookie"].split(";")[0]}
        return 204, self.client.ask("GET", "/api/v1/session", headers=cookie).json()["role"]

    def test_people_of_a_directory(self):
        with World("directory") as world:
            self.begin(world)
            company = Authority(world.folder / "company")
            slapd = Slapd(world, f"ldap.{world.domain}", self.directory_address, company)
            slapd.fill(PEOPLE, GROUPS)
            slapd.start()
            secret = world.folder / "search.password"
            secret.write_text("search-4711\n")
            secret.chmod(0o600)
            searched = {"url": f"ldaps://ldap.{world.domain}:{slapd.ldaps}", "ca_file": str(company.certificate), "bind_dn": f"cn=countersign,{SUFFIX}",
                        "bind_password_file": str(secret), "user_base": f"ou=people,{SUFFIX}", "group_base": f"ou=groups,{SUFFIX}",
                        "roles": [f"administrator = cn=admins, ou=groups, {SUFFIX}", f"operator = CN=operators,ou=groups,{SUFFIX}"]}
            self.configure(directory=searched)
            self.start()
            step("groups give roles; who is in none of them is nobody here")
            self.assertEqual(self.log_in("anna", PEOPLE["anna"]), (204, "administrator"))
            self.assertEqual(self.log_in("Ben", PEOPLE["ben"]), (204, "operator"))
            self.assertEqual(self.log_in("carl", PEOPLE["carl"]), (401, "ACC-002"))
            self.assertIn("directory.no_role", world.manager.text())
            step("wrong and empty passwords, and names that are filters, open nothing")
            for user, password in (("anna", "wrong-password"), ("anna", ""), ("*", PEOPLE["anna"]), ("anna)(uid=*", PEOPLE["anna"]),
                                   ("uid=anna", PEOPLE["anna"]), ("nobody", "nothing")):
                self.assertEqual(self.log_in(user, password), (401, "ACC-002"), (user, password))
            shown = world.api("account", "show", "anna")
            self.assertEqual((shown["full_name"], shown["role"]), ("Anna Of The Directory", "administrator"))
            self.assertIn("directory from", json.dumps(world.api("audit", "list")))
            bad = world.cli("account", "reset-password", "anna", check=False)
            self.assertIn("ACC-024", bad.stderr)
            step("an account of the manager itself is nobody's of the directory")
            once = world.api("account", "add", "dora", "--role", "viewer")["one_time_password"]
            self.assertEqual(self.log_in("dora", PEOPLE["dora"]), (401, "ACC-002"))
            self.assertEqual(self.log_in("dora", once), (204, "viewer"))
            step("a role follows the groups at the next log-in")
            slapd.stop()
            slapd.fill(PEOPLE, {**GROUPS, "admins": ["dora"], "operators": ["anna", "ben"]})
            slapd.start()
            self.assertEqual(self.log_in("anna", PEOPLE["anna"]), (204, "operator"))
            step("the directory is away: its people are told so, everybody else works as ever")
            slapd.stop()
            self.assertEqual(self.log_in("anna", PEOPLE["anna"]), (503, "ACC-019"))
            self.assertEqual(self.log_in(ADMIN, PASSWORD), (204, "administrator"))
            slapd.start()
            self.assertEqual(self.log_in("anna", PEOPLE["anna"]), (204, "operator"))
            step("StartTLS, and people who log in by their own name, without anybody who searches")
            own = {"url": f"ldap://ldap.{world.domain}:{slapd.ldap}", "ca_file": str(company.certificate),
                   "user_dn": f"uid={{user}},ou=people,{SUFFIX}", "roles": ["viewer = *"]}
            self.reload(directory=own)
            self.assertEqual(self.log_in("carl", PEOPLE["carl"]), (204, "viewer"))
            self.assertEqual(self.log_in("carl", "wrong-password"), (401, "ACC-002"))
            step("another name than the certificate's, other roots, and a server without TLS are never told a password")
            stranger = Authority(world.folder / "stranger", "Stranger")
            plain = Slapd(world, f"other.{world.domain}", self.directory_address, company, tls=False)
            plain.fill(PEOPLE, GROUPS)
            plain.start()
            for what, change in (("name", {"url": f"ldaps://other.{world.domain}:{slapd.ldaps}"}), ("roots", {"ca_file": str(stranger.certificate)}),
                                 ("StartTLS", {"ca_file": str(stranger.certificate), "url": f"ldap://ldap.{world.domain}:{slapd.ldap}"}),
                                 ("no TLS", {"url": f"ldap://other.{world.domain}:{plain.ldap}"})):
                self.reload(directory={**own, **change})
                seen = slapd.child.text().count("BIND dn=") + plain.child.text().count("BIND dn=")
                self.assertEqual(self.log_in("carl", PEOPLE["carl"]), (503, "ACC-019"), what)
                self.assertEqual(slapd.child.text().count("BIND dn=") + plain.child.text().count("BIND dn="), seen, what)
            self.reload(directory=own)
            self.assertEqual(self.log_in("carl", PEOPLE["carl"]), (204, "viewer"))
            for told in (world.manager.text(), (world.folder / "manager" / "manager.db").read_bytes().decode(errors="replace")):
                for password in PEOPLE.values():
                    self.assertNotIn(password, told)

    def test_guessing_is_not_forgotten_by_a_restart(self):
        with World("guessing") as world:
            self.begin(world)
            self.configure()
            self.start()
            for _ in range(5):
                self.assertEqual(self.log_in(ADMIN, "wrong-password")[1], "ACC-002")
            self.assertEqual(self.log_in(ADMIN, PASSWORD)[1], "ACC-003")
            world.manager.stop()
            world.restart_manager()
            self.assertEqual(self.log_in(ADMIN, PASSWORD)[1], "ACC-003")
            self.assertEqual(world.api("account", "show", ADMIN)["failed_log_ins"], 5)
            world.cli("account", "unlock", ADMIN)
            self.assertEqual(self.log_in(ADMIN, PASSWORD)[0], 204)
            world.manager.stop()
            world.restart_manager()
            self.assertEqual(world.api("account", "show", ADMIN)["failed_log_ins"], 0)

    def by_certificate(self, person, method="POST", path="/api/v1/session/certificate"):
        """What curl gets: the status, and the cookie that it was given."""
        world = self.world
        jar = world.folder / "cookies"
        jar.unlink(missing_ok=True)
        done = curl("--cacert", world.folder / "manager" / "ca.pem", "--resolve", f"{world.manager_host}:{world.port(8444)}:{world.manager_address}",
                    "--request", method, "--cookie-jar", jar, "--write-out", "\n%{http_code}", *person,
                    f"https://{world.manager_host}:{world.port(8444)}{path}", check=False)
        body, status = done.stdout.rsplit("\n", 1)
        fields = [line.split("\t") for line in (jar.read_text().splitlines() if jar.exists() else []) if "__Host-countersign" in line]
        return int(status), fields[0][6] if fields else body

    def test_people_with_a_certificate(self):
        with World("cert-log-in") as world:
            self.begin(world)
            people = PeopleAuthority(world.folder / "people")
            anna, ben, lost = (people.person(name, f"{name}@company.com") for name in ("anna", "ben", "lost"))
            guest = people.person("guest", "guest@elsewhere.com")
            people.revoke(lost)
            responder = people.start_responder(world)
            self.addCleanup(responder.kill)
            setting = {"roots_file": str(people.certificate), "accounts": ["email:*@company.com and issuer:/O=Company/CN=People CA -> *"]}
            self.configure(log_in_certificate=setting)
            self.start()
            for name, role in (("anna", "operator"), ("lost", "administrator"), ("guest", "viewer")):
                world.cli("account", "add", name, "--role", role)
            step("her account, her role, and a session that says how she came")
            status, cookie = self.by_certificate(anna)
            self.assertEqual(status, 204, cookie)
            session = self.client.ask("GET", "/api/v1/session", headers={"Cookie": f"__Host-countersign={cookie}"})
            self.assertEqual(session.json()["user"], "anna")
            self.assertEqual(world.api("account", "sessions", "anna")["sessions"][0]["method"], "certificate")
            step("the command line logs in by it, too, and keeps a token of hers")
            env = {"COUNTERSIGN_URL": f"https://{world.manager_host}:{world.port(443)}", "COUNTERSIGN_ADDRESS": world.manager_address,
                   "COUNTERSIGN_CA": str(world.folder / "manager" / "ca.pem"), "COUNTERSIGN_CONFIG": str(world.folder / "anna.toml")}
            at_port = ("--certificate-port", str(world.port(8444)))
            refused = run(BIN / "countersign", "login", "--certificate", anna[1], "--key", ben[3], *at_port, env=env, check=False)
            self.assertIn("CRT-014", refused.stderr, "certificate and key belong together")
            run(BIN / "countersign", "login", "--certificate", anna[1], "--key", anna[3], *at_port, env=env)
            listed = json.loads(run(BIN / "countersign", "--json", "token", "list", env=env).stdout)["tokens"]
            self.assertEqual({one["owner"] for one in listed}, {"anna"})
            refused = run(BIN / "countersign", "login", "--certificate", guest[1], "--key", guest[3], *at_port, env=env, check=False)
            self.assertIn("ACC-022", refused.stderr)
            step("a browser that opens the port is let in and led to the other one")
            status, cookie = self.by_certificate(anna, "GET", "/")
            self.assertEqual(status, 303)
            self.assertEqual(self.client.ask("GET", "/api/v1/session", headers={"Cookie": f"__Host-countersign={cookie}"}).status, 200)
            step("no certificate, one of another authority, and a revoked one do not get through the handshake")
            estate = [str(part) for part in ("--cert", *reversed(Authority(world.folder / "else", "People CA").issue("anna")))]
            estate = [estate[0], estate[1], "--key", estate[2]]
            for who in ([], estate, lost):
                self.assertEqual(self.by_certificate(who)[0], 0, who)
            step("good certificates without a rule or an account let nobody in")
            self.assertIn("ACC-022", self.by_certificate(guest)[1])
            self.assertIn("ACC-022", self.by_certificate(ben)[1])
            step("a disabled account stays closed")
            world.cli("account", "set", "anna", "--disable")
            self.assertIn("ACC-015", self.by_certificate(anna)[1])
            world.cli("account", "set", "anna", "--enable")
            step("the responder is away after a restart: who is not known to be good is not let in, passwords work")
            world.manager.stop()
            responder.kill()
            world.restart_manager()
            self.assertEqual(self.by_certificate(anna)[0], 0)
            self.assertEqual(self.log_in(ADMIN, PASSWORD)[0], 204)
            step("switched off by a reload, the port closes")
            self.reload()
            wait_for(lambda: port_state(world.manager_address, world.port(8444)) != "open", "the port closes")
            self.assertEqual(self.log_in(ADMIN, PASSWORD)[0], 204)


if __name__ == "__main__":
    main()
