"""A TCP proxy that drops, delays, cuts and corrupts connections, by a seeded random choice, until it is told to be good.

What a connection suffers is chosen when it is accepted:

  drop     it is reset at once
  stall    it is accepted, and nothing ever comes
  delay    every piece waits a while
  cut      it is reset after some bytes, in the middle of a request or an answer
  corrupt  one bit of what passes is another. On encrypted ports only: in clear nobody can notice, and the wrong value would be
           what was asked for
"""

import random
import select
import socket
import struct
import threading
import time

FAULTS = ("drop", "stall", "delay", "cut", "corrupt")


def listening():
    """(address, port) of every listening TCP socket of this machine, without touching them (proc(5))."""
    found = set()
    with open("/proc/net/tcp") as table:
        for line in list(table)[1:]:
            fields = line.split()
            if fields[3] == "0A":
                address, port = fields[1].split(":")
                found.add((socket.inet_ntoa(bytes.fromhex(address)[::-1]), int(port, 16)))
    return found


class BadNetwork:
    """Listens on (address, port) pairs and passes on to others, while somebody listens there. `share` of the connections suffer."""

    def __init__(self, seed, share=0.4):
        self.chance, self.lock = random.Random(seed), threading.Lock()
        self.share, self.bad = share, True
        self.suffered = {fault: 0 for fault in FAULTS}
        self.passed = 0
        self.pairs, self.listeners, self.open = {}, {}, True
        self.keeper = threading.Thread(target=self.keep, daemon=True)
        self.keeper.start()

    def between(self, front, back, encrypted):
        with self.lock:
            self.pairs[front] = (back, encrypted)

    def keep(self):
        """A port that is closed behind is closed in front, too."""
        while self.open:
            there = listening()
            with self.lock:
                pairs = dict(self.pairs)
            for front, (back, encrypted) in pairs.items():
                if back in there and front not in self.listeners:
                    listener = self.listeners[front] = socket.create_server(front, backlog=256)
                    listener.settimeout(0.2)
                    threading.Thread(target=self.accept, args=(listener, back, encrypted), daemon=True).start()
                elif back not in there and front in self.listeners:
                    listener = self.listeners.pop(front)
                    listener.shutdown(socket.SHUT_RDWR)  # ends a wait in accept(), which would hold the port open
                    listener.close()
            time.sleep(0.02)

    def be_good(self):
        """From now on every new connection passes; those that suffer are cut, as nobody waits for them any more."""
        self.bad = False

    def close(self):
        self.bad = self.open = False
        self.keeper.join(10)
        for listener in self.listeners.values():
            listener.close()

    def choose(self, encrypted):
        with self.lock:
            if not self.bad or self.chance.random() >= self.share:
                self.passed += 1
                return None, None
            fault = self.chance.choice([one for one in FAULTS if encrypted or one != "corrupt"])
            # A stalled connection costs whoever waits for it seconds.
            if fault == "stall" and self.chance.random() < 0.7:
                fault = "drop"
            self.suffered[fault] += 1
            # A handshake takes some 2,000 bytes there and back, a request some hundreds more.
            return fault, {"after": self.chance.randrange(1, 9000), "wait": self.chance.uniform(0.05, 0.4), "bit": self.chance.randrange(8)}

    def accept(self, listener, back, encrypted):
        while self.open:
            try:
                caller, _ = listener.accept()
            except socket.timeout:
                continue
            except OSError:
                return
            threading.Thread(target=self.carry, args=(caller, back, encrypted), daemon=True).start()

    @staticmethod
    def reset(connection):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    def carry(self, caller, back, encrypted):
        try:
            server = socket.create_connection(back, timeout=10)
        except OSError:
            return self.reset(caller)
        fault, how = self.choose(encrypted)
        if fault == "drop":
            self.reset(caller)
            return self.reset(server)
        total, ends = 0, {caller: server, server: caller}
        try:
            while ends:
                ready, _, _ = select.select(list(ends), [], [], 0.5)
                if fault and not self.bad and fault != "delay":
                    raise ConnectionResetError
                for one in ready:
                    data = one.recv(16384)
                    if not data:
                        ends.pop(one).shutdown(socket.SHUT_WR)
                        continue
                    if fault == "stall":
                        continue
                    if fault == "delay":
                        time.sleep(how["wait"])
                    total += len(data)
                    if fault == "cut" and total >= how["after"]:
                        ends[one].sendall(data[:len(data) // 2])
                        raise ConnectionResetError
                    if fault == "corrupt" and total >= how["after"]:
                        place = len(data) // 2
                        data = data[:place] + bytes([data[place] ^ (1 << how["bit"])]) + data[place + 1:]
                        how["after"] = 1 << 60
                    ends[one].sendall(data)
        except (OSError, KeyError):
            pass
        finally:
            for one in (caller, server):
                try:
                    self.reset(one) if fault in ("cut", "stall", "corrupt") else one.close()
                except OSError:
                    pass
