#!/usr/bin/env python3
"""The procedures of the RMX (REQ RMX-1 to RMX-10): appendix F of the administrator's guide (seed 000, software 7) and the article on
certificates of 8.1 (seed 001), through the web pages that they name and through XML transactions."""

import datetime
import html
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402
from transactions import Transactions  # noqa: E402

HOST = "rmx.company.com"
USER = PASSWORD = "POLYCOM"
REPOSITORY, CREATE, SEND = "/setup/certification_repository", "/setup/create_certificate_request", "/setup/send_certificate"
SIP_SERVERS = "/setup/ip_network_service"
MANAGEMENT, SIP = "Management Network", "IP Network Service"
SERVICE, COMMON_NAME, TEXT = "Network Service Name", "Common Name (DNS)", "Certificate text"
CREATED = "The certificate was created successfully."
TRANSFERRED = "Message file transferred successfully"
ASKS_FOR_RESET = "Reset the RMX to apply it to the SIP services"
RELEASE_7 = "7.6.1.124"
BOTH = "extendedKeyUsage=serverAuth,clientAuth\n"
COMPANY = "Company Root CA"


def sign(authority, request, name, *, days=365, extensions=f"subjectAltName=DNS:{HOST}\n{BOTH}"):
    """What an authority that is not ours makes of the text of a request: a PEM file."""
    base = authority.folder / name
    base.with_suffix(".csr").write_text(request)
    base.with_suffix(".ext").write_text(extensions)
    run("openssl", "x509", "-req", "-in", base.with_suffix(".csr"), "-CA", authority.certificate, "-CAkey", authority.key, "-CAcreateserial",
        "-days", str(days), "-extfile", base.with_suffix(".ext"), "-out", base.with_suffix(".pem"))
    return base.with_suffix(".pem")


def package_of(key, certificate, chain, password):
    """PFX, as the export of a certificate with its private key and its chain makes it."""
    file = certificate.with_suffix(".pfx")
    run("openssl", "pkcs12", "-export", "-inkey", key, "-in", certificate, "-certfile", chain, "-out", file, "-passout", f"pass:{password}")
    return file


def der_of(certificate):
    run("openssl", "x509", "-in", certificate, "-outform", "DER", "-out", certificate.with_suffix(".der"))
    return certificate.with_suffix(".der")


def pkcs7_of(certificate, *chain):
    file = certificate.with_suffix(".p7b")
    more = [part for one in chain for part in ("-certfile", one)]
    run("openssl", "crl2pkcs7", "-nocrl", "-certfile", certificate, *more, "-out", file)
    return file


def base64_of(file):
    return run("openssl", "base64", "-in", file).stdout


def revocation_list(authority, *revoked):
    (authority.folder / "index.txt").touch()
    (authority.folder / "crl.conf").write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={authority.folder}/index.txt\ndefault_md=sha256\n")
    for certificate in revoked:
        run("openssl", "ca", "-revoke", certificate, "-config", authority.folder / "crl.conf", "-cert", authority.certificate, "-keyfile", authority.key)
    run("openssl", "ca", "-gencrl", "-config", authority.folder / "crl.conf", "-cert", authority.certificate, "-keyfile", authority.key,
        "-crldays", "7", "-out", authority.folder / "list.pem")
    return authority.folder / "list.pem"


def request_in(browser):
    """Copy Request: the text that stands in the page."""
    found = re.search(r"-----BEGIN CERTIFICATE REQUEST-----.*?-----END CERTIFICATE REQUEST-----", html.unescape(browser.html), re.S)
    if not found:
        raise Failed(f"there is no request in the page: {browser.text[-2000:]}")
    return found.group(0) + "\n"


def request_text(request):
    done = run("openssl", "req", "-noout", "-text", "-verify", stdin=request)
    return done.stdout + done.stderr


class System(unittest.TestCase):
    def factory_system(self, world, **more):
        system = world.add_estate([{"family": "rmx", "host_name": HOST, **more}])[0]
        world.start_device()
        self.assertEqual(port_state(system["address"], world.port(80)), "open")
        self.assertEqual(port_state(system["address"], world.port(443)), "refused")
        return system

    def http(self, world, system):
        return Browser(f"http://{system['address']}:{world.port(80)}", USER, PASSWORD)

    def https(self, world, system):
        return Browser(f"https://{system['address']}:{world.port(443)}", USER, PASSWORD, "--insecure")

    def session(self, world, system, secure=False):
        base = f"https://{system['address']}:{world.port(443)}" if secure else f"http://{system['address']}:{world.port(80)}"
        return Transactions(base, *(["--insecure"] if secure else [])).log_in(USER, PASSWORD)

    def personal(self, session):
        """The personal certificates, by network service."""
        repository = session.do("TRANS_CERTIFICATE", "GET_REPOSITORY")
        return {row.findtext("SERVICE_NAME"): row for row in repository.iter("PERSONAL_CERTIFICATE")}

    def secure(self, browser, on=True):
        browser.open("/setup/management_network").fill_in("OK", **{"Secured Communication": on})

    def await_boot(self, world, system, number):
        wait_for(lambda: any("boot.done" in line and f'count="{number}"' in line for line in world.journal(system)), f"start number {number}")

    def await_https_only(self, world, system):
        wait_for(lambda: port_state(system["address"], world.port(80)) == "refused", "port 80 is rejected")
        wait_for(lambda: port_state(system["address"], world.port(443)) == "open", "443 is open")

    def reset(self, world, system, browser, number):
        browser.open("/administration/reset").fill_in("Reset")
        self.await_boot(world, system, number)
        wait_for(lambda: port_state(system["address"], world.port(80)) == "open", "the system is back")

    def seen_from_outside(self, world, system, certificate, roots):
        """openssl and curl are shown this certificate, and accept it for the system's name and for no other."""
        address, port = system["address"], world.port(443)
        self.assertTrue(serves(address, port, certificate))
        self.assertTrue(s_client_verifies(address, port, roots, HOST))
        self.assertFalse(s_client_verifies(address, port, roots, "other.company.com"))
        resolve = ["--resolve", f"{HOST}:{port}:{address}", "--cacert", roots]
        self.assertEqual(status_of(f"https://{HOST}:{port}{SEND}", *resolve, "--digest", "--user", f"{USER}:{PASSWORD}"), 200)


