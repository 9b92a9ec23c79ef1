"""A false server that records every byte it is sent: raw as on the wire, and what came out of TLS."""

import socket
import ssl
import threading


class Listener:
    """Accepts connections on an address and port until closed; each is given to `talk` on a thread of its own."""

    def __init__(self, address, port):
        self.connections, self.open = 0, True
        self.listener = socket.create_server((address, port))
        self.listener.settimeout(0.2)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while self.open:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                continue
            self.connections += 1
            threading.Thread(target=self.talk, args=(connection,), daemon=True).start()

    def close(self):
        self.open = False
        self.thread.join()
        self.listener.close()


class Recorder(Listener):
    """A plain listener that records what it is sent."""

    def __init__(self, address, port):
        self.received = b""
        super().__init__(address, port)

    def talk(self, connection):
        connection.settimeout(2)
        try:
            while data := connection.recv(65536):
                self.received += data
        except OSError:
            pass
        connection.close()


class Impostor(Listener):
    """Listens with a certificate on an address and port until closed. `raw` and `payload` hold everything it got."""

    def __init__(self, address, port, certificate, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate, key)
        self.raw, self.payload, self.handshakes = b"", b"", 0
        self.lock = threading.Lock()
        super().__init__(address, port)

    def talk(self, connection):
        """TLS over memory, so that both sides of the record layer can be recorded."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(incoming, outgoing, server_side=True)
        connection.settimeout(5)
        done = False
        try:
            while self.open:
                try:
                    if not done:
                        tls.do_handshake()
                        done = True
                        with self.lock:
                            self.handshakes += 1
                    while data := tls.read(65536):
                        with self.lock:
                            self.payload += data
                        # An answer that invites a careless client to send its password.
                        tls.write(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n")
                except ssl.SSLWantReadError:
                    pass
                if out := outgoing.read():
                    connection.sendall(out)
                data = connection.recv(65536)
                if not data:
                    break
                with self.lock:
                    self.raw += data
                incoming.write(data)
        except (OSError, ssl.SSLError):
            pass
        finally:
            connection.close()


class Relay(Listener):
    """Passes everything on to another server, whose certificate it thereby shows, and records what callers say. The records of
    TLS carry their length in clear, so that what a caller says under encryption can be measured."""

    def __init__(self, address, port, target):
        self.target, self.raw = target, []
        super().__init__(address, port)

    def talk(self, connection):
        number = len(self.raw)
        self.raw.append(b"")
        with connection, socket.create_connection(self.target, timeout=5) as server:
            def back():
                try:
                    while data := server.recv(65536):
                        connection.sendall(data)
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
            threading.Thread(target=back, daemon=True).start()
            connection.settimeout(5)
            try:
                while data := connection.recv(65536):
                    self.raw[number] += data
                    server.sendall(data)
            except OSError:
                pass

    def encrypted_bytes(self):
        """The most that one caller said in records of type application_data (RFC 8446 section 5.2)."""
        most = 0
        for said in self.raw:
            total, at = 0, 0
            while at + 5 <= len(said):
                length = int.from_bytes(said[at + 3:at + 5], "big")
                total += length if said[at] == 23 else 0
                at += 5 + length
            most = max(most, total)
        return most
