#!/usr/bin/env python3
"""kill -9 at random moments of uploads, deletions, requests, answers, changes of the trust list, restarts and factory defaults: after
each kill the next start has a working management door. HTTPS shows a whole pair that was there before (a TLS server proves that it
has the key), log-in works, and a request that was pending is pending still.

100 kills, 40 of them in torture_families; COUNTERSIGN_KILLS=1000 for more. COUNTERSIGN_SEED repeats a run's choices."""

import base64
import hashlib
import http.client
import os
import pathlib
import random
import re
import ssl
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

# The other two fifths belong to estate/torture_families.
KILLS = int(os.environ.get("COUNTERSIGN_KILLS", "100")) * 3 // 5
SEED = int(os.environ.get("COUNTERSIGN_SEED", random.randrange(1 << 30)))

# Everything that can be done to certificates, on one page of a family that is otherwise one of today.
PAGE = '''
[[page]]
path = "/torture"
menu = ["Torture"]
title = "Torture"

[[page.table]]
id = "pending_request"
title = "Pending"
columns = [{ title = "Request", fact = "request" }]
'''
FORM = '''
[[page.form]]
id = "{id}"
title = "{id}"
action = "{id}"
submit_label = "{id}"
target = "/torture/{id}"
fields = [{fields}]
'''
FORMS = {"upload_certificate": ["certificate", "private_key"], "delete_certificate": [], "roll_back_certificate": [],
         "create_request": ["common_name", "replace"], "send_certificate": ["answer"], "discard_request": [], "add_trust": ["trust_store"],
         "delete_trust_store": [], "restart": [], "restore_factory": ["comprehensive"]}


def family_with_the_page(folder):
    folder.mkdir()
    source = pathlib.Path(__file__).resolve().parents[2] / "families" / "c-series.toml"
    text = source.read_text() + PAGE
    for action, roles in FORMS.items():
        fields = ", ".join(f'{{ name = "{role}", label = "{role}", kind = "{"text" if role in ("common_name", "replace", "comprehensive") else "textarea"}", '
                           f'role = "{role}" }}' for role in roles)
        text += FORM.format(id=action, fields=fields)
    (folder / "c-series.toml").write_text(text)


