"""What end-to-end tests stand on: the real programs, a real name server and time server, curl and openssl as other
people's eyes, a browser made of curl and a form reader, a person at a Telnet prompt.

Everything listens on 127.x addresses of its own and on ports shifted by an offset, so that tests run beside each other and
as any user. Every wait is for an event, with a limit."""

import atexit
import html.parser
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

BIN = pathlib.Path(os.environ.get("COUNTERSIGN_BIN", "build/dev/bin")).resolve()
# Sanitizers make everything slower; limits of waits grow with this.
PATIENCE = float(os.environ.get("COUNTERSIGN_PATIENCE", "1"))


class Failed(AssertionError):
    """A step did not do what it must; the text says what was seen."""


def wait_for(condition, what, seconds=30, pause=0.05):
    """Asks `condition` until it gives something true, and returns that."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(pause)


def run(*command, check=True, stdin=None, env=None, timeout=120):
    done = subprocess.run([str(part) for part in command], input=stdin, capture_output=True, text=True, errors="replace",
                          env={**os.environ, **(env or {})}, timeout=timeout * PATIENCE)
    if check and done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))}\nexit {done.returncode}\n{done.stdout}{done.stderr}")
    return done


class Child:
    """A program in the background. Its output goes to a log; it is stopped with the test."""

    def __init__(self, name, command, log, env=None):
        self.name, self.command, self.log = name, [str(part) for part in command], pathlib.Path(log)
        self.env = {**os.environ, **(env or {})}
        self.start()

    def start(self):
        self.offset = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                            env=self.env)
        atexit.register(self.kill)

    def text(self):
        with open(self.log, "rb") as log:
            log.seek(self.offset)
            return log.read().decode(errors="replace")

    def await_line(self, word, seconds=60):
        def found():
            for line in self.text().splitlines():
                if line.startswith(word):
                    return line
            if self.process.poll() is not None:
                raise Failed(f"{self.name} ended with {self.process.returncode}:\n{self.text()[-3000:]}")
            return None
        return wait_for(found, f"{self.name} says {word!r}:\n{self.text()[-3000:]}", seconds)

    def kill(self):
        """SIGKILL: as a power cut is to the program."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM; the program must end by itself, with 0, and say nothing of a sanitizer."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(30 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Failed(f"{self.name} did not stop; its log ends:\n{self.text()[-3000:]}") from None
        if code != 0:
            raise Failed(f"{self.name} ended with {code}:\n{self.text()[-6000:]}")


def free_offset():
    """A port offset at which the ports of this test are free. Addresses differ between tests; this keeps runs apart. Browsers refuse port
    10080."""
    return 10100 + (os.getpid() * 7) % 200 * 100


def toml_value(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(name)} = {toml_value(one)}" for name, one in value.items()) + " }"
    return json.dumps(value)


