#include "pki/verify/collector.hpp"

#include "pki/names.hpp"
#include "pki/openssl.hpp"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace countersign::pki {

namespace {

using Kind = Finding::Kind;

struct Implication {
    Rule cause;
    Rule consequence;  ///< not said of the same certificate when the cause is
};

constexpr std::array k_implications{
    Implication{Rule::authority_without_basic_constraints, Rule::not_an_authority},
    Implication{Rule::authority_may_not_sign, Rule::not_an_authority},
    Implication{Rule::basic_constraints_broken, Rule::not_an_authority},
    Implication{Rule::not_an_authority, Rule::issuer_wrong_purpose},
    Implication{Rule::authority_without_basic_constraints, Rule::issuer_wrong_purpose},
    Implication{Rule::authority_may_not_sign, Rule::issuer_wrong_purpose},
    Implication{Rule::weak_digest, Rule::signature_not_allowed},
    Implication{Rule::leaf_key_too_small, Rule::curve_not_allowed},
    Implication{Rule::authority_key_too_small, Rule::curve_not_allowed},
    Implication{Rule::explicit_curve, Rule::curve_not_allowed},
    Implication{Rule::explicit_curve, Rule::key_parameters},
    Implication{Rule::extended_key_usage_broken, Rule::wrong_purpose},
    Implication{Rule::key_usage_broken, Rule::wrong_purpose},
    Implication{Rule::signature_algorithms_differ, Rule::bad_signature},
    Implication{Rule::key_unreadable, Rule::key_parameters},
    Implication{Rule::name_excluded, Rule::wildcard_reaches_excluded},
    Implication{Rule::uri_without_host_name, Rule::constrained_name_form},
    Implication{Rule::extensions_need_version_3, Rule::version_not_3},
    Implication{Rule::revoked, Rule::no_revocation_list},
    Implication{Rule::list_unknown_critical_extension, Rule::list_form},
};

/// Rules of ours about one critical extension each: OpenSSL only says that there is one it does not know.
constexpr std::array k_critical{Rule::aki_critical,
                                Rule::ski_critical,
                                Rule::access_critical,
                                Rule::freshest_list_critical,
                                Rule::directory_attributes_critical,
                                Rule::unknown_critical_extension};

std::string date_text(ASN1_TIME const* time) {
    auto const at = time_of(time);
    return at ? countersign::to_string(*at) : std::string("its date cannot be read");
}

/// The identifiers of critical extensions that OpenSSL does not know.
std::string unknown_critical(X509* certificate) {
    std::string out;
    for (int i = 0; i < X509_get_ext_count(certificate); ++i) {
        X509_EXTENSION* const extension = X509_get_ext(certificate, i);
        if (X509_EXTENSION_get_critical(extension) == 0 || X509_supported_extension(extension) == 1) continue;
        std::array<char, 80> text{};
        OBJ_obj2txt(text.data(), text.size(), X509_EXTENSION_get_object(extension), 1);
        out += (out.empty() ? "" : ", ") + std::string(text.data());
    }
    return out;
}

std::string usual_detail(FindingRule const& rule, Rule id, X509* certificate) {
    if (id == Rule::unknown_critical_extension) return unknown_critical(certificate);
    switch (rule.kind) {
        case Kind::incomplete_chain: return name_text(X509_get_issuer_name(certificate));
        case Kind::expired: return date_text(X509_get0_notAfter(certificate));
        case Kind::not_yet_valid: return date_text(X509_get0_notBefore(certificate));
        case Kind::weak_key: {
            EVP_PKEY const* key = X509_get0_pubkey(certificate);
            return algorithm_name(key) + (key == nullptr ? "" : " " + std::to_string(EVP_PKEY_get_bits(key)));
        }
        case Kind::weak_signature: return OBJ_nid2ln(X509_get_signature_nid(certificate));
        default: return rule.openssl_same && rule.kind != Kind::revoked ? X509_verify_cert_error_string(rule.openssl_code) : "";
    }
}

}  // namespace

