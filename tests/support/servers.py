"""TLS servers with known faults for `countersign probe`: openssl s_server, gnutls-serv, nginx, slapd, and small ones of our own, with
certificates that openssl signs. Each listens on a free port and is ready when it says so or answers."""

import atexit
import contextlib
import http.server
import itertools
import os
import pathlib
import socket
import ssl
import subprocess
import threading

from estate import Child, Failed, run, wait_for
from impostor import Listener

CA_CONFIG = """
[ca]
default_ca = ours
[ours]
dir = {folder}
new_certs_dir = {folder}/issued
database = {folder}/index.txt
crlnumber = {folder}/crlnumber
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
default_md = sha256
default_crl_days = 7
rand_serial = yes
unique_subject = no
policy = anything
copy_extensions = none
[anything]
countryName = optional
organizationName = optional
commonName = optional
"""
EXTENSIONS = """
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
basicConstraints = critical, CA:{is_ca}
keyUsage = critical, {usage}
{more}
"""


class Authority:
    """An authority kept by `openssl ca`; with a parent it is an intermediate one."""

    def __init__(self, folder, name, parent=None):
        self.folder = pathlib.Path(folder) / name.replace(" ", "-")
        (self.folder / "issued").mkdir(parents=True)
        (self.folder / "index.txt").touch()
        (self.folder / "crlnumber").write_text("01\n")
        (self.folder / "ca.cnf").write_text(CA_CONFIG.format(folder=self.folder))
        self.key, self.certificate = self.folder / "ca.key", self.folder / "ca.pem"
        self.new_key(self.key, "ec:P-256")
        subject = f"/C=NO/O=Example Company/CN={name}"
        if parent is None:
            run("openssl", "req", "-x509", "-key", self.key, "-out", self.certificate, "-days", "3650", "-subj", subject, "-addext",
                "keyUsage=critical,keyCertSign,cRLSign")
        else:
            parent.sign(self.key, self.certificate, subject, "CA:true", "keyCertSign,cRLSign", "", days=1000)

    @staticmethod
    def new_key(path, kind):
        algorithm, _, value = kind.partition(":")
        option = f"rsa_keygen_bits:{value}" if algorithm == "rsa" else f"ec_paramgen_curve:{value}"
        run("openssl", "genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", path)

    def openssl_ca(self, *arguments):
        return run("openssl", "ca", "-batch", "-config", self.folder / "ca.cnf", *arguments)

    def sign(self, key, out, subject, is_ca, usage, more, days=90, dates=(), digest="sha256"):
        request, extensions = out.with_suffix(".csr"), out.with_suffix(".ext")
        run("openssl", "req", "-new", "-key", key, "-out", request, "-subj", subject)
        extensions.write_text(EXTENSIONS.format(is_ca=is_ca.removeprefix("CA:"), usage=usage, more=more))
        times = ["-startdate", dates[0], "-enddate", dates[1]] if dates else ["-days", days]
        self.openssl_ca("-in", request, "-out", out, "-notext", "-extfile", extensions, "-md", digest, *times)

    def issue(self, label, name="server.example.com", key="ec:P-256", more="", **how):
        """A server's key and certificate for a name (IP:127.0.0.1 is among its names too)."""
        certificate, private = self.folder / f"{label}.pem", self.folder / f"{label}.key"
        self.new_key(private, key)
        names = f"subjectAltName = DNS:{name}, IP:127.0.0.1\nextendedKeyUsage = serverAuth\n{more}"
        self.sign(private, certificate, f"/C=NO/O=Example Company/CN={name}", "CA:false", "digitalSignature", names, **how)
        return certificate, private

    def revoke(self, certificate):
        self.openssl_ca("-revoke", certificate, "-crl_reason", "keyCompromise")

    def crl(self):
        """DER."""
        self.openssl_ca("-gencrl", "-out", self.folder / "list.pem")
        return subprocess.run(["openssl", "crl", "-in", self.folder / "list.pem", "-outform", "DER"], capture_output=True, check=True).stdout

    def ocsp(self, request):
        """DER of the answer to a request in DER."""
        asked, answer = self.folder / "ocsp.req", self.folder / "ocsp.resp"
        asked.write_bytes(request)
        run("openssl", "ocsp", "-index", self.folder / "index.txt", "-CA", self.certificate, "-rsigner", self.certificate, "-rkey", self.key,
            "-reqin", asked, "-respout", answer, "-ndays", "1")
        return answer.read_bytes()


