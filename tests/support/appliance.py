"""One system as software on a machine: started by itself, its certificate changed through its own web page."""

from estate import BIN, Browser, Failed, Telnet, wait_for

PASSWORD = "TANDBERG"
UPLOAD = "/web/security/cert"


class Appliance:
    """`countersign-device --family c-series` on an address of its own; state in <world>/appliance."""

    def __init__(self, world, number=1, prefix=(), env=None, options=()):
        self.world, self.address, self.data = world, f"{world.net}.{number}", world.folder / "appliance"
        self.prefix, self.env, self.options, self.child = [str(part) for part in prefix], env, options, None
        self.serial = "APPLIANCE1"

    def command(self):
        return [*self.prefix, BIN / "countersign-device", "--family", "c-series", "--address", self.address, "--data", self.data,
                "--serial", self.serial, "--port-offset", self.world.offset, "--downtime", "50", *self.options]

    def start(self):
        if self.child:
            self.child.start()
        else:
            self.child = self.world.start("appliance", *self.command(), env=self.env)
        self.child.await_line("ready:")
        return self

    def journal(self):
        file = self.data / self.serial / "journal.log"
        return file.read_text().splitlines() if file.exists() else []

    def events(self, name):
        return [line for line in self.journal() if f" {name}" in line]

    def browser(self):
        return Browser(f"http://{self.address}:{self.world.port(80)}", "admin", PASSWORD)

    def upload(self, key, certificate, trust=None):
        """Through the web page, as an administrator does."""
        values = {"HTTPS Certificate (PEM format)": certificate, "Private Key (PEM format)": key}
        if trust:
            values["Trusted CA List file (PEM format)"] = trust
        page = self.browser().open(UPLOAD).fill_in("Upload", **values)
        if page.status != 200:
            raise Failed(f"upload: {page.status} {page.text[:500]}")

    def type(self, *lines):
        telnet = Telnet(self.address, self.world.port(23), PASSWORD)
        answers = [telnet.type(line) for line in lines]
        telnet.close()
        return answers

    def restart(self):
        boots = len(self.events("boot.done"))
        self.type("xcom boot")
        wait_for(lambda: len(self.events("boot.done")) > boots, "the system has restarted")
