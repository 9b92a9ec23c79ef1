#!/usr/bin/env python3
"""The #includes of src/ follow the arrows between rooms, and libraries stay in the rooms that own them.

    base <- host, pki, family, dialect <- net <- device, manager, workbench <- apps

Begins with includes that must be refused, so that it cannot go blind unnoticed.
"""
import re

from checks import ROOT, files, finish, name

LOWER = {"base", "host", "pki", "family", "dialect", "net"}
# Room: the rooms whose headers it may include, besides its own. device and manager never include each other.
ARROWS = {
    "base": set(),
    "host": {"base"},
    "pki": {"base", "host"},
    "family": {"base"},
    "dialect": {"base", "family"},
    "net": {"base", "host", "pki", "family", "dialect"},
    "device": LOWER,
    "manager": LOWER,
    "workbench": LOWER,
}
# Library headers: the folders of src/ that may include them.
LIBRARIES = {
    r"openssl/": ("pki", "net/tls"),
    r"boost/(asio|beast)([/.]|$)": ("net",),
    r"ares[._]": ("net",),
    r"(libssh|libtelnet|net-snmp|ldap|openldap)(\.h|[/.]|$)": ("net",),
    r"sodium": ("host",),
    r"soci": ("manager/store",),
    r"sqlite3\.h": ("manager/store",),
    r"libpq": ("manager/store",),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def problems_of(path, text):
    """`path` is relative to src/."""
    room = path.split("/")[0]
    if room not in ARROWS:
        return [f"src/{path}: there is no room '{room}'; see ARCHITECTURE.md"]
    found = []
    for kind, header in INCLUDE.findall(text):
        target = header.split("/")[0]
        if kind == '"' and header.startswith("countersign/"):
            continue
        if kind == '"' and (target not in ARROWS or "/" not in header):
            found.append(f'src/{path}: "{header}" names no room; write "room/file.hpp"')
        elif kind == '"' and target != room and target not in ARROWS[room]:
            found.append(f"src/{path}: '{room}' must not include \"{header}\"")
        elif kind == "<":
            for pattern, owners in LIBRARIES.items():
                if re.match(pattern, header) and not any(path.startswith(owner + "/") for owner in owners):
                    found.append(f"src/{path}: <{header}> belongs in {' and '.join('src/' + owner for owner in owners)} only")
    return found


def self_test():
    refused = [
        ("base/a.hpp", '#include "pki/key.hpp"'),
        ("device/a.cpp", '#include "manager/api/server.hpp"'),
        ("manager/a.cpp", '  #  include "device/tree/tree.hpp"'),
        ("net/a.cpp", '#include "device/tree/tree.hpp"'),
        ("net/http/a.cpp", "#include <openssl/ssl.h>"),
        ("manager/a.cpp", "#include <boost/asio.hpp>"),
        ("manager/a.cpp", "#include <boost/beast/http.hpp>"),
        ("manager/api/a.cpp", "#include <soci/soci.h>"),
        ("device/a.cpp", "#include <sodium.h>"),
        ("device/a.cpp", "#include <ares.h>"),
        ("device/a.cpp", '#include "tree.hpp"'),
        ("helpers/a.cpp", ""),
    ]
    accepted = [
        ("net/tls/a.cpp", '#include <openssl/ssl.h>\n#include "pki/key.hpp"\n#include <boost/asio/ssl.hpp>'),
        ("device/a.cpp", '#include "net/task.hpp"\n#include "device/b.hpp"\n#include <array>\n#include "countersign/errors/dev.hpp"'),
        ("manager/store/a.cpp", "#include <soci/soci.h>\n#include <boost/json.hpp>"),
    ]
    return ([f"self-test: not refused: {case}" for case in refused if not problems_of(*case)]
            + [f"self-test: {problem}" for case in accepted for problem in problems_of(*case)])


problems = self_test()
for path in files("src"):
    problems += problems_of(str(path.relative_to(ROOT / "src")), path.read_text())
finish(problems, "The arrows are in ARCHITECTURE.md. A new one needs a decision in docs/decisions.")
