#include "pki/verify.hpp"

#include "pki/openssl.hpp"
#include "pki/verify/collector.hpp"
#include "pki/verify/judge.hpp"

#include <algorithm>

namespace countersign::pki {

namespace {

std::vector<Certificate> values_of(CandidatePath const& path) {
    std::vector<Certificate> out;
    out.reserve(path.certificates.size());
    for (auto const* certificate : path.certificates) out.push_back(*certificate);
    return out;
}

bool is_better(Judgement const& one, Judgement const& other) {
    if (one.bad_signature != other.bad_signature) return !one.bad_signature;
    return one.failures < other.failures;
}

void add_about_the_search(VerifyRequest const& request, bool ended_early, Verdict& verdict) {
    auto* const leaf = request.presented.front().native();
    auto const add = [&verdict](Finding finding, Severity severity) {
        finding.severity = severity;
        auto const at = std::ranges::find_if(verdict.findings, [](Finding const& other) { return other.depth > 0; });
        verdict.findings.insert(at, std::move(finding));
    };
    // Better paths may have been left untried.
    bool const known = std::ranges::find(verdict.findings, finding_rule(Rule::search_ended).id, &Finding::rule) != verdict.findings.end();
    if (ended_early && !verdict.verified() && !known) add(make_finding(Rule::search_ended, 0, leaf), Severity::failure);
    if (request.presented.size() > k_verify_limits.certificates) {
        add(make_finding(Rule::certificates_left_out, 0, leaf, "of " + std::to_string(request.presented.size())), Severity::advice);
    }
}

}  // namespace

bool Verdict::has(Finding::Kind kind) const {
    return std::ranges::any_of(findings, [kind](Finding const& finding) { return finding.kind == kind; });
}

bool Verdict::verified() const {
    return std::ranges::none_of(findings, [](Finding const& finding) { return finding.severity == Severity::failure; });
}

std::string Verdict::summary() const {
    std::string out;
    for (auto const& finding : findings) {
        if (finding.severity != Severity::failure) continue;
        if (!out.empty()) out += ", ";
        out += std::string(to_string(finding.kind)) + " (" + std::to_string(finding.depth) + ")";
    }
    return out;
}

Verdict verify_chain(VerifyRequest const& request) {
    VerifyWork work;
    return verify_chain(request, work);
}

Verdict verify_chain(VerifyRequest const& request, VerifyWork& work) {
    Verdict verdict;
    if (request.presented.empty()) {
        verdict.findings.push_back(make_finding(Rule::no_certificate, 0, nullptr));
        return verdict;
    }
    ErrorQueue const errors;
    Signatures signatures(work);
    PathSearch search(request, signatures, work);
    std::optional<Judgement> best;
    search.run([&](CandidatePath const& path) {
        auto judgement = judge_path(request, path, signatures, work);
        if (!best || is_better(judgement, *best)) {
            best = std::move(judgement);
            verdict.chain = values_of(path);
        }
        return best->failures == 0;
    });
    if (!best) {
        best = judge_path(request, search.dead_end(), signatures, work);
        verdict.chain = values_of(search.dead_end());
    }
    verdict.findings = std::move(best->findings);
    add_about_the_search(request, search.ended_early() || signatures.exhausted(), verdict);
    return verdict;
}

}  // namespace countersign::pki
