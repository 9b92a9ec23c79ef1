#!/usr/bin/env python3
"""Every task of appendices B and C of the deployment guide (seed 004) and of the article on private keys (seed 002), done with our
command and read with openssl and, where it can, certtool; and the other way round: what they made is read by us."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from guide import main, step  # noqa: E402
from workbench import InFolder  # noqa: E402

SUBJECT = ["--org", "Example Company", "--unit", "Video", "--country", "NO", "--state", "Akershus", "--locality", "Lysaker"]
OPENSSL_SUBJECT = "/C=NO/ST=Akershus/L=Lysaker/O=Example Company/OU=Video/CN="


class Tasks(InFolder):
    """The authority that the guide sends requests to: an openssl one, as somebody else's would be."""

    def setUp(self):
        super().setUp()
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "3650", "-subj",
                     "/O=Example Company/CN=Example Root", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def sign_with_openssl(self, request="certcsr.pem", out="cert.pem", days=365):
        self.openssl("x509", "-req", "-in", request, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", days, "-copy_extensions",
                     "copy", "-out", out)

    def request_for(self, name):
        self.openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-subj", "/CN=" + name, "-addext",
                     "basicConstraints=CA:false", "-out", name + ".csr")
        return name + ".csr"

    def check_request(self, request, name):
        text = self.openssl("req", "-in", request, "-noout", "-verify", "-text", "-nameopt", "RFC2253").out
        self.assertIn(f"CN={name},OU=Video,O=Example Company,L=Lysaker,ST=Akershus,C=NO", text)
        self.assertIn(f"DNS:{name}", text)
        info = self.certtool("--crq-info", "--infile", request).out
        self.assertIn("Self signature: verified", info)
        self.assertIn(name, info)

    def same_public_key(self, key, certificate, *passphrase):
        of_key = self.openssl("pkey", "-in", key, "-pubout", *passphrase).out
        of_certificate = self.openssl("x509", "-in", certificate, "-noout", "-pubkey").out
        self.assertEqual(of_key, of_certificate)


