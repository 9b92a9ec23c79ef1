"""A terminal that Python holds in its hands: a serial console, or a raw connection."""

import os
import select
import time

from estate import Failed, PATIENCE


class Line:
    """A socket or a terminal, as bytes."""

    def __init__(self, descriptor):
        self.descriptor, self.seen = descriptor, b""

    def send(self, data):
        os.write(self.descriptor, data)

    def read_until(self, text, seconds=20):
        deadline = time.monotonic() + seconds * PATIENCE
        while text not in self.seen:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.descriptor], [], [], left)[0]:
                raise Failed(f"nothing came that ends with {text!r}: {self.seen!r}")
            data = os.read(self.descriptor, 4096)
            if not data:
                raise Failed(f"the line ended before {text!r}: {self.seen!r}")
            self.seen += data
        before, _, self.seen = self.seen.partition(text)
        return before


class Console(Line):
    """The serial console of a system, by the link in its folder."""

    def __init__(self, folder):
        super().__init__(os.open(folder / "console", os.O_RDWR | os.O_NOCTTY))

    def type(self, text):
        self.send(text.encode() + b"\r")

    def wake(self):
        """Presses Enter until somebody asks who is there: the line rests for a moment after each session."""
        for _ in range(20):
            self.send(b"\r")
            try:
                self.read_until(b"login: ", seconds=1)
                return self
            except Failed:
                self.seen = b""
        raise Failed("the console does not ask to log in")

    def log_in(self, user, password):
        self.wake()
        self.type(user)
        self.read_until(b"Password: ")
        self.type(password)
        return self

    def close(self):
        os.close(self.descriptor)
