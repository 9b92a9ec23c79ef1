#!/usr/bin/env python3
"""Every rule of catalogue/findings.toml is used in src/pki or is what OpenSSL means by a number; the numbers are OpenSSL's; and
docs/findings.md says what the catalogue says."""
import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

from checks import ROOT, files, finish

problems = []
rules = tomllib.loads((ROOT / "catalogue/findings.toml").read_text())
all_rules = set(rules)
sources = "".join(path.read_text() for path in files("src"))
for rule in [rule for rule, entry in rules.items() if entry["kind"] == "connection"]:
    if f'"{rule}"' not in sources:
        problems.append(f"catalogue/findings.toml: {rule} is used nowhere")
    del rules[rule]
problems += [f"{rule} is not in catalogue/findings.toml" for rule in sorted(set(re.findall(r'"(tls-[a-z0-9-]+)"', "".join(path.read_text() for path in files("src/net/survey"))))) if rule not in all_rules]
used = set(re.findall(r"\bRule::([a-z][a-z0-9_]*)", sources))
for rule, entry in rules.items():
    if rule.replace("-", "_") not in used and not entry["openssl"]["same"]:
        problems.append(f"catalogue/findings.toml: {rule} is used nowhere")
header = pathlib.Path("/usr/include/openssl/x509_vfy.h").read_text()
numbers = {name: int(number) for name, number in re.findall(r"X509_V_ERR_([A-Z0-9_]+)\s+(\d+)$", header, re.M)}
for rule, entry in rules.items():
    if numbers.get(entry["openssl"]["name"]) != entry["openssl"]["number"]:
        problems.append(f"catalogue/findings.toml: {rule}: OpenSSL's number of {entry['openssl']['name']} is {numbers.get(entry['openssl']['name'])}")
for name in numbers.keys() - {entry["openssl"]["name"] for entry in rules.values() if entry["openssl"]["same"]}:
    problems.append(f"catalogue/findings.toml: no rule is what OpenSSL means by {name}")
with tempfile.TemporaryDirectory() as folder:
    fresh = pathlib.Path(folder) / "findings.md"
    subprocess.run([sys.executable, ROOT / "tools/generate_findings.py", ROOT / "catalogue", "--docs", fresh], check=True)
    manual = ROOT / "docs/findings.md"
    if not manual.exists() or manual.read_text() != fresh.read_text():
        problems.append("docs/findings.md is not what the catalogue says now: run tools/update_generated.sh")
finish(problems)