class AppendixB(Tasks):
    """Working with certificates for the management server."""

    NAME = "tms.na.company.com"

    def test_a_server_certificate_is_requested_and_packaged(self):
        step("1. Generate a private key")
        self.countersign("key", "new", "--type", "rsa:2048", "--out", "privatekey.pem")
        self.assertEqual(self.mode("privatekey.pem"), 0o600)
        self.assertIn("2048 bit", self.openssl("rsa", "-in", "privatekey.pem", "-noout", "-text", "-check").out)
        self.assertIn("2048 bits", self.certtool("--key-info", "--infile", "privatekey.pem").out)
        step("2. Generate a certificate signing request")
        self.countersign("request", "new", "--key", "privatekey.pem", "--cn", self.NAME, *SUBJECT, "--out", "certcsr.pem")
        self.check_request("certcsr.pem", self.NAME)
        step("3. The authority signs it; the answer is copied out of an e-mail, and looked at")
        self.sign_with_openssl(out="signed.pem")
        self.write("cert.pem", "Dear customer,\r\nyour certificate:\r\n" + self.read("signed.pem").replace("\n", "\r\n") + "\r\nYours, the CA\r\n")
        shown = self.countersign("show", "cert.pem").out
        self.assertIn(self.NAME, shown)
        self.assertIn("Example Root", shown)
        self.countersign("cert", "match", "--key", "privatekey.pem", "--cert", "cert.pem")
        step("4. Convert the certificate and private key into a PKCS#12 formatted file")
        self.write("password", "export password\n")
        for name, legacy in (("certificate.pfx", []), ("old.pfx", ["--legacy"])):
            self.countersign("pfx", "export", "--cert", "cert.pem", "--key", "privatekey.pem", "--name", "My Server Cert", "--passphrase-file",
                             "password", *legacy, "--out", name)
            self.assertEqual(self.mode(name), 0o600)
            opened = self.openssl("pkcs12", "-in", name, "-nodes", "-passin", "file:password", *(["-legacy"] if legacy else [])).out
            self.assertIn("friendlyName: My Server Cert", opened)
            self.write("from-package.pem", opened)
            self.same_public_key("from-package.pem", "from-package.pem")
            listed = self.certtool("--p12-info", "--inder", "--infile", name, "--password", "export password").out
            self.assertIn("BEGIN", listed)

    def test_the_key_of_the_guides_size_needs_a_word(self):
        refused = self.countersign("key", "new", "--type", "rsa:1024", "--out", "privatekey.pem", code=1)
        self.assertIn("--legacy", refused.err)
        self.assertFalse((self.folder / "privatekey.pem").exists())
        done = self.countersign("key", "new", "--type", "rsa:1024", "--legacy", "--out", "privatekey.pem")
        self.assertIn("1024", done.err, "a warning")
        self.assertIn("1024 bit", self.openssl("rsa", "-in", "privatekey.pem", "-noout", "-text").out)

    def test_a_certificate_is_renewed_with_the_same_key(self):
        self.openssl("genrsa", "-out", "privatekey.pem", "2048")
        self.openssl("req", "-new", "-key", "privatekey.pem", "-subj", OPENSSL_SUBJECT + self.NAME, "-addext", f"subjectAltName=DNS:{self.NAME}",
                     "-out", "first.csr")
        self.sign_with_openssl(request="first.csr")
        self.countersign("request", "renew", "--from", "cert.pem", "--key", "privatekey.pem", "--out", "certcsr.pem")
        self.check_request("certcsr.pem", self.NAME)
        self.countersign("cert", "match", "--key", "privatekey.pem", "--request", "certcsr.pem")
        step("and with a new one")
        self.countersign("request", "renew", "--from", "cert.pem", "--new-key", "new.pem", "--out", "new.csr")
        self.check_request("new.csr", self.NAME)
        self.assertEqual(self.mode("new.pem"), 0o600)
        self.countersign("cert", "match", "--key", "privatekey.pem", "--request", "new.csr", code=2)

    def test_a_request_is_signed_by_its_own_key(self):
        for days in (360, 730):  # openssl's way and SelfSSL's
            self.countersign("key", "new", "--out", f"{days}.key")
            self.countersign("request", "new", "--key", f"{days}.key", "--cn", self.NAME, "--out", f"{days}.csr")
            self.countersign("cert", "self-sign", "--request", f"{days}.csr", "--key", f"{days}.key", "--days", days, "--out", f"{days}.pem")
            self.openssl("verify", "-CAfile", f"{days}.pem", "-verify_hostname", self.NAME, f"{days}.pem")
            self.openssl("x509", "-in", f"{days}.pem", "-noout", "-checkend", (days - 1) * 86400)
            self.openssl("x509", "-in", f"{days}.pem", "-noout", "-checkend", (days + 1) * 86400, code=1)
            self.assertIn(self.NAME, self.certtool("--certificate-info", "--infile", f"{days}.pem").out)
            self.same_public_key(f"{days}.key", f"{days}.pem")

    def test_a_request_of_openssl_is_signed_by_us_as_an_authority(self):
        self.openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "privatekey.pem", "-subj", OPENSSL_SUBJECT + self.NAME, "-addext",
                     f"subjectAltName=DNS:{self.NAME}", "-out", "certcsr.pem")
        self.countersign("cert", "sign", "--request", "certcsr.pem", "--ca-cert", "ca.pem", "--ca-key", "ca.key", "--days", 200, "--out", "cert.pem")
        self.openssl("verify", "-CAfile", "ca.pem", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", self.NAME, "cert.pem")
        self.certtool("--verify", "--load-ca-certificate", "ca.pem", "--infile", "cert.pem", "--verify-hostname", self.NAME)

    def test_is_the_authority_trusted_by_the_server(self):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "other.key", "-out", "other.pem", "-subj", "/CN=Other Root")
        self.countersign("cert", "trusted", "ca.pem", "--roots", "ca.pem")
        answer = self.countersign("cert", "trusted", "ca.pem", "--roots", "other.pem", code=2)
        self.assertIn("Example Root", answer.out + answer.err)
        self.countersign("cert", "trusted", "ca.pem", "--host-store", code=2)
        step("Adding it to the trusted roots: of a file, of a host; and out again")
        for done in ("is trusted from now on", "stays as it was"):
            self.assertIn(done, self.countersign("cert", "trust", "ca.pem", "--roots", "roots.pem").out)
        self.countersign("cert", "trust", "other.pem", "--roots", "roots.pem")
        self.openssl("verify", "-CAfile", "roots.pem", "ca.pem")
        self.assertEqual(self.read("roots.pem").count("BEGIN"), 2)
        self.countersign("cert", "trust", "other.pem", "--roots", "roots.pem", "--remove")
        self.countersign("cert", "trusted", "other.pem", "--roots", "roots.pem", code=2)
        (self.folder / "image" / "etc" / "ssl" / "certs").mkdir(parents=True)
        self.write("image/etc/ca-certificates.conf", "")
        host = ["--host-store", "--system-root", self.folder / "image"]
        self.countersign("cert", "trust", "ca.pem", *host)
        self.openssl("verify", "-CAfile", "image/etc/ssl/certs/ca-certificates.crt", "ca.pem")
        self.countersign("cert", "trust", "other.pem", *host)
        self.countersign("cert", "trust", "ca.pem", *host, "--remove")
        self.openssl("verify", "-CAfile", "image/etc/ssl/certs/ca-certificates.crt", "ca.pem", code=2)
        self.openssl("verify", "-CAfile", "image/etc/ssl/certs/ca-certificates.crt", "other.pem")
        self.openssl("x509", "-req", "-in", self.request_for("leaf"), "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "leaf.pem")
        self.assertIn("CRT-021", self.countersign("cert", "trust", "leaf.pem", "--roots", "roots.pem", code=2).err)
        step("All roots of a system in one file")
        self.countersign("bundle", "merge", "other.pem", "ca.pem", "--out", "trusted.pem")
        self.countersign("cert", "trusted", "ca.pem", "--roots", "trusted.pem")
        self.openssl("verify", "-CAfile", "trusted.pem", "ca.pem")

    def test_packages_and_files_are_viewed(self):
        self.openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "privatekey.pem", "-subj", OPENSSL_SUBJECT + self.NAME, "-out",
                     "certcsr.pem")
        self.sign_with_openssl()
        self.write("password", "secret\n")
        self.openssl("pkcs12", "-export", "-in", "cert.pem", "-inkey", "privatekey.pem", "-certfile", "ca.pem", "-out", "certificate.pfx", "-name",
                     "My Server Cert", "-passout", "file:password")
        for file, more in (("cert.pem", []), ("certcsr.pem", []), ("certificate.pfx", ["--passphrase-file", "password"])):
            self.assertIn(self.NAME, self.countersign("show", file, *more).out)
            self.assertTrue(self.countersign("show", file, *more, "--json").json())
        self.assertIn("My Server Cert", self.countersign("show", "certificate.pfx", "--passphrase-file", "password").out)
        secret = "".join(self.read("privatekey.pem").splitlines()[1:-1])
        shown = self.countersign("show", "privatekey.pem").out
        self.assertIn("2048", shown)
        self.assertNotIn(secret[100:160], shown.replace("\n", ""))

    def test_the_private_key_is_taken_out_of_a_package_from_windows(self):
        self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "privatekey.pem", "-out", "cert.pem", "-subj", "/CN=" + self.NAME)
        self.write("password", "Strong Encryption\n")
        self.openssl("pkcs12", "-export", "-in", "cert.pem", "-inkey", "privatekey.pem", "-out", "modern.pfx", "-passout", "file:password")
        self.openssl("pkcs12", "-export", "-legacy", "-in", "cert.pem", "-inkey", "privatekey.pem", "-out", "windows.pfx", "-passout", "file:password")
        self.certtool("--to-p12", "--load-privkey", "privatekey.pem", "--load-certificate", "cert.pem", "--p12-name", "x", "--password",
                      "Strong Encryption", "--outder", "--outfile", "gnutls.pfx")
        for name in ("modern", "windows", "gnutls"):
            self.countersign("pfx", "import", f"{name}.pfx", "--passphrase-file", "password", "--out-dir", name)
            self.assertEqual(self.mode(f"{name}/privatekey.pem"), 0o600)
            self.same_public_key(f"{name}/privatekey.pem", f"{name}/cert.pem")
        self.write("wrong", "strong encryption\n")
        self.assertIn("CRT-005", self.countersign("pfx", "import", "modern.pfx", "--passphrase-file", "wrong", "--out-dir", "none", code=3).err)
        damaged = (self.folder / "modern.pfx").read_bytes()[:-40]
        self.write("damaged.pfx", damaged)
        self.assertIn("CRT-025", self.countersign("pfx", "import", "damaged.pfx", "--passphrase-file", "password", "--out-dir", "none", code=3).err)
        self.assertFalse((self.folder / "none" / "privatekey.pem").exists())


