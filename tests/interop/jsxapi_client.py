#!/usr/bin/env python3
"""jsxapi, the client library of the xAPI, unmodified from npm: against a C-series and against RoomOS, over SSH and over a
WebSocket. What tests/interop/jsxapi/client.js does with it: get, set, command, multi-line command, feedback, schema,
and each error code."""

import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CLIENT = ROOT / "tests" / "interop" / "jsxapi" / "client.js"


def jsxapi(url, user, password, **more):
    """What the calls of client.js gave."""
    packages = run(ROOT / "tools" / "install_npm.sh", "tests/interop/jsxapi").stdout.strip()
    wanted = {"url": url, "username": user, "password": password, "seconds": 30 * PATIENCE, **more}
    environment = {"NODE_PATH": f"{packages}/node_modules", "SSH_AUTH_SOCK": ""}
    done = run("node", CLIENT, stdin=json.dumps(wanted), env=environment)
    if not done.stdout:
        raise Failed(done.stderr)
    return json.loads(done.stdout)


class Jsxapi(unittest.TestCase):
    maxDiff = None

    def check(self, told, name, socket):
        """`socket`: over a WebSocket, where numbers are numbers and the server chooses the codes."""
        self.assertNotIn("refused", told)
        step("get, set, get again")
        self.assertEqual(told["get"], {"value": name})
        self.assertEqual(told["set"], {"value": True if socket else None})
        self.assertEqual(told["got"], {"value": 'a "b" ü'})
        self.assertEqual(told["number"], {"value": 50 if socket else "50"})
        self.assertEqual(told["list"], {"value": "company.com"})
        self.assertIn("Uptime", told["status"]["value"])
        step("feedback")
        self.assertEqual(told["heard"], ["heard"])
        step("commands")
        self.assertEqual(told["register"]["value"]["status"], "OK")
        slot = told["slots"]["value"][0]
        self.assertEqual((str(slot["id"]), slot["URL"]), ("1", "http://listener.company.com/x"))
        self.assertEqual([one if isinstance(one, str) else one["Value"] for one in slot["Expression"]], ["/Configuration", "/Status"])
        self.assertEqual(told["deregister"]["value"]["status"], "OK")
        step("a status that changes is told, and that it went")
        self.assertEqual({str(one["id"]) for one in told["slotNews"]}, {"2"})
        self.assertEqual(told["slotNews"][-1]["ghost"], "True")
        self.assertEqual(told["schema"]["value"]["FeedbackSlot"]["required"], "True")
        step("each error has its code")
        errors = told["errors"]
        self.assertEqual((errors["illegal"]["code"], errors["illegal"]["message"]), (2, "Illegal value") if not socket else
                         (2, errors["illegal"]["message"]))
        self.assertEqual(errors["path"]["code"], 3)
        self.assertEqual(errors["path"]["data"], {"xpath": "Status/Wrong"})
        self.assertEqual(errors["configuration"]["code"], 3)
        self.assertEqual(errors["configuration"]["data"], {"xpath": "Configuration/Wrong"})
        self.assertEqual(errors["command"]["code"], 3)
        self.assertEqual(errors["command"]["message"], "Unknown command")
        self.assertEqual(errors["parameter"]["code"], 4)
        if socket:  # over SSH jsxapi itself answers this one
            self.assertEqual(errors["method"]["code"], -32601)
        self.assertEqual(errors["body"]["code"], 4)
        self.assertEqual(errors["value"]["code"], 4)
        self.assertEqual(errors["name"]["code"], 4)
        self.assertEqual(errors["parameter"]["message"], errors["parameter"]["message"] if socket else "Invalid or missing parameters")
        # What the library takes for "unknown" over SSH is the command's own failure; the WebSocket says so.
        self.assertEqual((errors["failed"]["code"], errors["failed"]["message"]), (1 if socket else 0, "GEN-003: There is no receiver 3."))
        self.assertEqual(told["complaints"], [])

    def check_multiline(self, told, fingerprint):
        step("a multi-line command: taken once")
        self.assertEqual(told["multiline"]["value"]["status"], "OK")
        self.assertEqual(told["multiline"]["value"]["Fingerprint"], fingerprint)
        self.assertIn(told["again"]["code"], (0, 1))
        self.assertTrue(told["again"]["message"])

    NAMES = ("<Configuration><SystemUnit><Name>Studio</Name></SystemUnit>"
             "<Network item='1'><DNS><Domain><Name>company.com</Name></Domain></DNS></Network></Configuration>")

    def check_both_ways(self, world, put, credentials, user, password, address):
        """The same journey over SSH and over a WebSocket."""
        for url, socket in ((f"ssh://{address}:{world.port(22)}", False), (f"wss://{address}:{world.port(443)}", True)):
            scheme = url.split(":")[0]
            step(scheme)
            self.assertEqual(status_of(put, "--insecure", *credentials, "--data-binary", self.NAMES), 200)
            root = Authority(world.folder / scheme, f"Root over {scheme}").certificate
            sha1 = run("openssl", "x509", "-in", root, "-noout", "-fingerprint", "-sha1").stdout.split("=")[1].strip().replace(":", "").lower()
            told = jsxapi(url, user, password, multiline="Security Certificates CA Add", body=root.read_text())
            self.check(told, "Studio", socket)
            self.check_multiline(told, sha1)
        step("a wrong password is refused")
        self.assertIn("refused", jsxapi(f"ssh://{address}:{world.port(22)}", user, "wrong"))
        self.assertIn("403", jsxapi(f"wss://{address}:{world.port(443)}", user, "wrong")["refused"])

    def test_c_series(self):
        with World("jsxapi-c") as world:
            system = world.add_estate([{"family": "c-series", "name": "Studio"}])[0]
            world.start_device()
            address, password = system["address"], "TANDBERG"
            credentials = ["--digest", "--user", f"admin:{password}"]
            put = f"http://{address}:{world.port(80)}/putxml"

            def services(url, ssh="On", https="On", websocket="Off"):
                document = (f"<Configuration><NetworkServices><SSH><Mode>{ssh}</Mode></SSH><HTTPS><Mode>{https}</Mode></HTTPS>"
                            f"<Websocket>{websocket}</Websocket></NetworkServices></Configuration>")
                self.assertEqual(status_of(url, "--insecure", *credentials, "--data-binary", document), 200)

            step("while HTTPS is off there is no WebSocket: over HTTP the password would be seen (Level 1)")
            services(put, ssh="Off", https="Off", websocket="FollowHTTPService")
            self.assertIn("401", jsxapi(f"ws://{address}:{world.port(80)}", "admin", password)["refused"])
            step("SSH and HTTPS are switched on; a WebSocket is off at the factory")
            services(put)
            self.assertEqual(status_of(put, *credentials, "--data-binary", "<Command><Boot command='True'/></Command>"), 200)
            wait_for(lambda: port_state(address, world.port(22)) == "open" and port_state(address, world.port(443)) == "open",
                     "SSH and HTTPS open after the restart")
            put = f"https://{address}:{world.port(443)}/putxml"
            self.assertIn("404", jsxapi(f"wss://{address}:{world.port(443)}", "admin", password)["refused"])
            step("it follows HTTPS from now on, and HTTP does not get one")
            services(put, websocket="FollowHTTPService")
            self.assertIn("401", jsxapi(f"ws://{address}:{world.port(80)}", "admin", password)["refused"])
            self.check_both_ways(world, put, credentials, "admin", password, address)

    def test_roomos(self):
        with World("jsxapi-r") as world:
            system = world.add_estate([{"family": "roomos", "name": "Studio"}])[0]
            world.start_device()
            address = system["address"]
            self.check_both_ways(world, f"https://{address}:{world.port(443)}/putxml", ["--basic", "--user", "admin:"], "admin", "", address)
            step("without TLS there is no WebSocket, whatever the password")
            self.assertIn("401", jsxapi(f"ws://{address}:{world.port(80)}", "admin", "")["refused"])


if __name__ == "__main__":
    main()
