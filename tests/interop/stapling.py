#!/usr/bin/env python3
"""OCSP stapling by HTTPS (REQ TRU-7): what `openssl s_client -status` is shown, with openssl's own responder behind the name that the
certificate gives. A responder that is away, or a name that nobody knows, neither delays nor breaks a handshake."""

import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from servers import free_port  # noqa: E402

GOOD, NONE = "Cert Status: good", "OCSP response: no response sent"


class Stapling(unittest.TestCase):
    def issue(self, company, host, responder):
        key, certificate = company.issue(host)
        extensions = company.folder / f"{host}.ext"
        extensions.write_text(extensions.read_text() + f"authorityInfoAccess=OCSP;URI:{responder}\n")
        run("openssl", "x509", "-req", "-in", company.folder / f"{host}.csr", "-CA", company.certificate, "-CAkey", company.key, "-CAcreateserial",
            "-out", certificate, "-extfile", extensions, "-days", "365")
        config = company.folder / "ocsp.conf"
        config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={company.folder}/index.txt\ndefault_md=sha256\n")
        (company.folder / "index.txt").touch()
        run("openssl", "ca", "-config", config, "-cert", company.certificate, "-keyfile", company.key, "-valid", certificate)
        return key, certificate

    def status(self, world, system):
        shown = run("openssl", "s_client", "-connect", f"{system['address']}:{world.port(443)}", "-status", stdin="", check=False).stdout
        self.assertIn("BEGIN CERTIFICATE", shown, "the handshake is done")
        return shown

    def upload(self, world, system, company, key, certificate):
        browser = Browser(f"https://{system['address']}:{world.port(443)}", "admin", "TANDBERG", "--insecure")
        browser.open("/security").fill_in("Upload CA certificate", **{"Select the file containing trusted CA certificates": company.certificate})
        browser.open("/security").fill_in("Upload server certificate data", **{"Select server certificate file": certificate,
                                                                               "Select server private key": key})
        self.assertTrue(serves(system["address"], world.port(443), certificate))
        return browser

    def test_what_the_responder_says_is_stapled(self):
        with World("st") as world:
            responder_name = f"ocsp.{world.domain}"
            system = world.add_estate([{"family": "vcs", "host_name": f"vcs.{world.domain}"}])[0]
            world.hosts[responder_name] = "127.0.0.1"
            world.start_dns()
            world.start_device()
            company = Authority(world.folder / "company")
            port = free_port()
            key, certificate = self.issue(company, f"vcs.{world.domain}", f"http://{responder_name}:{port}/")
            browser = self.upload(world, system, company, key, certificate)
            step("nobody is asked while the system knows no names: the handshake is as before")
            self.assertIn(NONE, self.status(world, system))
            step("with a name server, and a responder that takes the question and never answers: nobody waits for it")
            with socket.create_server(("127.0.0.1", port)) as silent:
                browser.open("/dns").fill_in("Save", **{"Address 1": world.dns_address})
                self.assertIn('class="notice"', browser.html)
                silent.settimeout(30 * PATIENCE)
                question, _ = silent.accept()
                question.settimeout(30 * PATIENCE)
                self.assertIn(b"POST / HTTP/1.1", question.recv(4096))
                self.assertIn(NONE, self.status(world, system))
                question.close()
            step("the responder is there: its answer is stapled, and openssl verifies it")
            child = world.start("responder", "openssl", "ocsp", "-port", port, "-index", company.folder / "index.txt", "-CA", company.certificate,
                                "-rsigner", company.certificate, "-rkey", company.key, "-ndays", "1")
            world.children.remove(child)  # it is killed below
            child.await_line("ACCEPT")
            wait_for(lambda: GOOD in self.status(world, system), "the response is stapled", 60)
            verified = run("openssl", "s_client", "-connect", f"{system['address']}:{world.port(443)}", "-status", "-CAfile", company.certificate,
                           "-verify_return_error", stdin="", check=False)
            self.assertEqual(verified.returncode, 0, verified.stderr)
            step("it is kept while it holds: without the responder, and over another change of settings")
            child.kill()
            browser.open("/snmp").fill_in("Save", **{"Location": "Room 5"})
            self.assertIn(GOOD, self.status(world, system))

    def test_a_certificate_without_responder(self):
        with World("sw") as world:
            system = world.add_estate([{"family": "vcs", "host_name": f"vcs.{world.domain}"}])[0]
            world.start_device()
            company = Authority(world.folder / "company")
            self.upload(world, system, company, *company.issue(f"vcs.{world.domain}"))
            self.assertIn(NONE, self.status(world, system))


if __name__ == "__main__":
    main()
