#!/usr/bin/env python3
"""What other people's scanners find wrong with the HTTPS door in its default profile: sslscan and testssl.sh, with a
certificate of a company's authority, every system at its defaults otherwise. No finding is left without a reason. sslscan looks
at all ciphers and groups, so testssl.sh, which is slow at that, looks at the rest."""

import json
import pathlib
import sys
import unittest
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from appliance import Appliance  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402

HOST = "codec.company.com"

# testssl.sh's ids of what it remarks and we accept, each with its reason.
ACCEPTED = {
    "cert_revocation": "the authority of this test publishes neither a list nor a responder",
    "engine_problem": "about the openssl program that it uses",
    "HSTS": "a browser that remembers it would be locked out when HTTPS is switched off and HTTP on, which an administrator may do",
}
# A scanner's severities that are remarks and no faults.
FINE = {"OK", "INFO", "DEBUG"}


class Scanners(unittest.TestCase):
    def served(self, world):
        appliance = Appliance(world).start()
        authority = Authority(world.folder / "ca")
        appliance.upload(*authority.issue(HOST), authority.certificate)
        appliance.type("xconfiguration NetworkServices HTTPS Mode: On")
        appliance.restart()
        self.assertTrue(s_client_verifies(appliance.address, world.port(443), authority.certificate, HOST))
        return appliance, authority

    def test_sslscan(self):
        with World("sslscan") as world:
            appliance, _ = self.served(world)
            report = world.folder / "report.xml"
            run("sslscan", "--no-colour", f"--xml={report}", f"--sni-name={HOST}", f"{appliance.address}:{world.port(443)}")
            found = xml.etree.ElementTree.parse(report).getroot().find("ssltest")
            versions = {(one.get("type"), one.get("version")): one.get("enabled") for one in found.findall("protocol")}
            self.assertEqual({version for version, enabled in versions.items() if enabled == "1"}, {("tls", "1.2"), ("tls", "1.3")})
            self.assertIn(("ssl", "3"), versions, "the old versions were tried")
            weak = [one.get("cipher") for one in found.findall("cipher") if one.get("strength") not in ("strong", "acceptable")]
            self.assertEqual(weak, [])
            offered = [one.get("cipher") for one in found.findall("cipher")]
            self.assertGreaterEqual(len(offered), 4)
            for cipher in offered:
                self.assertRegex(cipher, r"^(TLS_|ECDHE-|DHE-)", "forward secrecy")
                self.assertNotRegex(cipher, r"CBC|RC4|DES|NULL|MD5|-SHA$", cipher)
            self.assertEqual([one.get("vulnerable") for one in found.findall("heartbleed") if one.get("vulnerable") != "0"], [])
            # Left out of the report when sslscan's own library cannot ask for it.
            self.assertEqual([one.get("supported") for one in found.findall("compression") if one.get("supported") != "0"], [])
            renegotiation = found.find("renegotiation")
            self.assertFalse(renegotiation.get("supported") == "1" and renegotiation.get("secure") == "0")
            groups = [one.get("name") for one in found.findall("group") if int(one.get("bits")) < 112]
            self.assertEqual(groups, [])
            certificate = found.find("certificates/certificate")
            self.assertEqual(certificate.find("self-signed").text, "false")
            self.assertEqual(certificate.find("expired").text, "false")
            self.assertNotIn("sha1", certificate.find("signature-algorithm").text)

    def test_testssl(self):
        with World("testssl") as world:
            appliance, authority = self.served(world)
            report = world.folder / "report.json"
            run("testssl", "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--ip", appliance.address, "--add-ca", authority.certificate,
                "--jsonfile", report, "--protocols", "--server-defaults", "--server-preference", "--headers", "--heartbleed",
                "--ccs-injection", "--renegotiation", "--crime", "--tls-fallback", "--ticketbleed", "--robot", "--openssl-timeout", "5",
                f"{HOST}:{world.port(443)}", check=False, timeout=240)
            findings = json.loads(report.read_text())
            by_id = {one["id"]: one for one in findings}
            for needed in ("SSLv3", "TLS1", "TLS1_2", "TLS1_3", "cipher_order", "heartbleed", "ROBOT", "cert_keySize", "HSTS", "secure_renego"):
                self.assertIn(needed, by_id, "the scan was whole")
            faults = [f"{one['id']}: {one['severity']}: {one['finding']}" for one in findings
                      if one["severity"] not in FINE and one["id"].split(" ")[0] not in ACCEPTED]
            self.assertEqual(faults, [])
            self.assertIn("not offered", by_id["TLS1"]["finding"])
            self.assertIn("offered", by_id["TLS1_3"]["finding"])
            print(f"  {len(findings)} findings, none of them a fault")


if __name__ == "__main__":
    main()
