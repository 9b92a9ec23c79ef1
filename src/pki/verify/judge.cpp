#include "pki/verify/judge.hpp"

#include "pki/names.hpp"
#include "pki/openssl.hpp"
#include "pki/verify/dsa_parameters.hpp"
#include "pki/verify/match_name.hpp"
#include "pki/verify/openssl_path.hpp"
#include "pki/verify/revocation.hpp"
#include "pki/verify/rules.hpp"

#include <algorithm>
#include <ranges>

namespace countersign::pki {

namespace {

Strictness const& strictness_of(VerifyRequest const& request) {
    return request.strictness == nullptr ? Strictness::device_legacy() : *request.strictness;
}

Role role_of(CandidatePath const& path, std::size_t depth) {
    if (depth == 0) return Role::leaf;
    return depth + 1 == path.certificates.size() && path.end == CandidatePath::End::anchor ? Role::anchor : Role::intermediate;
}

Rule rule_of(SignatureState state) {
    switch (state) {
        case SignatureState::no_key: return Rule::key_unreadable;
        case SignatureState::algorithm: return Rule::signature_algorithm_unknown;
        case SignatureState::other_key: return Rule::signature_algorithm_of_other_key;
        case SignatureState::inconsistent: return Rule::signature_algorithms_differ;
        default: return Rule::bad_signature;
    }
}

void judge_signatures(CandidatePath const& path, std::span<Certificate const* const> keys, Signatures& signatures, Collector& collector) {
    for (std::size_t depth = 0; depth + 1 < path.certificates.size(); ++depth) {
        auto const& issuer = *keys[depth + 1];
        auto const state = signatures.check(*path.certificates[depth], issuer);
        if (state == SignatureState::good) continue;
        if (state == SignatureState::not_tried) {
            collector.add(Rule::search_ended, 0, path.certificates.front()->native());
            continue;
        }
        // A key that cannot be read is the issuer's fault.
        bool const above = state == SignatureState::no_key;
        collector.add(rule_of(state), static_cast<int>(depth) + (above ? 1 : 0),
                      above ? issuer.native() : path.certificates[depth]->native());
    }
    // Nobody vouches for a self-signed certificate that is not trusted, but it should at least fit itself.
    auto const& last = *path.certificates.back();
    if (path.end == CandidatePath::End::self_signed && signatures.check(last, last) != SignatureState::good) {
        collector.add(Rule::bad_signature, static_cast<int>(path.certificates.size()) - 1, last.native());
    }
}

void judge_dates(X509* certificate, int depth, UtcTime at, Collector& collector) {
    auto const begin = time_of(X509_get0_notBefore(certificate));
    auto const end = time_of(X509_get0_notAfter(certificate));
    if (!begin) collector.add(Rule::not_before_unreadable, depth, certificate);
    if (!end) collector.add(Rule::not_after_unreadable, depth, certificate);
    // Both ends belong to the time of validity (RFC 5280 section 4.1.2.5).
    if (begin && at < *begin) collector.add(Rule::not_yet_valid, depth, certificate);
    if (end && at > *end) collector.add(Rule::expired, depth, certificate);
}

void judge_end(VerifyRequest const& request, CandidatePath const& path, Collector& collector) {
    int const depth = static_cast<int>(path.certificates.size()) - 1;
    auto* const last = path.certificates.back()->native();
    switch (path.end) {
        case CandidatePath::End::anchor: break;
        case CandidatePath::End::self_signed: collector.add(depth == 0 ? Rule::self_signed : Rule::untrusted_root, depth, last); break;
        case CandidatePath::End::no_issuer: collector.add(Rule::incomplete_chain, depth, last); break;
        case CandidatePath::End::too_long:
            collector.add(
                Rule::chain_too_long, depth, last,
                "at most " + std::to_string(request.max_intermediates.value_or(k_verify_limits.intermediates)) + " intermediates");
            break;
    }
}

void judge_host_name(VerifyRequest const& request, StrictnessNumbers const& numbers, Collector& collector) {
    auto const& leaf = request.presented.front();
    auto const common_name = numbers.common_name_counts ? CommonName::counts : CommonName::is_ignored;
    if (request.host_name.empty() || matches_name(leaf, request.host_name, common_name)) return;
    auto const rule = is_ip_address(request.host_name) ? Rule::address_mismatch : Rule::name_mismatch;
    auto names = leaf.alternative_names();
    std::string has;
    constexpr std::size_t most = 8;
    for (auto const& name : names | std::views::take(most)) has += (has.empty() ? "" : ", ") + name.value;
    if (names.size() > most) has += " ...";
    if (has.empty()) has = leaf.common_name().empty() ? "no names" : "the common name " + leaf.common_name();
    collector.add(rule, 0, leaf.native(), request.host_name + "; it has " + has);
}

void judge_form(VerifyRequest const& request, CandidatePath const& path, StrictnessNumbers const& numbers, Collector& collector) {
    for (std::size_t depth = 0; depth < path.certificates.size(); ++depth) {
        auto const role = role_of(path, depth);
        if (role == Role::anchor && !numbers.anchors_are_judged) continue;
        Anatomy const anatomy(*path.certificates[depth]);
        Judged const one{.certificate = *path.certificates[depth],
                         .anatomy = anatomy,
                         .role = role,
                         .depth = static_cast<int>(depth),
                         .issuer = depth + 1 < path.certificates.size() ? path.certificates[depth + 1] : nullptr,
                         .request = request,
                         .numbers = numbers,
                         .collector = collector};
        if (!anatomy.readable) {
            one.found(Rule::not_der);
            continue;
        }
        judge_basic_fields(one);
        judge_names(one);
        judge_extension_list(one);
        judge_authority(one);
        judge_key_usage(one);
        judge_key_identifiers(one);
        judge_purpose_form(one);
        judge_alternative_names(one);
        judge_common_name(one);
        judge_constraints_form(one);
        judge_policies(one);
        judge_access_and_points(one);
        judge_key_form(one);
    }
}

}  // namespace

Judgement judge_path(VerifyRequest const& request, CandidatePath const& path, Signatures& signatures, VerifyWork& work) {
    ErrorQueue const errors;
    auto const& strictness = strictness_of(request);
    auto const& numbers = strictness.numbers();
    Collector collector(strictness);

    judge_end(request, path, collector);
    auto const completed = complete_dsa_keys(path.certificates);
    auto keys = path.certificates;
    for (std::size_t i = 0; i < completed.size(); ++i) keys[i] = &completed[i];
    judge_signatures(path, keys, signatures, collector);
    if (path.certificates.size() == 1 && path.end == CandidatePath::End::anchor) {
        collector.add(Rule::leaf_is_anchor, 0, path.certificates.front()->native());
    }
    for (std::size_t depth = 0; depth < path.certificates.size(); ++depth) {
        auto const& certificate = *path.certificates[depth];
        auto const* issuer = depth + 1 < keys.size() ? keys[depth + 1] : nullptr;
        auto const role = role_of(path, depth);
        bool const is_trusted = issuer == nullptr && path.end == CandidatePath::End::anchor;
        judge_dates(certificate.native(), static_cast<int>(depth), request.at, collector);
        judge_strength(*keys[depth], is_trusted ? Role::anchor : role, static_cast<int>(depth), issuer, numbers, collector);
        judge_purpose(certificate, role, static_cast<int>(depth), request.purpose, numbers, collector);
    }
    judge_host_name(request, numbers, collector);
    if (numbers.judges_form) judge_form(request, path, numbers, collector);

    RevocationCheck revocation(request, path);
    auto const comparisons = count_name_comparisons(path.certificates);
    work.name_comparisons += comparisons;
    if (comparisons > k_verify_limits.name_comparisons) {
        collector.add(Rule::constraints_too_many, 0, path.certificates.front()->native(), std::to_string(comparisons) + " comparisons");
    } else {
        judge_constrained_names(path.certificates, numbers, collector);
        verify_with_openssl({.path = path,
                             .certificates = keys,
                             .request = request,
                             .strictness = strictness,
                             .lists = revocation.lists(),
                             .check_lists = revocation.wanted()},
                            collector, [&revocation](int code, int depth, X509_crl_st* list) { revocation.heard(code, depth, list); });
    }
    revocation.report(collector);

    Judgement out;
    out.findings = collector.take();
    out.failures = static_cast<std::size_t>(
        std::ranges::count_if(out.findings, [](Finding const& finding) { return finding.severity == Severity::failure; }));
    out.bad_signature =
        std::ranges::any_of(out.findings, [](Finding const& finding) { return finding.kind == Finding::Kind::bad_signature; });
    return out;
}

}  // namespace countersign::pki
