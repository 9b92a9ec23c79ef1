"""Several managers on one PostgreSQL database, over verified TLS, for tests and benchmarks."""

import json
import shutil

from estate import BIN, run, wait_for

PASSWORD = "a password of the database"


class Managers:
    """Managers of one world: the first has its usual place, the others stand beside it and share its sealing key."""

    def __init__(self, world, server, roots):
        self.world, self.server, self.roots, self.children = world, server, roots, []
        self.password = world.folder / "database-password"
        self.password.write_text(PASSWORD + "\n")
        self.password.chmod(0o600)
        base = world.manager_address.rsplit(".", 1)
        self.addresses = [world.manager_address] + [f"{base[0]}.{int(base[1]) + n}" for n in (1, 2, 3)]

    def folder(self, number):
        return self.world.folder / ("manager" if number == 0 else f"manager{number}")

    @property
    def database(self):
        return f"postgresql://countersign@localhost:{self.server.port}/countersign?hostaddr=127.0.0.1"

    def start(self, number, *more, ready=True):
        world, folder = self.world, self.folder(number)
        if number and not folder.exists():
            folder.mkdir(mode=0o700)
            shutil.copy(self.folder(0) / "sealing.key", folder / "sealing.key")
        child = world.start(
            f"manager{number}", BIN / "countersign-manager", "--data", folder, "--host-name", world.manager_host, "--listen", self.addresses[number],
            "--port-offset", world.offset, "--dns", world.dns_address, "--source", self.addresses[number], "--token-file", folder / "token",
            "--database", self.database, "--database-password-file", self.password, "--database-ca-file", self.roots, *more)
        if ready:
            child.await_line("ready:")
            self.children.append(child)
        else:
            world.children.remove(child)
            wait_for(lambda: child.process.poll() is not None, "the manager ends")
        return child

    def api(self, number, *arguments):
        env = {"COUNTERSIGN_URL": f"https://{self.world.manager_host}:{self.world.port(443)}", "COUNTERSIGN_ADDRESS": self.addresses[number],
               "COUNTERSIGN_CA": str(self.folder(number) / "ca.pem"), "COUNTERSIGN_CONFIG": str(self.world.folder / f"cli{number}.toml")}
        done = run(BIN / "countersign", "--token-file", self.folder(number) / "token", "--json", *arguments, env=env, timeout=300)
        return json.loads(done.stdout) if done.stdout.strip() else None