class Release7(System):
    """Seed 000: what the administrator's guide of software 7 has its reader do; and what seed 001 says of software 7.6 and older."""

    def test_purchase_and_install_a_certificate(self):
        with World("p7") as world:
            system = self.factory_system(world, software=RELEASE_7)
            company = Authority(world.folder / "company")
            browser = self.http(world, system)
            step("Setup > RMX Secured Communication > Create certificate request: the details, Send Details, copy")
            browser.open(CREATE).fill_in("Send Details", **{COMMON_NAME: HOST, "Organization": "Company", "Country Name": "US",
                                                            "State or Province": "Colorado", "Locality": "Westminster"})
            request = request_in(browser)
            self.assertIn(f"CN = {HOST}" if f"CN = {HOST}" in request_text(request) else f"CN={HOST}", request_text(request))
            self.assertIn("verify OK", request_text(request))
            step("Send certificate: one that is not valid gives an error message, and nothing changes")
            signed = sign(company, request, "management")
            _, foreign = company.issue(HOST, "foreign")
            broken = re.sub(r"[A-Za-z0-9+/]{20}\n", "AAAA\n", signed.read_text(), count=1)
            for pasted, words, error in ((request, "This is a certificate request, not a certificate.", "CRT-007"),
                                         (broken, "The certificate is not valid.", ""), ("hello", "The certificate is not valid.", "CRT-006"),
                                         (foreign.read_text(), "The certificate does not match the private key.", "CRT-033")):
                browser.open(SEND).fill_in("Send Certificate", **{TEXT: pasted})
                self.assertIn(words, browser.text)
                self.assertIn(error, browser.text)
                self.assertNotIn(COMPANY, browser.open(SEND).text)
            step("Send certificate: it matches the private key; the task is completed and confirmed")
            browser.open(SEND).fill_in("Send Certificate", **{TEXT: signed.read_text()})
            self.assertIn(CREATED, browser.text)
            self.assertIn(COMPANY, browser.open(SEND).text)
            step("a system restart is not required at this point")
            self.assertNotIn("Reset the RMX", browser.text)
            row = self.personal(self.session(world, system))[MANAGEMENT]
            self.assertEqual((row.findtext("RESTART_NEEDED"), row.findtext("REQUEST_PENDING")), ("false", "false"))
            self.assertNotIn("BEGIN CERTIFICATE REQUEST", browser.open(CREATE).html)
            step("Management Network Properties: Secured Communication; only https, only 443, port 80 rejected")
            self.secure(browser)
            self.await_https_only(world, system)
            self.seen_from_outside(world, system, signed, company.certificate)
            step("a new certificate works at once, in secure mode too")
            browser = self.https(world, system)
            browser.open(CREATE).fill_in("Send Details", **{COMMON_NAME: HOST})
            renewed = sign(company, request_in(browser), "renewed")
            browser.open(SEND).fill_in("Send Certificate", **{TEXT: renewed.read_text()})
            self.seen_from_outside(world, system, renewed, company.certificate)

    def test_certificate_method_of_the_sip_servers(self):
        """Up to 7.6 the certificate of the IP network service is imported, or requested, in its own properties (seed 001)."""
        with World("s7") as world:
            system = self.factory_system(world, software=RELEASE_7)
            company = Authority(world.folder / "company")
            browser, session = self.http(world, system), self.session(world, system)

            def installed(certificate):
                rows = self.personal(session)
                self.assertEqual(rows[SIP].findtext("FINGERPRINT"), fingerprint_of(certificate))
                self.assertEqual(rows[SIP].findtext("RESTART_NEEDED"), "false", "no restart before 8.1")
                self.assertEqual(rows[MANAGEMENT].findtext("SELF_SIGNED"), "true", "the other network service keeps its own")
                self.assertNotIn("Reset the RMX", browser.open(SIP_SERVERS).text)

            step("Certificate Method CSR: Create Certificate, Send Certificate")
            browser.open(SIP_SERVERS).fill_in("Create Certificate", **{COMMON_NAME: HOST})
            signed = sign(company, self.personal(session)[SIP].findtext("CERTIFICATE_REQUEST"), "requested")
            browser.open(SIP_SERVERS).fill_in("Send Certificate", **{TEXT: signed.read_text()})
            self.assertIn(CREATED, browser.text)
            installed(signed)
            step("Certificate Method PEM/PFX: the package, and its password in certPassword.txt")
            key, certificate = company.issue(HOST, "package")
            package = package_of(key, certificate, company.certificate, "open sesame")
            password = world.folder / "certPassword.txt"
            password.write_text("wrong\n")
            browser.open(SIP_SERVERS).fill_in("Send Certificate", **{"PFX file": package, "certPassword.txt": password})
            self.assertIn("Invalid password.", browser.text)
            installed(signed)
            password.write_text("open sesame\n")
            browser.open(SIP_SERVERS).fill_in("Send Certificate", **{"PFX file": package, "certPassword.txt": password})
            self.assertIn(TRANSFERRED, browser.text)
            installed(certificate)
            step("single files: certificate, private key, password, root")
            key, certificate = company.issue(HOST, "single", passphrase="open sesame")
            browser.open(SIP_SERVERS).fill_in("Send Certificate", **{"Certificate": certificate, "Private Key": key,
                                                                     "certPassword.txt": password, "Root CA": company.certificate})
            self.assertIn(CREATED, browser.text)
            installed(certificate)
            trusted = session.do("TRANS_CERTIFICATE", "GET_REPOSITORY").findtext(".//TRUSTED_CERTIFICATE/FINGERPRINT")
            self.assertEqual(trusted, fingerprint_of(company.certificate))
            step("what came with 8.1 is not there: the repository, other forms of files, revocation options")
            self.assertEqual(browser.open(REPOSITORY).status, 404)
            self.assertNotIn("Certification Repository", browser.open(SIP_SERVERS).text)
            self.assertNotIn("Revocation Method", browser.text)
            self.assertEqual(session.refused("TRANS_CERTIFICATE", "GET_REVOCATION_LS")[0], "4")
            status = session.refused("TRANS_CERTIFICATE", "ADD_TRUSTED", DATA=base64_of(der_of(company.certificate)))
            self.assertIn("DER", status[2])

    def test_expiry_alarms(self):
        with World("ex") as world:
            system = self.factory_system(world, software=RELEASE_7)
            company = Authority(world.folder / "company")
            browser = self.http(world, system)
            browser.open(CREATE).fill_in("Send Details", **{COMMON_NAME: HOST})
            signed = sign(company, request_in(browser), "short", days=60)
            browser.open(SEND).fill_in("Send Certificate", **{TEXT: signed.read_text()})
            self.assertIn(CREATED, browser.text)
            self.secure(browser)
            self.await_https_only(world, system)

            def alarms():
                answer = self.session(world, system, secure=True).do("TRANS_MCU", "GET_ACTIVE_ALARMS")
                return {alarm.findtext("ID"): alarm for alarm in answer.iter("ALARM") if alarm.findtext("SERVICE_NAME") == MANAGEMENT}

            step("two weeks before: an active alarm with the number of days")
            for days, wanted in ((45, None), (47, "certificate.expires"), (61, "certificate.expired"), (-2, "certificate.not_yet_valid")):
                world.device.stop()
                world.add_estate([{**system, "clock_offset": days * 86400}])
                world.device.start()
                world.device.await_line("ready:", 180)
                if wanted is None:
                    self.assertFalse(alarms(), "fifteen days are left")
                    continue
                found = wait_for(lambda wanted=wanted: alarms().get(wanted), f"the alarm {wanted}")
                self.assertEqual(set(alarms()), {wanted})
                if days == 47:
                    self.assertEqual(found.findtext("DAYS_LEFT"), "13")
                    self.assertEqual(found.findtext("DESCRIPTION"), "Certificate will expire in 13 days")
                    self.assertIn("Certificate will expire in 13 days", self.https(world, system).open("/administration/alarms").text)
                elif days == 61:
                    step("expired: it stays in secure mode, and the alarm says so")
                    self.assertEqual(found.findtext("DESCRIPTION"), "Security mode failed - Certificate expired")
                    self.assertEqual(port_state(system["address"], world.port(80)), "refused")
                    self.assertTrue(serves(system["address"], world.port(443), signed))

    def test_system_flags(self):
        with World("fl") as world:
            system = self.factory_system(world, software=RELEASE_7)
            browser = self.http(world, system).open("/setup/system_configuration")
            for words in ("RMX_MANAGEMENT_SECURITY_PROTOCOL", "TLSV1_SSLV3", "EXTERNAL_DB_PORT", "5005", "TLS 1.2 and 1.3 are used"):
                self.assertIn(words, browser.text)
            step("a flag that does not exist is created")
            browser.fill_in("OK", **{"Section": "MCMS_PARAMETERS_USER", "New Flag": "MY_FLAG", "Value": "YES"})
            self.assertIn("The MCU must be restarted for modified flag settings to take effect.", browser.text)
            session = self.session(world, system)
            session.do("TRANS_SYSTEM_FLAGS", "SET", NAME="RMX_MANAGEMENT_SECURITY_PROTOCOL", VALUE="TLSV1_3")
            self.assertEqual(session.refused("TRANS_SYSTEM_FLAGS", "SET", NAME="EXTERNAL_DB_PORT", VALUE="high")[0], "5")
            session.do("TRANS_MCU", "SET_SECURED_COMMUNICATION", ON="true")
            self.await_https_only(world, system)

            def flags():
                answer = self.session(world, system, secure=True).do("TRANS_SYSTEM_FLAGS", "GET_LS")
                return {flag.findtext("NAME"): flag for flag in answer.iter("FLAG")}

            before = flags()
            self.assertEqual(before["EXTERNAL_DB_PORT"].findtext("VALUE"), "443", "when secure")
            self.assertNotEqual(before["MY_FLAG"].findtext("EFFECTIVE"), "YES", "not before the restart")
            where = f"{system['address']}:{world.port(443)}"
            self.assertEqual(run("openssl", "s_client", "-tls1_2", "-connect", where, stdin="", check=False).returncode, 0)
            step("an alarm asks for the reset, and the reset brings them into effect")
            secure = self.session(world, system, secure=True)
            self.assertIn("flags.restart", [one.text for one in secure.do("TRANS_MCU", "GET_ACTIVE_ALARMS").iter("ID")])
            secure.do("TRANS_MCU", "RESET")
            self.await_boot(world, system, 2)
            wait_for(lambda: port_state(system["address"], world.port(443)) == "open", "443 opens again")
            self.assertEqual(flags()["MY_FLAG"].findtext("EFFECTIVE"), "YES")
            self.assertNotEqual(run("openssl", "s_client", "-tls1_2", "-connect", where, stdin="", check=False).returncode, 0)
            self.assertEqual(run("openssl", "s_client", "-tls1_3", "-connect", where, stdin="", check=False).returncode, 0)
            self.session(world, system, secure=True).do("TRANS_SYSTEM_FLAGS", "REMOVE", NAME="MY_FLAG")
            self.assertNotIn("MY_FLAG", flags())

    def test_restore_factory_defaults(self):
        """Certificates are deleted with the Comprehensive Restore option, and only with it."""
        with World("rs") as world:
            system = self.factory_system(world, software=RELEASE_7)
            company = Authority(world.folder / "company")
            browser = self.http(world, system).open(CREATE).fill_in("Send Details", **{COMMON_NAME: HOST})
            signed = sign(company, request_in(browser), "management")
            browser.open(SEND).fill_in("Send Certificate", **{TEXT: signed.read_text()})
            self.assertIn(CREATED, browser.text)
            self.session(world, system).do("TRANS_CERTIFICATE", "ADD_TRUSTED", DATA=company.certificate.read_text())
            for boots, (comprehensive, kept) in enumerate(((False, True), (True, False)), 2):
                step("Comprehensive Restore deletes certificates" if comprehensive else "Standard Restore keeps certificates")
                browser.open("/setup/system_configuration").fill_in("OK", **{"New Flag": "MY_FLAG", "Value": "YES"})
                browser.open("/administration/restore").fill_in("Restore Factory Defaults", **{"Comprehensive Restore": comprehensive})
                self.await_boot(world, system, boots)
                wait_for(lambda: port_state(system["address"], world.port(80)) == "open", "the system is back")
                self.assertNotIn("MY_FLAG", browser.open("/setup/system_configuration").text)
                session = self.session(world, system)
                row = self.personal(session)[MANAGEMENT]
                self.assertEqual(row.findtext("FINGERPRINT") == fingerprint_of(signed), kept)
                self.assertEqual(row.findtext("SELF_SIGNED"), "false" if kept else "true")
                trusted = session.do("TRANS_CERTIFICATE", "GET_REPOSITORY").find(".//TRUSTED_CERTIFICATE")
                self.assertEqual(trusted is not None, kept)


