"""Reads catalogue/openapi.yaml (the part of YAML that it is written in) and checks answers against its schemas.

The file is regular: blocks indented by spaces, flow mappings and lists on one line, plain, single- and double-quoted
texts, folded texts (>-). What is outside of that is an error here, not a guess."""

import json
import pathlib
import re

FILE = pathlib.Path(__file__).resolve().parent.parent.parent / "catalogue" / "openapi.yaml"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Flow:
    """One line of {a: b, c: [d, e]}, or one text."""

    def __init__(self, text):
        self.text, self.at = text, 0

    def whole(self):
        value = self.value("")
        if self.text[self.at:].strip():
            raise ValueError(f"not understood: {self.text[self.at:]!r} in {self.text!r}")
        return value

    def skip(self):
        while self.at < len(self.text) and self.text[self.at] == " ":
            self.at += 1

    def value(self, ends):
        self.skip()
        first = self.text[self.at:self.at + 1]
        if first == "{":
            return self.mapping()
        if first == "[":
            return self.list()
        if first and first in "'\"":
            end = self.text.index(first, self.at + 1)
            out = self.text[self.at + 1:end]
            self.at = end + 1
            return out
        begin = self.at
        while self.at < len(self.text) and self.text[self.at] not in ends:
            self.at += 1
        plain = self.text[begin:self.at].strip()
        named = {"true": True, "false": False, "null": None}
        return named[plain] if plain in named else int(plain) if re.fullmatch(r"-?\d+", plain) else plain

    def mapping(self):
        out = {}
        self.at += 1
        while True:
            self.skip()
            if self.text[self.at] == "}":
                self.at += 1
                return out
            key = self.value(":")
            self.skip()
            if self.text[self.at] != ":":
                raise ValueError(f"no colon: {self.text!r}")
            self.at += 1
            out[key] = self.value(",}")
            self.comma()

    def list(self):
        out = []
        self.at += 1
        while True:
            self.skip()
            if self.text[self.at] == "]":
                self.at += 1
                return out
            out.append(self.value(",]"))
            self.comma()

    def comma(self):
        self.skip()
        if self.text[self.at] == ",":
            self.at += 1


def parse(text):
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]

    def indent(line):
        return len(line) - len(line.lstrip())

    def block(at, depth):
        """The value that begins at line `at` with this indentation; and the line after it."""
        out = [] if lines[at].lstrip().startswith("- ") else {}
        while at < len(lines) and indent(lines[at]) == depth:
            line = lines[at].strip()
            at += 1
            if isinstance(out, list):
                item = line[2:]
                pair = item[0] not in "{['\"" and ": " in item
                out.append(one_pair(item) if pair else Flow(item).whole())
                continue
            match = re.fullmatch(r"('[^']*'|\"[^\"]*\"|[^:\s][^:]*):(?: (.*))?", line)
            if not match:
                raise ValueError(f"not understood: {line!r}")
            key, rest = match[1].strip("'\""), match[2]
            if key in out:
                raise ValueError(f"named twice at the same place: {line!r}")
            if rest is None:
                deeper = at < len(lines) and (indent(lines[at]) > depth or (indent(lines[at]) == depth and lines[at].lstrip().startswith("- ")))
                out[key], at = block(at, indent(lines[at])) if deeper else (None, at)
            elif rest == ">-":
                words = []
                while at < len(lines) and indent(lines[at]) > depth:
                    words.append(lines[at].strip())
                    at += 1
                out[key] = " ".join(words)
            else:
                out[key] = Flow(rest).whole()
        return out, at

    def one_pair(item):
        key, _, rest = item.partition(": ")
        return {key: Flow(rest).whole()}

    out, end = block(0, 0)
    if end != len(lines):
        raise ValueError(f"not understood: {lines[end]!r}")
    return out


class Description:
    methods = ("get", "post", "put", "patch", "delete")

    def __init__(self, file=FILE):
        self.document = parse(pathlib.Path(file).read_text())

    def operations(self):
        """(method, path): operation, of all."""
        return {(method.upper(), path): one for path, item in self.document["paths"].items() for method, one in item.items()
                if method in self.methods}

    def resolve(self, value):
        while isinstance(value, dict) and "$ref" in value:
            target = self.document
            for part in value["$ref"].lstrip("#/").split("/"):
                target = target[part]
            value = target
        return value

    def check_answer(self, method, path, status, content_type, body):
        """What is wrong with an answer; nothing when it is as described. `path` as in the description."""
        responses = self.operations()[(method, path)]["responses"]
        response = self.resolve(responses.get(str(status), responses["default"]))
        if str(status) not in responses and status < 400:
            return [f"status {status} is not described"]
        content = response.get("content")
        if content is None:
            return [] if not body else [f"a body where none is described: {body[:200]!r}"]
        kind = content_type.split(";")[0].strip()
        if kind not in content:
            return [f"content type {content_type!r}, described are {list(content)}"]
        schema = content[kind].get("schema") if content[kind] else None
        return self.check(json.loads(body), schema, "body") if schema else []

    def check(self, value, schema, where):
        schema = self.resolve(schema)
        if "allOf" in schema:
            parts = [self.resolve(part) for part in schema["allOf"]]
            schema = {"type": "object", "required": [name for part in parts for name in part.get("required", [])],
                      "properties": {name: inner for part in parts for name, inner in part["properties"].items()}}
        if "oneOf" in schema:
            tries = [self.check(value, part, where) for part in schema["oneOf"]]
            return [] if [] in tries else min(tries, key=len)
        kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool, "null": type(None)}
        wanted = schema.get("type", list(kinds))
        wanted = wanted if isinstance(wanted, list) else [wanted]
        if not any(isinstance(value, kinds[one]) and not (isinstance(value, bool) and one in ("integer", "number")) for one in wanted):
            return [f"{where}: {json.dumps(value)[:80]} is not {' or '.join(wanted)}"]
        problems = []
        if isinstance(value, dict):
            known = schema.get("properties") or {}
            problems += [f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value]
            if known:  # an answer holds what is described and nothing else, so that the description is complete
                problems += [f"{where}: {name} is not described" for name in value if name not in known]
            for name, inner in value.items():
                if name in known:
                    problems += self.check(inner, known[name], f"{where}.{name}")
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                problems += self.check(inner, schema.get("items", {}), f"{where}[{number}]")
        elif isinstance(value, str):
            if schema.get("format") == "date-time" and not TIME.fullmatch(value):
                problems.append(f"{where}: {value!r} is not a time")
            if "enum" in schema and value not in schema["enum"]:
                problems.append(f"{where}: {value!r} is not one of {schema['enum']}")
        return problems
