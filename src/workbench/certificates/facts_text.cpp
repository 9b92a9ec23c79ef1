#include "base/text.hpp"
#include "workbench/certificates/facts.hpp"

#include <algorithm>

namespace countersign::workbench {
namespace {

constexpr std::int64_t k_soon_days = 30;

/// "Label:    value", values under each other.
void field(Output const& output, std::string_view label, std::string_view value, std::size_t indent = 2) {
    constexpr std::size_t column = 20;
    std::string line(indent, ' ');
    line += label;
    line += ":";
    line.append(line.size() < column + indent ? column + indent - line.size() : 1, ' ');
    output.line(line + std::string(value));
}

std::string joined(std::vector<pki::AlternativeName> const& names) {
    std::string out;
    for (auto const& name : names) out += (out.empty() ? "" : ", ") + printable(to_string(name));
    return out;
}

/// Short lists on one line, long ones below each other.
void print_extensions(Output const& output, std::vector<pki::ExtensionText> const& extensions) {
    if (extensions.empty()) return;
    output.line("  Extensions:");
    constexpr std::size_t widest = 100;
    for (auto const& one : extensions) {
        std::string line;
        for (auto const& value : one.values) line += (line.empty() ? "" : ", ") + printable(value);
        auto const name = "    " + printable(one.name) + (one.critical ? " (critical)" : "") + ":";
        if (line.size() <= widest) {
            output.line(name + (line.empty() ? "" : " " + line));
            continue;
        }
        output.line(name);
        for (auto const& value : one.values) output.line("      " + printable(value));
    }
}

}  // namespace

std::string with_colons(std::string_view hex) {
    std::string out;
    for (std::size_t i = 0; i < hex.size(); i += 2) out += (i == 0 ? "" : ":") + std::string(hex.substr(i, 2));
    return out;
}

std::string text_of(pki::KeyText const& key) {
    return key.algorithm + (key.curve.empty() ? "" : " " + key.curve) + ", " + std::to_string(key.bits) + " bits";
}

std::string subject_of(pki::Certificate const& certificate) {
    auto subject = printable(certificate.subject());
    return subject.empty() ? "(no subject)" : subject;
}

std::string ending(Output const& output, UtcTime not_after, UtcTime now) {
    auto const days = days_until(not_after, now);
    auto const text = to_string(not_after);
    auto const count = std::to_string(std::abs(days)) + (std::abs(days) == 1 ? " day" : " days");
    if (not_after < now) return text + ", " + output.mark(Mark::bad, "ended " + count + " ago");
    return text + ", " + output.mark(days < k_soon_days ? Mark::attention : Mark::good, count + " left");
}

void print(Output const& output, pki::Certificate const& certificate, UtcTime now) {
    field(output, "Subject", subject_of(certificate));
    auto const issuer = printable(certificate.issuer());
    field(output, "Issuer", certificate.is_self_issued() ? issuer + " (itself)" : issuer);
    if (auto const names = joined(certificate.alternative_names()); !names.empty()) field(output, "Names", names);
    field(output, "Valid from",
          certificate.not_before() > now ? to_string(certificate.not_before()) + ", " + output.mark(Mark::bad, "not valid yet")
                                         : to_string(certificate.not_before()));
    field(output, "Valid until", ending(output, certificate.not_after(), now));
    field(output, "Key", text_of(pki::describe_key(certificate)));
    field(output, "Signature", certificate.signature_algorithm());
    field(output, "Authority", certificate.is_authority() ? "yes, it may issue certificates" : "no");
    field(output, "Serial number", certificate.serial());
    field(output, "Version", std::to_string(pki::version_of(certificate)));
    print_extensions(output, pki::describe_extensions(certificate));
    field(output, "Key SHA-256", certificate.public_key_sha256());
    field(output, "SHA-256", with_colons(certificate.fingerprint()));
    field(output, "SHA-1", with_colons(certificate.fingerprint_sha1()));
}

void print(Output const& output, pki::CertificateRequest const& request) {
    auto const subject = printable(request.subject());
    field(output, "Subject", subject.empty() ? "(no subject)" : subject);
    if (auto const names = joined(request.alternative_names()); !names.empty()) field(output, "Names", names);
    auto const key = pki::describe_key(request);
    field(output, "Key", text_of(key));
    // Requests whose signature does not hold are refused where they are read.
    field(output, "Signature", pki::signature_algorithm_of(request) + ", holds");
    print_extensions(output, pki::describe_extensions(request));
    field(output, "Key SHA-256", key.sha256);
}

void print(Output const& output, pki::Crl const& crl, UtcTime now, std::size_t limit) {
    field(output, "Issuer", printable(crl.issuer()));
    field(output, "Made", to_string(crl.this_update()));
    auto const next = crl.next_update();
    field(output, "Next", next ? ending(output, *next, now) : "not said");
    if (!crl.number().empty()) field(output, "Number", "0x" + crl.number());
    if (auto const delta = crl.delta_of()) field(output, "Changes since", "0x" + *delta);
    field(output, "Signature", crl.signature_algorithm());
    print_extensions(output, pki::describe_extensions(crl));
    field(output, "Revoked", std::to_string(crl.size()));
    auto const entries = crl.entries(limit);
    for (auto const& entry : entries)
        output.line("    " + entry.serial + "  " + to_string(entry.at) + "  " + std::string(pki::reason_name(entry.reason)));
    if (entries.size() < crl.size()) output.line("    and " + std::to_string(crl.size() - entries.size()) + " more; --all shows them");
}

void print_chain(Output const& output, std::vector<pki::Certificate> const& chain, UtcTime now) {
    for (std::size_t i = 0; i < chain.size(); ++i) {
        auto const& one = chain[i];
        std::string line = "  " + std::to_string(i) + "  ";
        if (i > 0) line += std::string(2 * (i - 1), ' ') + "\\ ";
        output.line(line + output.strong(subject_of(one)));
        output.line("       " + std::string(2 * i, ' ') + to_string(one.not_before()).substr(0, 10) + " to " +
                    ending(output, one.not_after(), now) + "; " + text_of(pki::describe_key(one)));
    }
}

void print_findings(Output const& output, std::vector<pki::Finding> const& findings) {
    int depth = -1;
    for (auto const& one : findings) {
        if (one.depth != depth) {
            depth = one.depth;
            output.line("");
            auto const subject = printable(one.subject);
            output.line(std::to_string(depth) + "  " + output.strong(subject.empty() ? "(no subject)" : subject));
        }
        bool const failure = one.severity == pki::Severity::failure;
        output.line("   " + output.mark(failure ? Mark::bad : Mark::attention, failure ? "failure" : "advice") + "  " +
                    printable(one.text));
        output.line("     What to do: " + printable(one.remedy));
        std::string source = one.rule.empty() ? "" : "rule " + one.rule;
        if (one.openssl_code != 0 || !one.openssl_name.empty())
            source += (source.empty() ? "" : "; ") + ("OpenSSL " + std::to_string(one.openssl_code)) + " " + one.openssl_name;
        if (!source.empty()) output.line("     (" + source + ")");
    }
}

}  // namespace countersign::workbench