class Release8(System):
    """Seed 001: the certification repository of 8.1 and later."""

    def test_self_signed_certificates_of_the_factory(self):
        with World("sf") as world:
            system = self.factory_system(world)
            self.secure(self.http(world, system))
            self.await_https_only(world, system)
            shown = run("openssl", "s_client", "-connect", f"{system['address']}:{world.port(443)}", stdin="", check=False).stdout
            text = run("openssl", "x509", "-noout", "-subject", "-issuer", "-startdate", "-enddate", "-nameopt", "RFC2253", stdin=shown).stdout
            fields = dict(line.split("=", 1) for line in text.splitlines())
            for part in (f"CN={HOST}", "OU=Self Signed Certificate", "O=Polycom RMX"):
                self.assertIn(part, fields["subject"])
            self.assertEqual(fields["subject"], fields["issuer"])
            begin, end = (datetime.datetime.strptime(fields[name], "%b %d %H:%M:%S %Y %Z") for name in ("notBefore", "notAfter"))
            self.assertAlmostEqual((end - begin).days / 365.25, 10, delta=0.1)

    def test_secured_communication(self):
        """Enabling secure communication mode (seed 000): only https, only 443, connections to port 80 are rejected (RMX-7)."""
        with World("sc") as world:
            system = self.factory_system(world)
            address = system["address"]
            company = Authority(world.folder / "company")
            key, certificate = company.issue(HOST, "management")
            browser = self.http(world, system).open(REPOSITORY)
            browser.fill_in("Send Certificate and Key", **{"Certificate": certificate, "Private Key": key})
            self.assertIn("The certificate was created successfully.", browser.text)
            step("Management Network Properties: Secured Communication")
            self.secure(browser)
            self.await_https_only(world, system)
            self.assertTrue(s_client_verifies(address, world.port(443), company.certificate, HOST))
            self.assertFalse(s_client_verifies(address, world.port(443), company.certificate, "other.company.com"))
            resolve = ["--resolve", f"{HOST}:{world.port(443)}:{address}", "--cacert", company.certificate]
            url = f"https://{HOST}:{world.port(443)}/setup/management_network"
            self.assertEqual(status_of(url, *resolve, "--digest", "--user", f"{USER}:{PASSWORD}"), 200)
            self.assertEqual(self.session(world, system, secure=True).do("TRANS_MCU", "GET_STATE").findtext(".//MPL_SERIAL_NUMBER"),
                             system["serial"])
            step("and back to HTTP")
            self.session(world, system, secure=True).do("TRANS_MCU", "SET_SECURED_COMMUNICATION", ON="false")
            wait_for(lambda: port_state(address, world.port(443)) == "refused", "443 closes")
            self.assertEqual(port_state(address, world.port(80)), "open")

    def test_import_a_package(self):
        """Importing certificates: PEM/PFX, the password, Send Certificate, Install File."""
        with World("pk") as world:
            system = self.factory_system(world)
            company = Authority(world.folder / "company")
            key, certificate = company.issue(HOST, "sip")
            package = package_of(key, certificate, company.certificate, "open sesame")
            browser = self.http(world, system)
            step("Setup > RMX Secured Communication > Certification Repository: a self-signed certificate for each interface")
            browser.open(REPOSITORY)
            for words in ("Setup > RMX Secured Communication > Certification Repository", "Personal Certificates", MANAGEMENT, SIP):
                self.assertIn(words, browser.text)
            self.assertGreaterEqual(browser.text.count("(Self Signed Certificate)"), 2)
            step("Create Personal Certificate, PEM/PFX: a wrong password is refused")
            browser.fill_in("Send Certificate", **{SERVICE: SIP, "Password": "wrong", "Install File": package})
            self.assertIn("Invalid password.", browser.text)
            self.assertNotIn(COMPANY, browser.open(REPOSITORY).text)
            step("the password of the package, Send Certificate: certificate, private key and chain in one step")
            browser.fill_in("Send Certificate", **{SERVICE: SIP, "Password": "open sesame", "Install File": package})
            self.assertIn(TRANSFERRED, browser.text)
            step("it asks to be reset to apply the new certificate to the SIP services")
            self.assertIn(ASKS_FOR_RESET, browser.open(REPOSITORY).text)
            self.assertIn(ASKS_FOR_RESET, browser.open("/setup/time").text, "on every page")
            rows = self.personal(self.session(world, system))
            self.assertEqual(rows[SIP].findtext("FINGERPRINT"), fingerprint_of(certificate))
            self.assertEqual(rows[SIP].findtext("CHAIN_LENGTH"), "2")
            self.assertEqual(rows[SIP].findtext("RESTART_NEEDED"), "true")
            self.assertEqual(rows[MANAGEMENT].findtext("SELF_SIGNED"), "true", "the other network service keeps its own")
            self.reset(world, system, browser, 2)
            self.assertNotIn("Reset the RMX", browser.open(REPOSITORY).text)
            self.assertEqual(self.personal(self.session(world, system))[SIP].findtext("RESTART_NEEDED"), "false")
            step("the management network takes one too, for browsers; that one works at once")
            key, certificate = company.issue(HOST, "web")
            browser.open(REPOSITORY).fill_in("Send Certificate", **{
                SERVICE: MANAGEMENT, "Password": "other", "Install File": package_of(key, certificate, company.certificate, "other")})
            self.assertIn(TRANSFERRED, browser.text)
            self.assertNotIn("Reset the RMX", browser.open(REPOSITORY).text)
            self.secure(browser)
            self.await_https_only(world, system)
            self.seen_from_outside(world, system, certificate, company.certificate)

    def test_request_a_certificate(self):
        """Requesting certificates: Create Certificate, Send Details, Copy Request; Send Certificate with the text of the answer."""
        with World("rq") as world:
            system = self.factory_system(world)
            company = Authority(world.folder / "company")
            signalling = "sip.company.com"
            browser = self.http(world, system)
            browser.open(SIP_SERVERS).fill_in("OK", **{"Host Name": signalling})
            self.assertNotIn("Certificate Method", browser.open(SIP_SERVERS).text, "in its place are the revocation options")
            self.assertIn("Revocation Method", browser.text)
            step("Network Service Name: IP Network Services; Common Name: the FQDN of its signalling interface; no SAN; SHA-256")
            browser.open(CREATE).fill_in("Send Details", **{
                SERVICE: SIP, COMMON_NAME: signalling, "Organization": "Company", "Organization Unit": "Video", "Country Name": "US",
                "Hash Method": "SHA-256"})
            request = request_in(browser)
            text = request_text(request)
            for words in ("verify OK", "ecdsa-with-SHA256", signalling, "Video"):
                self.assertIn(words, text)
            self.assertNotIn("Subject Alternative Name", text)
            step("a second request does not discard the first one unasked")
            browser.open(CREATE).fill_in("Send Details", **{SERVICE: SIP, COMMON_NAME: signalling})
            self.assertIn("CRT-042", browser.text)
            self.assertEqual(request_in(browser), request)
            step("Send Certificate: not the certificate request data created earlier, that will not work")
            good = sign(company, request, "good", extensions=BOTH)
            refused = ((request, "CRT-007", "This is a certificate request, not a certificate."),
                       (sign(company, request, "server", extensions="extendedKeyUsage=serverAuth\n").read_text(), "clientAuth", ""),
                       (sign(company, request, "old", days=-1, extensions=BOTH).read_text(), "CRT-011", "Certificate expired."),
                       (sign(company, request, "name", extensions=f"subjectAltName=DNS:{HOST}\n{BOTH}").read_text(), "CRT-035",
                        f"Certificate DNS name does not match RMX ({SIP}) DNS name."))
            for pasted, error, words in refused:
                browser.open(SEND).fill_in("Send Certificate", **{SERVICE: SIP, TEXT: pasted})
                self.assertIn(error, browser.text)
                self.assertIn(words, browser.text)
                self.assertEqual(self.personal(self.session(world, system))[SIP].findtext("SELF_SIGNED"), "true")
            browser.open(SEND).fill_in("Send Certificate", **{SERVICE: MANAGEMENT, TEXT: good.read_text()})
            self.assertIn("CRT-041", browser.text, "the management network has asked for none")
            step("the text of the certificate: it replaces the self-signed one, and a reset is asked for")
            browser.open(SEND).fill_in("Send Certificate", **{SERVICE: SIP, TEXT: good.read_text()})
            self.assertIn(CREATED, browser.text)
            self.assertIn(ASKS_FOR_RESET, browser.text)
            self.assertEqual(self.personal(self.session(world, system))[SIP].findtext("FINGERPRINT"), fingerprint_of(good))
            self.reset(world, system, browser, 2)
            self.assertNotIn("Reset the RMX", browser.open(REPOSITORY).text)
            step("SHA-1 only with an explicit word for it")
            browser.open(CREATE).fill_in("Send Details", **{SERVICE: MANAGEMENT, COMMON_NAME: HOST, "Hash Method": "SHA-1"})
            self.assertIn("CRT-043", browser.text)
            browser.open(CREATE).fill_in("Send Details", **{SERVICE: MANAGEMENT, COMMON_NAME: HOST, "Hash Method": "SHA-1",
                                                            "Allow SHA-1 for an old authority": True})
            self.assertIn("ecdsa-with-SHA1", request_text(request_in(browser)))
            step("the request of the management network, with names: replaced, answered, served")
            browser.open(CREATE).fill_in("Send Details", **{
                SERVICE: MANAGEMENT, COMMON_NAME: HOST, "Subject Alternative Name (SAN)": f"dns:{HOST},dns:rmx2.company.com",
                "Replace the pending request": True})
            request = request_in(browser)
            self.assertIn("DNS:rmx2.company.com", request_text(request))
            signed = sign(company, request, "management")
            browser.open(SEND).fill_in("Send Certificate", **{SERVICE: MANAGEMENT, TEXT: signed.read_text()})
            self.assertIn(CREATED, browser.text)
            self.secure(browser)
            self.await_https_only(world, system)
            self.seen_from_outside(world, system, signed, company.certificate)
            step("Delete: back to the self-signed certificate; and back again to the one before")
            browser = self.https(world, system)
            browser.open(REPOSITORY).fill_in("Delete Certificate", **{SERVICE: MANAGEMENT})
            self.assertIn("The self-signed certificate is used.", browser.text)
            self.assertIn("OU=Self Signed Certificate", served_certificate(system["address"], world.port(443))["subject"].replace(" = ", "="))
            browser.open(REPOSITORY).fill_in("Restore Previous Certificate", **{SERVICE: MANAGEMENT})
            self.seen_from_outside(world, system, signed, company.certificate)

    def test_every_form_of_a_certificate(self):
        """A certification authority answers with one file or a package; each is known by what it is."""
        with World("fm") as world:
            system = self.factory_system(world)
            company = Authority(world.folder / "company")
            self.secure(self.http(world, system))
            self.await_https_only(world, system)
            browser = self.https(world, system)

            def send(button, certificate, **fields):
                browser.open(REPOSITORY).fill_in(button, **{SERVICE: MANAGEMENT, **fields})
                self.assertIn('class="notice"', browser.html)
                self.seen_from_outside(world, system, certificate, company.certificate)

            step("PEM with an encrypted key; both in one file; DER; PKCS#7 with the chain; PFX without a password")
            key, certificate = company.issue(HOST, "pem", passphrase="open sesame")
            send("Send Certificate and Key", certificate, **{"Certificate": certificate, "Private Key": key, "Password": "open sesame"})
            key, certificate = company.issue(HOST, "both")
            both = certificate.with_suffix(".both")
            both.write_text(certificate.read_text() + key.read_text())
            send("Send Certificate", certificate, **{"Install File": both})
            key, certificate = company.issue(HOST, "der")
            send("Send Certificate and Key", certificate, **{"Certificate": der_of(certificate), "Private Key": key})
            key, certificate = company.issue(HOST, "p7b")
            send("Send Certificate and Key", certificate, **{"Certificate": pkcs7_of(certificate, company.certificate), "Private Key": key})
            key, certificate = company.issue(HOST, "pfx")
            send("Send Certificate", certificate, **{"Install File": package_of(key, certificate, company.certificate, "")})
            step("a key of another certificate is refused, and the last one goes on being served")
            stranger, _ = company.issue(HOST, "stranger")
            browser.open(REPOSITORY).fill_in("Send Certificate and Key", **{SERVICE: MANAGEMENT, "Certificate": certificate, "Private Key": stranger})
            self.assertIn("The certificate does not match the private key.", browser.text)
            self.assertTrue(serves(system["address"], world.port(443), certificate))

    def test_trusted_certificates_and_revocation_lists(self):
        with World("tr") as world:
            system = self.factory_system(world)
            authorities = [Authority(world.folder / name, f"{name} Root") for name in ("One", "Two", "Three", "Four")]
            one, two, three, four = (authority.certificate for authority in authorities)
            browser = self.http(world, system)
            step("Trusted Certificates: PEM, DER, PKCS#7 and pasted text are added to the list")
            for file in (one, der_of(two), pkcs7_of(three)):
                browser.open(REPOSITORY).fill_in("Install Trusted Certificates", **{"Certificate Files": file})
            browser.open(REPOSITORY).fill_in("Paste Trusted Certificates", **{TEXT: four.read_text()})
            for name in ("One", "Two", "Three", "Four"):
                self.assertIn(f"CN={name} Root", browser.open(REPOSITORY).text)
            browser.fill_in("Install Trusted Certificates", **{"Certificate Files": one})
            self.assertIn("CRT-037", browser.text, "it is there already")
            step("CRL: one that its issuer signed is kept, one that somebody else made in its name is not")
            browser.open(REPOSITORY).fill_in("Install CRL", **{"CRL File": revocation_list(authorities[0])})
            self.assertIn('class="notice"', browser.html)
            forger = Authority(world.folder / "forger", "One Root")
            browser.open(REPOSITORY).fill_in("Install CRL", **{"CRL File": revocation_list(forger)})
            self.assertIn("CRT-038", browser.text)
            browser.open(REPOSITORY).fill_in("Remove CRL", **{"CRL of": "/O=Company/CN=One Root"})
            self.assertIn('class="notice"', browser.html)
            step("Trusted Certificates: Remove")
            browser.open(REPOSITORY).fill_in("Remove Trusted Certificate", **{"Trusted Certificate": "/O=Company/CN=Two Root"})
            self.assertNotIn("Two Root", browser.open(REPOSITORY).text)
            self.assertIn("Three Root", browser.text)

    def test_issuer_without_a_common_name(self):
        """8.5 takes certificates of authorities whose name has no CN; software before it does not (seed 001, RMX-10)."""
        for software, taken in (("8.4.2.110", False), ("8.5.0.145", True)):
            with World("cn") as world:
                system = self.factory_system(world, software=software)
                nameless = Authority(world.folder / "nameless")
                run("openssl", "req", "-x509", "-key", nameless.key, "-out", nameless.certificate, "-days", "3650", "-subj",
                    "/O=Nameless Authority", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
                session = self.session(world, system)
                session.do("TRANS_CERTIFICATE", "ADD_TRUSTED", DATA=nameless.certificate.read_text())
                answer = session.do("TRANS_CERTIFICATE", "CREATE_REQUEST", SERVICE_NAME=MANAGEMENT, COMMON_NAME=HOST,
                                    SUBJECT_ALTERNATIVE_NAME=f"dns:{HOST}", HASH_METHOD="SHA-256")
                signed = sign(nameless, answer.findtext("CERTIFICATE_REQUEST"), "management")
                if not taken:
                    status = session.refused("TRANS_CERTIFICATE", "SEND_CERTIFICATE", SERVICE_NAME=MANAGEMENT, DATA=signed.read_text())
                    self.assertIn("CRT-046", status[2])
                    continue
                session.do("TRANS_CERTIFICATE", "SEND_CERTIFICATE", SERVICE_NAME=MANAGEMENT, DATA=signed.read_text())
                session.do("TRANS_MCU", "SET_SECURED_COMMUNICATION", ON="true")
                self.await_https_only(world, system)
                self.seen_from_outside(world, system, signed, nameless.certificate)

    def test_the_factory_password_caps_the_level(self):
        with World("fp") as world:
            system = self.factory_system(world)
            self.secure(self.http(world, system))
            self.await_https_only(world, system)
            world.start_manager()
            world.trust_factory()
            world.set_policy()
            world.cli("system", "add", HOST, "--ip", system["address"], "--family", "rmx")
            step("nobody vouches for a self-signed certificate: the administrator compares it and pins it")
            pin = served_certificate(system["address"], world.port(443))["fingerprint"]
            world.cli("system", "set", HOST, "--system-pin", pin)
            assessment = world.api("system", "observe", HOST)["assessments"][0]
            self.assertEqual(assessment["level"], 2, "secured communication, and the factory password still opens it (DPT-3)")
            password = "superstrongpasswordhere"
            self.https(world, system).open("/administration/password").fill_in(
                "OK", **{"Old Password": PASSWORD, "New Password": password, "Confirm New Password": password})
            (world.folder / "password").write_text(password + "\n")
            world.cli("system", "set", HOST, "--password-file", world.folder / "password")
            self.assertEqual(world.api("system", "observe", HOST)["assessments"][0]["level"], 3)

    def test_callers_with_certificates(self):
        """Certificate validation on the management network, and its revocation options (RMX-9): nobody is locked out on the way."""
        with World("cv") as world:
            system = self.factory_system(world)
            company = Authority(world.folder / "company")
            base = f"https://{system['address']}:{world.port(443)}"
            keys = {name: company.issue(f"{name}.company.com") for name in ("administrator", "lost")}
            as_caller = lambda name: ["--insecure", "--cert", keys[name][1], "--key", keys[name][0]]  # noqa: E731
            gets_in = lambda name: curl(*as_caller(name), base + SEND, check=False).returncode == 0  # noqa: E731
            self.secure(self.http(world, system))
            self.await_https_only(world, system)
            browser = self.https(world, system)

            def validate():
                browser.open("/setup/management_network").fill_in("Save", **{"Skip Certificate Validation": "No"})

            step("without a trusted certificate nobody could come in: refused")
            validate()
            self.assertIn("DEV-005", browser.text)
            browser.open(REPOSITORY).fill_in("Install Trusted Certificates", **{"Certificate Files": company.certificate})
            step("who does not prove to have a certificate could be locked out: on trial only")
            validate()
            self.assertIn("DEV-080", browser.text)
            browser.open("/administration/trial").fill_in("Begin")
            trial = re.search(r"Trial (\S+) has begun", browser.text).group(1)
            validate()
            self.assertIn("The change was saved.", browser.text)
            step("from now on only callers with a certificate of the company come in; one of them confirms")
            self.assertNotEqual(curl("--insecure", base + SEND, check=False).returncode, 0)
            stranger_key, stranger = Authority(world.folder / "strangers").issue("administrator.company.com")
            self.assertNotEqual(curl("--insecure", "--cert", stranger, "--key", stranger_key, base + SEND, check=False).returncode, 0)
            session = Transactions(base, *as_caller("administrator")).log_in(USER, PASSWORD)
            session.do("TRANS_MCU", "CONFIRM_TRIAL", ID=trial)
            self.assertTrue(gets_in("lost"))
            step("the trusted certificate that all depends on cannot be removed")
            status = session.refused("TRANS_CERTIFICATE", "REMOVE_TRUSTED", FINGERPRINT=fingerprint_of(company.certificate))
            self.assertIn("DEV-005", status[2])
            step("Revocation Method CRL: a caller whose certificate was revoked is refused")
            browser = Browser(base, USER, PASSWORD, *as_caller("administrator"))
            browser.open(REPOSITORY).fill_in("Install CRL", **{"CRL File": revocation_list(company, keys["lost"][1])})
            self.assertIn('class="notice"', browser.html)
            self.assertTrue(gets_in("lost"), "no method was chosen yet")
            browser.open("/setup/management_network").fill_in("Save Revocation Options", **{"Revocation Method": "CRL"})
            self.assertIn("DEV-110", browser.text, "callers could be locked out: on trial only")
            browser.open("/administration/trial").fill_in("Begin")
            trial = re.search(r"Trial (\S+) has begun", browser.text).group(1)
            browser.open("/setup/management_network").fill_in("Save Revocation Options", **{"Revocation Method": "CRL"})
            self.assertIn('class="notice"', browser.html)
            Transactions(base, *as_caller("administrator")).log_in(USER, PASSWORD).do("TRANS_MCU", "CONFIRM_TRIAL", ID=trial)
            self.assertFalse(gets_in("lost"))
            self.assertTrue(gets_in("administrator"))
            step("it is so after a reset too")
            browser.open("/administration/reset").fill_in("Reset")
            self.await_boot(world, system, 2)
            wait_for(lambda: gets_in("administrator"), "the system is back")
            self.assertFalse(gets_in("lost"))

    def test_the_repository_in_transactions(self):
        """The same procedures for programs: each refusal has the vendor's words and an id of ours."""
        with World("tx") as world:
            system = self.factory_system(world)
            company = Authority(world.folder / "company")
            session = self.session(world, system)
            do = lambda action, **more: session.do("TRANS_CERTIFICATE", action, **more)  # noqa: E731
            refused = lambda action, **more: session.refused("TRANS_CERTIFICATE", action, **more)  # noqa: E731
            step("request, answer, confirmation")
            request = do("CREATE_REQUEST", SERVICE_NAME=MANAGEMENT, COUNTRY_NAME="US", ORGANIZATION="Company",
                         ORGANIZATION_UNIT=["Video", "Bridges"], COMMON_NAME=HOST).findtext("CERTIFICATE_REQUEST")
            self.assertIn("Bridges", request_text(request))
            self.assertIn("CRT-042", refused("CREATE_REQUEST", SERVICE_NAME=MANAGEMENT)[2])
            self.assertIn("CRT-043", refused("CREATE_REQUEST", SERVICE_NAME=SIP, HASH_METHOD="SHA-1")[2])
            self.assertEqual(refused("CREATE_REQUEST", SERVICE_NAME=SIP, HASH_METHOD="MD5")[0], "5")
            self.assertIn("CRT-007", refused("SEND_CERTIFICATE", SERVICE_NAME=MANAGEMENT, DATA=request)[2])
            self.assertIn("GEN-002", refused("SEND_CERTIFICATE", SERVICE_NAME=MANAGEMENT)[2])
            signed = sign(company, request, "management")
            answer = do("SEND_CERTIFICATE", SERVICE_NAME=MANAGEMENT, DATA=signed.read_text())
            self.assertEqual((answer.findtext("MESSAGE"), answer.findtext("RESTART_NEEDED")), (CREATED, "false"))
            self.assertIn("CRT-041", refused("SEND_CERTIFICATE", SERVICE_NAME=MANAGEMENT, DATA=signed.read_text())[2])
            self.assertIn("GEN-003", refused("SEND_CERTIFICATE", SERVICE_NAME="Nowhere", DATA="x")[2])
            do("CREATE_REQUEST", SERVICE_NAME=SIP)
            do("DISCARD_REQUEST", SERVICE_NAME=SIP)
            self.assertEqual(self.personal(session)[SIP].findtext("REQUEST_PENDING"), "false")
            step("a package, by its password")
            key, certificate = company.issue(HOST, "sip")
            package = base64_of(package_of(key, certificate, company.certificate, "secret"))
            status = refused("SEND_PACKAGE", SERVICE_NAME=SIP, DATA=package, PASSWORD="wrong")
            self.assertEqual(status[1], "Invalid password.")
            self.assertIn("CRT-005", status[2])
            slow = certificate.with_suffix(".slow")
            run("openssl", "pkcs12", "-export", "-inkey", key, "-in", certificate, "-out", slow, "-passout", "pass:secret", "-iter", "1000001",
                "-nomaciter")
            self.assertIn("CRT-026", refused("SEND_PACKAGE", SERVICE_NAME=SIP, DATA=base64_of(slow), PASSWORD="secret")[2],
                          "made to keep the system busy")
            other_key, other = company.issue("other.company.com")
            status = refused("SEND_PACKAGE", SERVICE_NAME=MANAGEMENT, DATA=other.read_text() + other_key.read_text())
            self.assertEqual(status[1], f"Certificate DNS name does not match RMX ({MANAGEMENT}) DNS name.")
            answer = do("SEND_PACKAGE", SERVICE_NAME=SIP, DATA=package, PASSWORD="secret")
            self.assertEqual((answer.findtext("MESSAGE"), answer.findtext("RESTART_NEEDED")), (TRANSFERRED, "true"))
            step("trusted certificates and CRLs; Activate Certificate ends the session")
            do("ADD_TRUSTED", DATA=base64_of(der_of(company.certificate)))
            do("ADD_CRL", DATA=revocation_list(company).read_text())
            repository = do("GET_REPOSITORY")
            self.assertEqual(repository.findtext("TRUSTED_CERTIFICATE_LS/TRUSTED_CERTIFICATE/FINGERPRINT"), fingerprint_of(company.certificate))
            self.assertIn(COMPANY, repository.findtext("CRL_LS/CRL/ISSUER"))
            do("ACTIVATE_CERTIFICATE")
            self.assertEqual(session.refused("TRANS_MCU", "GET_STATE")[1], "User not found")
            session.log_in(USER, PASSWORD)
            do("REMOVE_CRL", ISSUER=repository.findtext("CRL_LS/CRL/ISSUER"))
            do("REMOVE_TRUSTED", FINGERPRINT=fingerprint_of(company.certificate))
            step("revocation options of each IP network service (RMX-9)")
            self.assertIn("GEN-002", refused("SET_REVOCATION", SERVICE_NAME=SIP, METHOD="OCSP")[2])
            do("SET_REVOCATION", SERVICE_NAME=SIP, METHOD="OCSP", GLOBAL_RESPONDER_URL="http://responder.example.com/ocsp",
               ALLOW_WHEN_UNREACHABLE="false")
            rows = {row.findtext("SERVICE_NAME"): row for row in do("GET_REVOCATION_LS").iter("REVOCATION")}
            self.assertEqual((rows[SIP].findtext("METHOD"), rows[SIP].findtext("ALLOW_WHEN_UNREACHABLE")), ("OCSP", "false"))
            self.assertEqual(rows[MANAGEMENT].findtext("METHOD"), "NONE")
            browser = self.http(world, system)
            self.assertIn("OCSP, http://responder.example.com/ocsp, refused when unreachable", browser.open(SIP_SERVERS).text)
            browser.fill_in("Save Revocation Options", **{"Revocation Method": "CRL", "Allow Incomplete Revocation Checks": True})
            self.assertIn("At least one CRL should be installed.", browser.text)
            do("ADD_CRL", DATA=revocation_list(company).read_text())
            browser.open(SIP_SERVERS).fill_in("Save Revocation Options",
                                              **{"Revocation Method": "CRL", "Allow Incomplete Revocation Checks": True})
            self.assertIn("CRL, allowed when unreachable", browser.text)
            step("back to the certificate before, and to the self-signed one")
            do("REMOVE_CERTIFICATE", SERVICE_NAME=MANAGEMENT)
            self.assertEqual(self.personal(session)[MANAGEMENT].findtext("SELF_SIGNED"), "true")
            do("ROLL_BACK_CERTIFICATE", SERVICE_NAME=MANAGEMENT)
            do("SET_REVOCATION", SERVICE_NAME=SIP, METHOD="NONE")
            session.do("TRANS_MCU", "SET_SECURED_COMMUNICATION", ON="true")
            self.await_https_only(world, system)
            self.seen_from_outside(world, system, signed, company.certificate)
            step("log-in failures lock out")
            stranger = Transactions(f"https://{system['address']}:{world.port(443)}", "--insecure")
            for _ in range(5):
                self.assertEqual(stranger.refused("TRANS_MCU", "LOGIN", USER_NAME=USER, PASSWORD="guess")[0], "1")
            self.assertIn("ACC-003", stranger.refused("TRANS_MCU", "LOGIN", USER_NAME=USER, PASSWORD=PASSWORD)[2])


if __name__ == "__main__":
    main()
