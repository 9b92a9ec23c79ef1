#!/usr/bin/env python3
"""The manager with a certificate of a company's authority (seed 004, Cisco TMS, Level 3 step 1 and Level 4 steps 1 and 2; appendix B): asked
for, signed by the openssl program, installed, staged while systems lack its root; systems whose certificates the company signed; callers
that show a certificate (REQ MGR-7 to MGR-9, TRU-1)."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

FAMILIES = ("c-series", "mxp", "mps", "vcs", "mcu", "roomos", "rmx")
FEEDBACK = "/tms/public/feedback/code.aspx"
BOTH = "serverAuth,clientAuth"


class Company(Authority):
    """A root that signs through an intermediate authority."""

    def __init__(self, folder, name="Company Root CA"):
        super().__init__(folder, name)
        self.issuing_key, self.issuing = self.folder / "issuing.key", self.folder / "issuing.pem"
        request = self.folder / "issuing.csr"
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.issuing_key, "-out",
            request, "-subj", "/O=Company/CN=Company Issuing CA")
        extensions = self.folder / "issuing.ext"
        extensions.write_text("basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial", "-out", self.issuing,
            "-extfile", extensions, "-days", "1800")

    def sign(self, request, names, purposes=BOTH, name="signed"):
        """The certificate alone; `bundle` is what the authority sends."""
        certificate = self.folder / f"{name}.pem"
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={','.join('DNS:' + one for one in names)}\nextendedKeyUsage={purposes}\nbasicConstraints=CA:FALSE\n")
        run("openssl", "x509", "-req", "-in", request, "-CA", self.issuing, "-CAkey", self.issuing_key, "-CAcreateserial", "-out", certificate,
            "-extfile", extensions, "-days", "365")
        return certificate

    def bundle(self, certificate):
        file = certificate.with_suffix(".bundle.pem")
        file.write_text(certificate.read_text() + self.issuing.read_text() + self.certificate.read_text())
        return file


class CompanyCertificates(unittest.TestCase):
    maxDiff = None

    def refused(self, world, code, *command):
        done = world.cli(*command, check=False)
        self.assertIn(done.returncode, (1, 2), done.stdout + done.stderr)
        for one in code.split():
            self.assertIn(one, done.stderr)

    def served(self, world):
        return served_certificate(world.manager_address, world.port(443))["fingerprint"]

    def enforce(self, world):
        done = world.cli("enforce", "--wait", "--timeout", "300", check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + world.cli("job", "list").stdout + world.cli("ticket", "list").stdout)

    def assert_level_4(self, world, systems):
        world.cli("system", "observe", "--all")
        seen = world.systems()
        for system in systems:
            one = seen[system["host_name"]]
            self.assertEqual(one["level"], 4, world.cli("system", "show", one["host_name"]).stdout)

    def test_request_sign_install_and_an_estate_of_all_families_at_level_4(self):
        with World("company") as world:
            systems = world.start_all([{"family": family, "host_name": f"{family}.company.com"} for family in FAMILIES])
            world.add_to_manager(systems)
            company = Company(world.folder / "company")
            before = self.served(world)
            step("the manager makes key and request; its name stands in it already")
            request = world.folder / "manager.csr"
            world.cli("own-certificate", "request", "--organization", "Company", "--out", request)
            text = run("openssl", "req", "-in", request, "-noout", "-text", "-verify").stdout
            self.assertIn(f"DNS:{world.manager_host}", text)
            self.assertNotIn("PRIVATE", request.read_text())
            self.refusals(world, company, request)
            self.assertEqual(self.served(world), before, "what is refused changes nothing")
            step("1. the answer is installed, and served at once: a browser that trusts the company's root shows no error")
            answer = company.sign(request, [world.manager_host])
            world.cli("own-certificate", "install", company.bundle(answer), "--trust-root")
            self.assertEqual(self.served(world), fingerprint_of(answer))
            self.assertTrue(s_client_verifies(world.manager_address, world.port(443), company.certificate, world.manager_host))
            step("2. the company's root is in the list; Verify: every family goes to Level 4")
            world.cli("secure-only", "set", "on")
            world.pin_served(next(one for one in systems if one["family"] == "rmx"))
            world.cli("secure-only", "set", "verify")
            self.enforce(world)
            self.assert_level_4(world, systems)
            roots = world.api("root", "list")["roots"]
            self.assertEqual([one["lacking"]["in_all"] for one in roots], [0, 0], "systems that verify trust both roots")
            self.assertEqual(roots[1]["needed_by"], ["the manager's own certificate"])
            items = {one["id"]: one for one in world.api("readiness")["readiness"]}
            self.assertIn("Company Root CA", items["certificate"]["evidence"])
            self.back_and_remove(world, systems, roots[1]["fingerprint"])

    def refusals(self, world, company, request):
        step("refused with the reason: no root, no chain, other names and purposes, another key, an answer to another request")
        good = company.sign(request, [world.manager_host], name="good")
        install = ("own-certificate", "install")
        self.refused(world, "MGR-111", *install, company.bundle(good))
        self.refused(world, "MGR-112", *install, good, "--trust-root")
        wrong = company.sign(request, ["other.company.com"], "serverAuth", name="wrong")
        self.refused(world, "MGR-113 CRT-013", *install, company.bundle(wrong), "--trust-root")
        other = world.folder / "other.csr"
        run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", world.folder / "other.key", "-out", other, "-subj", "/CN=other")
        foreign = company.sign(other, [world.manager_host], name="foreign")
        self.refused(world, "CRT-033", *install, company.bundle(foreign), "--trust-root")
        self.refused(world, "CRT-014", *install, company.bundle(good), "--key", world.folder / "other.key", "--trust-root")
        step("a leaf or an intermediate is no root")
        self.refused(world, "MGR-114", "root", "add", good)
        self.refused(world, "MGR-114", "root", "add", company.issuing)

    def back_and_remove(self, world, systems, fingerprint):
        step("the root of what is served cannot be removed; back to the internal one, nobody is lost, and then it can")
        done = world.cli("root", "remove", fingerprint, "--accept-consequences", check=False)
        self.assertIn("MGR-118", done.stderr)
        world.cli("own-certificate", "internal")
        self.assertIn("MGR-118", world.cli("root", "remove", fingerprint, check=False).stderr, "one step back needs it")
        world.cli("root", "remove", fingerprint, "--accept-consequences")
        step("systems forget it at the next enforcement")
        self.enforce(world)
        self.assert_level_4(world, systems)
        for system in systems:
            trusted = world.api("system", "show", system["host_name"])["assessment"]["trusted_roots"]
            self.assertNotIn(fingerprint, trusted, system["host_name"])

    def test_under_verify_it_waits_for_a_system_that_is_away(self):
        with World("staged") as world:
            systems = world.start_all([{"family": "c-series", "host_name": "here.company.com"}, {"family": "mcu", "host_name": "away.company.com"}])
            world.add_to_manager(systems)
            world.cli("secure-only", "set", "verify")
            self.enforce(world)
            self.assert_level_4(world, systems)
            internal = self.served(world)
            company = Company(world.folder / "company")
            key, request = world.folder / "m.key", world.folder / "m.csr"
            run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN={world.manager_host}")
            answer = company.sign(request, [world.manager_host])
            package = world.folder / "m.pfx"
            (world.folder / "passphrase").write_text("open sesame\n")
            run("openssl", "pkcs12", "-export", "-inkey", key, "-in", company.bundle(answer), "-out", package, "-passout", "pass:open sesame")
            step("a system is away: the package is taken, and staged")
            world.control("fault", systems[1]["serial"], "silent")
            done = world.cli("own-certificate", "install", package, "--passphrase-file", world.folder / "passphrase", "--trust-root", check=False)
            self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
            self.assertIn("away", done.stdout)
            step("the other one gets the root; the one that is away is named, and nothing changes for it")
            waiting = lambda: [one["name"] for one in world.api("own-certificate", "show")["staged"]["waiting_for"]["systems"]]  # noqa: E731
            wait_for(lambda: waiting() == ["away"], "the root is at the system that is there", 120)
            self.assertEqual(self.served(world), internal)
            self.assertIn("MGR-115", world.cli("own-certificate", "activate", check=False).stderr)
            items = {one["id"]: one for one in world.api("readiness", check=False)["readiness"]}
            self.assertIn("away", items["certificate_staged"]["evidence"])
            step("kept over a restart of the manager")
            world.manager.stop()
            world.restart_manager()
            self.assertEqual((waiting(), self.served(world)), (["away"], internal))
            step("it comes back: it gets the root, and the certificate is in use by itself")
            world.control("clear", systems[1]["serial"])
            world.cli("enforce", "away.company.com", "--wait", "--timeout", "300")
            wait_for(lambda: self.served(world) == fingerprint_of(answer), "the staged certificate is served", 60)
            self.assert_level_4(world, systems)
            step("one step back, and forward again, at once: everybody trusts both roots")
            world.cli("own-certificate", "roll-back")
            self.assertEqual(self.served(world), internal)
            world.cli("own-certificate", "roll-back")
            self.assertEqual(self.served(world), fingerprint_of(answer))
            self.assertEqual(world.tickets(), [])

    def test_a_system_whose_certificate_the_company_signed(self):
        with World("signed") as world:
            system = world.start_all([{"family": "c-series", "host_name": "room.company.com"}])[0]
            company = Authority(world.folder / "company", "Company Root CA")
            key, certificate = company.issue("room.company.com")
            step("the administrator of the system uploaded the company's pair at its web page and switched HTTPS on")
            browser = Browser(f"http://{system['address']}:{world.port(80)}", "anything", "TANDBERG").open("/web/security/cert")
            browser.fill_in("Upload", **{"HTTPS Certificate (PEM format)": certificate, "Private Key (PEM format)": key})
            telnet = Telnet(system["address"], world.port(23), "TANDBERG")
            telnet.type("xconfig networkservices https mode: on")
            telnet.type("xcom boot")
            telnet.close()
            wait_for(lambda: serves(system["address"], world.port(443), certificate), "the company's certificate is served", 60)
            world.cli("root", "add", company.certificate)
            world.add_to_manager([system])
            world.cli("secure-only", "set", "verify")
            plan = world.api("plan", "show", "room.company.com", check=False)["plans"][0]
            self.assertNotIn("install_certificate", [one["kind"] for one in plan["steps"]], "it is as good as one of ours")
            self.enforce(world)
            self.assert_level_4(world, [system])
            self.assertTrue(serves(system["address"], world.port(443), certificate), "it was left alone")
            rows = {one["id"]: one for one in world.api("system", "show", "room.company.com")["assessment"]["protocols"]}
            self.assertIn("Company Root CA", rows["https"]["evidence"], "the evidence says which root")
            root = world.api("root", "show", fingerprint_of(company.certificate))
            self.assertEqual([one["name"] for one in root["depending"]["systems"]], ["room"])
            done = world.cli("root", "remove", root["fingerprint"], check=False)
            self.assertIn("MGR-118", done.stderr)
            self.assertIn("room", done.stderr)
            self.callers(world, system, key, certificate)

    def callers(self, world, system, key, certificate):
        step("a call that shows the system's certificate is the system's, wherever it comes from")
        host = f"{world.manager_host}:{world.port(443)}"
        base = ("--cacert", world.folder / "manager" / "ca.pem", "--resolve", f"{host}:{world.manager_address}", "--data-binary", "<Event/>")
        call = lambda *options: status_of(f"https://{host}{FEEDBACK}", *base, *options)  # noqa: E731
        contact = lambda: next(one["evidence"] for one in world.api("system", "observe", "room.company.com")["assessments"][0]["protocols"]  # noqa: E731
                               if one["id"] == "external_manager")
        last_call = lambda: world.systems()["room.company.com"]["last_call_at"]  # noqa: E731
        self.assertIn("showed its certificate", contact(), "the system itself does when it is asked")
        elsewhere = ("--interface", f"{world.net}.77", "--http1.1")
        before = last_call()
        wait_for(lambda: call(*elsewhere, "--key", key, "--cert", certificate) == 200 and last_call() > before, "the call counts")
        self.assertIn("showed its certificate", contact())
        before = last_call()
        step("a certificate of a stranger is no error, and says nothing; browsers, which offer HTTP/2, are not asked")
        stranger = Authority(world.folder / "stranger", "Stranger CA").issue("room.company.com")
        self.assertEqual(call(*elsewhere, "--key", stranger[0], "--cert", stranger[1]), 200)
        self.assertEqual(call(*elsewhere), 200)
        asked = lambda *options: run("openssl", "s_client", "-connect", f"{world.manager_address}:{world.port(443)}", *options, stdin="", check=False).stdout  # noqa: E731
        self.assertIn("Company Root CA", asked().split("Acceptable client certificate CA names")[1])
        self.assertNotIn("Acceptable client certificate CA names", asked("-alpn", "h2,http/1.1"))
        step("in the name of a system that shows its certificate, a call without it makes the manager look and changes nothing")
        self.assertEqual(status_of(f"http://{world.manager_address}:{world.port(80)}{FEEDBACK}", "--interface", system["address"], "--data-binary",
                                   "<Event/>"), 200)
        self.assertIn("showed its certificate", contact())
        self.assertEqual((world.systems()["room.company.com"]["level"], last_call()), (4, before))


if __name__ == "__main__":
    main()
