#!/usr/bin/env python3
"""The web interface is right by the types that come from catalogue/openapi.yaml: TypeScript has nothing to say, of the manager's
interface and of the script of the systems' pages. What the pages of a system load fits into 150 kB, compressed. Every kind of event that
the manager publishes is heard by the interface (web/manager/kit/live.ts) and named in the description of the API, and no other.

Argument: the build folder, where the interface was built."""
import pathlib
import re
import subprocess
import sys

from checks import ROOT, files, finish, name

# publish({"job", id}), announce_("job", id), publish_({"scan", scan.id})
PUBLISHED = re.compile(r'\b(?:publish|announce)_?\(\s*(?:Event)?\{?\s*"(\w+)"')
STREAMED = re.compile(r'"event: (\w+)')  # those that the stream itself makes
HEARD = re.compile(r"^  (\w+): /", re.M)


def event_problems(published, live, described):
    """The kinds in the manager's sources, in the text of live.ts, and in the description of GET /events must be the same."""
    table = live[live.index("const touched"):]
    heard = set(HEARD.findall(table[:table.index("};")]))
    told = set(described.split(", "))
    return ([f"web/manager/kit/live.ts does not hear the event {kind!r}" for kind in sorted(published - heard)]
            + [f"web/manager/kit/live.ts waits for the event {kind!r}, which nobody publishes" for kind in sorted(heard - published)]
            + [f"catalogue/openapi.yaml: /events and the manager differ about the event {kind!r}" for kind in sorted(published ^ told)])


def self_test():
    live = "const touched = {\n  a: /^x/,\n  b: /./,\n};\n"
    found = [PUBLISHED.findall(text) for text in ('links_.publish({"a", id});', 'announce_("b", x);', 'publish(Event{"c", 0})')]
    cases = [(found == [["a"], ["b"], ["c"]], "publish"), (not event_problems({"a", "b"}, live, "a, b"), "same"), (event_problems({"a", "b", "c"}, live, "a, b, c"), "not heard"),
             (event_problems({"a"}, live, "a"), "not published"), (event_problems({"a", "b"}, live, "a"), "not described")]
    return [f"self-test: {what}" for holds, what in cases if not holds]

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
published = set()
for path in files("src/manager"):
    published |= set(PUBLISHED.findall(path.read_text())) | set(STREAMED.findall(path.read_text()))
described = re.search(r'summary: "Server-sent events: ([^"]*)"', (ROOT / "catalogue" / "openapi.yaml").read_text())
problems += self_test() + event_problems(published, (ROOT / "web" / "manager" / "kit" / "live.ts").read_text(), described[1])
finish(problems)