class AppendixC(Tasks):
    """Working with certificates for the systems."""

    NAME = "codec43.na.company.com"

    def test_key_with_a_passphrase_request_and_certificate(self):
        self.write("passphrase", "tandberg secret\n")
        step("openssl genrsa -out privatekey.pem -des3, with ours, in the new form and in the old")
        for form in ([], ["--traditional"]):
            self.countersign("key", "new", "--type", "rsa:2048", "--passphrase-file", "passphrase", *form, "--out", "privatekey.pem", "--force")
            text = self.read("privatekey.pem")
            self.assertIn("DES-EDE3-CBC" if form else "BEGIN ENCRYPTED PRIVATE KEY", text)
            self.openssl("rsa", "-in", "privatekey.pem", "-passin", "file:passphrase", "-noout", "-check")
            self.openssl("rsa", "-in", "privatekey.pem", "-passin", "pass:wrong", "-noout", code=1)
            if not form:
                self.certtool("--key-info", "--infile", "privatekey.pem", "--password", "tandberg secret")
        self.countersign("request", "new", "--key", "privatekey.pem", "--passphrase-file", "passphrase", "--cn", self.NAME, *SUBJECT, "--out",
                         "certcsr.pem")
        self.check_request("certcsr.pem", self.NAME)
        self.sign_with_openssl()
        self.countersign("cert", "match", "--key", "privatekey.pem", "--passphrase-file", "passphrase", "--cert", "cert.pem")
        self.countersign("cert", "verify", "cert.pem", "--roots", "ca.pem", "--host", self.NAME, "--profile", "device-legacy")
        refused = self.countersign("cert", "verify", "cert.pem", "--roots", "ca.pem", "--host", "other.company.com", "--profile", "device-legacy", code=2)
        self.assertIn("other.company.com", refused.out)

    def test_keys_that_openssl_encrypted_are_read(self):
        self.write("passphrase", "tandberg secret\n")
        self.openssl("genrsa", "-des3", "-passout", "file:passphrase", "-out", "new.pem", "2048")
        self.openssl("genrsa", "-traditional", "-des3", "-passout", "file:passphrase", "-out", "old.pem", "2048")
        self.openssl("genrsa", "-traditional", "-aes256", "-passout", "file:passphrase", "-out", "aes.pem", "2048")
        self.openssl("pkcs8", "-topk8", "-in", "new.pem", "-passin", "file:passphrase", "-passout", "pass:tandberg secret", "-v1", "PBE-SHA1-3DES", "-out",
                     "pbe.pem")
        self.certtool("--generate-privkey", "--key-type", "rsa", "--bits", "2048", "--pkcs8", "--password", "tandberg secret", "--outfile", "gnutls.pem")
        for key in ("new.pem", "old.pem", "aes.pem", "pbe.pem", "gnutls.pem"):
            self.countersign("request", "new", "--key", key, "--passphrase-file", "passphrase", "--cn", self.NAME, "--out", key + ".csr")
            self.openssl("req", "-in", key + ".csr", "-noout", "-verify")
            self.assertIn("CRT-004", self.countersign("request", "new", "--key", key, "--cn", self.NAME, "--out", "none.csr", code=3).err)

    def test_a_request_is_made_again_for_renewal(self):
        self.countersign("key", "new", "--out", "privatekey.pem")
        self.countersign("request", "new", "--key", "privatekey.pem", "--cn", self.NAME, *SUBJECT, "--out", "certcsr.pem")
        self.countersign("request", "new", "--key", "privatekey.pem", "--cn", self.NAME, *SUBJECT, "--out", "certcsr.pem", code=3)
        self.countersign("request", "new", "--key", "privatekey.pem", "--cn", self.NAME, *SUBJECT, "--out", "certcsr.pem", "--force")
        self.check_request("certcsr.pem", self.NAME)

    def test_self_signed(self):
        self.openssl("genrsa", "-out", "privatekey.pem", "2048")
        self.openssl("req", "-new", "-key", "privatekey.pem", "-subj", OPENSSL_SUBJECT + self.NAME, "-out", "certcsr.pem")
        self.countersign("cert", "self-sign", "--request", "certcsr.pem", "--key", "privatekey.pem", "--days", 360, "--out", "cert.pem")
        self.openssl("verify", "-CAfile", "cert.pem", "cert.pem")
        self.same_public_key("privatekey.pem", "cert.pem")

    def test_is_the_authority_among_what_the_system_lists(self):
        listing = self.openssl("x509", "-in", "ca.pem", "-text").out
        self.write("listed.pem", "certificate list root\n" + listing + "OK\n")
        self.assertIn("Example Root", self.countersign("show", "listed.pem").out)
        self.countersign("cert", "trusted", "ca.pem", "--roots", "listed.pem")

    def test_der_and_pem_are_converted(self):
        self.openssl("x509", "-in", "ca.pem", "-outform", "DER", "-out", "ca.cer")
        self.countersign("cert", "convert", "ca.cer", "--to", "pem", "--out", "cert.pem")
        fingerprint = self.openssl("x509", "-in", "ca.pem", "-noout", "-fingerprint", "-sha256").out
        self.assertEqual(self.openssl("x509", "-in", "cert.pem", "-noout", "-fingerprint", "-sha256").out, fingerprint)
        self.countersign("cert", "convert", "cert.pem", "--to", "der", "--out", "cert.der")
        self.assertEqual((self.folder / "cert.der").read_bytes(), (self.folder / "ca.cer").read_bytes())
        self.assertIn("Example Root", self.certtool("--certificate-info", "--inder", "--infile", "cert.der").out)

    def test_roots_are_merged_and_split(self):
        for number in (1, 2, 3):
            self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "x.key", "-out", f"cert{number}.pem", "-subj", f"/CN=Root {number}")
        self.openssl("x509", "-in", "cert3.pem", "-outform", "DER", "-out", "cert3.der")
        self.countersign("bundle", "merge", "cert1.pem", "cert2.pem", "cert3.der", "--out", "combined.pem")
        for number in (1, 2, 3):
            self.openssl("verify", "-CAfile", "combined.pem", f"cert{number}.pem")
        self.assertEqual(self.certtool("--certificate-info", "--infile", "combined.pem").out.count("X.509 Certificate Information"), 3)
        self.countersign("bundle", "split", "combined.pem", "--out-dir", "parts")
        parts = sorted((self.folder / "parts").iterdir())
        self.assertEqual(len(parts), 3)
        for number, part in enumerate(parts, 1):
            self.assertIn(f"Root {number}", self.openssl("x509", "-in", part, "-noout", "-subject").out)
        step("What cat made is read the same")
        self.write("cat.pem", self.read("cert1.pem") + self.read("cert2.pem"))
        self.countersign("bundle", "split", "cat.pem", "--out-dir", "cat")
        self.assertEqual(len(list((self.folder / "cat").iterdir())), 2)