Finding make_finding(Rule rule, int depth, x509_st* subject, std::string detail) {
    ErrorQueue const errors;
    auto const& row = finding_rule(rule);
    Finding finding{.kind = row.kind,
                    .rule = std::string(row.id),
                    .depth = depth,
                    .subject = subject == nullptr ? "" : name_text(X509_get_subject_name(subject)),
                    .openssl_code = row.openssl_code,
                    .openssl_name = std::string(row.openssl_name),
                    .text = std::string(row.text),
                    .remedy = std::string(row.remedy)};
    if (subject != nullptr) {
        finding.text = "The certificate " + (finding.subject.empty() ? "without a subject" : finding.subject) + " " + finding.text;
        if (detail.empty()) detail = usual_detail(row, rule, subject);
    }
    if (!detail.empty()) finding.text += " (" + detail + ")";
    finding.text += '.';
    return finding;
}

bool Collector::has(Rule rule, int depth) const {
    return std::ranges::any_of(entries_, [=](Entry const& entry) { return entry.rule == rule && entry.finding.depth == depth; });
}

bool Collector::has_kind(Finding::Kind kind, int depth) const {
    return std::ranges::any_of(entries_, [=](Entry const& entry) { return entry.finding.kind == kind && entry.finding.depth == depth; });
}

void Collector::add(Rule rule, int depth, x509_st* subject, std::string detail) {
    add_at_most(Severity::failure, rule, depth, subject, std::move(detail));
}

void Collector::add_at_most(Severity most, Rule rule, int depth, x509_st* subject, std::string detail) {
    auto const severity = std::min(most, strictness_->severity(rule));
    if (severity == Severity::ignored || has(rule, depth)) return;
    auto finding = make_finding(rule, depth, subject, std::move(detail));
    finding.severity = severity;
    entries_.push_back({rule, std::move(finding)});
}

void Collector::add_openssl(int code, int depth, x509_st* subject) {
    Rule const rule = rule_of_openssl(code);
    if (rule == Rule::unknown_critical_extension && std::ranges::any_of(k_critical, [&](Rule known) { return has(known, depth); })) return;
    // Ours of the same kind says the same more exactly. Kinds that hold many different things are no sign of that.
    auto const kind = finding_rule(rule).kind;
    bool const broad = kind == Kind::other || kind == Kind::malformed || kind == Kind::not_an_authority || kind == Kind::revocation_unknown;
    if (!broad && has_kind(kind, depth)) return;
    add(rule, depth, subject);
}

void Collector::drop(Rule rule, int depth) {
    std::erase_if(entries_, [=](Entry const& entry) { return entry.rule == rule && entry.finding.depth == depth; });
}

std::size_t Collector::failures() const {
    return static_cast<std::size_t>(
        std::ranges::count_if(entries_, [](Entry const& entry) { return entry.finding.severity == Severity::failure; }));
}

std::vector<Finding> Collector::take() {
    std::erase_if(entries_, [this](Entry const& entry) {
        return std::ranges::any_of(
            k_implications, [&](Implication const& one) { return one.consequence == entry.rule && has(one.cause, entry.finding.depth); });
    });
    std::erase_if(entries_, [this](Entry const& entry) {
        return entry.rule == Rule::extension_broken && std::ranges::any_of(entries_, [&entry](Entry const& other) {
                   return other.finding.kind == Kind::malformed && other.rule != entry.rule && other.finding.depth == entry.finding.depth &&
                          other.finding.severity == Severity::failure;
               });
    });
    std::ranges::sort(entries_, [](Entry const& a, Entry const& b) {
        return std::tie(a.finding.depth, a.finding.kind, a.finding.openssl_code, a.rule) <
               std::tie(b.finding.depth, b.finding.kind, b.finding.openssl_code, b.rule);
    });
    std::vector<Finding> out;
    out.reserve(entries_.size());
    for (auto& entry : entries_) out.push_back(std::move(entry.finding));
    entries_.clear();
    return out;
}

}  // namespace countersign::pki
