#!/usr/bin/env python3
"""catalogue/settings.manager.toml -> docs/settings.md: every setting of the manager with type, default, unit, option and example."""
import argparse
import json
import pathlib
import sys
import tomllib

TYPES = {"text": str, "list": list, "number": int, "boolean": bool, "choice": str, "file": str, "folder": str, "output": str}
KEYS = {"type", "default", "required", "unit", "minimum", "maximum", "choices", "reload", "help", "example"}

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("source")
parser.add_argument("--docs", required=True, help="file for the manual page, docs/settings.md")
args = parser.parse_args()


def rows(table, prefix=""):
    for name, fields in table.items():
        if "type" in fields:
            yield prefix + name, fields
        else:
            yield from rows(fields, f"{prefix}{name}.")


def toml(value):
    return json.dumps(value)


problems, settings = [], list(rows(tomllib.loads(pathlib.Path(args.source).read_text())))
for name, row in settings:
    wanted = TYPES.get(row["type"])
    if wanted is None:
        problems.append(f"{name}: there is no type {row['type']}")
        continue
    problems += [f"{name}: unknown key {key}" for key in sorted(set(row) - KEYS)]
    problems += [f"{name}: {key} is missing" for key in ("help", "example") if key not in row]
    if row.get("required", False) == ("default" in row):
        problems.append(f"{name}: either it is required or it has a default")
    for key in ("default", "example"):
        if key in row and type(row[key]) is not wanted:
            problems.append(f"{name}: {key} is no {row['type']}")
    if row["type"] == "number" and not row.get("minimum", 1) <= row.get("default", 0) <= row.get("maximum", 0):
        problems.append(f"{name}: minimum, default and maximum do not fit")
    if row["type"] == "choice" and not {row.get("default"), row.get("example")} <= set(row.get("choices", [])):
        problems.append(f"{name}: default or example is none of the choices")
    if row.get("example") == row.get("default"):
        problems.append(f"{name}: the example shows nothing")
if problems:
    sys.exit("\n".join(problems))


def described(row):
    kind = {"list": "list of texts", "output": "file or folder that is written", "file": "file", "folder": "folder"}.get(row["type"], row["type"])
    if row["type"] == "number":
        kind += f", {row['minimum']} to {row['maximum']}" + (f" {row['unit']}" if "unit" in row else "")
    if row["type"] == "choice":
        kind = " or ".join(f"`{choice}`" for choice in row["choices"])
    return kind


lines = [
    "# Settings of the manager", "",
    "<!-- Generated from catalogue/settings.manager.toml by tools/generate_settings.py. Do not edit. -->", "",
    "`countersign-manager --settings FILE` reads them from a TOML file. Each is an option of the command line too, which overrides the",
    "file. A relative path in the file is taken from the folder of the file. No setting holds a secret: passwords stand in files of their",
    "own, which nobody else may read.", "",
    "    countersign-manager --settings FILE --check           what is wrong, all at once, with line and remedy; exit code 1",
    "    countersign-manager --settings FILE --print-config    the values that hold and where each is from, as a settings file",
    "    systemctl reload countersign-manager                  reads the file again (SIGHUP)", "",
    "A reload takes over the settings marked so. When anything in the file is wrong, all settings stay as they were, and the log says why",
    "(`program.reload_failed`). A change of any other setting is named in the log (`settings.need_restart`) and waits for the restart.", "",
    "| setting | type | default | after a change |", "|---|---|---|---|",
]
for name, row in settings:
    default = "required" if row.get("required") else f"`{toml(row['default'])}`"
    lines.append(f"| [`{name}`](#{name.replace('.', '')}) | {described(row)} | {default} | {'reload' if row.get('reload') else 'restart'} |")
table = None
for name, row in settings:
    folder, _, last = name.rpartition(".")
    lines += ["", f"## {name}", "", f"{row['help'].rstrip('.')}.", ""]
    if folder:
        lines.append(f"    [{folder}]")
    option = "--" + name.replace("_", "-").replace(".", "-")
    if row["type"] == "boolean" and row["default"]:
        option = option.replace("--", "--no-", 1)
    lines.append(f"    {last} = {toml(row['example'])}")
    lines += ["", f"Option: `{option}`"]
path = pathlib.Path(args.docs)
text = "\n".join(lines) + "\n"
if not path.exists() or path.read_text() != text:
    path.write_text(text)
