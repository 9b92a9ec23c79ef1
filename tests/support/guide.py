"""What the guide tests share: running one, saying which step is done, and what every guide of a text system checks."""

import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(__file__))
from estate import (Telnet, World, curl, port_state, run, served_certificate, snmp_answers, ssh, status_of, wait_for)  # noqa: E402


def step(text):
    """A step of the guide, in its own numbering, for whoever reads the log."""
    print(f"  {text}", flush=True)


def main():
    unittest.main(verbosity=2)


def snmpget(address, port, community="public"):
    """What net-snmp's own program is told, or "" when nobody answers."""
    done = run("snmpget", "-v2c", "-c", community, "-t", "1", "-r", "1", "-Oqv", f"udp:{address}:{port}", "1.3.6.1.2.1.1.1.0", check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


class SystemGuide(unittest.TestCase):
    """A guide for one system. Subclasses say which family and host name, and what the guide types."""

    FAMILY = ""
    HOST = ""
    PASSWORD = "superstrongpasswordhere"
    WEB_USER = "anything"  # what the guide says to enter
    TEXT_USER = None  # the user name that Telnet asks for; None: it asks for a password only
    # Services at the factory, by the port of each; UDP by snmpget.
    OPEN_AT_FACTORY = {"HTTP": 80, "Telnet": 23}
    CLOSED_AT_FACTORY = {"HTTPS": 443, "SSH": 22}

    def run(self, result=None):
        # The class itself is no guide.
        return super().run(result) if self.FAMILY else result

    def factory_system(self, world, **more):
        system = world.add_estate([{"family": self.FAMILY, "host_name": self.HOST, **more}])[0]
        world.start_dns()
        world.start_ntp()
        world.start_device()
        for name, standard in self.OPEN_AT_FACTORY.items():
            self.assertEqual(port_state(system["address"], world.port(standard)), "open", f"{name} is on at the factory (SVC-1)")
        for name, standard in self.CLOSED_AT_FACTORY.items():
            self.assertEqual(port_state(system["address"], world.port(standard)), "refused", f"{name} is off at the factory (SVC-1)")
        self.assertTrue(snmpget(system["address"], world.port(161)), "SNMP is on at the factory (SVC-1)")
        return system

    def telnet(self, world, system):
        return Telnet(system["address"], world.port(23), "TANDBERG", self.TEXT_USER)

    def type_all(self, telnet, lines):
        for line in lines:
            answer = telnet.type(line)
            self.assertNotIn("ERROR", answer, f"{line}: {answer}")

    def still_as_before(self, world, address):
        step("a switch waits for the restart (SVC-3)")
        for name, standard in self.OPEN_AT_FACTORY.items():
            self.assertEqual(port_state(address, world.port(standard)), "open", name)
        for name, standard in self.CLOSED_AT_FACTORY.items():
            self.assertEqual(port_state(address, world.port(standard)), "refused", name)

    def reboot(self, world, telnet, address):
        step("xcom boot; wait until the system has fully restarted")
        telnet.type("xcom boot")
        wait_for(lambda: port_state(address, world.port(443)) == "open", "HTTPS opens after the restart")
        telnet.close()

    def confirm_closed(self, world, address):
        step("confirm from outside what is refused")
        for name, standard in {**self.OPEN_AT_FACTORY, "HTTP": 80, "Telnet": 23}.items():
            if standard in (22, 443):
                continue
            self.assertEqual(port_state(address, world.port(standard)), "refused", f"{name} must be closed")
        self.assertEqual(status_of(f"http://{address}:{world.port(80)}/"), 0)
        self.assertFalse(snmp_answers(address, world.port(161)), "SNMP must be closed")
        self.assertFalse(snmpget(address, world.port(161)), "SNMP must be closed")

    def confirm_password(self, world, address, document="/getxml?location=/Configuration"):
        step("log in as the guide says with the new password; the factory password opens nothing")
        url = f"https://{address}:{world.port(443)}{document}"
        self.assertEqual(status_of(url, "--insecure", "--digest", "--user", f"{self.WEB_USER}:{self.PASSWORD}"), 200)
        self.assertEqual(status_of(url, "--insecure", "--digest", "--user", f"{self.WEB_USER}:TANDBERG"), 401)
        self.assertEqual(status_of(url, "--insecure"), 401)

    def confirm_ssh(self, world, address, command, expected):
        step("SSH, optional but recommended, takes the new password and no other")
        port, user = world.port(22), self.TEXT_USER or "anything"
        self.assertEqual(ssh(world.folder, address, port, "TANDBERG", "xstatus systemunit", user).returncode, 255)
        done = ssh(world.folder, address, port, self.PASSWORD, command, user)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, expected)
        if self.TEXT_USER:
            self.assertEqual(ssh(world.folder, address, port, self.PASSWORD, command, "somebody").returncode, 255, "only its own user name")

    def confirm_certificate(self, world, address, authority, certificate_fingerprint):
        """The FQDN in a browser that trusts the root shows no certificate error; another name does."""
        step("the certificate that is served, with and without the trusted root")
        self.assertEqual(served_certificate(address, world.port(443))["fingerprint"], certificate_fingerprint)
        port = world.port(443)
        resolve = ["--resolve", f"{self.HOST}:{port}:{address}", "--digest", "--user", f"{self.WEB_USER}:{self.PASSWORD}"]
        url = f"https://{self.HOST}:{port}/"
        self.assertIn(status_of(url, *resolve, "--cacert", authority.certificate), (200, 302))
        self.assertEqual(status_of(url, *resolve), 0, "without the root nobody vouches for it")

    def configuration(self, world, address):
        return curl("--insecure", "--digest", "--user", f"{self.WEB_USER}:{self.PASSWORD}",
                    f"https://{address}:{world.port(443)}/getxml?location=/Configuration").stdout

    def observed_level(self, world, system, password):
        """The level that a manager sees, and why."""
        world.start_manager()
        world.trust_factory()
        world.set_policy()
        options = []
        if password is not None:
            secret = world.folder / "password"
            secret.write_text(password + "\n")
            options = ["--password-file", secret]
        world.cli("system", "add", self.HOST, "--ip", system["address"], "--family", self.FAMILY, *options)
        return world.api("system", "observe", self.HOST)["assessments"][0]

    def left_open(self, world, system, assessment, **levels):
        """What the guide leaves open holds the system at that level, and the plan to Level 4 closes it (REQ LVL-5, LVL-7)."""
        rows = {row["id"]: row for row in assessment["protocols"]}
        for service, level in levels.items():
            self.assertTrue(rows[service]["open"], rows[service])
            self.assertEqual(rows[service]["level"], level, rows[service])
            self.assertTrue(rows[service]["raise_by"], rows[service])
        world.cli("system", "set", self.HOST, "--system-pin", served_certificate(system["address"], world.port(443))["fingerprint"])
        world.api("system", "observe", self.HOST)
        plan = world.api("plan", "show", self.HOST, "--goal", "verify", check=False)["plans"][0]
        closed = {change["setting"] for one in plan["steps"] for change in one["settings"] if change["value"] == "off"}
        for service in levels:
            self.assertIn(f"service.{service}.mode", closed, plan)

    def factory_password_caps(self, lines):
        """The guide without its password step: the factory password caps the system at Level 2 (REQ DPT-3)."""
        with World(f"{self.FAMILY}p") as world:
            system = self.factory_system(world)
            telnet = self.telnet(world, system)
            self.type_all(telnet, lines)
            self.reboot(world, telnet, system["address"])
            assessment = self.observed_level(world, system, None)
            self.assertEqual(assessment["level"], 2, assessment)
