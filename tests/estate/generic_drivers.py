#!/usr/bin/env python3
"""Products that nobody wrote a driver for: one managed by its command line over SSH, one by a hook, each described by a file of examples/ and
taken from factory state to Level 4 by the real manager. A real OpenSSH server and a real nginx are the systems."""

import os
import pathlib
import shutil
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples"


class WebServer:
    """An nginx with a certificate of its own making, on the ports that the family files name."""

    def __init__(self, world, folder, number, host):
        self.world, self.folder, self.host = world, folder, host
        self.address = f"{world.net}.{number}"
        world.hosts[host] = self.address
        folder.mkdir(parents=True)
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "key.pem",
            "-out", folder / "certificate.pem", "-days", "3650", "-subj", f"/CN={host}")
        (folder / "tls.conf").write_text("ssl_protocols TLSv1.2 TLSv1.3;\n")
        (folder / "http.conf.on").write_text(f"server {{ listen {self.address}:{world.port(80)}; root {folder}; }}\n")
        shutil.copy(folder / "http.conf.on", folder / "http.conf")
        (folder / "nginx.conf").write_text(f"""
daemon off; pid {folder}/pid; error_log {folder}/error.log; {'user root;' if os.geteuid() == 0 else ''}
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  include {folder}/http.conf;
  server {{
    listen {self.address}:{world.port(443)} ssl; root {folder};
    ssl_certificate {folder}/certificate.pem; ssl_certificate_key {folder}/key.pem;
    include {folder}/tls.conf;
  }}
}}
""")
        world.start(f"nginx-{number}", "nginx", "-p", folder, "-e", folder / "error.log", "-c", folder / "nginx.conf")
        wait_for(lambda: port_state(self.address, world.port(443)) == "open", "nginx listens")


class Gateway(WebServer):
    """The web server, with an OpenSSH server and the product's command line."""

    def __init__(self, world, number, host):
        super().__init__(world, world.folder / "gateway", number, host)
        (self.folder / "serial").write_text("4711\n")
        (self.folder / "name").write_text("gateway")
        tools = self.folder / "tools"
        tools.mkdir()
        shutil.copy(ROOT / "tests" / "support" / "gateway.sh", tools / "gateway")
        self.user = run("id", "-un").stdout.strip()
        if os.geteuid() == 0:
            pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        self.sshd, self.starts = None, 0
        self.new_host_key()

    def new_host_key(self):
        """As after an installation; the server is started again."""
        self.starts += 1
        key = self.folder / f"host_key_{self.starts}"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        self.serve(key)

    def serve(self, key):
        if self.sshd:
            self.sshd.kill()
            self.world.children.remove(self.sshd)
        self.key = key
        self.fingerprint = run("ssh-keygen", "-l", "-f", f"{key}.pub").stdout.split()[1]
        conf = self.folder / "sshd_config"
        conf.write_text("\n".join([
            f"ListenAddress {self.address}", f"Port {self.world.port(22)}", f"HostKey {key}", f"AuthorizedKeysFile {self.folder}/authorized",
            f"PidFile {self.folder}/sshd.pid", "UsePAM no", "StrictModes no", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password", "Subsystem sftp internal-sftp", "LogLevel VERBOSE",
            f"SetEnv PATH={self.folder}/tools:/usr/sbin:/usr/bin:/sbin:/bin GATEWAY={self.folder}"]) + "\n")
        self.sshd = Child("sshd", ["/usr/sbin/sshd", "-D", "-e", "-f", conf], self.folder / f"sshd-{self.starts}-{key.name}.log")
        self.world.children.append(self.sshd)
        wait_for(lambda: port_state(self.address, self.world.port(22)) == "open", "sshd listens")

    def authorize(self, line):
        (self.folder / "authorized").write_text(line + "\n")
        (self.folder / "authorized").chmod(0o600)

    def commands(self):
        log = self.folder / "commands.log"
        return log.read_text().splitlines() if log.exists() else []


