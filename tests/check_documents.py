#!/usr/bin/env python3
"""Links between documents lead somewhere, decisions are numbered once, and every command they show exists."""
import re

from checks import ROOT, finish, name, repository_files

problems = []
for path in (path for path in repository_files() if path.suffix == ".md"):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            continue
        if not (path.parent / target.split("#")[0]).exists():
            problems.append(f"{name(path)}: the link {target} leads nowhere")
    for script in re.findall(r"(?:^|[\s`])((?:\./|tools/|\.ci/)[a-z_][a-z0-9_./-]*)", path.read_text()):
        script = script.rstrip(".")
        if re.fullmatch(r"(\./(run|test)|tools/\S+\.(sh|py)|\.ci/run)", script) and not (ROOT / script).exists():
            problems.append(f"{name(path)}: there is no {script}")

seen = {}
for path in sorted((ROOT / "docs/decisions").glob("*.md")):
    number = path.name[:4]
    if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name):
        problems.append(f"{name(path)}: a decision is named NNNN-title.md")
    elif number in seen:
        problems.append(f"{name(path)}: number {number} is taken by {seen[number]}")
    seen[number] = path.name
for needed in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "LICENSE"):
    if not (ROOT / needed).is_file():
        problems.append(f"{needed} is missing")
finish(problems)
