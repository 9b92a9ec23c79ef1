#!/usr/bin/env python3
"""catalogue/certificate-profiles.toml -> enum and table of what certificates are issued for, and their part of docs/pki-profile.md."""
import argparse
import pathlib
import re
import sys
import tomllib

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("source", help="catalogue/certificate-profiles.toml")
parser.add_argument("--out", help="folder for the C++ files")
parser.add_argument("--docs", help="the manual page whose part between the two marks is rewritten, docs/pki-profile.md")
args = parser.parse_args()

BEGIN = "<!-- Generated from catalogue/certificate-profiles.toml by tools/generate_profiles.py: begin. -->"
END = "<!-- Generated: end. -->"
PURPOSES = ("serverAuth", "clientAuth", "OCSPSigning")
# RFC 5280 section 4.2.1.3, by the number of the bit.
USAGES = ("digitalSignature", "nonRepudiation", "keyEncipherment", "dataEncipherment", "keyAgreement", "keyCertSign", "cRLSign")
KEYS = ("ec:p256", "ec:p384", "rsa:2048", "rsa:3072", "rsa:4096", "ed25519")
LISTS = {"extended_key_usages": PURPOSES, "key_usages": USAGES, "key_usages_rsa": USAGES, "key_types": KEYS}
FLAGS = {"host_names": None, "addresses": None, "authority": False, "ocsp_no_check": False}

profiles = tomllib.loads(pathlib.Path(args.source).read_text())["profile"]
problems, names = [], set()
for number, row in enumerate(profiles, 1):
    name = row.get("name", f"the {number}. profile")
    if not re.fullmatch(r"[a-z]+", row.get("name", "")) or name in names:
        problems.append(f"{name}: a name is written in small letters, and stands once")
    names.add(name)
    for key in ("title", "for", "why"):
        if not isinstance(row.get(key), str) or not row[key] or '"' in row[key]:
            problems.append(f"{name}: {key} is missing, or no text")
    for key, known in LISTS.items():
        values = row.get(key)
        if not isinstance(values, list) or len(set(values)) != len(values):
            problems.append(f"{name}: {key} is no list, or says something twice")
        else:
            problems += [f"{name}: {key}: {value} is none of {', '.join(known)}" for value in values if value not in known]
    for key, usual in FLAGS.items():
        row.setdefault(key, usual)
        if not isinstance(row[key], bool):
            problems.append(f"{name}: {key} is missing, or neither true nor false")
    for key in ("days", "longest_days"):
        if type(row.get(key)) is not int or not 1 <= row[key] <= 36500:
            problems.append(f"{name}: {key} is a number of days")
    if not problems and row["days"] > row["longest_days"]:
        problems.append(f"{name}: days is more than longest_days")
    if not row.get("key_usages") or not row.get("key_types"):
        problems.append(f"{name}: key_usages and key_types say something")
    if not problems and row["authority"] != ("keyCertSign" in row["key_usages"]):
        problems.append(f"{name}: authority and keyCertSign go together (RFC 5280 section 4.2.1.9)")
    if unknown := set(row) - {"name", "title", "for", "why", "days", "longest_days", *LISTS, *FLAGS}:
        problems.append(f"{name}: {', '.join(sorted(unknown))}: unknown")
if problems:
    sys.exit("\n".join(problems))


def write_if_changed(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


if args.out:
    out = pathlib.Path(args.out)
    lines = ["#pragma once", "// Generated from catalogue/certificate-profiles.toml.", "#include <cstddef>", "#include <cstdint>", "",
             "namespace countersign::pki {", "/// What a certificate is issued for (pki/profiles.hpp).", "enum class Profile : std::uint8_t {"]
    lines += [f"    {row['name']},  ///< {row['for']}" for row in profiles]
    lines += ["};", f"inline constexpr std::size_t k_profile_count = {len(profiles)};", "}"]
    write_if_changed(out / "certificate_profiles.hpp", "\n".join(lines) + "\n")

    lines = ["// Generated from catalogue/certificate-profiles.toml.", '#include "pki/profiles.hpp"', "#include <array>", "namespace countersign::pki {", "namespace {"]
    for row in profiles:
        for key in LISTS:
            values = ", ".join(f'"{value}"' for value in row[key])
            lines.append(f"constexpr std::array<std::string_view, {len(row[key])}> k_{key}_{row['name']}{{{values}}};")
    lines.append(f"constexpr std::array<ProfileRow, {len(profiles)}> k_profiles = {{{{")
    for row in profiles:
        bits = {key: sum(1 << USAGES.index(value) for value in row[key]) for key in ("key_usages", "key_usages_rsa")}
        flags = ", ".join(f".{field} = {str(row[key]).lower()}" for field, key in
                          (("host_names", "host_names"), ("addresses", "addresses"), ("is_authority", "authority"), ("ocsp_no_check", "ocsp_no_check")))
        lists = ", ".join(f".{key} = k_{key}_{row['name']}" for key in LISTS)
        lines.append(f"    ProfileRow{{.profile = Profile::{row['name']}, .name = \"{row['name']}\", .title = \"{row['title']}\", .meant_for = \"{row['for']}\", "
                     f".why = \"{row['why']}\", {lists}, .usage_bits = {bits['key_usages']}, .usage_bits_rsa = {bits['key_usages'] | bits['key_usages_rsa']}, "
                     f".days = {row['days']}, .longest_days = {row['longest_days']}, {flags}}},")
    lines += ["}};", "}", "std::span<ProfileRow const> all_profiles() { return k_profiles; }", "}"]
    write_if_changed(out / "certificate_profile_table.cpp", "\n".join(lines) + "\n")

if args.docs:
    page = pathlib.Path(args.docs)
    text = page.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        sys.exit(f"{page}: the two marks of the generated part are missing")
    lines = ["| profile | for | extended key usage | key usage | keys | days, longest | names |", "|---|---|---|---|---|---|---|"]
    for row in profiles:
        usages = ", ".join(row["key_usages"] + [f"{value} (RSA)" for value in row["key_usages_rsa"]])
        named = " and ".join(word for key, word in (("host_names", "hosts"), ("addresses", "addresses")) if row[key]) or "none"
        marks = ", ".join(row["extended_key_usages"] + (["no revocation check"] if row["ocsp_no_check"] else [])) or "none"
        lines.append(f"| `{row['name']}` | {row['for']} | {marks} | {usages} | {', '.join(row['key_types'])} | {row['days']}, {row['longest_days']} | {named} |")
    lines += [""] + [f"- **`{row['name']}`.** {row['why']}" for row in profiles]
    before, rest = text.split(BEGIN)
    write_if_changed(page, before + BEGIN + "\n\n" + "\n".join(lines) + "\n\n" + END + rest.split(END)[1])
