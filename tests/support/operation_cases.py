"""Cases for the operations of catalogue/openapi.yaml, one small file per area in api_cases/.

A case is a function with the operation that it is for. It calls the operation as a user would, at least once with success:

    @case("GET", "/tickets")
    def tickets_come_in_pages(api):
        page = api.ok(query="?limit=1")

`api.ok` and `api.refused` check status, content type and body against the description. What every operation has to refuse (nobody logged in,
a thing that is not there, a body that is none) is tried for each of them without a case: see estate/operations.py.
"""

import importlib
import json
import pathlib

from api_client import Client
from openapi import Description

API = "/api/v1"
DESCRIPTION = Description()
FOLDER = pathlib.Path(__file__).resolve().parent / "api_cases"
CASES = []


def case(method, path):
    if (method, path) not in DESCRIPTION.operations():
        raise ValueError(f"{method} {path} is not described in catalogue/openapi.yaml")

    def add(function):
        CASES.append(((method, path), function))
        return function
    return add


def load():
    """All cases, in the order of their files."""
    for file in sorted(FOLDER.glob("*.py")):
        importlib.import_module(f"api_cases.{file.stem}")
    return CASES


class Fixture:
    """What cases may use: a world with a manager that was set up, two systems that were observed, and one that is gone."""

    def __init__(self, world, systems):
        self.world, self.systems = world, systems
        self.client = Client(world)
        self.token = (world.folder / "manager" / "token").read_text().strip()
        self.user, self.password = "admin", "Correct-Horse-Battery-77"
        self.seen = []  # (method, path, status) of every answer that was as described

    def of(self, operation):
        return Operation(self, *operation)


class Operation:
    def __init__(self, fixture, method, path):
        self.fixture, self.method, self.path = fixture, method, path
        self.world, self.systems = fixture.world, fixture.systems
        self.description = DESCRIPTION.operations()[(method, path)]

    def other(self, method, path):
        """Another operation, for what has to be there first."""
        return self.fixture.of((method, path))

    @property
    def success(self):
        return next(int(status) for status in self.description["responses"] if status.startswith("2"))

    def call(self, body=None, query="", headers=None, **parameters):
        headers = {"Authorization": f"Bearer {self.fixture.token}"} if headers is None else headers
        target = API + self.path.format(**parameters) + query
        answer = self.fixture.client.ask(self.method, target, body, headers)
        wrong = DESCRIPTION.check_answer(self.method, self.path, answer.status, answer.type, answer.body)
        assert not wrong, f"{self.method} {target} does not answer as described: {wrong}\n{answer}"
        self.fixture.seen.append((self.method, self.path, answer.status))
        return answer

    def ok(self, body=None, query="", headers=None, **parameters):
        """The answer as data; nothing for one without a body."""
        answer = self.call(body, query, headers, **parameters)
        assert answer.status == self.success, f"{self.method} {self.path}{query}: {self.success} was expected\n{answer}"
        self.headers = answer.headers
        return json.loads(answer.body) if answer.body and answer.type.endswith("json") else None

    def refused(self, status, identifier, body=None, query="", headers=None, **parameters):
        answer = self.call(body, query, headers, **parameters)
        assert answer.type == "application/problem+json", f"{self.method} {self.path}{query}: {answer}"
        problem = answer.json()
        assert (answer.status, problem["id"], problem["status"]) == (status, identifier, status), f"{self.method} {self.path}{query}: {answer}"
        assert problem["detail"] and problem["remedy"], answer
        return problem
