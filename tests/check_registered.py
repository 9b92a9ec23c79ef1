#!/usr/bin/env python3
"""Every source is compiled, and every test script runs: a file in the wrong folder would be forgotten silently.

Arguments: the build folder, and ctest.
"""
import json
import pathlib
import subprocess
import sys

from checks import ROOT, files, finish, name

build = pathlib.Path(sys.argv[1])
compiled = {entry["file"] for entry in json.loads((build / "compile_commands.json").read_text())}
listed = subprocess.run([sys.argv[2], "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True, check=True)
commands = "\n".join(" ".join(test.get("command", [])) for test in json.loads(listed.stdout)["tests"])

problems = [f"{name(path)} is compiled into nothing" for path in files("src", "apps", "tests", endings=(".cpp",))
            if str(path) not in compiled]
# Every script here is a test; support/ is what they share.
scripts = [path for path in files("tests", endings=(".py", ".sh", ".mjs"))
           if path != ROOT / "tests/checks.py" and ROOT / "tests/support" not in path.parents]
problems += [f"{name(path)} is run by no test" for path in scripts if str(path) not in commands]
if not any(test for test in commands.splitlines() if "/test_base" in test):
    problems.append("CTest knows no unit test at all: build first")
finish(problems, "See tests/CMakeLists.txt.")
