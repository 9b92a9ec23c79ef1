#!/usr/bin/env python3
"""catalogue/findings.toml and catalogue/strictness/*.toml -> enum of the rules, table, profiles, and docs/findings.md."""
import argparse
import pathlib
import re
import sys
import tomllib

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("catalogue", help="the folder catalogue/")
parser.add_argument("--out", help="folder for the C++ files")
parser.add_argument("--docs", help="file for the manual page, docs/findings.md")
args = parser.parse_args()

catalogue = pathlib.Path(args.catalogue)
everything = tomllib.loads((catalogue / "findings.toml").read_text())
# What is said of a connection has no certificate, and no number of OpenSSL.
connection = {rule: entry for rule, entry in everything.items() if entry.get("kind") == "connection"}
rules = {rule: entry for rule, entry in everything.items() if rule not in connection}
profiles = {path.stem: tomllib.loads(path.read_text()) for path in sorted((catalogue / "strictness").glob("*.toml"))}
KINDS = ("incomplete_chain untrusted_root self_signed bad_signature expired not_yet_valid name_mismatch wrong_purpose not_an_authority "
         "weak_key weak_signature missing_certificate revoked revocation_unknown constraint_violation policy_violation malformed other").split()
NUMBERS = {"minimum_rsa_bits": int, "minimum_dsa_bits": int, "minimum_ec_bits": int, "key_types": list, "curves": list, "signatures": list,
           "minimum_digest_strength": int, "accepts_old_dsa": bool, "digest_of_curve": bool, "common_name_counts": bool, "any_purpose_counts": bool,
           "anchors_are_judged": bool, "judges_form": bool}

problems, same = [], {}
for rule, entry in rules.items():
    if not re.fullmatch(r"[a-z][a-z0-9-]*", rule):
        problems.append(f"{rule}: an id is written in small letters with hyphens")
    for key in ("group", "kind", "title", "text", "remedy", "reference", "openssl", "severity"):
        if not entry.get(key):
            problems.append(f"{rule}: {key} is missing")
    if entry.get("kind") not in KINDS:
        problems.append(f"{rule}: there is no kind {entry.get('kind')}")
    if set(entry.get("severity", {})) != set(profiles):
        problems.append(f"{rule}: severity names {sorted(entry.get('severity', {}))}, the profiles are {sorted(profiles)}")
    problems += [f"{rule}: {value} is no severity" for value in entry.get("severity", {}).values() if value not in ("failure", "advice", "ignored")]
    if entry["openssl"]["same"] and same.setdefault(entry["openssl"]["number"], rule) != rule:
        problems.append(f"{rule}: {same[entry['openssl']['number']]} already is what OpenSSL means by {entry['openssl']['number']}")
for rule, entry in connection.items():
    if not re.fullmatch(r"tls-[a-z0-9-]+", rule):
        problems.append(f"{rule}: an id of a connection begins with tls-")
    if set(entry) != {"group", "kind", "title", "remedy", "reference", "severity"} or not all(entry.values()):
        problems.append(f"{rule}: it has group, kind, title, remedy, reference and severity, and nothing else")
    if set(entry.get("severity", {})) != set(profiles):
        problems.append(f"{rule}: severity names {sorted(entry.get('severity', {}))}, the profiles are {sorted(profiles)}")
    problems += [f"{rule}: {value} is no severity" for value in entry.get("severity", {}).values() if value not in ("failure", "advice", "ignored")]
for profile, numbers in profiles.items():
    if set(numbers) != set(NUMBERS):
        problems.append(f"strictness/{profile}.toml: {sorted(set(numbers) ^ set(NUMBERS))} missing or unknown")
    problems += [f"strictness/{profile}.toml: {key} is no {kind.__name__}" for key, kind in NUMBERS.items() if type(numbers.get(key)) is not kind]
if problems:
    sys.exit("\n".join(problems))


