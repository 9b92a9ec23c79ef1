#!/usr/bin/env python3
"""House rules on sources that neither compiler, formatter nor clang-tidy sees."""
import re

from checks import ROOT, files, finish, name

LONGEST = 900  # lines; about 500 is where a file is usually two ideas
# "Not Implemented" is what HTTP calls its status 501.
STUB_WORDS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|\b[Nn]ot (yet )?implemented|[Uu]nimplemented")
# A coroutine outlives the scope that spawned it: a capture by reference there is a use after free.
SPAWN = re.compile(r"\b(co_spawn|spawn)\s*\((?:[^;{}]|\n)*?\[&")

problems = []
for path in files("src", "apps"):
    text = path.read_text()
    lines = text.splitlines()
    if len(lines) > LONGEST:
        problems.append(f"{name(path)}: {len(lines)} lines; more than {LONGEST} is two files")
    for number, line in enumerate(lines, 1):
        if STUB_WORDS.search(line):
            problems.append(f"{name(path)}:{number}: unfinished work: {line.strip()}")
    if path.suffix == ".hpp" and "#pragma once" not in text:
        problems.append(f"{name(path)}: #pragma once is missing")
    for match in SPAWN.finditer(text):
        problems.append(f"{name(path)}:{text.count(chr(10), 0, match.end()) + 1}: a spawned coroutine captures by reference")

finish(problems)
