#!/usr/bin/env python3
"""What the API takes in a body, its command (x-command) has as an option or argument: who works with commands can do what pages can.

Argument: the program `countersign`. A field is found by its name (`renew_days_before` is `--renew-days-before`), in the singular for lists,
with `-file` for what is read from a file, or by another name that stands here.
"""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "support"))
from checks import finish  # noqa: E402
from openapi import Description  # noqa: E402

# By another name, everywhere.
OTHER_NAMES = {
    "address": ["--ip"],
    "pins": ["--system-pin"],
    "mac_address": ["--mac"],
    "serial_number": ["--serial"],
}
# By another name, in one command: "command": {"field": "option"}.
OTHER_NAMES_OF = {
    "account password": {"old_password": "--password-file"},
    "account set": {"enabled": "--enable"},
    "authority install-intermediate": {"certificate": "file"},
    "authority upload-crl": {"list": "file"},
    "campaign plan": {"canary_count": "--canaries", "mode": "--goal", "waves": "--wave-size"},
    "campaign start": {"canary_count": "--canaries", "mode": "--goal", "waves": "--wave-size"},
    "factory-trust add": {"pem": "file"},
    "folder add": {"path": "folder"},
    "folder exception add": {"ends": "--until", "service": "--keep-service"},
    "notify add-email": {"ca": "--roots", "name": "channel", "secret": "--password-file"},
    "notify set": {"ca": "--roots", "enabled": "--enable", "url": "--hook"},
    "phonebook assign": {"system": "--to-system"},
    "phonebook import": {"csv": "file", "mode": "--replace"},
    "phonebook unassign": {"system": "--to-system"},
    "root add": {"certificates": "file"},
    "setup": {"new_password": "--password-file"},
    "scan start": {"over_snmp": "--no-snmp"},
}
# Not by this command, and why.
OTHER_TICKET_COMMANDS = "`ticket assign`, `snooze`, `wake`, `close` and `reopen` say the rest of the same operation"
KIND = "the command is of one kind; `notify add-webhook` and `add-syslog` are the others"
EXCEPTIONS = {
    ("campaign plan", "digest"): "the plan is asked for: its digest is the answer",
    ("campaign plan", "name"): "nothing is begun that would need a name",
    ("enforce", "all"): "the whole estate is meant when nothing is selected",
    ("folder add", "name"): "`folder add` takes the path, which says both",
    ("folder add", "parent"): "`folder add` takes the path, which says both",
    ("folder rename", "parent"): "`folder move` puts a folder into another",
    ("notify add-email", "enabled"): "a channel that is made is on; `notify set --disable` switches it off",
    ("notify add-email", "facility"): KIND,
    ("notify add-email", "kind"): KIND,
    ("notify add-email", "url"): KIND,
    ("policy set", "secure_only"): "`secure-only set` changes the mode, because enforcement begins at once",
    ("system set", "folder"): "`system move` moves systems, several at once",
    ("ticket acknowledge", "acknowledged"): "that is what the command says; `--withdraw` takes it back",
    ("ticket acknowledge", "assignee"): OTHER_TICKET_COMMANDS,
    ("ticket acknowledge", "snoozed_until"): OTHER_TICKET_COMMANDS,
    ("ticket acknowledge", "state"): OTHER_TICKET_COMMANDS,
}


def helped(program, command):
    """Options and arguments that the command says it has."""
    shown = subprocess.run([program, *command.split(), "--help"], capture_output=True, text=True, timeout=30)
    if shown.returncode != 0:
        return None
    arguments = re.findall(r"^  ([a-z_]+) ", shown.stdout, re.M)
    return set(re.findall(r"--[a-z][a-z0-9-]*", shown.stdout)) | set(arguments)


def names_of(command, field):
    option = "--" + field.replace("_", "-")
    singular = [option[:-1]] if option.endswith("s") else []
    own = OTHER_NAMES_OF.get(command, {}).get(field)
    return {option, option + "-file", *singular, field, field.removesuffix("s"), *OTHER_NAMES.get(field, []), *([own] if own else [])}


description = Description()
problems, asked, needed = [], {}, set()
for (method, path), operation in description.operations().items():
    body = operation.get("requestBody")
    command = operation.get("x-command")
    if not body or not command:
        continue
    for content in body["content"].values():
        schema = description.resolve((content or {}).get("schema") or {})
        parts = [description.resolve(part) for part in schema.get("allOf", [schema])]
        fields = {name for part in parts for name in part.get("properties") or {}}
        if fields and command not in asked:
            asked[command] = helped(sys.argv[1], command)
        for field in sorted(fields):
            if asked[command] is None:
                problems.append(f"{method} {path}: there is no command `countersign {command}`")
                break
            if names_of(command, field) & asked[command]:
                continue
            needed.add((command, field))
            if (command, field) not in EXCEPTIONS:
                problems.append(f"{method} {path}: `countersign {command}` has no option for `{field}`")
problems += [f"an exception that is not needed: {command}, {field}" for command, field in sorted(EXCEPTIONS.keys() - needed)]
if not asked:
    problems.append("nothing was read from catalogue/openapi.yaml")
finish(problems, "Add the option, or say in tests/check_options.py why there is none.")
