#!/usr/bin/env python3
"""Certificates handed to other people's programs on the same machine (issue "A real appliance"): a real nginx and a real
Kamailio serve the new certificate, nobody's connection breaks, and a configuration that does not hold is put back."""

import http.client
import os
import pathlib
import shutil
import ssl
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from appliance import Appliance  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

HOST = "codec.company.com"


def serves_now(address, port, certificate):
    return lambda: serves(address, port, certificate)


class Nginx:
    number = 40

    def __init__(self, world):
        self.world, self.folder, self.port = world, world.folder / "nginx", world.port(9443)
        Nginx.number += 1
        self.address = f"{world.net}.{Nginx.number}"
        (self.folder / "www").mkdir(parents=True)
        (self.folder / "www" / "large").write_bytes(os.urandom(3_000_000))
        (self.folder / "www" / "small").write_text("hello\n")
        self.certificate, self.key = self.folder / "certificate.pem", self.folder / "key.pem"
        self.conf = self.folder / "nginx.conf"
        self.conf.write_text(f"""
daemon off; worker_processes 2; pid {self.folder}/pid; error_log {self.folder}/error.log; {'user root;' if os.geteuid() == 0 else ''}
events {{}}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {self.folder}/a; proxy_temp_path {self.folder}/b; fastcgi_temp_path {self.folder}/c;
  uwsgi_temp_path {self.folder}/d; scgi_temp_path {self.folder}/e;
  server {{
    listen {self.address}:{self.port} ssl; ssl_certificate {self.certificate}; ssl_certificate_key {self.key};
    root {self.folder}/www;
    location = /large {{ limit_rate 600k; }}
  }}
}}
""")
        self.arguments = ["nginx", "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c", str(self.conf)]

    def hook(self):
        return {"name": "nginx", "certificate": str(self.certificate), "key": str(self.key), "check": [*self.arguments, "-t"],
                "reload": [*self.arguments, "-s", "reload"], "retry": 1}

    def start(self):
        self.world.start("nginx", *self.arguments)
        wait_for(lambda: port_state(self.address, self.port) == "open", "nginx listens")


class Visitors:
    """People who use the web server all the time: a request after another on one connection, new connections, a slow download."""

    def __init__(self, nginx, roots):
        self.nginx, self.requests, self.connections, self.errors, self.going = nginx, 0, 0, [], True
        self.context = ssl.create_default_context(cafile=str(roots))
        self.context.check_hostname = False
        self.threads = [threading.Thread(target=one) for one in (self.keep_alive, self.come_and_go, self.download)]
        for thread in self.threads:
            thread.start()

    def connect(self):
        return http.client.HTTPSConnection(self.nginx.address, self.nginx.port, context=self.context, timeout=20 * PATIENCE)

    def keep_alive(self):
        connection, used = self.connect(), False
        while self.going:
            try:
                connection.request("GET", "/small")
                answer = connection.getresponse()
                if answer.read() != b"hello\n":
                    raise Failed("another answer")
                self.requests += 1
                used = not answer.will_close
                if answer.will_close:
                    connection.close()
            except (ConnectionResetError, BrokenPipeError, http.client.RemoteDisconnected, ssl.SSLEOFError) as error:
                # A server may close a kept connection between two requests (RFC 9112 section 9.3.1): a client opens another.
                if not used:
                    self.errors.append(f"a new connection broke: {error!r}")
                connection.close()
                connection, used = self.connect(), False
            except Exception as error:  # noqa: BLE001
                self.errors.append(f"keep-alive: {error!r}")
                connection.close()
                connection, used = self.connect(), False
        connection.close()

    def come_and_go(self):
        while self.going:
            try:
                connection = self.connect()
                connection.request("GET", "/small", headers={"Connection": "close"})
                if connection.getresponse().read() != b"hello\n":
                    raise Failed("another answer")
                connection.close()
                self.connections += 1
            except Exception as error:  # noqa: BLE001
                self.errors.append(f"new connection: {error!r}")

    def download(self):
        try:
            connection = self.connect()
            connection.request("GET", "/large")
            self.answer = connection.getresponse()
            self.loading = True
            if self.answer.read() != (self.nginx.folder / "www" / "large").read_bytes():
                self.errors.append("the slow download is not whole")
            connection.close()
        except Exception as error:  # noqa: BLE001
            self.errors.append(f"slow download: {error!r}")

    def leave(self):
        self.threads[2].join()
        self.going = False
        for thread in self.threads:
            thread.join()