class PrivateKeyArticle(Tasks):
    """Seed 002: a private key and certificate pair for an MCU."""

    NAME = "mcu1.na.company.com"

    def test_privkey_with_passphrase_and_a_self_signed_certificate_of_1000_days(self):
        self.write("passphrase", "kept apart\n")
        self.countersign("key", "new", "--type", "rsa:2048", "--traditional", "--passphrase-file", "passphrase", "--out", "privkey.pem")
        self.assertIn("DES-EDE3-CBC", self.read("privkey.pem"))
        self.countersign("cert", "self-sign", "--cn", self.NAME, "--key", "privkey.pem", "--passphrase-file", "passphrase", "--days", 1000, "--out",
                         "cert.pem")
        self.openssl("x509", "-in", "cert.pem", "-noout", "-checkend", 999 * 86400)
        self.openssl("x509", "-in", "cert.pem", "-noout", "-checkhost", self.NAME)
        self.same_public_key("privkey.pem", "cert.pem", "-passin", "file:passphrase")

    def test_an_address_as_the_common_name(self):
        self.countersign("key", "new", "--out", "privkey.pem")
        self.countersign("request", "new", "--key", "privkey.pem", "--cn", "192.0.2.10", "--out", "cert.csr")
        self.assertIn("IP Address:192.0.2.10", self.openssl("req", "-in", "cert.csr", "-noout", "-text").out)

    def test_chained_certificates_stand_behind_the_units_own(self):
        self.openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "sub.key", "-subj", "/CN=Example Issuing", "-out", "sub.csr")
        self.write("ca.ext", "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\n")
        self.openssl("x509", "-req", "-in", "sub.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "ca.ext", "-out", "authority.pem")
        self.countersign("key", "new", "--type", "rsa:2048", "--out", "privkey.pem")
        self.countersign("request", "new", "--key", "privkey.pem", "--cn", self.NAME, "--out", "cert.csr")
        self.openssl("x509", "-req", "-in", "cert.csr", "-CA", "authority.pem", "-CAkey", "sub.key", "-CAcreateserial", "-copy_extensions", "copy", "-out",
                     "cert.pem")
        self.countersign("cert", "chain", "authority.pem", "cert.pem", "--out", "chained.pem")
        self.assertEqual(self.read("chained.pem").count("BEGIN CERTIFICATE"), 2)
        self.assertIn(self.NAME, self.openssl("x509", "-in", "chained.pem", "-noout", "-subject").out, "the unit's own comes first")
        self.openssl("verify", "-CAfile", "ca.pem", "-untrusted", "chained.pem", "chained.pem")
        self.countersign("cert", "verify", "chained.pem", "--roots", "ca.pem", "--host", self.NAME, "--profile", "device-legacy")
        self.countersign("cert", "verify", "cert.pem", "--roots", "ca.pem", "--host", self.NAME, "--profile", "device-legacy", code=2)


if __name__ == "__main__":
    main()
