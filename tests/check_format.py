#!/usr/bin/env python3
"""clang-format has nothing to change. Argument: the clang-format to use."""
import subprocess
import sys

from checks import files, finish, name

sources = files("src", "apps", "tests", "bench", "fuzz")
problems = []
for begin in range(0, len(sources), 64):
    told = subprocess.run([sys.argv[1], "--dry-run", "--Werror", *sources[begin:begin + 64]], capture_output=True, text=True)
    if told.returncode != 0:
        problems += sorted({name(line.split(":")[0]) for line in told.stderr.splitlines() if "-Wclang-format-violations" in line}
                           or {told.stderr})
finish(problems, f"Run: {sys.argv[1].split('/')[-1]} -i {' '.join(problems)}")