class World:
    """A network of its own: names, time, virtual systems, a manager. `with World("mcu") as world:`"""

    domain = "company.com"

    def __init__(self, name):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"countersign-{name}-"))
        self.net = f"127.{30 + os.getpid() % 200}.{(os.getpid() // 200) % 200}"
        self.offset = free_offset()
        self.children = []
        self.hosts = {}
        self.manager_host = f"manager.{self.domain}"
        self.manager_address = f"{self.net}.250"
        self.dns_address = f"{self.net}.251"
        self.ntp_address = f"{self.net}.252"
        self.manager = self.device = self.dns = self.ntp = None
        self.databases = []

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        well = kind is None
        try:
            if well:
                well = False
                for child in reversed(self.children):
                    child.stop()
                well = True
        finally:
            for child in self.children:
                child.kill()
            for url, name in self.databases:
                run("psql", url, "-XAtqc", f"DROP DATABASE {name} WITH (FORCE)", check=False)
            if well and not os.environ.get("COUNTERSIGN_KEEP"):
                shutil.rmtree(self.folder, ignore_errors=True)
            else:
                print(f"the test's files are in {self.folder}")
                for child in self.children:
                    print(f"--- {child.name}\n{child.text()[-2500:]}")
        return False

    def port(self, standard):
        return standard + self.offset

    def start(self, name, *command, env=None):
        child = Child(name, command, self.folder / f"{name}.log", env)
        self.children.append(child)
        return child

    # --- names and time ---------------------------------------------------------------------------------------------------
    def write_zone(self):
        lines = [f"host-record={host},{one}" for host, address in self.hosts.items() for one in ([address] if isinstance(address, str) else address)]
        (self.folder / "zone.conf").write_text("\n".join(lines) + "\n")

    def start_dns(self):
        self.hosts.setdefault(self.manager_host, self.manager_address)
        self.hosts.setdefault(f"ntp.{self.domain}", self.ntp_address)
        self.write_zone()
        user = ["user=root", "group=root"] if os.geteuid() == 0 else []
        (self.folder / "dnsmasq.conf").write_text("\n".join([
            f"port={self.port(53)}", f"listen-address={self.dns_address}", "bind-interfaces", "no-resolv", "no-hosts",
            f"local=/{self.domain}/", f"pid-file={self.folder}/dnsmasq.pid", f"conf-file={self.folder}/zone.conf", *user]) + "\n")
        self.dns = self.start("dnsmasq", "dnsmasq", "--keep-in-foreground", f"--conf-file={self.folder}/dnsmasq.conf")

    def change_hosts(self, **hosts):
        """Other addresses for names; the name server is started again."""
        self.hosts.update({name.replace("__", "."): address for name, address in hosts.items()})
        self.write_zone()
        self.dns.kill()
        self.dns.start()

    def start_ntp(self):
        (self.folder / "chrony.conf").write_text("\n".join([
            "local stratum 8", "allow 127.0.0.0/8", f"bindaddress {self.ntp_address}", f"port {self.port(123)}", "cmdport 0",
            "bindcmdaddress /", f"pidfile {self.folder}/chronyd.pid"]) + "\n")
        extra = [] if os.geteuid() == 0 else ["-U"]
        user = run("id", "-un").stdout.strip()
        self.ntp = self.start("chronyd", "chronyd", "-x", "-d", "-u", user, *extra, "-f", self.folder / "chrony.conf")

    # --- systems ----------------------------------------------------------------------------------------------------------
    def add_estate(self, systems, name="estate", first=1):
        """Systems as dictionaries of the estate file (family, host_name, ...); addresses are given here."""
        lines = []
        for number, system in enumerate(systems, first):
            system.setdefault("address", f"{self.net}.{number}")
            system.setdefault("serial", f"A{os.getpid():06d}{number:04d}")
            system.setdefault("mac", f"00:50:60:{number // 256:02X}:{number % 256:02X}:{os.getpid() % 256:02X}")
            if system.get("host_name"):
                self.hosts[system["host_name"]] = system["address"]
            lines.append("[[system]]")
            lines += [f"{name} = {toml_value(value)}" for name, value in system.items()]
        (self.folder / f"{name}.toml").write_text("\n".join(lines) + "\n")
        return systems

    def start_device(self, *more, name="estate"):
        """The systems of one estate file, in a process of their own."""
        device = self.start(f"device-{name}", BIN / "countersign-device", "--estate", self.folder / f"{name}.toml", "--data",
                            self.folder / name, "--port-offset", self.offset, *more)
        device.await_line("ready:", 180)
        self.device = self.device or device
        return device

    def journal(self, system):
        """The unit's own record of what happened to it, one event a line."""
        return (self.folder / "estate" / system["serial"] / "journal.log").read_text().splitlines()

    # --- the manager ------------------------------------------------------------------------------------------------------
    def database_of_its_own(self):
        """On the PostgreSQL server that the environment names: a database of this world's own, and the manager's options for it."""
        file = os.environ.get("COUNTERSIGN_TEST_POSTGRESQL")
        if not file:
            return []
        url = pathlib.Path(file).read_text().splitlines()[0]
        name = f"world_{os.getpid()}_{len(self.databases)}"
        run("psql", url, "-XAtqc", f"CREATE DATABASE {name}")
        self.databases.append((url, name))
        return ["--database", url.replace("/countersign?", f"/{name}?")]

    def start_manager(self, *more):
        token = self.folder / "manager" / "token"
        self.manager = self.start("manager", BIN / "countersign-manager", "--data", self.folder / "manager", "--host-name", self.manager_host,
                                  "--listen", self.manager_address, "--port-offset", self.offset, "--dns", self.dns_address,
                                  "--source", self.manager_address, "--token-file", token, *self.database_of_its_own(), *more)
        self.manager.await_line("ready:")
        wait_for(token.exists, "the manager wrote its token")

    def restart_manager(self):
        self.manager.start()
        self.manager.await_line("ready:")

    def trust_factory(self):
        for authority in self.folder.glob("*/factory-ca/*.pem"):
            self.cli("factory-trust", "add", authority, "--vendor", authority.stem)

    def set_policy(self):
        self.cli("policy", "set", "--dns-server", self.dns_address, "--dns-domain", self.domain, "--ntp-server", f"ntp.{self.domain}",
                 "--manager-host-name", self.manager_host)

    def start_all(self, systems, *more):
        """Names, time, systems at factory defaults, and a manager that knows the vendors and the policy but no system."""
        self.add_estate(systems)
        self.start_dns()
        self.start_ntp()
        self.start_device()
        self.start_manager(*more)
        self.trust_factory()
        self.set_policy()
        return systems

    def add_to_manager(self, systems):
        for system in systems:
            self.cli("system", "add", system["host_name"], "--ip", system["address"], "--family", system["family"])

    def control(self, *words, check=True):
        """What stands at the virtual units: faults, power, and the like."""
        return run(BIN / "countersign-device", "control", "--data", self.folder / "estate", *words, check=check)

    def pin_served(self, system):
        """What a person does where a factory certificate leads to no authority: waits until HTTPS is there, compares and pins it."""
        https = (system["address"], self.port(443))
        wait_for(lambda: port_state(*https) == "open", f"HTTPS of {system['host_name']}", 60)
        self.cli("system", "set", system["host_name"], "--system-pin", served_certificate(*https)["fingerprint"])

    def cli_surroundings(self):
        return {"COUNTERSIGN_URL": f"https://{self.manager_host}:{self.port(443)}", "COUNTERSIGN_ADDRESS": self.manager_address,
                "COUNTERSIGN_CA": str(self.folder / "manager" / "ca.pem"), "COUNTERSIGN_CONFIG": str(self.folder / "cli.toml")}

    def cli(self, *arguments, check=True, stdin=None, timeout=300):
        return run(BIN / "countersign", "--token-file", self.folder / "manager" / "token", *arguments, check=check, stdin=stdin,
                   env=self.cli_surroundings(), timeout=timeout)

    def api(self, *arguments, check=True):
        """A command's answer as data."""
        done = self.cli("--json", *arguments, check=check)
        return json.loads(done.stdout) if done.stdout.strip() else None

    def systems(self):
        return {system["host_name"]: system for system in self.api("system", "list")["systems"]}

    def tickets(self, state="open"):
        return self.api("ticket", "list", "--state", state)["tickets"]