class GenericDrivers(unittest.TestCase):
    maxDiff = None

    def world(self, name):
        world = World(name)
        hooks = world.folder / "tools" / "hooks"
        hooks.mkdir(parents=True)
        shutil.copy(EXAMPLES / "hooks" / "nginx.py", hooks / "nginx.py")
        (hooks / "nginx.py").chmod(0o755)
        return world, hooks

    def start(self, world, hooks):
        world.start_dns()
        world.start_ntp()
        world.start_manager("--further-families", EXAMPLES / "families", "--hooks", hooks)
        world.set_policy()

    def enforce(self, world, code):
        done = world.cli("enforce", "--wait", "--timeout", "120", check=False)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr + world.cli("job", "list").stdout + world.cli("ticket", "list").stdout)

    def plan(self, world, host):
        return world.api("plan", "show", "--goal", "verify", host)["plans"][0]

    def assert_at_level_4(self, world, server):
        self.assertEqual(world.systems()[server.host]["level"], 4, world.cli("system", "show", server.host).stdout)
        roots = world.folder / "manager" / "ca.pem"
        self.assertTrue(s_client_verifies(server.address, world.port(443), roots, server.host))
        self.assertEqual(port_state(server.address, world.port(80)), "refused")
        plan = self.plan(world, server.host)
        self.assertEqual((plan["steps"], plan["blockers"]), ([], []), plan)

    def test_examples_are_right_and_others_are_told_what_is_wrong(self):
        with World("family-files") as world:
            files = sorted(EXAMPLES.glob("families/*.toml"))
            self.assertEqual(run(BIN / "countersign", "family", "check", *files).returncode, 0)
            wrong = world.folder / "wrong.toml"
            text = (EXAMPLES / "families" / "gateway.toml").read_text()
            text = text.replace('"gateway http {value}"', '''"gateway http '{value}' {key}"''').replace("(on|off)$'", "(on|off$'")
            wrong.write_text(text)
            done = run(BIN / "countersign", "--json", "family", "check", wrong, check=False)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            problems = json.loads(done.stdout)["files"][0]["problems"]
            apply = next(number for number, line in enumerate(text.splitlines(), 1) if "{key}\"" in line and line.startswith("command"))
            self.assertTrue(any(f":{apply}" in one or f"line {apply}" in one for one in problems), (apply, problems))
            for word in ("inside of quotes", "there is no {key} here", "a ( without a )"):
                self.assertTrue(any(word in one for one in problems), (word, problems))
            done = run(BIN / "countersign-manager", "--data", world.folder / "m", "--host-name", "m.test", "--further-families", world.folder,
                       check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("wrong.toml", done.stderr)

    def test_a_product_is_managed_by_its_command_line_over_ssh(self):
        world, hooks = self.world("ssh-driver")
        with world:
            gateway = Gateway(world, 7, "gateway.company.com")
            self.start(world, hooks)
            world.cli("system", "add", gateway.host, "--ip", gateway.address, "--family", "example-gateway", "--user", gateway.user)
            step("whoever has a host key that nobody knows learns neither a user name nor anything else")
            gateway.authorize(world.cli("network", "ssh-key").stdout.strip())
            world.cli("secure-only", "set", "verify")
            self.enforce(world, 2)
            self.assertNotIn("Accepted", gateway.sshd.text())
            self.assertNotIn(f"user {gateway.user}", gateway.sshd.text())
            shown = world.cli("ticket", "list").stdout + json.dumps(world.tickets())
            self.assertIn(gateway.fingerprint, shown, "the ticket says what to compare")
            self.assertEqual(gateway.commands(), [])

            step("a person compares it and pins it; the system goes to Level 4")
            world.cli("system", "set", gateway.host, "--system-pin", gateway.fingerprint)
            name = "Room '1'; touch \"$GATEWAY/pwned\" $(touch $GATEWAY/pwned) `touch $GATEWAY/pwned` \\"
            world.cli("system", "connection", gateway.host, "--persistent", f"system.name={name}")
            self.enforce(world, 0)
            self.assert_at_level_4(world, gateway)
            self.assertEqual(world.tickets(), [])
            self.assertEqual(world.systems()[gateway.host]["serial_number"], "GW-4711")

            step("what a value says means nothing to the shell")
            self.assertEqual((gateway.folder / "name").read_text(), name)
            self.assertFalse((gateway.folder / "pwned").exists())

            step("the key was on no command line, and is left in no file but where it belongs")
            self.assertNotIn("PRIVATE KEY", "\n".join(gateway.commands()) + gateway.sshd.text() + world.manager.text())
            self.assertEqual(list(pathlib.Path("/tmp").glob("gateway-upload.pem*")), [])

            step("another host key: nothing is sent, a ticket says so, and the old key makes all well")
            key, count = gateway.key, len(gateway.commands())
            gateway.new_host_key()
            self.enforce(world, 2)
            self.assertNotIn("Accepted", gateway.sshd.text())
            self.assertNotIn(f"user {gateway.user}", gateway.sshd.text())
            self.assertEqual(len(gateway.commands()), count)
            self.assertIn("MGR-101", world.cli("job", "list").stdout + json.dumps(world.tickets()) + world.cli("system", "show", gateway.host).stdout)
            gateway.serve(key)
            self.enforce(world, 0)
            self.assert_at_level_4(world, gateway)

    def test_a_product_is_managed_by_a_hook(self):
        world, hooks = self.world("hook-driver")
        with world:
            server = WebServer(world, world.folder / "tools" / "servers" / f"{world.net}.8", 8, "www.company.com")
            self.start(world, hooks)
            world.cli("system", "add", server.host, "--ip", server.address, "--family", "example-web-server")
            world.cli("secure-only", "set", "verify")
            step("a peer that nobody knows: the hook is not even run")
            before = (server.folder / "key.pem").read_text()
            self.enforce(world, 2)
            self.assertEqual((server.folder / "key.pem").read_text(), before)
            self.assertNotIn("nginx/", world.cli("system", "show", server.host).stdout)

            step("a person compares the certificate and pins it; the plan says what the family cannot do")
            world.cli("system", "set", server.host, "--system-pin", served_certificate(server.address, world.port(443))["fingerprint"])
            plan = self.plan(world, server.host)
            self.assertIn("install_certificate", [one["kind"] for one in plan["steps"]], plan)
            self.assertNotIn("install_trust", [one["kind"] for one in plan["steps"]])
            self.assertTrue(any("trusted roots" in note for note in plan["notes"]), plan)
            world.cli("system", "connection", server.host, "--persistent", "web.tls.versions=modern")
            self.enforce(world, 0)
            self.assert_at_level_4(world, server)
            self.assertEqual(world.tickets(), [])

            step("the versions of TLS are those that were asked for")
            old = run("openssl", "s_client", "-connect", f"{server.address}:{world.port(443)}", "-tls1_2", stdin="", check=False)
            self.assertNotEqual(old.returncode, 0, old.stdout)

            step("a hook that others can change is not run")
            (hooks / "nginx.py").chmod(0o777)
            self.enforce(world, 2)
            self.assertIn("MGR-106", world.cli("job", "list").stdout + json.dumps(world.tickets()) + world.cli("system", "show", server.host).stdout)
            (hooks / "nginx.py").chmod(0o755)
            self.enforce(world, 0)


if __name__ == "__main__":
    main()
