#!/usr/bin/env python3
"""docs/families/ says what families/ says now, and docs/families.md leads to every page."""
import subprocess
import sys

from checks import ROOT, finish

told = subprocess.run([sys.executable, ROOT / "tools/generate_family_docs.py", "--check"], capture_output=True, text=True)
problems = told.stdout.splitlines() + told.stderr.splitlines()
overview = (ROOT / "docs/families.md").read_text()
for path in sorted((ROOT / "families").glob("*.toml")):
    if f"(families/{path.stem}.md)" not in overview:
        problems.append(f"docs/families.md does not lead to families/{path.stem}.md")
finish(problems)
