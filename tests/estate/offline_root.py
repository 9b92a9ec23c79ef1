#!/usr/bin/env python3
"""A root whose key is kept elsewhere (REQ MGR-13, TRU-7): exported, dropped after the file has proven to open, and used by the workbench for
the next issuing authority and for the root's revocation list; openssl's programs agree."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403
from guide import main, step  # noqa: E402


class OfflineRoot(unittest.TestCase):
    def refused(self, world, code, *command):
        done = world.cli(*command, check=False)
        self.assertIn(done.returncode, (1, 2, 3), done.stdout + done.stderr)
        self.assertIn(code, done.stderr)

    def bench(self, *command):
        """The workbench where no manager is."""
        return run(BIN / "countersign", *command)

    def test_the_roots_key_leaves_and_the_estate_goes_on(self):
        with World("offline") as world:
            system = world.start_all([{"family": "c-series", "host_name": f"room1.{world.domain}"}])[0]
            world.add_to_manager([system])
            world.cli("job", "wait", "--timeout", "120")
            world.cli("secure-only", "set", "verify")
            world.cli("job", "wait", "--timeout", "120")
            folder, ca = world.folder, world.folder / "manager" / "ca.pem"
            passphrase, wrong, short = (folder / name for name in ("passphrase", "wrong", "short"))
            for file, text in ((passphrase, "correct horse battery"), (wrong, "another passphrase"), (short, "short")):
                file.write_text(text + "\n")
            root = folder / "root.pem"
            step("exported: encrypted, and the manager has the key still")
            self.refused(world, "GEN-001", "authority", "export-root", "--out", root, "--passphrase-file", short)
            world.cli("authority", "export-root", "--out", root, "--passphrase-file", passphrase)
            self.assertIn("BEGIN ENCRYPTED PRIVATE KEY", root.read_text())
            self.assertEqual(fingerprint_of(root), fingerprint_of(ca))
            self.assertEqual({one["key"] for one in world.api("authority", "show")["authorities"]}, {"sealed"})
            step("a file that does not open, or is another key's, is not what would be left")
            self.refused(world, "CRT-005", "authority", "take-offline", root, "--passphrase-file", wrong)
            other = Authority(folder / "other")
            self.refused(world, "CRT-014", "authority", "take-offline", other.key, "--passphrase-file", passphrase)
            world.cli("authority", "renew-intermediate")
            world.cli("authority", "take-offline", root, "--passphrase-file", passphrase)
            known = {one["fingerprint"]: one["key"] for one in world.api("authority", "show")["authorities"]}
            self.assertEqual(known[fingerprint_of(root)], "elsewhere")
            for command in (("renew-intermediate",), ("take-offline", root, "--passphrase-file", passphrase),
                            ("export-root", "--out", folder / "again.pem", "--passphrase-file", passphrase)):
                self.refused(world, "MGR-164", "authority", *command)
            step("the next issuing authority: requested here, signed elsewhere, checked, taken into use")
            self.refused(world, "CRT-041", "authority", "install-intermediate", ca)
            request, again, answer = folder / "issuing.csr", folder / "again.csr", folder / "issuing.pem"
            said = world.cli("authority", "request-intermediate", "--out", request).stdout
            self.assertIn("countersign cert sign", said)
            world.cli("authority", "request-intermediate", "--out", again)
            self.assertEqual(request.read_text(), again.read_text(), "the same one until it is answered")
            signer = ("--ca-cert", root, "--ca-key", root, "--passphrase-file", passphrase)
            sign = ("cert", "sign", "--request", request, *signer, "--days", "1827")
            leaf = folder / "leaf.pem"
            self.bench(*sign, "--profile", "server", "--out", leaf)
            self.refused(world, "CRT-021", "authority", "install-intermediate", leaf)
            foreign = folder / "foreign.pem"
            self.bench("cert", "sign", "--request", request, "--ca-cert", other.certificate, "--ca-key", other.key, "--profile", "ca", "--out", foreign)
            self.refused(world, "CRT-015", "authority", "install-intermediate", foreign)
            self.refused(world, "CRT-033", "authority", "install-intermediate", other.certificate)
            before = world.api("authority", "show")["fingerprint"]
            self.bench(*sign, "--profile", "ca", "--out", answer)
            world.cli("authority", "install-intermediate", answer)
            shown = world.api("authority", "show")
            self.assertEqual(shown["fingerprint"], fingerprint_of(answer))
            step("the estate goes on; the next certificate comes from it")
            world.cli("inventory", "rekey", system["host_name"])
            world.cli("job", "wait", "--timeout", "120")
            world.cli("system", "observe", system["host_name"])
            self.assertEqual(world.systems()[system["host_name"]]["level"], 4)
            served = world.api("inventory", "show", served_certificate(system["address"], world.port(443))["fingerprint"])
            self.assertEqual(served["issuer"], fingerprint_of(answer))
            step("the root's list: made with the file, brought, and asked for")
            url = f"http://{world.manager_address}:{world.port(80)}/pki/crl/{fingerprint_of(root)}"
            self.assertEqual(status_of(url), 404)
            first, second = folder / "first.crl", folder / "second.crl"
            self.bench("crl", "new", *signer, "--out", first)
            self.refused(world, "GEN-001", "authority", "upload-crl", self.list_of(other, folder))
            world.cli("authority", "upload-crl", first)
            old = folder / "old.pem"
            old.write_text(world.api("inventory", "show", before)["pem"])
            self.bench("crl", "revoke", old, "--crl", first, *signer, "--reason", "superseded", "--out", second)
            world.cli("authority", "upload-crl", second)
            self.refused(world, "GEN-001", "authority", "upload-crl", first)
            der = folder / "served.crl"
            curl("--fail", "--output", der, url)
            self.assertEqual(run("openssl", "crl", "-inform", "DER", "-in", der, "-outform", "PEM").stdout, second.read_text())
            lists, pem = folder / "lists.pem", folder / "served.pem"
            issuing = folder / "issuing.crl"
            curl("--fail", "--output", issuing, f"http://{world.manager_address}:{world.port(80)}/pki/crl/{fingerprint_of(answer)}")
            lists.write_text(second.read_text() + run("openssl", "crl", "-inform", "DER", "-in", issuing).stdout)
            pem.write_text(world.api("inventory", "show", served["fingerprint"])["pem"])
            done = run("openssl", "verify", "-crl_check_all", "-CAfile", ca, "-untrusted", answer, "-CRLfile", lists, pem)
            self.assertIn("served.pem: OK", done.stdout)
            done = run("openssl", "verify", "-crl_check", "-CAfile", ca, "-CRLfile", lists, old, check=False)
            self.assertIn("revoked", done.stdout + done.stderr)
            step("the next life knows all of it")
            world.manager.stop()
            world.restart_manager()
            self.assertEqual(world.api("authority", "show")["fingerprint"], fingerprint_of(answer))
            self.assertEqual(status_of(url), 200)
            self.assertEqual(world.tickets(), [])

    def list_of(self, other, folder):
        file = folder / "other.crl"
        self.bench("crl", "new", "--ca-cert", other.certificate, "--ca-key", other.key, "--out", file)
        return file


if __name__ == "__main__":
    main()
