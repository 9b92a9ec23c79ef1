#!/usr/bin/env python3
"""docs/settings.md says what catalogue/settings.manager.toml says, and each setting has one place in the program."""
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

from checks import ROOT, finish

problems = []
source = ROOT / "catalogue/settings.manager.toml"
with tempfile.TemporaryDirectory() as folder:
    fresh = pathlib.Path(folder) / "settings.md"
    made = subprocess.run([sys.executable, ROOT / "tools/generate_settings.py", source, "--docs", fresh], capture_output=True, text=True, check=False)
    manual = ROOT / "docs/settings.md"
    if made.returncode != 0:
        problems += made.stderr.splitlines()
    elif not manual.exists() or manual.read_text() != fresh.read_text():
        problems.append("docs/settings.md is not what the catalogue says now: run tools/update_generated.sh")


def names(table, prefix=""):
    for name, fields in table.items():
        yield from [prefix + name] if "type" in fields else names(fields, f"{prefix}{name}.")


places = re.findall(r'place<&\w+::\w+>\("([a-z0-9_.]+)"\)', (ROOT / "src/manager/settings/program_settings.cpp").read_text())
known = list(names(tomllib.loads(source.read_text())))
problems += [f"{name}: the program has no place for it" for name in known if name not in places]
problems += [f"{name}: program_settings.cpp has a place for it, and the table no row" for name in places if name not in known]
problems += [f"{name}: it is put twice" for name in set(places) if places.count(name) > 1]
finish(problems)
