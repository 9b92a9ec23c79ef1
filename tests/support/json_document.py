"""JSON held against a document that describes it in tables (docs/workbench-json.md says the notation)."""

import pathlib
import re

DOCS = pathlib.Path(__file__).resolve().parent.parent.parent / "docs"
SIMPLE = {"string": str, "integer": int, "boolean": bool, "object": dict}


def read_documents(*names):
    """Tables by heading: {"Certificate": {"subject": ("string", False)}}, field -> (type, optional)."""
    tables, heading = {}, None
    for line in "\n".join((DOCS / name).read_text() for name in names).splitlines():
        if line.startswith("### "):
            heading = line[4:].strip("`").removeprefix("countersign ")
            tables[heading] = {}
        found = re.match(r"\| `(\w+)` \| ([^|]+) \|", line)
        if found:
            kind, _, optional = found[2].strip().partition(", ")
            tables.setdefault(heading, {})[found[1]] = (kind, optional == "optional")
    return tables


class JsonChecks:
    """For a TestCase, with `document` from read_documents and `seen`, a dictionary: heading -> fields that a real answer had."""

    def check(self, value, kind, where):
        if kind.endswith(" or null"):
            if value is None:
                return
            kind = kind.removesuffix(" or null")
        if kind.endswith("[]"):
            self.assertIsInstance(value, list, where)
            for one in value:
                self.check(one, kind[:-2], where + "[]")
        elif kind in SIMPLE:
            self.assertIs(type(value), SIMPLE[kind], where)
        elif kind == "time":
            self.assertRegex(value, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", where)
        elif kind == "hex":
            self.assertRegex(value, r"^-?[0-9a-f]*$", where)
        else:
            self.check_object(value, kind, where)

    def check_object(self, value, heading, where):
        fields = self.document[heading]
        self.assertIsInstance(value, dict, where)
        self.assertEqual(set(value) - set(fields), set(), f"{where}: fields that the document does not have")
        missing = {name for name, (_, optional) in fields.items() if not optional} - set(value)
        self.assertEqual(missing, set(), f"{where}: fields that only the document has")
        self.seen.setdefault(heading, set()).update(value)
        for name, content in value.items():
            self.check(content, fields[name][0], f"{where}.{name}")
