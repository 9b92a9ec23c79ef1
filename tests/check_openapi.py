#!/usr/bin/env python3
"""Every operation of catalogue/openapi.yaml has a route in src/manager/api, and the other way round; and a command of the workbench
(x-command), which docs/workbench.md describes; and says which permission it needs (that the program has it is asked by a unit test of the workbench)."""
import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
# What no command asks for, and why.
NO_COMMAND = {
    ("GET", "/setup"): "pages ask whether to show the set-up; a command is given the set-up password or not",
    ("GET", "/session"): "pages ask who is logged in; a command has its token",
    ("GET", "/families"): "`family list` shows the same without a manager",
    ("GET", "/events"): "a stream for live pages; commands with --wait look by themselves",
}
manual = (root / "docs/workbench.md").read_text()
PERMISSIONS = {"none", "self", "read", "own", "operate", "audit", "administer"}
commands, permissions, open_to_all, current = {}, {}, set(), None
described, path = set(), None
for line in (root / "catalogue/openapi.yaml").read_text().splitlines():
    if line == "components:":
        break
    if match := re.fullmatch(r"  (/\S*):", line):
        path = match[1]
    elif path and (match := re.fullmatch(r"    (get|post|put|patch|delete):", line)):
        current = (match[1].upper(), path)
        described.add((match[1].upper(), "/api/v1" + path))
    elif current and (match := re.fullmatch(r"      x-command: (.+)", line)):
        commands[current] = match[1]
    elif current and (match := re.fullmatch(r"      x-permission: (.+)", line)):
        permissions[current] = match[1]
    elif current and line == "      security: []":
        open_to_all.add(current)
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
uncommanded = sorted((method, pattern) for method, pattern in described
                     if (method, pattern.removeprefix("/api/v1")) not in commands.keys() | NO_COMMAND.keys())
for method, pattern in uncommanded:
    print(f"has no x-command, the command of the workbench that asks for it: {method} {pattern}")
unknown_commands = sorted({command for command in commands.values() if f"\n    $ countersign {command}" not in manual})
for command in unknown_commands:
    print(f"an x-command that docs/workbench.md does not have: {command}")
closed = sorted(operation for operation in {(method, pattern.removeprefix("/api/v1")) for method, pattern in described}
                if permissions.get(operation) not in PERMISSIONS or (permissions[operation] == "none") != (operation in open_to_all))
for method, pattern in closed:
    print(f"needs an x-permission ({', '.join(sorted(PERMISSIONS))}); none exactly with `security: []`: {method} {pattern}")
if not described:
    sys.exit("nothing was read from catalogue/openapi.yaml")
sys.exit(1 if missing or unknown or astray or uncommanded or unknown_commands or closed else 0)
