#!/usr/bin/env python3
"""The WebSocket and the sessions of RoomOS as other clients use them: curl's handshakes with each refusal, a client of a few lines with
basic authentication, session/begin and session/end."""

import base64
import json
import os
import pathlib
import socket
import ssl
import struct
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

HANDSHAKE = ["--http1.1", "--insecure", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket", "-H", "Sec-WebSocket-Version: 13", "-H",
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="]


class Socket:
    """A client of RFC 6455, as far as this test needs one."""

    def __init__(self, address, port, user, password, path="/ws"):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.stream = context.wrap_socket(socket.create_connection((address, port), 20 * PATIENCE))
        self.stream.settimeout(20 * PATIENCE)
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.stream.sendall((f"GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                             f"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Basic {basic}\r\n\r\n").encode())
        self.input = b""
        head = self.until(b"\r\n\r\n")
        self.status = int(head.split()[1])
        self.head = head.decode().lower()

    def until(self, mark):
        while mark not in self.input:
            got = self.stream.recv(65536)
            if not got:
                raise Failed(f"closed after {self.input!r}")
            self.input += got
        head, self.input = self.input.split(mark, 1)
        return head + mark

    def send(self, text, first=0x81):
        payload = text if isinstance(text, bytes) else text.encode()
        size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + struct.pack(">H", len(payload)) if len(payload) < 65536 \
            else b"\xff" + struct.pack(">Q", len(payload))
        self.stream.sendall(bytes([first]) + size + b"\0\0\0\0" + payload)

    def take(self, count):
        while len(self.input) < count:
            got = self.stream.recv(65536)
            if not got:
                raise Failed("closed")
            self.input += got
        taken, self.input = self.input[:count], self.input[count:]
        return taken

    def receive(self):
        """Opcode and payload of the next frame."""
        first, size = self.take(2)
        if size == 126:
            size = struct.unpack(">H", self.take(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.take(8))[0]
        return first & 15, self.take(size)

    def ask(self, method, identity=1, **parameters):
        self.send(json.dumps({"jsonrpc": "2.0", "id": identity, "method": method, "params": parameters}))
        return json.loads(self.receive()[1])


class RoomOs(unittest.TestCase):
    def with_system(self, name):
        world = World(name).__enter__()
        self.addCleanup(world.__exit__, None, None, None)
        system = world.add_estate([{"family": "roomos", "name": "Studio"}])[0]
        world.start_device()
        return world, system["address"]

    def connect(self, *where):
        peer = Socket(*where)
        self.addCleanup(peer.stream.close)
        return peer

    def test_handshakes(self):
        world, address = self.with_system("websocket")
        secure, plain = f"https://{address}:{world.port(443)}/ws", f"http://{address}:{world.port(80)}/ws"
        step("each refusal as the clients read it")
        self.assertEqual(status_of(secure, *HANDSHAKE), 401)
        self.assertEqual(status_of(secure, *HANDSHAKE, "-H", "Sec-WebSocket-Protocol: auth-YWRtaW46d3Jvbmc"), 403)
        self.assertEqual(status_of(secure, *HANDSHAKE, "-H", "Origin: https://elsewhere.example", "--user", "admin:"), 403)
        self.assertEqual(status_of(secure, *HANDSHAKE[:-4], "-H", "Sec-WebSocket-Version: 8", *HANDSHAKE[-2:]), 426)
        self.assertEqual(status_of(secure, "--insecure", "--user", "admin:"), 400)
        self.assertEqual(status_of(plain, *HANDSHAKE, "--user", "admin:"), 401)
        step("switched off, it is not there")
        with_basic = ["--insecure", "--user", "admin:"]
        put = f"https://{address}:{world.port(443)}/putxml"
        switch = "<Configuration><NetworkServices><Websocket>{}</Websocket></NetworkServices></Configuration>"
        self.assertEqual(status_of(put, *with_basic, "--data-binary", switch.format("Off")), 200)
        self.assertEqual(status_of(secure, *HANDSHAKE, "--user", "admin:"), 404)
        self.assertEqual(status_of(put, *with_basic, "--data-binary", switch.format("FollowHTTPService")), 200)
        step("five wrong passwords lock the address out")
        for _ in range(4):
            self.assertEqual(status_of(secure, *HANDSHAKE, "--user", "admin:wrong"), 403)
        self.assertEqual(status_of(secure, *HANDSHAKE, "--user", "admin:wrong"), 403)
        self.assertEqual(status_of(secure, *HANDSHAKE, "--user", "admin:"), 429)

    def test_json_rpc(self):
        world, address = self.with_system("rpc")
        peer = self.connect(address, world.port(443), "admin", "")
        self.assertEqual(peer.status, 101)
        self.assertIn("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=", peer.head)
        self.assertNotIn("sec-websocket-protocol", peer.head)
        step("get, query, and the value of now")
        self.assertEqual(peer.ask("xGet", Path=["Configuration", "Audio", "Volume"]), {"jsonrpc": "2.0", "id": 1, "result": 50})
        found = peer.ask("xQuery", "q", Query=["Status", "**", "ProductId"])
        self.assertEqual((found["id"], found["result"]), ("q", {"Status": {"SystemUnit": {"ProductId": "Cisco Room Kit"}}}))
        subscribed = peer.ask("xFeedback/Subscribe", Query=["Configuration", "Audio"], NotifyCurrentValue=True)
        event = json.loads(peer.receive()[1])
        self.assertEqual(event["params"], {"Id": subscribed["result"]["Id"], "Configuration": {"Audio": {"Volume": 50}}})
        self.assertNotIn("id", event)
        step("an event, and none after unsubscribing")
        peer.send(json.dumps({"jsonrpc": "2.0", "id": 2, "method": "xSet", "params": {"Path": ["Configuration", "Audio", "Volume"], "Value": 7}}))
        both = [json.loads(peer.receive()[1]) for _ in range(2)]
        self.assertIn({"jsonrpc": "2.0", "id": 2, "result": True}, both)
        self.assertIn({"Id": subscribed["result"]["Id"], "Configuration": {"Audio": {"Volume": 7}}}, [one.get("params") for one in both])
        self.assertEqual(peer.ask("xFeedback/Unsubscribe", Id=subscribed["result"]["Id"])["result"], True)
        self.assertEqual(peer.ask("xSet", 3, Path=["Configuration", "Audio", "Volume"], Value=8)["id"], 3)
        step("what is no JSON gets an answer; ping gets pong; goodbye gets 1000")
        peer.send("{")
        self.assertEqual(json.loads(peer.receive()[1])["error"]["code"], -32700)
        peer.send(b"hello", 0x89)
        self.assertEqual(peer.receive(), (10, b"hello"))
        peer.send(struct.pack(">H", 1000), 0x88)
        self.assertEqual(peer.receive(), (8, struct.pack(">H", 1000)))
        step("numbers are texts with ?legacy; a message over the limit ends the conversation")
        legacy = self.connect(address, world.port(443), "admin", "", "/ws?legacy")
        self.assertEqual(legacy.ask("xGet", Path=["Configuration", "Audio", "Volume"])["result"], "8")
        legacy.send("x" * (545 * 1024))
        self.assertEqual(legacy.receive(), (8, struct.pack(">H", 1009)))
        step("sessions are counted")
        # Those from before may be counted until the system has seen their end.
        many = [self.connect(address, world.port(443), "admin", "") for _ in range(17)]
        granted = [one for one in many if one.status == 101]
        self.assertIn(503, [one.status for one in many])
        self.assertTrue(14 <= len(granted) <= 16, [one.status for one in many])
        step("a restart says goodbye")
        run("curl", "--silent", "--insecure", "--user", "admin:", "--data-binary", "<Command><SystemUnit><Boot command='True'/></SystemUnit></Command>",
            f"https://{address}:{world.port(443)}/putxml")
        self.assertEqual(granted[0].receive(), (8, struct.pack(">H", 1000)))

    def test_sessions(self):
        world, address = self.with_system("sessions")
        base = f"https://{address}:{world.port(443)}"
        jar = world.folder / "cookies"
        step("begin with basic authentication, go on with the cookie")
        self.assertEqual(status_of(f"{base}/xmlapi/session/begin", "--insecure", "-X", "POST"), 401)
        done = run("curl", "--silent", "--insecure", "--include", "--user", "admin:", "-X", "POST", "--cookie-jar", jar, f"{base}/xmlapi/session/begin")
        self.assertIn(" 204 ", done.stdout.splitlines()[0])
        self.assertRegex(done.stdout, r"(?i)set-cookie: SessionId=[0-9a-f]{64}; Path=/; Secure; HttpOnly")
        self.assertEqual(status_of(f"{base}/status.xml", "--insecure", "--cookie", jar), 200)
        self.assertEqual(status_of(f"{base}/status.xml", "--insecure", "--cookie", "SessionId=" + "0" * 64), 401)
        step("end it")
        self.assertEqual(status_of(f"{base}/xmlapi/session/end", "--insecure", "-X", "POST", "--cookie", jar), 204)
        self.assertEqual(status_of(f"{base}/status.xml", "--insecure", "--cookie", jar), 401)
        step("sessions are few; a new password ends them all")
        for _ in range(20):
            self.assertEqual(status_of(f"{base}/xmlapi/session/begin", "--insecure", "--user", "admin:", "-X", "POST", "--cookie-jar", jar), 204)
        self.assertEqual(status_of(f"{base}/xmlapi/session/begin", "--insecure", "--user", "admin:", "-X", "POST"), 503)
        new = ("<Command><UserManagement><User><Passphrase><Set command='True'><NewPassphrase>n3w</NewPassphrase><YourPassphrase>{}"
               "</YourPassphrase></Set></Passphrase></User></UserManagement></Command>")
        put = ["curl", "--silent", "--insecure", "--cookie", jar, "--data-binary"]
        self.assertIn('status="Error"', run(*put, new.format("wrong"), f"{base}/putxml").stdout)
        self.assertIn('status="OK"', run(*put, new.format(""), f"{base}/putxml").stdout)
        self.assertEqual(status_of(f"{base}/status.xml", "--insecure", "--cookie", jar), 401)
        self.assertEqual(status_of(f"{base}/status.xml", "--insecure", "--user", "admin:n3w"), 200)

    def test_the_predecessor_redirects(self):
        world = World("redirect").__enter__()
        self.addCleanup(world.__exit__, None, None, None)
        system = world.add_estate([{"family": "c-series"}])[0]
        world.start_device()
        self.assertEqual(status_of(f"http://{system['address']}:{world.port(80)}/xmlapi/session/begin", "-X", "POST"), 302)


if __name__ == "__main__":
    main()
