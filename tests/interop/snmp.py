#!/usr/bin/env python3
"""What net-snmp's programs see (REQ SVC-4, RMX-5, CRT-4): alarms and the days that certificates have left, by the names of our MIB file, and
traps when an alarm is raised or cleared."""

import datetime
import os
import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from estate import *  # noqa: E402,F403

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MIBS = {"MIBDIRS": f"{ROOT}/tests/support/mibs:{ROOT}/docs/mibs", "MIBS": "COUNTERSIGN-MIB", "SNMPCONFPATH": "/nonexistent"}
PASSWORD = "TANDBERG"


class Snmp(unittest.TestCase):
    def ask(self, program, *arguments):
        env = {**MIBS, "SNMP_PERSISTENT_DIR": str(self.world.folder)}
        done = run(program, "-t", str(2 * PATIENCE), "-r", "2", "-v2c", "-c", "public", f"{self.address}:{self.world.port(161)}", *arguments,
                   env=env)
        self.assertNotIn("Cannot find module", done.stderr)
        return dict(re.findall(r"(?m)^COUNTERSIGN-MIB::(\S+) = \w+: (.*)$", done.stdout))

    def start(self, family, **settings):
        self.world = World("snmp")
        self.enterContext(self.world)
        self.receiver = f"{self.world.net}.200"
        self.system = self.world.add_estate([{"family": family, "host_name": f"room.{self.world.domain}", "settings": settings}])[0]
        self.address = self.system["address"]

    def listen(self):
        conf = self.world.folder / "snmptrapd.conf"
        conf.write_text("disableAuthorization yes\n")
        env = {**MIBS, "SNMP_PERSISTENT_DIR": str(self.world.folder), "PATH": os.environ["PATH"] + ":/usr/sbin"}
        self.traps = self.world.start("snmptrapd", "snmptrapd", "-f", "-Lo", "-C", "-c", conf,
                                      f"{self.receiver}:{self.world.port(162)}", env=env)
        wait_for(lambda: "NET-SNMP version" in self.traps.text(), "snmptrapd listens")
        # It has no orderly end of its own that says 0 everywhere.
        self.world.children.remove(self.traps)
        self.addCleanup(self.traps.kill)

    def await_trap(self, name, *values):
        def found():
            for one in re.split(r"(?=SNMPv2-MIB::|DISMAN|iso\.3\.6\.1\.2\.1\.1\.3\.0)", self.traps.text()):
                if name in one and all(value in one for value in values):
                    return one
            return None
        try:
            return wait_for(found, f"a trap {name} with {values}")
        except Failed as failed:
            raise Failed(f"{failed}\n{self.traps.text()[-3000:]}") from None

    def test_mib_file_is_read_without_a_complaint(self):
        done = run("snmptranslate", "-Pe", "-Pw", "-On", "COUNTERSIGN-MIB::csAlarmEntryText.1", env=MIBS)
        self.assertEqual(done.stdout, ".1.3.6.1.4.1.32473.1.3.2.1.4.1\n")
        self.assertEqual(done.stderr, "")
        self.assertIn("csCertificateDaysLeft", run("snmptranslate", "-Tp", "-IR", "COUNTERSIGN-MIB::countersignMIB", env=MIBS).stdout)

    def test_every_identity_has_its_days(self):
        self.start("rmx", **{"service.snmp.mode": "on"})
        self.world.start_device()
        shown = self.ask("snmpwalk", "COUNTERSIGN-MIB::csCertificates")
        services = [value for name, value in shown.items() if name.startswith("csCertificateService.")]
        self.assertEqual(len(services), 2, shown)
        for index in (1, 2):
            self.assertGreater(int(shown[f"csCertificateDaysLeft.{index}"].split()[0]), 1000)
            self.assertEqual(shown[f"csCertificateFactory.{index}"], "true(1)")
            self.assertRegex(shown[f"csCertificateFingerprint.{index}"], r"^[0-9a-f]{64}$")

    def test_alarms_are_listed_and_trapped(self):
        self.start("c-series", **{"snmp.trap.receiver.1": f"127.{self.world_net()}.200"})
        self.listen()
        self.world.start_device()
        shown = self.ask("snmpwalk", "COUNTERSIGN-MIB::csAlarms")
        self.assertEqual(shown["csAlarmCount.0"], "1", shown)
        self.assertEqual(shown["csAlarmEntryId.1"], "password.factory")
        self.assertIn("factory password", shown["csAlarmEntryText.1"])
        self.assertRegex(shown["csAlarmEntrySince.1"], r"^20\d\d-\d\d-\d\dT")

        authority = Authority(self.world.folder / "ca")
        now = datetime.datetime.now(datetime.timezone.utc)
        dates = [(now + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ") for days in (-200, 4.5)]
        key, certificate = authority.issue(self.system["host_name"], start=dates)
        browser = Browser(f"http://{self.address}:{self.world.port(80)}", "admin", PASSWORD)
        browser.open("/web/security/cert").fill_in("Upload", **{"HTTPS Certificate (PEM format)": certificate, "Private Key (PEM format)": key})
        self.await_trap("csCertificateAlarm", "certificate.expires", "csAlarmDaysLeft.0 = INTEGER: 5")
        shown = self.ask("snmpbulkwalk", "COUNTERSIGN-MIB::csAlarms")
        self.assertEqual(shown["csAlarmCount.0"], "2", shown)
        self.assertEqual({shown["csAlarmEntryId.1"], shown["csAlarmEntryId.2"]}, {"password.factory", "certificate.expires"})
        self.assertEqual(self.ask("snmpget", "COUNTERSIGN-MIB::csCertificateDaysLeft.1")["csCertificateDaysLeft.1"], "4 days")

        key, certificate = authority.issue(self.system["host_name"], days=300)
        browser.open("/web/security/cert").fill_in("Upload", **{"HTTPS Certificate (PEM format)": certificate, "Private Key (PEM format)": key})
        self.await_trap("csAlarmCleared", "certificate.expires")
        self.assertEqual(self.ask("snmpwalk", "COUNTERSIGN-MIB::csAlarms")["csAlarmCount.0"], "1")

    def world_net(self):
        return f"{30 + os.getpid() % 200}.{(os.getpid() // 200) % 200}"


if __name__ == "__main__":
    unittest.main(verbosity=2)