class Door:
    """One HTTPS connection for each request, by the standard library."""

    def __init__(self, address, port):
        self.address, self.port = address, port
        self.context = ssl.create_default_context()
        self.context.check_hostname, self.context.verify_mode = False, ssl.CERT_NONE
        self.login = {"Authorization": "Basic " + base64.b64encode(b"admin:TANDBERG").decode()}

    def ask(self, method, path, fields=None, login=True):
        """Status, text, and the fingerprint of the certificate that was shown."""
        connection = http.client.HTTPSConnection(self.address, self.port, context=self.context, timeout=10 * PATIENCE)
        try:
            connection.connect()
            shown = hashlib.sha256(connection.sock.getpeercert(binary_form=True)).hexdigest()
            body = urllib.parse.urlencode(fields or {})
            headers = {"Content-Type": "application/x-www-form-urlencoded", **(self.login if login else {})}
            connection.request(method, path, body if method == "POST" else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode(errors="replace"), shown
        finally:
            connection.close()

    def post(self, action, **fields):
        return self.ask("POST", f"/torture/{action}", fields)


class Writer(threading.Thread):
    """Does one thing after the other until the program is killed under it."""

    def __init__(self, test, door, chance):
        super().__init__(daemon=True)
        self.test, self.door, self.chance = test, door, chance
        self.done = 0

    def run(self):
        try:
            while True:
                self.test.one_change(self.door, self.chance)
                self.done += 1
        except (OSError, http.client.HTTPException):
            pass  # killed


class Torture(unittest.TestCase):
    def one_change(self, door, chance):
        what = chance.choices(list(FORMS), weights=[6, 2, 2, 3, 2, 1, 2, 1, 1, 1])[0]
        if self.answers:  # signed while nothing was killed: openssl takes longer than most of these programs live
            what = "send_certificate"
        fields = {}
        if what == "upload_certificate":
            key, certificate = chance.choice(self.pairs)
            fields = {"certificate": certificate, "private_key": key}
        elif what == "create_request":
            fields = {"common_name": "unit.company.com", "replace": "on"}
        elif what == "send_certificate":
            fields = {"answer": self.answers.pop() if self.answers else self.root}
        elif what == "restore_factory":
            fields = {"comprehensive": "on"} if chance.random() < 0.5 else {}
        elif what == "add_trust":
            fields = {"trust_store": self.root}
        status, text, _ = door.post(what, **fields)
        self.statuses[what] = self.statuses.get(what, set()) | {status}
        if status == 500:
            raise AssertionError(f"{what}: {text}")

    def pending(self, door):
        found = re.search("-----BEGIN CERTIFICATE REQUEST-----.*?-----END CERTIFICATE REQUEST-----", door.ask("GET", "/torture")[1], re.S)
        return found.group(0) + "\n" if found else None

    def sign(self, request):
        base = self.folder / "answer"
        base.with_suffix(".csr").write_text(request)
        run("openssl", "x509", "-req", "-in", base.with_suffix(".csr"), "-CA", self.authority.certificate, "-CAkey", self.authority.key,
            "-set_serial", str(random.getrandbits(60)), "-days", "30", "-out", base.with_suffix(".pem"))
        text = base.with_suffix(".pem").read_text()
        self.known.add(fingerprint_of(base.with_suffix(".pem")))
        return text

    def await_door(self, door, device):
        deadline = time.monotonic() + 30 * PATIENCE
        while True:
            try:
                return door.ask("GET", "/torture")
            except (OSError, http.client.HTTPException) as failure:
                self.assertIsNone(device.process.poll(), device.text()[-3000:])
                self.assertLess(time.monotonic(), deadline, f"no door: {failure}\n{device.text()[-3000:]}")
                time.sleep(0.005)

    def test_a_system_that_is_killed_at_any_moment_has_a_working_door_afterwards(self):
        step(f"{KILLS} kills, seed {SEED}")
        chance = random.Random(SEED)
        self.statuses, self.answers, changes, early = {}, [], 0, 0
        with World("torture") as world:
            self.folder = world.folder
            family_with_the_page(world.folder / "families")
            self.authority = Authority(world.folder / "ca")
            self.root = self.authority.certificate.read_text()
            self.pairs, self.known = [], set()
            for name in ("one", "two", "three"):
                key, certificate = self.authority.issue("unit.company.com", name)
                self.pairs.append((key.read_text(), certificate.read_text()))
                self.known.add(fingerprint_of(certificate))
            system = world.add_estate([{"family": "c-series", "host_name": "unit.company.com"}])[0]
            with open(world.folder / "estate.toml", "a") as estate:
                estate.write('settings = { "service.https.mode" = "on" }\n')
            device = world.start_device("--families", world.folder / "families", "--no-fsync", "--downtime", "1", "--threads", "1")
            door = Door(system["address"], world.port(443))
            self.known.add(self.await_door(door, device)[2])  # the factory's
            requested = None
            for number in range(KILLS):
                status, text, shown = self.await_door(door, device)
                self.assertEqual(status, 200, text)
                self.assertIn(shown, self.known, f"kill {number}: a certificate that nobody installed")
                self.assertEqual(door.ask("GET", "/torture", login=False)[0], 401)
                if requested:
                    self.assertEqual(self.pending(door), requested, f"kill {number}: the pending request is another one")
                writer = Writer(self, door, chance)
                # Now and then nothing is changed but a request made, which must be there after the kill.
                quiet = number % 10 == 0
                if quiet:
                    self.assertEqual(door.post("create_request", common_name="kept.company.com", replace="on")[0], 200)
                    requested = self.pending(door)
                    self.assertIsNotNone(requested)
                else:
                    requested = None
                    if number % 10 == 5:
                        self.assertEqual(door.post("create_request", common_name="unit.company.com", replace="on")[0], 200)
                        self.answers = [self.sign(self.pending(door))]
                    writer.start()
                time.sleep(chance.uniform(0, 0.01 if quiet else 0.12))
                device.kill()
                if not quiet:
                    writer.join(30 * PATIENCE)
                    self.assertFalse(writer.is_alive())
                    changes += writer.done
                device.start()
                if chance.random() < 0.2:  # once more, while it starts
                    time.sleep(chance.uniform(0, 0.05))
                    device.kill()
                    device.start()
                    early += 1
            self.await_door(door, device)
            step(f"{changes} changes were made, {early} kills came while it started; every door was open again")
            self.assertGreater(changes, KILLS // 4, "the kills must not come before anything was done")
            step("nothing that stands on the disk was ever half")
            told = [line for line in world.journal(system) if "damaged" in line]
            self.assertEqual(told, [])
            left = [str(path) for path in (world.folder / "estate").rglob("*.new.*")]
            self.assertEqual(left, [], "leftovers of kills are removed at the start")
            for what in ("upload_certificate", "create_request", "send_certificate"):
                self.assertIn(200, self.statuses.get(what, set()), f"{what} never worked: {self.statuses}")


if __name__ == "__main__":
    main()
