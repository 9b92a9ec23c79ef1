#!/usr/bin/env python3
"""Every operation of catalogue/openapi.yaml, against a manager that runs: what it answers when all is well (a case in
support/api_cases/, one file per area; an operation without one makes this test fail), and what it refuses: a caller who did not log
in, a thing that is not there, a body that is not JSON, has the wrong kind, or fields that nobody knows. Each answer is held against
the description: status, content type, body."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
import operation_cases  # noqa: E402
from estate import *  # noqa: E402,F403
from guide import main  # noqa: E402
from operation_cases import DESCRIPTION, Fixture  # noqa: E402

CASES = operation_cases.load()
NOTHING = "999999999"  # the number of nothing


def parameters_of(path):
    return {name: NOTHING for name in re_names(path)}


def re_names(path):
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def sample(schema):
    """A small value of the kind that a schema describes; of an object what it must have, or else one of its fields."""
    schema = DESCRIPTION.resolve(schema)
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        fields = schema.get("properties") or {}
        return {name: sample(fields[name]) for name in schema.get("required") or list(fields)[:1]}
    if kind == "array":
        return [sample(schema["items"])]
    return schema["enum"][0] if "enum" in schema else {"integer": 1, "boolean": True}.get(kind, "x")


def body_of(described):
    """A body of the right form, for what is refused for another reason."""
    content = described.get("requestBody", {}).get("content", {})
    return sample(content["application/json"]["schema"]) if "application/json" in content else None


class Operations(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = World("operations").__enter__()
        try:
            people = Authority(cls.world.folder / "people", "People CA")
            people.issue("admin")
            systems = cls.world.start_all([{"family": "c-series", "host_name": "room1.company.com"}, {"family": "mcu", "host_name": "mcu1.company.com"},
                                           {"family": "mcu", "host_name": "mcu2.company.com"}],
                                          "--log-in-certificate-roots-file", people.certificate, "--log-in-certificate-revocation", "off",
                                          "--log-in-certificate-accounts", "name:admin -> admin")
            cls.fixture = fixture = Fixture(cls.world, systems)
            setup = cls.world.manager.await_line("set-up password:").split(":", 1)[1].strip()
            fixture.of(("POST", "/setup")).ok({"setup_password": setup, "new_password": fixture.password}, headers={})
            cls.world.add_to_manager(systems)
            cls.world.cli("system", "add", "--ip", f"{cls.world.net}.99", "--family", "mcu", "--name", "gone")
            wait_for(lambda: all(one["observed_at"] for one in cls.world.api("system", "list")["systems"]), "all were looked at", 90)
        except BaseException:
            cls.world.__exit__(*sys.exc_info())
            raise

    @classmethod
    def tearDownClass(cls):
        cls.world.__exit__(None, None, None)

    def test_every_operation_answers_as_described(self):
        for function, operation in {function: operation for operation, function in CASES}.items():  # some are for several operations
            with self.subTest(" ".join(operation), case=function.__name__):
                function(self.fixture.of(operation))
        answered = {(method, path) for method, path, status in self.fixture.seen if status < 300}
        for operation in DESCRIPTION.operations():
            with self.subTest(" ".join(operation)):
                self.assertTrue(operation in answered, "no case calls it with success: add one in tests/support/api_cases/")

    def test_nobody_is_let_in_without_logging_in(self):
        for (method, path), described in DESCRIPTION.operations().items():
            if described.get("security") == []:
                continue
            with self.subTest(f"{method} {path}"):
                self.fixture.of((method, path)).refused(401, "ACC-001", headers={}, **parameters_of(path))
                self.fixture.of((method, path)).refused(401, "ACC-002", headers={"Authorization": "Bearer " + "A" * 43}, **parameters_of(path))

    def test_what_is_not_there_is_not_found(self):
        for (method, path), described in DESCRIPTION.operations().items():
            if not re_names(path):
                continue
            with self.subTest(f"{method} {path}"):
                self.fixture.of((method, path)).refused(404, "GEN-003", body_of(described), **parameters_of(path))

    def test_a_body_that_is_none_is_refused(self):
        for (method, path), described in DESCRIPTION.operations().items():
            if "requestBody" not in described or "application/json" not in described["requestBody"]["content"]:
                continue
            # Of a thing that is there, where a path names one: it is looked for first.
            there = {name: self.existing(path) for name in re_names(path)}
            if None in there.values():
                continue
            operation = self.fixture.of((method, path))
            with self.subTest(f"{method} {path}"):
                operation.refused(400, "GEN-005", '{"a": ', **there)
                operation.refused(400, "GEN-005", "[1, 2]", **there)
                problem = operation.call({"no-such-field": 1}, **there)
                self.assertEqual(problem.status, 422, problem)
                self.assertIn("no-such-field", problem.body)

    def existing(self, path):
        """Something that a path of this collection names; nothing when it is not known how to find one."""
        collection = path.split("/{")[0]
        if ("GET", collection) not in DESCRIPTION.operations():
            return None
        answer = self.fixture.of(("GET", collection)).ok()
        for value in answer.values():
            if isinstance(value, list) and value and "id" in value[0]:
                return value[0]["id"]
        return None


if __name__ == "__main__":
    main()
