#!/usr/bin/env python3
"""Every id of catalogue/errors.toml is used in src/ or apps/, and docs/errors.md says what the catalogue says."""
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

from checks import ROOT, files, finish

problems = []
catalogue = tomllib.loads((ROOT / "catalogue/errors.toml").read_text())
catalogue.pop("areas")
sources = [path.read_text() for path in files("src", "apps")]
used = set()
for text in sources:
    # errors::crt::not_pem, or crt::not_pem behind a namespace alias.
    used |= {(area.upper(), constant) for area, constant in re.findall(r"\b([a-z]{3})::([a-z][a-z0-9_]*)", text)}
for code, entry in catalogue.items():
    if (code[:3], entry["name"]) not in used:
        problems.append(f"catalogue/errors.toml: {code} ({entry['name']}) is used nowhere")

with tempfile.TemporaryDirectory() as folder:
    fresh = pathlib.Path(folder) / "errors.md"
    subprocess.run([sys.executable, ROOT / "tools/generate_errors.py", ROOT / "catalogue/errors.toml", "--docs", fresh], check=True)
    manual = ROOT / "docs/errors.md"
    if not manual.exists() or manual.read_text() != fresh.read_text():
        problems.append("docs/errors.md is not what the catalogue says now: run tools/update_generated.sh")
finish(problems)
