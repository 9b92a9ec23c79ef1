"""A plain HTTPS client of the manager's API that keeps everything it was told, for the search for secrets."""

import http.client
import json
import socket
import ssl

from estate import PATIENCE


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def type(self):
        return self.headers.get("Content-Type", "")

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.type} {self.body[:400]}"


class Client:
    """`source` is the address that it calls from. The certificate of the manager must verify for its host name."""

    def __init__(self, world, source=None):
        self.world, self.source, self.told = world, source, []

    def connect(self):
        context = ssl.create_default_context(cafile=str(self.world.folder / "manager" / "ca.pem"))
        api = http.client.HTTPSConnection(self.world.manager_host, self.world.port(443), context=context, timeout=120 * PATIENCE)
        api._create_connection = lambda address, *rest, **more: socket.create_connection(
            (self.world.manager_address, self.world.port(443)), timeout=120 * PATIENCE, source_address=self.source and (self.source, 0))
        return api

    def ask(self, method, path, body=None, headers=None):
        api = self.connect()
        fields = dict(headers or {})
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            fields.setdefault("Content-Type", "application/json")
        try:
            api.request(method, path, body, fields)
            answer = api.getresponse()
            text = answer.read().decode(errors="replace")
        finally:
            api.close()
        self.told.append((method, path, str(answer.headers), text))
        return Answer(answer.status, answer.headers, text)
