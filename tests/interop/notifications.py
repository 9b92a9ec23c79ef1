#!/usr/bin/env python3
"""Tickets are told by e-mail, webhook and syslog to servers of other people, over TLS that is verified: once per change, nothing lost in
a crash; and a wrong certificate, a wrong name, a server without STARTTLS or a wrong password is a clear error, and nothing is sent."""

import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from impostor import Impostor  # noqa: E402
from mail_server import MailServer, WebhookReceiver  # noqa: E402

PASSWORD = "Of-The-Mail-Server-99"
KEY = "a key that both sides know"
SMTPS, SUBMISSION, HOOK, SYSLOG = 4465, 4587, 4443, 4614


class Notifications(unittest.TestCase):
    def setUp(self):
        self.world = self.enterContext(World("notify"))
        world = self.world
        self.at = {name: f"{world.net}.{number}" for name, number in (("mail", 240), ("hook", 241), ("log", 242))}
        world.hosts.update({f"{name}.{world.domain}": address for name, address in self.at.items()})
        world.start_dns()
        world.start_manager("--observe-seconds", "1")
        self.authority = Authority(world.folder / "ca")
        self.pair = {name: self.authority.issue(f"{name}.{world.domain}") for name in self.at}
        (world.folder / "password").write_text(PASSWORD + "\n")
        (world.folder / "key").write_text(KEY + "\n")

    def mail(self, mode="tls", pair=None, **more):
        server = MailServer(self.at["mail"], SMTPS if mode == "tls" else SUBMISSION, mode, pair or self.pair["mail"], **more)
        self.addCleanup(server.close)
        return server

    def hook(self):
        receiver = WebhookReceiver(self.at["hook"], HOOK, self.pair["hook"], KEY)
        self.addCleanup(receiver.close)
        return receiver

    def syslog(self):
        folder = self.world.folder / "rsyslog"
        folder.mkdir()
        out = folder / "messages"
        (folder / "conf").write_text(
            f'global(workDirectory="{folder}" defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{self.authority.certificate}" '
            f'defaultNetstreamDriverCertFile="{self.pair["log"][1]}" defaultNetstreamDriverKeyFile="{self.pair["log"][0]}")\n'
            'module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")\n'
            f'input(type="imtcp" address="{self.at["log"]}" port="{SYSLOG}")\n'
            'template(name="parts" type="list") { property(name="syslogfacility-text") constant(value=".") property(name="syslogseverity-text") '
            'constant(value=" ") property(name="hostname") constant(value=" ") property(name="msgid") constant(value=" ") '
            'property(name="structured-data") constant(value=" |") property(name="msg") constant(value="\\n") }\n'
            f'*.* action(type="omfile" file="{out}" template="parts")\n')
        child = self.world.start("rsyslogd", "rsyslogd", "-n", "-f", folder / "conf", "-i", folder / "pid",
                                 env={"PATH": os.environ["PATH"] + ":/usr/sbin"})
        self.world.children.remove(child)
        self.addCleanup(child.kill)
        wait_for(lambda: port_state(self.at["log"], SYSLOG) == "open", "rsyslogd listens")
        return lambda: out.read_text() if out.exists() else ""

    def add_mail(self, name="operations", mode="tls", *more, user=True, check=True):
        login = ("--user", "alarms", "--password-file", self.world.folder / "password") if user else ()
        return self.world.cli("notify", "add-email", name, "--host", "mail.company.com", "--port", SMTPS if mode == "tls" else SUBMISSION,
                              "--security", mode, "--from", "alarms@company.com", "--to", "anna@company.com", "--roots",
                              self.authority.certificate, *login, *more, check=check)

    def add_hook(self, *more):
        self.world.cli("notify", "add-webhook", "pager", "--hook", f"https://hook.company.com:{HOOK}/alarms", "--key-file",
                       self.world.folder / "key", "--roots", self.authority.certificate, *more)

    def add_gone(self, name="gone", last=99):
        self.world.cli("system", "add", "--ip", f"{self.world.net}.{last}", "--family", "mcu", "--name", name)
        return wait_for(lambda: [one for one in self.world.tickets() if one["system_name"] == name], f"a ticket of {name}", 30)[0]

    def channel(self, name="operations"):
        return self.world.api("notify", "show", name)

    def test_changes_are_told_once_and_survive_a_crash(self):
        world = self.world
        mail, hook, messages = self.mail(users={"alarms": PASSWORD}), self.hook(), self.syslog()
        self.add_mail()
        self.add_hook("--severity", "critical")
        world.cli("notify", "add-syslog", "siem", "--host", "log.company.com", "--port", SYSLOG, "--facility", "17", "--roots",
                  self.authority.certificate)
        step("each channel is tried")
        for name in ("operations", "pager", "siem"):
            self.assertIn("Sent:", world.cli("notify", "test", name).stdout)
        self.assertIn("[test]", mail.messages[0]["message"]["Subject"])
        self.assertTrue(hook.taken[0][1]["test"])
        wait_for(lambda: "test [event@32473" in messages(), "the test arrives at rsyslogd")
        step("a ticket opens: each hears of it, once, however often its cause is seen")
        ticket = self.add_gone()
        wait_for(lambda: len(mail.messages) == 2 and len(hook.taken) == 2 and "ticket.opened" in messages(), "all hear of it", 30)
        wait_for(lambda: world.tickets()[0]["times_seen"] >= ticket["times_seen"] + 2, "it is seen again")
        told = mail.messages[1]
        self.assertEqual((told["from"], told["to"], told["tls"]), ("alarms@company.com", ["anna@company.com"], True))
        self.assertEqual(str(told["message"]["Subject"]), "[critical] Connection Error: gone - opened")
        self.assertIn(ticket["text"], told["text"])
        self.assertIn("What to do:", told["text"])
        document = hook.taken[1][1]
        self.assertEqual((document["change"], document["ticket"]["id"], document["system"]["name"]), ("opened", ticket["id"], "gone"))
        self.assertRegex(messages(), r'local1\.err manager\.company\.com ticket\.opened \[event@32473 [^\n]*ticket="%d"' % ticket["id"])
        world.cli("ticket", "acknowledge", ticket["id"], "--comment", "I see")
        self.assertEqual((len(mail.messages), len(hook.taken), messages().count("ticket.opened")), (2, 2, 1))
        step("the mail server goes; the manager crashes with a message in its outbox")
        mail.close()
        self.add_gone("second", 98)
        wait_for(lambda: self.channel()["waiting"] >= 1 and self.channel()["failures"] >= 1, "the message waits")
        own = wait_for(lambda: [one for one in world.tickets() if one["type"] == "notification_failed"], "a ticket about the manager")[0]
        self.assertEqual((own["system"], own["severity"]), (0, "critical"))
        told_of_it = wait_for(lambda: [one[1] for one in hook.taken if one[1]["ticket"]["type"] == "notification_failed" and not one[1]["test"]],
                              "the other channel tells of it")
        self.assertIsNone(told_of_it[0]["system"])
        wait_for(lambda: self.channel("pager")["waiting"] == 0, "the other has told it, and knows it")
        world.manager.kill()
        mail = self.mail(users={"alarms": PASSWORD})
        world.restart_manager()
        wait_for(lambda: mail.messages, "what waited is sent", 60)
        wait_for(lambda: not [one for one in world.tickets() if one["type"] == "notification_failed"], "the ticket closes")
        wait_for(lambda: self.channel()["waiting"] == 0, "nothing waits any more")
        self.assertEqual([str(one["message"]["Subject"]) for one in mail.messages], ["[critical] Connection Error: second - opened"])
        step("the end is told, too")
        world.cli("system", "remove", "gone")
        wait_for(lambda: len(mail.messages) == 2, "the end is told")
        self.assertEqual(str(mail.messages[1]["message"]["Subject"]), "[critical] Connection Error: gone - closed")
        self.assertEqual(mail.messages[1]["message"]["References"], told["message"]["References"])
        events = [one[1]["event"] for one in hook.taken if one[1]["event"]]
        self.assertEqual(len(events), len(set(events)), "nothing twice")
        self.assertEqual(hook.refused, [], "every signature was right")
        log = world.manager.log.read_text()
        for secret in (PASSWORD, KEY):
            self.assertNotIn(secret, log)

    def test_by_starttls_with_each_way_to_log_in_and_a_recipient_that_is_refused(self):
        mail = self.mail("starttls", users={"alarms": PASSWORD}, without=["PLAIN"], unknown=["gone@company.com"])
        self.add_mail("operations", "starttls", "--to", "gone@company.com")
        done = self.world.cli("notify", "test", "operations", check=False)
        self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
        self.assertIn("Refused: gone@company.com: 550 5.1.1 Nobody of this name", done.stdout)
        self.assertEqual((mail.messages[0]["to"], mail.messages[0]["tls"]), (["anna@company.com"], True))
        self.assertEqual(mail.logins, [("LOGIN", "alarms", PASSWORD)])
        self.add_gone()
        found = wait_for(lambda: [one for one in self.world.tickets() if one["type"] == "notification_failed"], "a ticket names the recipient")[0]
        self.assertEqual(found["severity"], "warning")
        self.assertIn("gone@company.com", found["text"])

    def refused(self, identifier, name="operations"):
        done = self.world.cli("--json", "notify", "test", name, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        error = json.loads(done.stderr)["error"]
        self.assertEqual(error["id"], identifier, done.stderr)
        return error

    def test_a_peer_that_is_not_the_right_one_gets_nothing(self):
        self.add_mail()
        self.add_mail("by-starttls", "starttls")
        self.add_hook()
        stranger = Authority(self.world.folder / "stranger", name="Somebody Else")
        for fault, pair in (("wrong authority", stranger.issue("mail.company.com")), ("wrong name", self.authority.issue("other.company.com")),
                            ("expired", self.authority.issue("mail.company.com", name="old", start=("20200101000000Z", "20210101000000Z")))):
            with self.subTest(fault):
                impostor = Impostor(self.at["mail"], SMTPS, pair[1], pair[0])
                self.refused("TRU-001")
                impostor.close()
                self.assertGreater(impostor.connections, 0)
                self.assertEqual(impostor.payload, b"")
                mail = self.mail("starttls", pair=pair, users={"alarms": PASSWORD})
                self.refused("TRU-001", "by-starttls")
                mail.close()
                self.assertEqual((mail.logins, mail.messages, mail.commands), ([], [], ["EHLO manager.company.com"]))
        impostor = Impostor(self.at["hook"], HOOK, *reversed(stranger.issue("hook.company.com")))
        self.refused("TRU-001", "pager")
        impostor.close()
        self.assertEqual(impostor.payload, b"")

    def test_what_fails_is_said_and_no_message_is_sent(self):
        self.add_mail("by-starttls", "starttls")
        self.add_mail()
        step("nobody listens")
        self.refused("NET-001", "by-starttls")
        step("a server that does not offer STARTTLS")
        mail = self.mail("plain")
        self.refused("NET-051", "by-starttls")
        mail.close()
        self.assertEqual((mail.messages, mail.logins, mail.commands), ([], [], ["EHLO manager.company.com"]))
        step("a wrong password")
        mail = self.mail(users={"alarms": "another"})
        self.assertIn("alarms", self.refused("NET-052")["detail"])
        self.assertEqual(mail.messages, [])
        mail.close()
        step("no way to log in")
        mail = self.mail(users={"alarms": PASSWORD}, without=["PLAIN", "LOGIN"])
        self.refused("NET-053")
        mail.close()
        self.assertEqual((mail.messages, mail.logins), ([], []))
        step("every recipient is refused")
        mail = self.mail(users={"alarms": PASSWORD}, unknown=["anna@company.com"])
        self.assertIn("Nobody of this name", self.refused("NET-054")["detail"])
        mail.close()
        self.assertEqual(mail.messages, [])
        step("a receiver that does not take the signature")
        hook = self.hook()
        self.add_hook()
        hook.key = "another key"
        self.refused("NET-055", "pager")
        self.assertEqual(hook.taken, [])

    def test_mistakes_are_refused_all_at_once(self):
        world = self.world
        done = world.cli("--json", "notify", "add-email", "x", "--host", "https://mail", "--from", "nobody", "--to", "a b@c", "--type", "lost",
                         check=False)
        self.assertEqual(len(json.loads(done.stderr)["error"]["causes"]), 4, done.stderr)
        done = world.cli("notify", "add-webhook", "x", "--hook", "http://hook.company.com/", check=False)
        self.assertIn("https is needed", done.stderr)
        self.add_mail()
        self.assertIn("MGR-062", self.add_mail(check=False).stderr)
        step("a secret does not follow to another server by itself")
        self.assertIn("MGR-063", world.cli("notify", "set", "operations", "--host", "elsewhere.company.com", check=False).stderr)
        self.assertEqual(self.channel()["host"], "mail.company.com")
        world.cli("notify", "set", "operations", "--host", "elsewhere.company.com", "--secret-file", world.folder / "password")
        world.cli("notify", "set", "operations", "--severity", "critical", "--disable")
        self.assertEqual((self.channel()["host"], self.channel()["enabled"], self.channel()["has_secret"]), ("elsewhere.company.com", False, True))
        self.assertNotIn(PASSWORD, json.dumps(world.api("notify", "list")))
        world.cli("notify", "remove", "operations")
        self.assertEqual(world.api("notify", "list")["channels"], [])


if __name__ == "__main__":
    main()