class RevocationServer:
    """Lists and answers of authorities over HTTP: GET /NAME.crl, POST /NAME, GET /NAME.cer (the authority's own certificate)."""

    def __init__(self):
        self.authorities, self.asked = {}, []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def answer(self, body):
                self.send_response(200 if body else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                outer.asked.append(self.path)
                name, _, kind = self.path.strip("/").partition(".")
                authority = outer.authorities.get(name)
                if not authority:
                    return self.answer(b"")
                if kind == "cer":
                    return self.answer(ssl.PEM_cert_to_DER_cert(authority.certificate.read_text()))
                return self.answer(authority.crl())

            def do_POST(self):
                outer.asked.append(self.path)
                self.answer(outer.authorities[self.path.strip("/")].ocsp(self.rfile.read(int(self.headers["Content-Length"]))))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


CLAIMS = []


def free_port():
    """A port that nothing listens on. As free_port of tests/support/child_process.hpp: claimed for this process by a name that all
    tests of this machine share, and below the ports that the system hands out to connections."""
    for port in itertools.chain(range(28000 + os.getpid() * 37 % 4700, 32700), range(28000, 32700)):
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0countersign-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        CLAIMS.append(claim)
        return port
    raise Failed("there is no free port on 127.0.0.1")


def answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
        return True
    except OSError:
        return False


@contextlib.contextmanager
def running(child):
    try:
        yield child
    finally:
        child.kill()


@contextlib.contextmanager
def s_server(folder, certificate, key, *more):
    """The port of `openssl s_server`."""
    command = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", certificate, "-key", key, "-www", "-naccept", "1000", *more]
    with running(Child("s_server", command, pathlib.Path(folder) / "s_server.log")) as child:
        yield int(child.await_line("ACCEPT").rpartition(":")[2])


@contextlib.contextmanager
def gnutls_server(folder, certificate, key, priority, *more):
    port = free_port()
    command = ["gnutls-serv", "--port", port, "--x509certfile", certificate, "--x509keyfile", key, "--priority", priority, "--http", *more]
    with running(Child("gnutls-serv", command, pathlib.Path(folder) / "gnutls.log")):
        wait_for(lambda: answers(port), "gnutls-serv answers")
        yield port


@contextlib.contextmanager
def nginx(folder, *servers):
    """One nginx with these server blocks; PORT in them is its port."""
    port = free_port()
    folder = pathlib.Path(folder) / f"nginx-{port}"
    folder.mkdir()
    blocks = "\n".join(f"server {{ {block.replace('PORT', str(port))} }}" for block in servers)
    (folder / "nginx.conf").write_text(f"""
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;
  scgi_temp_path {folder}/e;
  {blocks}
}}
""")
    with running(Child("nginx", ["nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf"], folder / "log")):
        wait_for(lambda: answers(port), "nginx answers")
        yield port


@contextlib.contextmanager
def slapd(folder, certificate, key):
    port = free_port()
    folder = pathlib.Path(folder) / f"slapd-{port}"
    (folder / "data").mkdir(parents=True)
    (folder / "slapd.conf").write_text(f"""
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/pid
TLSCertificateFile {certificate}
TLSCertificateKeyFile {key}
TLSCipherSuite NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2
database mdb
directory {folder}/data
suffix "dc=example"
""")
    with running(Child("slapd", ["slapd", "-h", f"ldap://127.0.0.1:{port}", "-f", folder / "slapd.conf", "-d", "0"], folder / "log")):
        wait_for(lambda: answers(port), "slapd answers")
        yield port


class Peer(Listener):
    """A server of a few lines: `talk(connection)` on a port of its own."""

    def __init__(self, talk):
        self.talk_with = talk
        super().__init__("127.0.0.1", 0)
        self.port = self.listener.getsockname()[1]

    def talk(self, connection):
        connection.settimeout(30)
        try:
            with connection:
                self.talk_with(connection)
        except OSError:
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def speaks(*lines):
    """For Peer: says a line when asked nothing, or answers a line that begins as wanted. The last one may be a TLS context."""

    def talk(connection):
        heard = b""
        for said in lines:
            if isinstance(said, ssl.SSLContext):
                with said.wrap_socket(connection, server_side=True) as secure:
                    secure.recv(1)
                return
            wanted, answer = said
            while wanted and wanted not in heard:
                piece = connection.recv(4096)
                if not piece:
                    return
                heard += piece
            heard = b""
            connection.sendall(answer)
        while connection.recv(4096):
            pass

    return talk


def number(value, size):
    return value.to_bytes(size, "big")


class HelloServer(Peer):
    """Answers hellos of TLS 1.2 and older as it is told, in clear, up to ServerHelloDone: for what no library speaks any more."""

    def __init__(self, version, ciphers, certificates=(), compression=0, extensions=b"", key_exchange=None):
        self.version, self.ciphers, self.compression = version, ciphers, compression
        self.extensions, self.key_exchange = extensions, key_exchange
        self.certificates = [ssl.PEM_cert_to_DER_cert(pathlib.Path(one).read_text()) for one in certificates]
        super().__init__(self.answer)

    @staticmethod
    def exactly(connection, size):
        data = b""
        while len(data) < size:
            piece = connection.recv(size - len(data))
            if not piece:
                raise OSError("the end")
            data += piece
        return data

    def answer(self, connection):
        header = self.exactly(connection, 5)
        hello = self.exactly(connection, int.from_bytes(header[3:5], "big"))
        version = int.from_bytes(hello[4:6], "big")
        at = 6 + 32
        at += 1 + hello[at]
        size = int.from_bytes(hello[at:at + 2], "big")
        offered = [int.from_bytes(hello[i:i + 2], "big") for i in range(at + 2, at + 2 + size, 2)]
        chosen = next((one for one in self.ciphers if one in offered), None)
        if version < self.version or chosen is None:
            connection.sendall(bytes([21, 3, 0, 0, 2, 2, 70 if version < self.version else 40]))
            return
        messages = [(2, number(self.version, 2) + bytes(32) + b"\0" + number(chosen, 2) + number(self.compression, 1)
                     + (number(len(self.extensions), 2) + self.extensions if self.extensions else b""))]
        if self.certificates:
            chain = b"".join(number(len(one), 3) + one for one in self.certificates)
            messages.append((11, number(len(chain), 3) + chain))
        if self.key_exchange:
            messages.append((12, self.key_exchange))
        messages.append((14, b""))
        flight = b"".join(number(kind, 1) + number(len(body), 3) + body for kind, body in messages)
        # In pieces, as a slow network delivers them.
        for start in range(0, len(flight), 1000):
            piece = flight[start:start + 1000]
            connection.sendall(b"\x16" + number(self.version, 2) + number(len(piece), 2) + piece)
        while connection.recv(4096):
            pass
