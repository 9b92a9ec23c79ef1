#!/usr/bin/env python3
"""Every operation of catalogue/openapi.yaml has a route in src/manager/api, and the other way round."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
described, path = set(), None
for line in (root / "catalogue/openapi.yaml").read_text().splitlines():
    if line == "components:":
        break
    if match := re.fullmatch(r"  (/\S*):", line):
        path = match[1]
    elif path and (match := re.fullmatch(r"    (get|post|put|patch|delete):", line)):
        described.add((match[1].upper(), "/api/v1" + path))
offered = set()
for file in (root / "src/manager/api").glob("*.cpp"):
    for method, pattern in re.findall(r'"(GET|POST|PUT|PATCH|DELETE)",\s*"(/api/v1/[^"]*)"', file.read_text()):
        offered.add((method, pattern))
text = (root / "catalogue/openapi.yaml").read_text()
defined = {f"{group}/{match}" for group in ("schemas", "responses") for match in re.findall(r"^    (\w+):$", re.search(rf"^  {group}:\n((?:    .*\n?)*)", text, re.M)[1], re.M)}
astray = sorted(set(re.findall(r"#/components/(\w+/\w+)", text)) - defined)
for reference in astray:
    print(f"refers to what is not there: {reference}")
missing, unknown = sorted(described - offered), sorted(offered - described)
for method, pattern in missing:
    print(f"described but not offered: {method} {pattern}")
for method, pattern in unknown:
    print(f"offered but not described: {method} {pattern}")
if not described:
    sys.exit("nothing was read from catalogue/openapi.yaml")
sys.exit(1 if missing or unknown or astray else 0)
