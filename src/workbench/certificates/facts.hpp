#pragma once

/// What the workbench says about certificates, requests, keys, lists and verdicts: as JSON (docs/workbench-json.md) and in words.
/// Texts that came from outside are printable.

#include "pki/contents.hpp"
#include "pki/describe.hpp"
#include "pki/pkcs12.hpp"
#include "pki/verify.hpp"
#include "workbench/output.hpp"

#include <boost/json/value.hpp>

#include <string>
#include <vector>

namespace countersign::workbench {

json::object json_of(pki::KeyText const& key);
json::object json_of(pki::Certificate const& certificate, UtcTime now);
json::object json_of(pki::CertificateRequest const& request);
/// At most `limit` entries.
json::object json_of(pki::Crl const& crl, UtcTime now, std::size_t limit);
json::object json_of(pki::Finding const& finding);
json::array json_of(std::vector<pki::Certificate> const& certificates, UtcTime now);

/// Whole days from now to then; negative when it is past.
std::int64_t days_until(UtcTime then, UtcTime now);
/// "2027-11-21T10:00:00Z, 365 days left", coloured when it ends soon (30 days) or has ended.
std::string ending(Output const& output, UtcTime not_after, UtcTime now);
/// "EC P-256, 256 bits"
std::string text_of(pki::KeyText const& key);
/// "/CN=room1.company.com", or "(no subject)".
std::string subject_of(pki::Certificate const& certificate);
/// "12:ab:..."
std::string with_colons(std::string_view hex);

void print(Output const& output, pki::Certificate const& certificate, UtcTime now);
void print(Output const& output, pki::CertificateRequest const& request);
void print(Output const& output, pki::Crl const& crl, UtcTime now, std::size_t limit);
/// The path from the leaf to the root, one line each, with dates and keys.
void print_chain(Output const& output, std::vector<pki::Certificate> const& chain, UtcTime now);
/// Grouped by certificate, each with sentence, remedy, and OpenSSL's number and name.
void print_findings(Output const& output, std::vector<pki::Finding> const& findings);

}  // namespace countersign::workbench