# --- other people's eyes --------------------------------------------------------------------------------------------------
def port_state(address, port):
    """open, refused or silent, by a TCP connection."""
    probe = socket.socket()
    probe.settimeout(3 * PATIENCE)
    try:
        probe.connect((address, port))
        return "open"
    except ConnectionRefusedError:
        return "refused"
    except OSError:
        return "silent"
    finally:
        probe.close()


def resets(address, port):
    """Does a connection there break with RST? A port that refuses, or closes in an orderly way, does not."""
    try:
        with socket.create_connection((address, port), timeout=5 * PATIENCE) as peer:
            peer.recv(1)
            return False
    except ConnectionRefusedError:
        return False
    except ConnectionResetError:
        return True


def snmp_answers(address, port, community="public"):
    """Does an SNMP agent answer a v2c get of sysDescr?"""
    name = bytes([0x30, 0x0C, 0x06, 0x08, 0x2B, 6, 1, 2, 1, 1, 1, 0, 0x05, 0x00])
    request = bytes([0x02, 1, 7, 0x02, 1, 0, 0x02, 1, 0, 0x30, len(name)]) + name
    body = bytes([0x02, 1, 1, 0x04, len(community)]) + community.encode() + bytes([0xA0, len(request)]) + request
    question = bytes([0x30, len(body)]) + body
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asked.settimeout(1.5 * PATIENCE)
    try:
        asked.connect((address, port))
        asked.send(question)
        return asked.recv(4096)[:1] == b"\x30"
    except OSError:
        return False
    finally:
        asked.close()


