#!/usr/bin/env python3
"""A product family is data (families/*.toml). Sources outside tests name none: not in a text, not in an identifier."""
import re
import tomllib

from checks import ROOT, files, finish, name

words = set()
for path in (ROOT / "families").glob("*.toml"):
    words.add(path.stem)
    head = tomllib.loads(path.read_text())
    family = head["family"]
    words |= {family["id"], family["name"], family["product_type"], family["product_id"], head["login"]["realm"]}
    words.add(head["login"]["factory_password"])
words.discard("")
# "c-series" is also CSeries, c_series, kCSeries; a family's short id must stand alone to count ("mcu", not "mcused").
patterns = []
for word in words:
    parts = [re.escape(part) for part in re.split(r"[\s_-]+", word)]
    patterns.append(r"(?<![A-Za-z])" + r"[\s_-]?".join(parts) + r"(?![a-z])")
named = re.compile("|".join(sorted(patterns, key=len, reverse=True)), re.IGNORECASE)
# Names of wire formats that a vendor chose and others speak too.
NAME_SPACE = re.compile(r'http://www\.(tandberg|cisco)\.[a-z]+/\S*|"(TRANS_MCU|MCU_TOKEN|MCU_USER_TOKEN|MCU_VERSION)[A-Z/]*"')

problems = []
for path in files("src", "apps"):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        code = NAME_SPACE.sub("", line)
        # Comments may say what a rule is good for; code may not depend on it.
        code = re.sub(r"(?<!:)//.*", "", code)
        if found := named.search(code):
            problems.append(f"{name(path)}:{number}: names a product family ({found[0]}): {line.strip()}")
finish(problems, "What differs by product is a key of its file in families/ (docs/families.md).")