def write_if_changed(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def constant(rule):
    return rule.replace("-", "_")


def literal(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


if args.out:
    out = pathlib.Path(args.out)
    lines = ["#pragma once", "// Generated from catalogue/findings.toml.", "#include <cstddef>", "#include <cstdint>", "",
             "namespace countersign::pki {", "enum class Rule : std::uint16_t {"]
    lines += [f"    {constant(rule)},  ///< {entry['title']}" for rule, entry in rules.items()]
    lines += ["};", f"inline constexpr std::size_t k_rule_count = {len(rules)};", "}"]
    write_if_changed(out / "rules.hpp", "\n".join(lines) + "\n")

    lines = ["// Generated from catalogue/findings.toml and catalogue/strictness.", '#include "pki/findings.hpp"', '#include "pki/strictness.hpp"',
             "#include <array>", "namespace countersign::pki {", "namespace {", f"constexpr std::array<FindingRule, {len(rules)}> k_rules = {{{{"]
    for rule, entry in rules.items():
        openssl = entry["openssl"]
        lines.append(f"    FindingRule{{{quoted(rule)}, Finding::Kind::{entry['kind']}, {quoted(entry['title'])}, {quoted(entry['text'])}, "
                     f"{quoted(entry['remedy'])}, {quoted(entry['reference'])}, {openssl['number']}, {quoted(openssl['name'])}, {literal(openssl['same'])}}},")
    lines.append("}};")
    for index, (profile, numbers) in enumerate(profiles.items()):
        for key in ("key_types", "curves", "signatures"):
            lines.append(f"constexpr std::array<std::string_view, {len(numbers[key])}> k_{key}_{index}{{{', '.join(quoted(v) for v in numbers[key])}}};")
        lines.append(f"constexpr std::array<Severity, {len(rules)}> k_severities_{index} = {{{{")
        lines += [f"    Severity::{entry['severity'][profile]},  // {rule}" for rule, entry in rules.items()]
        lines.append("}};")
    lines.append(f"constexpr std::array<StrictnessRow, {len(profiles)}> k_profiles = {{{{")
    for index, (profile, numbers) in enumerate(profiles.items()):
        values = ", ".join(f".{key} = " + (f"k_{key}_{index}" if isinstance(numbers[key], list) else literal(numbers[key])) for key in NUMBERS)
        lines.append(f"    StrictnessRow{{{quoted(profile)}, {{{values}}}, k_severities_{index}}},")
    lines += ["}};", "}", "std::span<FindingRule const> finding_rules() { return k_rules; }",
              "std::span<StrictnessRow const> strictness_rows() { return k_profiles; }", "}"]
    write_if_changed(out / "finding_table.cpp", "\n".join(lines) + "\n")

    lines = ["// Generated from catalogue/findings.toml.", '#include "net/survey/judge.hpp"', "#include <array>", "namespace countersign::net::survey {",
             "namespace {", f"constexpr std::array<Rule, {len(connection)}> k_rules = {{{{"]
    for rule, entry in connection.items():
        severities = ", ".join(f"{{{quoted(profile)}, pki::Severity::{entry['severity'][profile]}}}" for profile in profiles)
        lines.append(f"    Rule{{{quoted(rule)}, {quoted(entry['title'])}, {quoted(entry['remedy'])}, {quoted(entry['reference'])}, {{{{{severities}}}}}}},")
    lines += ["}};", "}", "std::span<Rule const> all_rules() { return k_rules; }", "}"]
    write_if_changed(out / "connection_table.cpp", "\n".join(lines) + "\n")

if args.docs:
    lines = ["# Findings", "", "<!-- Generated from catalogue/findings.toml by tools/generate_findings.py. Do not edit. -->", "",
             "What a certificate, its path or a connection can be found to be, by rule. `countersign explain RULE` prints the same text; OpenSSL's number or",
             "name works too. A severity stands for each profile of `catalogue/strictness`: a failure stops the verdict, advice does not,",
             "and what is ignored is not reported.", ""]
    group = ""
    for rule, entry in everything.items():
        if entry["group"] != group:
            group = entry["group"]
            lines += [f"## {group}", ""]
        openssl = entry.get("openssl")
        lines += [f"### {rule}", "", f"{entry['title']}.", "", *([f"- Says: The certificate ... {entry['text']}."] if openssl else []),
                  f"- What to do: {entry['remedy']}", f"- Source: {entry['reference']}",
                  *([f"- OpenSSL: {'' if openssl['same'] else 'nearest is '}{openssl['number']} `X509_V_ERR_{openssl['name']}`"] if openssl else []),
                  "- Severity: " + ", ".join(f"{profile} {entry['severity'][profile]}" for profile in profiles), ""]
    write_if_changed(pathlib.Path(args.docs), "\n".join(lines).rstrip() + "\n")