def curl(*arguments, check=True):
    return run("curl", "--silent", "--show-error", "--max-time", str(int(20 * PATIENCE)), "--noproxy", "*", *arguments, check=check)


def status_of(url, *arguments):
    """The HTTP status that curl got, 0 when it got none."""
    return int(curl("--output", "/dev/null", "--write-out", "%{http_code}", *arguments, url, check=False).stdout or 0)


def ssh(folder, address, port, password, command, user="anything"):
    """One command through OpenSSH's client: what it printed. The host key of the first call is the only one that is taken later."""
    script = pathlib.Path(folder) / "askpass"
    script.write_text('#!/bin/sh\nprintf "%s\\n" "$COUNTERSIGN_TEST_PASSWORD"\n')
    script.chmod(0o700)
    return run("ssh", "-F", "none", "-p", port, "-o", f"UserKnownHostsFile={folder}/known_hosts", "-o", "GlobalKnownHostsFile=none",
               "-o", "StrictHostKeyChecking=accept-new", "-o", "PubkeyAuthentication=no", "-o", "NumberOfPasswordPrompts=1",
               "-o", "LogLevel=ERROR", f"{user}@{address}", command, check=False,
               env={"SSH_ASKPASS": str(script), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none", "COUNTERSIGN_TEST_PASSWORD": password})


def served_certificate(address, port):
    """What `openssl s_client` is shown: fingerprint, subject, issuer."""
    shown = run("openssl", "s_client", "-connect", f"{address}:{port}", "-showcerts", stdin="", check=False).stdout
    if "BEGIN CERTIFICATE" not in shown:
        raise Failed(f"no certificate at {address}:{port}:\n{shown[-500:]}")
    text = run("openssl", "x509", "-noout", "-fingerprint", "-sha256", "-subject", "-issuer", stdin=shown).stdout
    fields = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {"fingerprint": next(v for k, v in fields.items() if "ingerprint" in k).replace(":", "").lower(), "subject": fields["subject"],
            "issuer": fields["issuer"]}


def serves(address, port, certificate):
    """True when that certificate (a PEM file) is shown; False while nothing answers, as during a restart."""
    try:
        return served_certificate(address, port)["fingerprint"] == fingerprint_of(certificate)
    except Failed:
        return False


def s_client_verifies(address, port, roots, name):
    done = run("openssl", "s_client", "-connect", f"{address}:{port}", "-CAfile", roots, "-verify_return_error", "-verify_hostname", name,
               "-servername", name, stdin="", check=False)
    return done.returncode == 0 and "Verify return code: 0 (ok)" in done.stdout


def fingerprint_of(file):
    text = run("openssl", "x509", "-in", file, "-noout", "-fingerprint", "-sha256").stdout
    return text.split("=", 1)[1].strip().replace(":", "").lower()


class Authority:
    """A certificate authority that is nobody of ours: the openssl program."""

    def __init__(self, folder, name="Company Root CA"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.key, self.certificate = self.folder / "ca.key", self.folder / "ca.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.key, "-out",
            self.certificate, "-days", "3650", "-subj", f"/O=Company/CN={name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, host, name=None, days=365, passphrase=None, start=None):
        """Private key and certificate for a host as the appendix of the guide makes them: genrsa, req, sign."""
        base = self.folder / (name or host)
        key, request, certificate = (base.with_name(base.name + ending) for ending in (".key", ".csr", ".pem"))
        encryption = ["-des3", "-passout", f"pass:{passphrase}"] if passphrase else []
        run("openssl", "genrsa", *encryption, "-out", key, "2048")
        run("openssl", "req", "-new", "-key", key, "-out", request, "-subj", f"/O=Company/CN={host}",
            *(["-passin", f"pass:{passphrase}"] if passphrase else []))
        extensions = base.with_name(base.name + ".ext")
        extensions.write_text(f"subjectAltName=DNS:{host}\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:FALSE\n")
        dates = ["-days", str(days)]
        if start:  # a date in the past needs `openssl ca`
            return self.issue_between(key, request, certificate, extensions, *start)
        run("openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-out", certificate,
            "-extfile", extensions, *dates)
        return key, certificate

    def issue_between(self, key, request, certificate, extensions, begin, end):
        (self.folder / "index.txt").touch()
        (self.folder / "serial").write_text("1000\n")
        (self.folder / "ca.conf").write_text(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index.txt\nserial=%s/serial\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nunique_subject=no\n"
            "[p]\norganizationName=optional\ncommonName=supplied\n" % ((self.folder,) * 3))
        run("openssl", "ca", "-batch", "-config", self.folder / "ca.conf", "-cert", self.certificate, "-keyfile", self.key, "-in", request, "-out",
            certificate, "-extfile", extensions, "-startdate", begin, "-enddate", end, "-notext")
        return key, certificate


# --- a person at a browser ------------------------------------------------------------------------------------------------
class FormReader(html.parser.HTMLParser):
    """Collects forms with their fields by label, and the text of the page."""

    def __init__(self):
        super().__init__()
        self.forms, self.labels, self.text = [], {}, []
        self.form = self.label = self.select = self.button = self.area = None

    def handle_starttag(self, tag, attributes):
        at = dict(attributes)
        if tag == "form":
            self.form = {"action": at.get("action", ""), "enctype": at.get("enctype", ""), "fields": [], "buttons": []}
            self.forms.append(self.form)
        elif tag == "label":
            self.label = [at.get("for", ""), ""]
        elif tag == "input" and self.form is not None:
            field = {"name": at.get("name", ""), "id": at.get("id", ""), "type": at.get("type", "text"), "value": at.get("value", ""),
                     "checked": "checked" in at, "label": at.get("aria-label")}
            if field["type"] == "submit":
                self.form["buttons"].append({"name": field["name"], "text": field["value"]})
            else:
                self.form["fields"].append(field)
        elif tag == "textarea" and self.form is not None:
            self.area = {"name": at.get("name", ""), "id": at.get("id", ""), "type": "textarea", "value": "", "label": at.get("aria-label")}
            self.form["fields"].append(self.area)
        elif tag == "select" and self.form is not None:
            self.select = {"name": at.get("name", ""), "id": at.get("id", ""), "type": "select", "value": "", "options": []}
            self.form["fields"].append(self.select)
        elif tag == "option" and self.select is not None:
            self.option = [at.get("value"), "", "selected" in at]
            self.select["options"].append(self.option)
        elif tag == "button" and self.form is not None:
            self.button = {"name": at.get("name", ""), "text": "", "value": at.get("value", "")}
            self.form["buttons"].append(self.button)

    def handle_endtag(self, tag):
        if tag == "form":
            self.form = None
        elif tag == "label" and self.label:
            self.labels[self.label[0]] = " ".join(self.label[1].split())
            self.label = None
        elif tag == "select":
            for option in self.select["options"]:
                option[1] = option[1].strip()
                if option[0] is None:  # an option without a value sends its text
                    option[0] = option[1]
            chosen = [option for option in self.select["options"] if option[2]] or self.select["options"][:1]
            self.select["value"] = chosen[0][0] if chosen else ""
            self.select = None
        elif tag == "button":
            self.button = None
        elif tag == "textarea":
            self.area = None

    def handle_data(self, data):
        self.text.append(data)
        if self.label is not None:
            self.label[1] += data
        if self.select is not None and self.select["options"]:
            self.select["options"][-1][1] += data
        if self.button is not None:
            self.button["text"] += data
        if self.area is not None:
            self.area["value"] += data


class Browser:
    """Opens pages with curl and fills in forms by the labels that a person sees."""

    def __init__(self, base, user, password, *curl_options):
        self.base, self.options = base, ["--user", f"{user}:{password}", "--digest", *curl_options]

    def open(self, path, redirects=5):
        done = curl("--write-out", "\n%{http_code} %{redirect_url}", *self.options, self.base + path)
        body, _, last = done.stdout.rpartition("\n")
        code, _, location = last.partition(" ")
        if code in ("302", "303") and redirects:
            return self.open(urllib.parse.urlsplit(location).path, redirects - 1)
        self.path, self.status, self.html = path, int(code), body
        self.page = FormReader()
        self.page.feed(body)
        return self

    @property
    def text(self):
        return " ".join(" ".join(self.page.text).split())

    def fill_in(self, button, **values):
        """Submits the form with that button. Values by label, with spaces as in the page: fill_in("Upload", **{"Private key": file}).
        Files are pathlib paths; checkboxes are True or False; select options are their visible text."""
        for form in self.page.forms:
            if any(one["text"].strip().lower() == button.lower() for one in form["buttons"]) and self._has_all(form, values):
                return self._send(form, button, values)
        raise Failed(f"no form with button {button!r} and fields {list(values)} on {self.path}: {self.html[:3000]}")

    def _label(self, field):
        return self.page.labels.get(field["id"]) or field.get("label") or field["name"]

    def _has_all(self, form, values):
        labels = {self._label(field).lower() for field in form["fields"]}
        return all(label.lower() in labels for label in values)

    def _send(self, form, button, values):
        wanted = {label.lower(): value for label, value in values.items()}
        multipart = "multipart" in form["enctype"]
        parts = []
        for field in form["fields"]:
            value = wanted.get(self._label(field).lower())
            if isinstance(value, pathlib.Path):
                parts += ["--form", f"{field['name']}=@{value}"]
                continue
            if field["type"] == "checkbox":
                if value if value is not None else field["checked"]:
                    parts += self._plain(multipart, field["name"], field["value"] or "on")
                continue
            if field["type"] == "select" and value is not None:
                value = next((option[0] for option in field["options"] if option[1].strip().lower() == value.lower()), None)
                if value is None:
                    raise Failed(f"{field['name']} has no such choice; there are {field['options']}")
            if field["type"] != "file":
                parts += self._plain(multipart, field["name"], field["value"] if value is None else value)
        for one in form["buttons"]:
            if one["text"].strip().lower() == button.lower() and one["name"]:
                parts += self._plain(multipart, one["name"], one.get("value") or one["text"].strip())
        target = urllib.parse.urljoin(self.path, form["action"] or self.path)
        if not parts:
            parts = ["--data", ""]
        done = curl("--write-out", "\n%{http_code} %{redirect_url}", *self.options, *parts, self.base + target)
        body, _, last = done.stdout.rpartition("\n")
        code, _, location = last.partition(" ")
        self.status, self.html = int(code), body
        if self.status in (302, 303):
            return self.open(urllib.parse.urlsplit(location).path)
        self.page = FormReader()
        self.page.feed(body)
        return self

    @staticmethod
    def _plain(multipart, name, value):
        return ["--form-string", f"{name}={value}"] if multipart else ["--data-urlencode", f"{name}={value}"]


# --- a person at a Telnet prompt ------------------------------------------------------------------------------------------
class Telnet:
    def __init__(self, address, port, password, user=None):
        self.socket = socket.create_connection((address, port), timeout=15 * PATIENCE)
        self.received = ""
        if user is not None:
            self.read_until("login:")
            self.socket.sendall(user.encode() + b"\r\n")
        self.read_until("assword:")
        self.socket.sendall(password.encode() + b"\r\n")
        self.read_until("OK")

    def read_until(self, text):
        while text not in self.received:
            data = self.socket.recv(4096)
            if not data:
                raise Failed(f"the connection ended before {text!r}: {self.received[-500:]}")
            self.received += self._plain(data).decode(errors="replace")
        before, _, self.received = self.received.partition(text)
        return before

    def _plain(self, data):
        """Without Telnet commands; every offer and request is refused, as a very plain terminal does."""
        out, i = bytearray(), 0
        while i < len(data):
            if data[i] == 255 and i + 2 < len(data) and data[i + 1] in (251, 252, 253, 254):
                if data[i + 1] in (251, 253):
                    self.socket.sendall(bytes([255, 254 if data[i + 1] == 251 else 252, data[i + 2]]))
                i += 3
            else:
                out.append(data[i])
                i += 1
        return bytes(out)

    def type(self, line):
        """One line; the answer up to its OK or ERROR."""
        self.received = ""
        self.socket.sendall(line.encode() + b"\r\n")
        deadline = time.monotonic() + 15 * PATIENCE
        while True:
            plain = self.received.replace("\r", "")
            if "\nOK\n" in "\n" + plain or "\nERROR" in "\n" + plain:
                answer, self.received = self.received, ""
                return answer
            if time.monotonic() > deadline:
                raise Failed(f"no end of the answer to {line!r}: {plain!r}")
            data = self.socket.recv(4096)
            if not data:
                return self.received
            self.received += self._plain(data).decode(errors="replace")

    def close(self):
        self.socket.close()
