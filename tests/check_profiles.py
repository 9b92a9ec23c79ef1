#!/usr/bin/env python3
"""docs/pki-profile.md says what catalogue/certificate-profiles.toml says, and no code has a list of usages or lives of its own."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib

from checks import ROOT, files, finish

problems = []
source, manual = ROOT / "catalogue/certificate-profiles.toml", ROOT / "docs/pki-profile.md"
with tempfile.TemporaryDirectory() as folder:
    fresh = pathlib.Path(folder) / "pki-profile.md"
    shutil.copy(manual, fresh)
    made = subprocess.run([sys.executable, ROOT / "tools/generate_profiles.py", source, "--docs", fresh], capture_output=True, text=True, check=False)
    if made.returncode != 0:
        problems += made.stderr.splitlines()
    elif manual.read_text() != fresh.read_text():
        problems.append("docs/pki-profile.md is not what the catalogue says now: run tools/update_generated.sh")

rows = tomllib.loads(source.read_text())["profile"]
used = set(re.findall(r"\bProfile::([a-z]+)\b", "".join(path.read_text() for path in files("src"))))
problems += [f"catalogue/certificate-profiles.toml: nothing is issued as {row['name']}" for row in rows if row["name"] not in used]
# The purposes of certificates that are issued have one place; verification reads others' certificates elsewhere.
for path in files("src/manager", "src/workbench"):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if re.search(r"std::chrono::days\s+k_\w*life\w*\{", line) and not re.search(r"list|answer", line):
            problems.append(f"{path.relative_to(ROOT)}:{number}: lives of certificates stand in catalogue/certificate-profiles.toml")
finish(problems)
