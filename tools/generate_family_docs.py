#!/usr/bin/env python3
"""families/*.toml -> docs/families/<id>.md: what a family offers, for people. --check tells which pages are stale."""
import argparse
import pathlib
import sys
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent


def cell(text):
    return str(text).replace("|", "\\|").replace("<", "&lt;") or " "


def table(heads, rows):
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(cell(part) for part in row) + " |" for row in rows]
    return lines + [""]


# Of texts (docs/families.md, "format").
FORMATS = {"text": "text", "ipv4_address": "IPv4 address", "ip_address": "IP address", "subnet_mask": "subnet mask", "host_name": "host name",
           "host": "host name or IP address", "server": "host name or IP address, with or without a port", "url": "URL",
           "url_path": "path of a URL"}


def space(item):
    kind = item["kind"]
    if kind == "literal":
        texts = [value if isinstance(value, str) else value["text"] for value in item["values"]]
        return " / ".join(texts)
    if kind == "integer":
        return "{} to {}".format(*item["range"])
    length = "{} to {} characters".format(*item["length"])
    return f"secret, {length}" if kind == "password" else f"{FORMATS[item.get('format', 'text')]}, {length}"


def factory(service, settings):
    setting = settings.get(service.get("mode"))
    if setting is None:
        return "no switch"
    if service.get("on_when") == ["off"]:  # closed by a switch that opens another
        return {"Off": "On", "On": "Off"}.get(setting["default"], setting["default"])
    return setting["default"]


def level(service):
    best, low = service["level"], service.get("level_unverified", service["level"])
    return str(best) if best == low else f"{best} ({low} when nobody verifies)"


def services(data, settings):
    lines = ["## Services and their levels", "",
             "The level of a system is the lowest of those that count and are open (requirements LVL-2, LVL-3, LVL-6).", ""]
    rows = []
    for service in data["service"]:
        port = "" if service["transport"] == "none" else f"{service['port']}/{service['transport']}"
        rows.append((service["title"], port, factory(service, settings), level(service),
                     "yes" if service.get("counts_for_level", True) else "no", service.get("level_note", "")))
    lines += table(("Service", "Port", "Factory", "Level", "Counts", "Note"), rows)
    rows = []
    for client in data.get("client", []):
        where = client.get("url") or client.get("address") or client.get("register_command") or client.get("mode")
        rows.append((client["title"], where, client.get("level_http", 2), client.get("level_https", 3), client.get("level_verified", 4)))
    if rows:
        lines += ["Clients inside the system:", ""]
        lines += table(("Client", "Set by", "HTTP", "HTTPS", "HTTPS, verified"), rows)
    return lines


def login(data):
    login, family = data["login"], data["family"]
    who = "any user name" if login.get("any_user") else f"user `{login['user']}`"
    password = f"`{login['factory_password']}`" if login["factory_password"] else "empty"
    lines = ["## Log-in", "", f"{who[0].upper() + who[1:]}, factory password {password}, {login['scheme']} authentication.", ""]
    lines += ["## Secure-Only", "", f"From version `{family['minimum_secure_only']}`."]
    keys = family.get("secure_only_feature_keys", [])
    if keys:
        lines[-1] += " Needs one of the feature keys: " + ", ".join(keys) + "."
    return lines + [""]


def software(item):
    """Which software has it, in words; nothing when all have."""
    words = [f"{word} {item[key]}" for word, key in (("from", "software_from"), ("before", "software_before")) if item.get(key)]
    return "Software " + " and ".join(words) if words else ""


