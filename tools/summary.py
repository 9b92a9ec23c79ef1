#!/usr/bin/env python3
"""CTest's JUnit report -> what failed, what was slow, and the closing line "N passed, N failed".

Exit code 1 when something failed, or when nothing passed.
"""
import sys
import xml.etree.ElementTree

cases = xml.etree.ElementTree.parse(sys.argv[1]).getroot().iter("testcase")
passed, failed, skipped, times = 0, [], [], []
for case in cases:
    name, status = case.get("name"), case.get("status")
    times.append((float(case.get("time") or 0), name))
    if status == "run":
        passed += 1
    elif status in ("notrun", "disabled") and case.find("failure") is None:
        skipped.append(name)
    else:
        failed.append(name)

slow = [entry for entry in sorted(times, reverse=True)[:5] if entry[0] >= 5]
for seconds, name in slow:
    print(f"slow: {name} ({seconds:.0f} s)")
for name in skipped:
    print(f"skipped: {name}")
for name in failed:
    print(f"failed: {name}")
print(f"{passed} passed, {len(failed)} failed")
sys.exit(1 if failed or not passed else 0)
