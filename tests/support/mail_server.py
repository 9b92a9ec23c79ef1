"""A mail server (Debian's python3-aiosmtpd) with TLS from the first byte or by STARTTLS, that keeps what it takes; and a receiver of
webhooks that verifies signatures with the openssl program."""

import asyncio
import email
import email.policy
import http.server
import json
import ssl
import subprocess
import sys
import tempfile
import threading

try:
    from aiosmtpd.smtp import SMTP, AuthResult
except ModuleNotFoundError:  # another Python than Debian's own comes first in the path
    sys.path.append("/usr/lib/python3/dist-packages")
    from aiosmtpd.smtp import SMTP, AuthResult


def tls(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class MailServer:
    """`mode`: "tls", "starttls" or "plain" (offers no STARTTLS). With `users` a log-in is demanded."""

    def __init__(self, address, port, mode, pair=None, users=None, without=(), unknown=()):
        self.messages, self.logins, self.commands, self.unknown = [], [], [], set(unknown)
        self.users = users
        key, certificate = pair or (None, None)
        context = tls(certificate, key) if pair else None
        options = {"hostname": "mail.company.com", "auth_exclude_mechanism": list(without), "auth_require_tls": mode == "starttls"}
        if mode == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        if users:
            options |= {"authenticator": self.log_in, "auth_required": True}
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(self.loop.create_server(
            lambda: SMTP(self, loop=self.loop, **options), address, port, ssl=context if mode == "tls" else None))
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def log_in(self, server, session, envelope, mechanism, data):
        user, password = data.login.decode(), data.password.decode()
        self.logins.append((mechanism, user, password))
        return AuthResult(success=self.users.get(user) == password, handled=False)  # the server says it

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        self.commands.append(f"EHLO {hostname}")
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.unknown:
            return "550 5.1.1 Nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.messages.append({"from": envelope.mail_from, "to": envelope.rcpt_tos, "message": message, "tls": server.transport.get_extra_info("cipher") is not None,
                              "raw": envelope.content, "text": message.get_content()})
        return "250 OK"

    def close(self):
        if self.loop.is_closed():
            return

        async def end():
            self.server.close()
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            self.loop.stop()
        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.thread.join(10)
        self.loop.close()


class WebhookReceiver:
    """Takes what is signed with its key and refuses everything else with 403. `refuse` makes it answer 503."""

    def __init__(self, address, port, pair, key):
        self.taken, self.refused, self.refuse, self.key = [], [], False, key
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                good = receiver.verify(self.headers["Countersign-Timestamp"] or "", self.headers["Countersign-Signature"] or "", body)
                status = 503 if receiver.refuse else 204 if good else 403
                (receiver.taken if status == 204 else receiver.refused).append((dict(self.headers), json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        self.server = http.server.ThreadingHTTPServer((address, port), Handler)
        self.server.socket = tls(pair[1], pair[0]).wrap_socket(self.server.socket, server_side=True)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def verify(self, timestamp, signature, body):
        """As the documentation says it, in a shell."""
        with tempfile.NamedTemporaryFile() as file:
            file.write(body)
            file.flush()
            done = subprocess.run(["sh", "-c", 'printf "%s." "$1" | cat - "$2" | openssl dgst -sha256 -hmac "$3"', "sh", timestamp, file.name, self.key],
                                  capture_output=True, text=True, check=True)
        return signature == "sha256=" + done.stdout.strip().split()[-1]

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(10)
