#!/usr/bin/env python3
"""The web interface is right by the types that come from catalogue/openapi.yaml: TypeScript has nothing to say, of the manager's
interface and of the script of the systems' pages. What the pages of a system load fits into 150 kB, compressed.

Argument: the build folder, where the interface was built."""
import pathlib
import subprocess
import sys

from checks import ROOT, finish, name

web = pathlib.Path(sys.argv[1]) / "web"
problems = []
for work in (web / "site", web / "device"):
    done = subprocess.run(["node", "node_modules/typescript/bin/tsc", "--noEmit"], cwd=work, capture_output=True, text=True)
    if done.returncode != 0:
        problems += (done.stdout + done.stderr).strip().splitlines()
loaded = sum(path.stat().st_size for path in (web / "device" / "dist").glob("*.br"))
if not 0 < loaded <= 150 * 1024:
    problems.append(f"the pages of systems load {loaded} bytes (compressed); at most 150 kB")
for path in sorted([*(ROOT / "web" / "manager").rglob("*"), *(ROOT / "web" / "device").rglob("*")]):
    if path.is_file() and len(path.read_text().splitlines()) > 600:
        problems.append(f"{name(path)} has more than 600 lines")
finish(problems)