class Hooks(unittest.TestCase):
    def appliance(self, world, hooks):
        appliance = Appliance(world)
        appliance.data.mkdir(mode=0o700)
        self.write_hooks(appliance, hooks)
        self.authority = Authority(world.folder / "ca")
        return appliance

    def write_hooks(self, appliance, hooks):
        lines = []
        for hook in hooks:
            lines += ["[[hook]]", *(f"{name} = {toml_value(value)}" for name, value in hook.items())]
        (appliance.data / "hooks.toml").write_text("\n".join(lines) + "\n")

    def renew(self, appliance, name):
        """A new certificate, in effect after the restart as the family has it."""
        key, certificate = self.authority.issue(HOST, name)
        appliance.upload(key, certificate, self.authority.certificate)
        appliance.restart()
        return certificate

    def test_nginx_serves_the_new_certificate_and_nobody_is_cut_off(self):
        with World("hooks-nginx") as world:
            nginx = Nginx(world)
            appliance = self.appliance(world, [nginx.hook()])
            appliance.start()
            step("nginx does not run yet: the files are there, the reload is told as failed and tried again")
            wait_for(lambda: appliance.events("hook.failed"), "the reload fails")
            self.assertIn('step="reload"', appliance.events("hook.failed")[0])
            self.assertEqual(nginx.key.stat().st_mode & 0o777, 0o640)
            nginx.start()
            wait_for(lambda: appliance.events("hook.delivered"), "the hook works once nginx runs")
            factory = pathlib.Path(nginx.certificate).read_bytes()
            self.assertTrue(serves(nginx.address, nginx.port, nginx.certificate))
            step("a certificate of the company's authority")
            first = self.renew(appliance, "first")
            wait_for(serves_now(nginx.address, nginx.port, first), "nginx serves the first certificate")
            self.assertNotEqual(factory, nginx.certificate.read_bytes())
            step("renewed while people use the server")
            visitors = Visitors(nginx, self.authority.certificate)
            try:
                wait_for(lambda: visitors.requests > 20 and visitors.connections > 5, "the visitors are busy")
                second = self.renew(appliance, "second")
                wait_for(serves_now(nginx.address, nginx.port, second), "nginx serves the second certificate")
                after = visitors.requests
                wait_for(lambda: visitors.requests > after + 20, "the visitors go on")
                self.assertTrue(visitors.threads[2].is_alive(), "the slow download was under way all the time")
            finally:
                visitors.leave()
            self.assertEqual(visitors.errors, [])
            print(f"  {visitors.requests} requests, {visitors.connections} connections, no error")
            step("what is in place already is left alone at the next start; what somebody changed is put right")
            delivered = len(appliance.events("hook.delivered"))
            appliance.child.stop()
            appliance.start()
            self.assertEqual(len(appliance.events("hook.delivered")), delivered)
            appliance.child.stop()
            nginx.certificate.write_text("broken")
            appliance.start()
            wait_for(lambda: len(appliance.events("hook.delivered")) == delivered + 1, "a file that was changed is written again")
            self.assertEqual(fingerprint_of(nginx.certificate), fingerprint_of(second))

    def test_a_refused_check_puts_the_old_files_back(self):
        with World("hooks-refused") as world:
            nginx = Nginx(world)
            veto = world.folder / "veto"
            hook = nginx.hook() | {"check": ["sh", "-c", f"test ! -e {veto} && exec nginx -t -p {nginx.folder} -c {nginx.conf}"],
                                   "reload": ["sh", "-c", f"{' '.join(nginx.arguments)} -s reload"]}
            appliance = self.appliance(world, [hook])
            appliance.start()
            wait_for(nginx.certificate.exists, "the files are there")
            nginx.start()
            wait_for(lambda: appliance.events("hook.delivered"), "the hook works")
            first = self.renew(appliance, "first")
            wait_for(serves_now(nginx.address, nginx.port, first), "nginx serves the first certificate")
            held = nginx.certificate.read_bytes(), nginx.key.read_bytes()
            veto.touch()
            failed = len(appliance.events("hook.failed"))
            second = self.renew(appliance, "second")
            wait_for(lambda: len(appliance.events("hook.failed")) > failed, "the check says no")
            self.assertIn('step="check"', appliance.events("hook.failed")[-1])
            wait_for(lambda: any('id="hook.failed"' in line for line in appliance.events("alarm.raised")), "an alarm is raised")
            wait_for(lambda: (nginx.certificate.read_bytes(), nginx.key.read_bytes()) == held, "the old pair is back")
            self.assertTrue(serves(nginx.address, nginx.port, first))
            step("killed in the midst of it, it knows the old pair all the same")
            appliance.child.kill()
            appliance.start()
            wait_for(lambda: len(appliance.events("hook.failed")) > failed + 1, "still no")
            wait_for(lambda: (nginx.certificate.read_bytes(), nginx.key.read_bytes()) == held, "the old pair is back")
            step("once the check holds, the retry brings the new pair by itself")
            veto.unlink()
            wait_for(serves_now(nginx.address, nginx.port, second), "nginx serves the second certificate")
            wait_for(lambda: any('id="hook.failed"' in line for line in appliance.events("alarm.cleared")), "the alarm is cleared")

    def test_a_reload_signal_reads_the_file_again_and_keeps_what_held(self):
        with World("hooks-reload") as world:
            target = world.folder / "copy.pem"
            appliance = self.appliance(world, [])
            appliance.start()
            step("a file with mistakes changes nothing and names them all")
            (appliance.data / "hooks.toml").write_text('[[hook]]\nname = "a b"\nkey = "relative"\nmode = "0644"\n')
            appliance.child.process.send_signal(signal.SIGHUP)
            wait_for(lambda: "program.reload_failed" in appliance.child.text(), "the mistakes are told")
            for word in ("name", "absolute path", "mode"):
                self.assertIn(word, appliance.child.text())
            self.assertEqual(status_of(f"http://{appliance.address}:{world.port(80)}/"), 401, "the system goes on")
            step("a hook that takes forever is ended in time, and a program that is not there is told")
            self.write_hooks(appliance, [{"name": "slow", "combined": str(target), "reload": ["sleep", "600"], "timeout": 1},
                                         {"name": "gone", "trust": f"{target}.trust", "check": ["no-such-program-anywhere"]}])
            appliance.child.process.send_signal(signal.SIGHUP)
            wait_for(lambda: any("took over 1 s" in line for line in appliance.events("hook.failed")), "the limit of time")
            wait_for(lambda: any("no-such-program" in line for line in appliance.events("hook.failed")), "the missing program")
            self.assertFalse(pathlib.Path(f"{target}.trust").exists(), "a new file goes when the check fails")
            self.assertIn("PRIVATE KEY", target.read_text())
            self.assertEqual(fingerprint_of(target), fingerprint_of(target))

    @unittest.skipUnless(shutil.which("kamailio") and shutil.which("kamcmd"), "kamailio is not installed")
    def test_kamailio_serves_the_new_certificate(self):
        with World("hooks-kamailio") as world:
            folder, address, port = world.folder / "kamailio", f"{world.net}.40", world.port(5061)
            folder.mkdir()
            certificate, key, trust = (folder / name for name in ("certificate.pem", "key.pem", "trust.pem"))
            (folder / "tls.cfg").write_text(f"[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\n"
                                            f"private_key = {key}\ncertificate = {certificate}\n")
            conf = folder / "kamailio.cfg"
            conf.write_text(f"""#!KAMAILIO
enable_tls=yes
children=1
tcp_children=2
log_stderror=yes
listen=tls:{address}:{port}
loadmodule "sl.so"
loadmodule "tls.so"
loadmodule "ctl.so"
modparam("tls", "config", "{folder}/tls.cfg")
modparam("ctl", "binrpc", "unix:{folder}/ctl")
request_route {{ sl_send_reply("200", "OK"); exit; }}
""")
            run_folder = ["-Y", str(folder), "-w", str(folder)]
            hook = {"name": "kamailio", "certificate": str(certificate), "key": str(key), "trust": str(trust), "retry": 1,
                    "check": ["kamailio", "-c", "-f", str(conf)],
                    "reload": ["kamcmd", "-s", f"unix:{folder}/ctl", "tls.reload"]}
            appliance = self.appliance(world, [hook])
            appliance.start()
            wait_for(certificate.exists, "the files are there")
            world.start("kamailio", "kamailio", "-f", conf, "-DD", "-E", "-m", "32", "-M", "4", *run_folder)
            wait_for(lambda: port_state(address, port) == "open", "kamailio listens")
            wait_for(lambda: appliance.events("hook.delivered"), "kamailio takes the factory certificate")
            first = self.renew(appliance, "first")
            wait_for(serves_now(address, port, first), "kamailio serves the first certificate")
            self.assertIn("BEGIN CERTIFICATE", trust.read_text())
            second = self.renew(appliance, "second")
            wait_for(serves_now(address, port, second), "kamailio serves the second certificate")
            step("SIP over it: OPTIONS is answered, and the certificate is for the host")
            self.assertTrue(s_client_verifies(address, port, self.authority.certificate, HOST))


if __name__ == "__main__":
    main()
