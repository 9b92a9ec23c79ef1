#include "net/survey/revocation.hpp"

#include <algorithm>

namespace countersign::net::survey {

namespace {

/// To a trusted root, whatever else may be wrong with its names and dates.
bool leads_to_root(pki::Verdict const& verdict) {
    using Kind = pki::Finding::Kind;
    return !verdict.chain.empty() && std::ranges::none_of(verdict.findings, [](pki::Finding const& one) {
        bool const harmless = one.kind == Kind::name_mismatch || one.kind == Kind::expired || one.kind == Kind::not_yet_valid;
        return one.severity == pki::Severity::failure && !harmless;
    });
}

}  // namespace

Task<RevocationAnswers> ask_authorities(Survey const& survey, Judgement const& first, AuthorityReach reach) {
    RevocationAnswers out;
    if (!survey.stapled.empty())
        if (auto stapled = pki::OcspResponse::parse_der(survey.stapled)) out.responses.push_back(*std::move(stapled));
    RevocationCache cache(co_await asio::this_coro::executor, {.reach = std::move(reach)});
    for (std::size_t i = 0; i < first.verdicts.size(); ++i) {
        if (!leads_to_root(first.verdicts[i])) continue;
        auto known = co_await cache.fetch(first.verdicts[i].chain);
        std::ranges::move(known.lists, std::back_inserter(out.lists));
        std::ranges::move(known.responses, std::back_inserter(out.responses));
        if (!known.complete) out.unanswered.push_back(i);
    }
    co_return out;
}

}  // namespace countersign::net::survey
