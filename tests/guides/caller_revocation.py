#!/usr/bin/env python3
"""Revocation of callers' certificates on a network service that asks for them (REQ RMX-9, TRU-7), with a responder that is openssl's own:
who is revoked is refused, what happens without a responder is the service's choice, and nobody who tries it out is locked out."""

import os
import pathlib
import re
import select
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from servers import free_port  # noqa: E402
from transactions import Transactions  # noqa: E402

USER = PASSWORD = "POLYCOM"
PAGE, REPOSITORY, OPEN = "/setup/management_network", "/setup/certification_repository", "/setup/time"
RESPONDER_IN_CERTIFICATE = "Use Responder Specified in Certificate"


class Company(Authority):
    """An authority that `openssl ocsp` answers for: its index knows every caller."""

    def __init__(self, folder):
        super().__init__(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (self.folder / "index.txt").touch()
        (self.folder / "crlnumber").write_text("01\n")
        self.config = self.folder / "ocsp.conf"
        self.config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={self.folder}/index.txt\ndefault_md=sha256\ncrlnumber={self.folder}/crlnumber\n")

    def openssl_ca(self, *arguments):
        run("openssl", "ca", "-config", self.config, "-cert", self.certificate, "-keyfile", self.key, *arguments)

    def caller(self, name, named_responder=False):
        """curl's options of a caller with a certificate of the company."""
        key, certificate = self.issue(f"{name}.company.com")
        if named_responder:
            base = self.folder / f"{name}.company.com"
            extensions = base.with_name(base.name + ".ext")
            extensions.write_text(extensions.read_text() + f"authorityInfoAccess=OCSP;URI:{self.url}\n")
            run("openssl", "x509", "-req", "-in", base.with_name(base.name + ".csr"), "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-out", certificate, "-extfile", extensions, "-days", "365")
        self.openssl_ca("-valid", certificate)
        return ["--insecure", "--cert", certificate, "--key", key]

    def revoke(self, caller):
        self.openssl_ca("-revoke", caller[2])

    def list(self, hours=100):
        self.openssl_ca("-gencrl", "-crlhours", str(hours), "-out", self.folder / "list.pem")
        return self.folder / "list.pem"

    def start_responder(self, world):
        child = world.start("responder", "openssl", "ocsp", "-port", str(self.port), "-index", self.folder / "index.txt", "-CA", self.certificate,
                            "-rsigner", self.certificate, "-rkey", self.key, "-ndays", "1")
        world.children.remove(child)
        child.await_line("ACCEPT")  # a connection to see whether it listens would stop it: it serves one after the other
        return child


class CallerRevocation(unittest.TestCase):
    def setUp(self):
        self.world = World("cr")
        self.enterContext(self.world)
        self.system = self.world.add_estate([{"family": "rmx", "host_name": "rmx.company.com"}])[0]
        self.world.start_device("--console", "pty")
        self.base = f"https://{self.system['address']}:{self.world.port(443)}"
        self.company = Company(self.world.folder / "company")
        self.owner = self.company.caller("administrator")
        browser = Browser(f"http://{self.system['address']}:{self.world.port(80)}", USER, PASSWORD)
        browser.open(REPOSITORY).fill_in("Install Trusted Certificates", **{"Certificate Files": self.company.certificate})
        browser.open(PAGE).fill_in("OK", **{"Secured Communication": True})
        wait_for(lambda: port_state(self.system["address"], self.world.port(443)) == "open", "HTTPS opens")
        self.on_trial({"Skip Certificate Validation": "No"}, button="Save", caller=["--insecure"])

    def gets_in(self, caller):
        return curl(*caller, "--user", f"{USER}:{PASSWORD}", "--digest", self.base + OPEN, check=False).returncode == 0

    def browser(self, caller=None):
        return Browser(self.base, USER, PASSWORD, *(caller or self.owner))

    def begin_trial(self, caller=None, seconds=60):
        browser = self.browser(caller)
        browser.open("/administration/trial").fill_in("Begin", **{"Undo after (seconds)": str(seconds)})
        return re.search(r"Trial (\S+) has begun", browser.text).group(1)

    def confirm(self, trial):
        Transactions(self.base, *self.owner).log_in(USER, PASSWORD).do("TRANS_MCU", "CONFIRM_TRIAL", ID=trial)

    def options(self, fields, button="Save Revocation Options", caller=None):
        browser = self.browser(caller)
        browser.open(PAGE).fill_in(button, **fields)
        return browser

    def on_trial(self, fields, button="Save Revocation Options", caller=None):
        trial = self.begin_trial(caller)
        self.assertIn('class="notice"', self.options(fields, button, caller).html)
        self.confirm(trial)

    def test_a_responder_is_asked(self):
        lost = self.company.caller("lost")
        late, away = (self.company.caller(name) for name in ("late", "away"))
        self.company.revoke(lost)
        responder = self.company.start_responder(self.world)
        self.addCleanup(responder.kill)
        self.assertTrue(self.gets_in(lost), "nobody was asked yet")
        step("without a trial another look at revocation is refused: the owner could be locked out")
        ocsp = {"Revocation Method": "OCSP", "Global Responder URL": self.company.url, "Allow Incomplete Revocation Checks": False}
        self.assertIn("DEV-110", self.options(ocsp).text)
        self.assertTrue(self.gets_in(lost), "and changed nothing")
        step("on trial it is taken; the owner comes in over a new connection, and confirms")
        self.on_trial(ocsp)
        step("who was revoked is refused, everybody else comes in")
        self.assertFalse(self.gets_in(lost))
        self.assertTrue(self.gets_in(self.owner))
        self.assertTrue(self.gets_in(late))
        step("the responder is away: who was not asked about yet is refused, since answers are required")
        responder.kill()
        self.assertFalse(self.gets_in(away))
        self.assertTrue(self.gets_in(self.owner), "its answer still holds")
        step("the service allows incomplete checks: then it comes in, and the revoked one still does not")
        page = self.browser().open(PAGE)
        shown = {page._label(field): field for form in page.page.forms for field in form["fields"]}
        self.assertEqual((shown["Revocation Method"]["value"], shown["Global Responder URL"]["value"]), ("ocsp", self.company.url),
                         "the page shows what was chosen: who saves it again changes nothing")
        self.assertFalse(shown["Allow Incomplete Revocation Checks"]["checked"])
        self.on_trial({"Allow Incomplete Revocation Checks": True})
        self.assertTrue(self.gets_in(away))
        step("with the responder back the revoked one is known again")
        responder = self.company.start_responder(self.world)
        self.addCleanup(responder.kill)
        wait_for(lambda: not self.gets_in(lost), "what failed is asked again")
        self.assertTrue(self.gets_in(self.owner))

    def test_the_responder_that_a_certificate_names(self):
        self.owner = self.company.caller("owner", named_responder=True)
        lost = self.company.caller("lost", named_responder=True)
        self.company.revoke(lost)
        responder = self.company.start_responder(self.world)
        self.addCleanup(responder.kill)
        self.on_trial({"Revocation Method": "OCSP", RESPONDER_IN_CERTIFICATE: True, "Allow Incomplete Revocation Checks": False})
        self.assertFalse(self.gets_in(lost))
        self.assertTrue(self.gets_in(self.owner))

    def test_nobody_is_locked_out_by_trying(self):
        step("a responder that nobody runs, and its answers required: the owner is refused, too")
        begun = self.begin_trial(seconds=10)
        answer = self.options({"Revocation Method": "OCSP", "Global Responder URL": self.company.url, "Allow Incomplete Revocation Checks": False})
        self.assertIn('class="notice"', answer.html)
        self.assertFalse(self.gets_in(self.owner), "not even to confirm")
        step("nobody can confirm, so it is undone")
        wait_for(lambda: self.gets_in(self.owner), "the trial is undone", 60)
        self.assertTrue(any("trial.undone" in line for line in self.world.journal(self.system)))
        self.assertTrue(begun)

    def test_a_way_back_at_the_system(self):
        """The owner's own certificate is revoked, and nobody else has one: somebody walks to the system."""
        self.browser().open(REPOSITORY).fill_in("Install CRL", **{"CRL File": self.company.list()})
        self.on_trial({"Revocation Method": "CRL", "Allow Incomplete Revocation Checks": False})
        self.company.revoke(self.owner)
        self.browser().open(REPOSITORY).fill_in("Install CRL", **{"CRL File": self.company.list()})
        self.assertFalse(self.gets_in(self.owner))
        console = self.world.folder / "estate" / self.system["serial"] / "console"
        line = os.open(console, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, line)
        os.write(line, b"\r")
        self.read_until(line, b"login: ")
        os.write(line, USER.encode() + b"\r")
        self.read_until(line, b"assword: ")
        os.write(line, PASSWORD.encode() + b"\r")
        self.read_until(line, b"OK\r\n")
        step("what is said there works without a certificate, and nowhere else")
        os.write(line, b"xcommand Security Recovery Access\r")
        self.read_until(line, b"OK\r\n")
        wait_for(lambda: port_state(self.system["address"], self.world.port(80)) == "open", "HTTP opens")
        browser = Browser(f"http://{self.system['address']}:{self.world.port(80)}", USER, PASSWORD).open(PAGE)
        self.assertEqual(browser.status, 200)
        self.assertTrue(any("recovery.access" in one and 'door="serial"' in one for one in self.world.journal(self.system)))
        browser.fill_in("OK", **{"Secured Communication": True})
        wait_for(lambda: self.gets_in(["--insecure"]), "HTTPS asks for no certificate any more")

    @staticmethod
    def read_until(line, text):
        seen, deadline = b"", time.monotonic() + 20 * PATIENCE
        while text not in seen:
            if not select.select([line], [], [], max(0, deadline - time.monotonic()))[0]:
                raise Failed(f"nothing came that ends with {text!r}: {seen!r}")
            seen += os.read(line, 4096)

    def test_lists(self):
        lost = self.company.caller("lost")
        self.company.revoke(lost)
        self.browser().open(REPOSITORY).fill_in("Install CRL", **{"CRL File": self.company.list()})
        step("lists, and an answer is required")
        self.on_trial({"Revocation Method": "CRL", "Allow Incomplete Revocation Checks": False})
        self.assertFalse(self.gets_in(lost))
        self.assertTrue(self.gets_in(self.owner))
        step("without its list nobody could come in: on trial only")
        browser = self.browser()
        browser.open(REPOSITORY).fill_in("Remove CRL", **{"CRL of": "/O=Company/CN=Company Root CA"})
        self.assertIn("DEV-110", browser.text)
        step("fewer trusted certificates: the same")
        other = Authority(self.world.folder / "other", "Other Root")
        browser.open(REPOSITORY).fill_in("Install Trusted Certificates", **{"Certificate Files": other.certificate})
        browser.open(REPOSITORY).fill_in("Remove Trusted Certificate", **{"Trusted Certificate": "/O=Company/CN=Company Root CA"})
        self.assertIn("DEV-110", browser.text)
        self.assertTrue(self.gets_in(self.owner))
        step("a list that ends soon is an alarm, before it refuses everybody")
        self.assertNotIn("The revocation list of", self.browser().open(OPEN).text)
        world = World("cl")
        self.enterContext(world)
        system = world.add_estate([{"family": "rmx", "host_name": "rmx.company.com", "address": f"{world.net}.9", "clock_offset": 80 * 3600}])[0]
        world.start_device()
        browser = Browser(f"http://{system['address']}:{world.port(80)}", USER, PASSWORD)
        browser.open(REPOSITORY).fill_in("Install CRL", **{"CRL File": self.company.list(hours=100)})
        self.assertNotIn("The revocation list of", browser.open(OPEN).text, "nobody looks at it")
        browser.open(PAGE).fill_in("Save Revocation Options", **{"Revocation Method": "CRL"})
        self.assertIn("has to be renewed within 1 days", browser.open(OPEN).text)


if __name__ == "__main__":
    main()
