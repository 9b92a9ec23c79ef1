#include "workbench/certificates/facts.hpp"

#include <boost/json.hpp>

namespace countersign::workbench {
namespace {

/// JSON must be UTF-8, and what comes from outside need not be.
std::string safe(std::string_view text) { return printable(text); }

json::array json_of(std::vector<pki::ExtensionText> const& extensions) {
    json::array out;
    for (auto const& one : extensions) {
        json::array values;
        for (auto const& value : one.values) values.push_back(json::string(safe(value)));
        out.push_back(json::object{{"oid", one.oid}, {"name", safe(one.name)}, {"critical", one.critical}, {"values", std::move(values)}});
    }
    return out;
}

json::array json_of(std::vector<pki::AlternativeName> const& names) {
    json::array out;
    for (auto const& name : names) out.push_back(json::string(safe(to_string(name))));
    return out;
}

std::string_view severity_name(pki::Severity severity) {
    switch (severity) {
        case pki::Severity::ignored: return "ignored";
        case pki::Severity::advice: return "advice";
        case pki::Severity::failure: return "failure";
    }
    return "";
}

}  // namespace

std::int64_t days_until(UtcTime then, UtcTime now) { return std::chrono::floor<std::chrono::days>(then - now).count(); }

json::object json_of(pki::KeyText const& key) {
    json::object out{{"algorithm", key.algorithm}, {"bits", key.bits}, {"sha256", key.sha256}};
    if (!key.curve.empty()) out["curve"] = key.curve;
    return out;
}

json::object json_of(pki::Certificate const& certificate, UtcTime now) {
    return {{"subject", safe(certificate.subject())},
            {"issuer", safe(certificate.issuer())},
            {"common_name", safe(certificate.common_name())},
            {"serial", certificate.serial()},
            {"version", pki::version_of(certificate)},
            {"not_before", to_string(certificate.not_before())},
            {"not_after", to_string(certificate.not_after())},
            {"days_left", days_until(certificate.not_after(), now)},
            {"alternative_names", json_of(certificate.alternative_names())},
            {"key", json_of(pki::describe_key(certificate))},
            {"signature_algorithm", certificate.signature_algorithm()},
            {"is_authority", certificate.is_authority()},
            {"is_self_issued", certificate.is_self_issued()},
            {"extensions", json_of(pki::describe_extensions(certificate))},
            {"fingerprint_sha256", certificate.fingerprint()},
            {"fingerprint_sha1", certificate.fingerprint_sha1()}};
}

json::object json_of(pki::CertificateRequest const& request) {
    return {{"subject", safe(request.subject())},
            {"common_name", safe(request.common_name())},
            {"alternative_names", json_of(request.alternative_names())},
            {"key", json_of(pki::describe_key(request))},
            {"signature_algorithm", pki::signature_algorithm_of(request)},
            {"signature_holds", true},
            {"extensions", json_of(pki::describe_extensions(request))}};
}

json::object json_of(pki::Crl const& crl, UtcTime now, std::size_t limit) {
    json::array entries;
    for (auto const& entry : crl.entries(limit)) {
        entries.push_back(
            json::object{{"serial", entry.serial}, {"revoked_at", to_string(entry.at)}, {"reason", pki::reason_name(entry.reason)}});
    }
    auto const next = crl.next_update();
    auto const delta = crl.delta_of();
    return {{"issuer", safe(crl.issuer())},
            {"this_update", to_string(crl.this_update())},
            {"next_update", next ? json::value(to_string(*next)) : json::value()},
            {"days_left", next ? json::value(days_until(*next, now)) : json::value()},
            {"number", crl.number()},
            {"delta_of", delta ? json::value(*delta) : json::value()},
            {"signature_algorithm", crl.signature_algorithm()},
            {"size", crl.size()},
            {"entries", std::move(entries)},
            {"extensions", json_of(pki::describe_extensions(crl))}};
}

json::object json_of(pki::Finding const& finding) {
    return {{"rule", finding.rule},
            {"kind", pki::to_string(finding.kind)},
            {"severity", severity_name(finding.severity)},
            {"depth", finding.depth},
            {"subject", safe(finding.subject)},
            {"openssl_code", finding.openssl_code},
            {"openssl_name", finding.openssl_name},
            {"text", safe(finding.text)},
            {"remedy", safe(finding.remedy)}};
}

json::array json_of(std::vector<pki::Certificate> const& certificates, UtcTime now) {
    json::array out;
    for (auto const& one : certificates) out.push_back(json_of(one, now));
    return out;
}

}  // namespace countersign::workbench