def certificates(data):
    rules = data["certificate"]
    words = {"now": "at once", "restart": "after a restart", "restart_banner": "after a restart, which every page asks for"}
    effect = words[rules["effect"]]
    issuer = "self-signed" if rules["factory_issuer"] == "self" else f"issued by `{rules['factory_issuer']}`"
    roots = {"replace": "replaces the list", "append": "is added to the list"}[rules["roots"]]
    formats = [form.upper() + (f" (from software {rules['formats_from'][form]})" if form in rules.get("formats_from", {}) else "")
               for form in rules["formats"]]
    lines = ["## Certificates", "",
            f"- Factory certificate: `{rules['factory_subject']}`, {issuer}, made by each unit at its first start.",
            f"- Accepted: {', '.join(formats)}; keys {', '.join(rules['key_types'])}; "
            f"{'a passphrase is allowed' if rules.get('passphrase_allowed', True) else 'encrypted keys are refused'}.",
            f"- An upload of root certificates {roots}. A new certificate is used {effect}."]
    for identity in data.get("identity", []):
        lines.append(f"- {identity['title']}: a certificate of its own" + (f", for {', '.join(identity['purposes'])}" if identity.get("purposes") else "")
                     + ("; good for clients too" if identity.get("client_too") else "") + ".")
        if "effect" in identity:
            since = f", from software {identity['effect_from']} on" if "effect_from" in identity else ""
            lines[-1] += f" A new one is used {words[identity['effect']]}{since}."
    if "nameless_issuer_from" in rules:
        lines.append(f"- Issuers without a common name are taken from software {rules['nameless_issuer_from']} on.")
    return lines + [""]


def pages(data):
    lines = ["## Web pages", ""]
    for page in data.get("page", []):
        lines += [f"### {' > '.join(page['menu'])}", "", f"`{page['path']}`", ""]
        if page.get("needs_feature_key"):
            lines += ["Only with a feature key: " + ", ".join(page["needs_feature_key"]) + ".", ""]
        if software(page):
            lines += [software(page) + ".", ""]
        for form in page.get("form", []):
            alone = len(page["form"]) == 1
            target = form.get("target") or (page["path"] if alone else f"{page['path']}/{form['id']}")
            lines += [f"Form *{form['title']}*, button *{form['submit_label']}*: `POST {target}`"
                      + (" (multipart)" if form.get("multipart") else "") + "." + (f" {software(form)}." if software(form) else ""), ""]
            rows = [(field["label"], f"`{field['name']}`", field["kind"], field.get("setting") or field.get("role")) for field in form.get("fields", [])]
            if rows:
                lines += table(("Field", "Name", "Kind", "Stands for"), rows)
    return lines


def commands(data):
    rows = []
    for command in data.get("command", []):
        parameters = [parameter["name"] + ("" if parameter.get("required") else " (optional)") for parameter in command.get("parameter", [])]
        rows.append((f"`{command['path']}`", ", ".join(parameters), command["behaviour"].replace("_", " ")
                     + (f" ({software(command).lower()})" if software(command) else "")))
    return (["## Commands", ""] + table(("Command", "Parameters", "Does"), rows)) if rows else []


def render(path):
    data = tomllib.loads(path.read_text())
    family = data["family"]
    settings = {setting["canonical"]: setting for setting in data["setting"] if "canonical" in setting}
    lines = [f"# {family['name']}", "",
             f"<!-- Made from families/{path.name} by tools/generate_family_docs.py. Do not edit. -->", "",
             f"Vendor {family['vendor']}; virtual units are `{family['product_id']}` with software `{family['software']}`. "
             "How to read and change this file's source: [families](../families.md).", ""]
    lines += services(data, settings) + login(data) + certificates(data)
    rows = [(f"`{setting['path']}`", f"`{setting['canonical']}`" if "canonical" in setting else "", space(setting), setting["default"],
             "at a restart" if setting.get("effect") == "restart" else "at once") for setting in data["setting"]]
    lines += ["## Settings", ""] + table(("Setting", "Canonical name", "Values", "Default", "Takes effect"), rows)
    lines += commands(data) + pages(data)
    return "\n".join(lines).rstrip() + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is missing, stale or left over")
    args = parser.parse_args()
    folder = ROOT / "docs/families"
    fresh = {folder / f"{path.stem}.md": render(path) for path in sorted((ROOT / "families").glob("*.toml"))}
    stale = [path for path, text in fresh.items() if not path.exists() or path.read_text() != text]
    left_over = [path for path in folder.glob("*.md") if path not in fresh]
    if args.check:
        for path in stale + left_over:
            print(f"{path.relative_to(ROOT)} is not what families/ says now: run tools/update_generated.sh")
        sys.exit(1 if stale or left_over else 0)
    folder.mkdir(parents=True, exist_ok=True)
    for path in stale:
        path.write_text(fresh[path])
    for path in left_over:
        path.unlink()


main()
