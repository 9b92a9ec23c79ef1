#!/usr/bin/env python3
"""The web interface is right by the types that come from catalogue/openapi.yaml: TypeScript has nothing to say.

Argument: the build folder, where the interface was built."""
import pathlib
import subprocess
import sys

from checks import ROOT, finish, name

work = pathlib.Path(sys.argv[1]) / "web" / "work"
problems = []
done = subprocess.run(["node", "node_modules/typescript/bin/tsc", "--noEmit"], cwd=work, capture_output=True, text=True)
if done.returncode != 0:
    problems += (done.stdout + done.stderr).strip().splitlines()
for path in sorted((ROOT / "web" / "manager").rglob("*")):
    if path.is_file() and len(path.read_text().splitlines()) > 600:
        problems.append(f"{name(path)} has more than 600 lines")
finish(problems)
