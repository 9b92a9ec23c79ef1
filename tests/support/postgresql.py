"""A PostgreSQL server of one's own, from Debian's package: made, started and removed by who needs it.

    python3 tests/support/postgresql.py start FILE     starts one and writes its URL into FILE
    python3 tests/support/postgresql.py stop FILE      stops it and removes it

The server refuses to run as root: then it runs as the package's user."""

import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

USER = "countersign"
DATABASE = "countersign"


class Missing(Exception):
    pass


def program(name):
    """The newest that is installed: Debian keeps them out of the path."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if found:
        return str(found[-1])
    if on_path := shutil.which(name):
        return on_path
    raise Missing(f"no {name}: install postgresql-15")


def prefix():
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"]


class Postgresql:
    """Listens on a socket in a folder of its own and, with `tls` (certificate, key), on `port` of 127.0.0.1, where a password is asked
    for. `durable`: as after a fresh installation; else it writes without waiting for the disk."""

    def __init__(self, tls=None, port=5432, password="", durable=False, more=()):
        self.tls, self.port, self.password = tls, port, password
        self.settings = [f"port={port}", "listen_addresses=" + ("127.0.0.1" if tls else ""), "log_min_messages=warning", *more]
        if not durable:
            self.settings += ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="cs-pg-"))
        self.data = self.folder / "data"
        self.log = self.folder / "log"

    @property
    def url(self):
        return f"postgresql://{USER}@/{DATABASE}?host={self.folder}&port={self.port}"

    def run(self, *command):
        return subprocess.run([*prefix(), *command], cwd="/", check=True, capture_output=True, text=True)

    def make(self):
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        self.run(program("initdb"), "-D", str(self.data), "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "-A", "trust", "--no-sync")
        if self.tls:
            for source, name in zip(self.tls, ("server.crt", "server.key")):
                text = pathlib.Path(source).read_text()
                self.run("/bin/sh", "-c", f"umask 077; cat > {self.data / name} <<'END'\n{text}\nEND")
            self.settings += ["ssl=on"]
            hba = f"local all all trust\nhostssl all all 127.0.0.1/32 {'scram-sha-256' if self.password else 'trust'}\n"
            self.run("/bin/sh", "-c", f"printf '%s' '{hba}' > {self.data / 'pg_hba.conf'}")
        self.start()
        self.query("postgres", f"CREATE DATABASE {DATABASE}")
        for extension in ("citext", "pg_trgm"):
            self.query(DATABASE, f"CREATE EXTENSION {extension}")
        if self.password:
            self.query("postgres", f"ALTER USER {USER} PASSWORD '{self.password}'")
        return self

    def start(self):
        options = " ".join(f"-c {setting}" for setting in [*self.settings, f"unix_socket_directories={self.folder}"])
        self.run(program("pg_ctl"), "-D", str(self.data), "-l", str(self.log), "-w", "-s", "-o", options, "start")

    def stop(self, mode="fast"):
        self.run(program("pg_ctl"), "-D", str(self.data), "-w", "-s", "-m", mode, "stop")

    def query(self, database, sql):
        command = [program("psql"), "-h", str(self.folder), "-p", str(self.port), "-U", USER, "-d", database, "-XAtqc", sql]
        return self.run(*command).stdout.strip()

    def remove(self):
        if self.data.exists():
            subprocess.run(
                [*prefix(), program("pg_ctl"), "-D", str(self.data), "-w", "-s", "-m", "immediate", "stop"],
                cwd="/", check=False, capture_output=True,
            )
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        try:
            return self.make()
        except subprocess.CalledProcessError as error:
            log = self.log.read_text() if self.log.exists() else ""
            self.remove()
            raise RuntimeError(f"PostgreSQL did not start: {error.stderr}\n{log}") from error

    def __exit__(self, *_):
        self.remove()


def stop_named(file):
    if not file.exists():
        return
    lines = file.read_text().splitlines()
    file.unlink()
    if len(lines) == 2 and pathlib.Path(lines[1]).name.startswith("cs-pg-"):
        server = Postgresql()
        shutil.rmtree(server.folder)
        server.folder = pathlib.Path(lines[1])
        server.data = server.folder / "data"
        server.remove()


def main():
    if len(sys.argv) != 3 or sys.argv[1] not in ("start", "stop"):
        sys.exit(__doc__)
    file = pathlib.Path(sys.argv[2])
    stop_named(file)
    if sys.argv[1] == "start":
        server = Postgresql().__enter__()
        file.write_text(f"{server.url}\n{server.folder}\n")


if __name__ == "__main__":
    main()
