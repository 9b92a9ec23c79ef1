#!/usr/bin/env python3
"""Text files are UTF-8 with plain line ends, end in one newline, and carry no conflict marks and no real private keys."""
import re

from checks import finish, name, repository_files

TEXT = {".cpp", ".hpp", ".py", ".sh", ".cmake", ".toml", ".md", ".json", ".yaml", ".yml", ".txt", ".ts", ".tsx", ".css", ".html", ".mjs", ""}
KEPT = ("tests/", "fuzz/corpus/", "fuzz/finds/", "bench/")  # input of tests may be anything

problems = []
for path in repository_files():
    where = name(path)
    if path.suffix not in TEXT or where.startswith(KEPT) and path.suffix not in (".cpp", ".hpp", ".py", ".cmake"):
        continue
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as why:
        problems.append(f"{where}: not UTF-8: {why}")
        continue
    if "\r" in text:
        problems.append(f"{where}: carriage returns")
    if text and not text.endswith("\n"):
        problems.append(f"{where}: no newline at the end")
    if re.search(r"^(<{7}|>{7}) ", text, re.M):
        problems.append(f"{where}: conflict marks")
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip() and path.suffix != ".md":
            problems.append(f"{where}:{number}: blanks at the end of the line")
    if re.search(r"^-----BEGIN [A-Z ]*PRIVATE KEY-----$", text, re.M):
        problems.append(f"{where}: a private key")
finish(problems)
