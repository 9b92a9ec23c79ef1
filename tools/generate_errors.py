#!/usr/bin/env python3
"""catalogue/errors.toml -> one header per area, the table, and docs/errors.md.

Ids are AREA-NNN and are never reused. The number of an id in C++ is area index * 1000 + NNN.
"""
import argparse
import pathlib
import re
import sys
import tomllib

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("source")
parser.add_argument("--out", help="folder for the C++ files")
parser.add_argument("--docs", help="file for the manual page, docs/errors.md")
args = parser.parse_args()

data = tomllib.loads(pathlib.Path(args.source).read_text())
areas = data.pop("areas")
problems, seen = [], set()
entries = []
for code, entry in data.items():
    match = re.fullmatch(r"([A-Z]{3})-(\d{3})", code)
    if not match or match[1] not in areas:
        problems.append(f"{code}: not AREA-NNN with an area of [areas]")
        continue
    for key in ("name", "title", "cause", "remedy", "http", "exit"):
        if key not in entry:
            problems.append(f"{code}: {key} is missing")
    unknown = set(entry) - {"name", "title", "text", "cause", "remedy", "http", "exit"}
    if unknown:
        problems.append(f"{code}: unknown keys {sorted(unknown)}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", entry.get("name", "")):
        problems.append(f"{code}: name must be snake_case")
    if (match[1], entry.get("name")) in seen:
        problems.append(f"{code}: name used twice")
    seen.add((match[1], entry.get("name")))
    number = (list(areas).index(match[1]) + 1) * 1000 + int(match[2])
    entries.append((number, code, match[1], entry))
if problems:
    sys.exit("\n".join(problems))
entries.sort()


def write_if_changed(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


if args.out:
    out = pathlib.Path(args.out)
    for area, title in areas.items():
        lines = ["#pragma once", f"// Generated from catalogue/errors.toml. {title}.", '#include "base/error_id.hpp"', "",
                 f"namespace countersign::errors::{area.lower()} {{"]
        for number, code, entry_area, entry in entries:
            if entry_area == area:
                lines.append(f"/// {code} {entry['title']}")
                lines.append(f"inline constexpr ErrorId {entry['name']}{{{number}}};")
        lines.append("}")
        write_if_changed(out / "errors" / f"{area.lower()}.hpp", "\n".join(lines) + "\n")
    lines = ["// Generated from catalogue/errors.toml.", '#include "base/error_id.hpp"', "#include <array>", "namespace countersign {",
             "namespace {", f"constexpr std::array<ErrorEntry, {len(entries)}> k_entries = {{{{"]
    for number, code, area, entry in entries:
        lines.append("    ErrorEntry{" + f"ErrorId{{{number}}}, " + ", ".join(quoted(x) for x in (
            code, entry["name"], entry["title"], entry.get("text", ""), entry["cause"], entry["remedy"]))
            + f", {entry['http']}, {entry['exit']}}},")
    lines += ["}};", "}", "std::span<ErrorEntry const> error_entries() { return k_entries; }", "}"]
    write_if_changed(out / "error_table.cpp", "\n".join(lines) + "\n")

if args.docs:
    lines = ["# Errors", "", "<!-- Generated from catalogue/errors.toml by tools/generate_errors.py. Do not edit. -->", "",
             "Every message of Countersign carries one of these ids. `countersign explain ID` prints the same text.", ""]
    for area, title in areas.items():
        lines += [f"## {area}: {title}", ""]
        for number, code, entry_area, entry in entries:
            if entry_area != area:
                continue
            lines += [f"### {code} {entry['title']}", "", f"- Name: `{entry['name']}`",
                      f"- Cause: {entry['cause'].strip()}", f"- What to do: {entry['remedy'].strip()}",
                      f"- HTTP status {entry['http']}, exit code {entry['exit']}", ""]
    write_if_changed(pathlib.Path(args.docs), "\n".join(lines).rstrip() + "\n")
