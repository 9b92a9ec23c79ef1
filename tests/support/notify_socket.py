"""A service manager, as far as a service sees one: what it is told through sd_notify(3)."""

import select
import socket

from estate import Failed, wait_for


class NotifySocket:
    """The service manager's end of sd_notify: a datagram socket, and every message that came."""

    def __init__(self, path):
        self.path, self.messages = str(path), []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)

    def has(self, word):
        try:
            while True:
                self.messages.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            pass
        return [message for message in self.messages if word in message.splitlines()]

    def count(self, word):
        return len(self.has(word))

    def await_silence(self, seconds):
        """Nothing comes for so long; what was on its way before does not count."""
        self.has("")
        if select.select([self.socket], [], [], seconds)[0]:
            raise Failed(f"it still speaks: {self.socket.recv(4096)!r}")

    def await_message(self, word, count=1):
        wait_for(lambda: len(self.has(word)) >= count, f"the service manager hears {word} {count} times: {self.messages}")
