#include "manager/access/people_certificates.hpp"

#include "base/text.hpp"
#include "host/files.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace countersign::manager {
namespace {

using Condition = AccountRule::Condition;

constexpr std::array<std::pair<std::string_view, Condition::Field>, 4> k_fields{{{"email:", Condition::Field::email},
                                                                                 {"name:", Condition::Field::name},
                                                                                 {"subject:", Condition::Field::subject},
                                                                                 {"issuer:", Condition::Field::issuer}}};

Failure wrong(std::string_view text, std::string_view detail) {
    return fail(errors::gen::invalid_input,
                {{"field", "log_in_certificate.accounts"}, {"detail", "\"" + std::string(text) + "\": " + std::string(detail)}});
}

Result<Condition> parse_condition(std::string_view text, std::string_view whole) {
    auto const* const field = std::ranges::find_if(k_fields, [text](auto const& one) { return text.starts_with(one.first); });
    if (field == k_fields.end()) return wrong(whole, "a condition begins with email:, name:, subject: or issuer:");
    auto const value = trim(text.substr(field->first.size()));
    auto const star = value.find('*');
    Condition out{.field = field->second, .before = std::string(value.substr(0, star)), .after = std::nullopt};
    if (star != std::string_view::npos) out.after = std::string(value.substr(star + 1));
    if (out.after && out.after->contains('*')) return wrong(whole, "one * is enough in a condition");
    if (out.before.empty() && (!out.after || out.after->empty()))
        return wrong(whole, "a condition that everybody fulfils lets everybody in");
    if (out.field == Condition::Field::email) {
        if (value.contains(' ')) return wrong(whole, "an address has no blanks");
        out.before = to_lower(out.before);
        if (out.after) out.after = to_lower(*out.after);
    }
    return out;
}

std::vector<std::string> values_of(pki::Certificate const& leaf, Condition::Field field) {
    switch (field) {
        case Condition::Field::name: return {leaf.common_name()};
        case Condition::Field::subject: return {leaf.subject()};
        case Condition::Field::issuer: return {leaf.issuer()};
        case Condition::Field::email: break;
    }
    std::vector<std::string> out;
    for (auto const& name : leaf.alternative_names())
        if (name.kind == pki::AlternativeName::Kind::email) out.push_back(to_lower(name.value));
    return out;
}

/// What the "*" stands for; empty when there is none. Nothing: it does not fit.
std::optional<std::string> fit(Condition const& condition, pki::Certificate const& leaf) {
    for (auto const& value : values_of(leaf, condition.field)) {
        if (value.empty()) continue;
        if (!condition.after) {
            if (value == condition.before) return std::string();
            continue;
        }
        auto const fixed = condition.before.size() + condition.after->size();
        if (value.size() <= fixed || !value.starts_with(condition.before) || !value.ends_with(*condition.after)) continue;
        auto star = value.substr(condition.before.size(), value.size() - fixed);
        if (condition.field == Condition::Field::email && star.contains('@')) continue;
        return star;
    }
    return std::nullopt;
}

std::string first_failure(pki::Verdict const& verdict) {
    for (auto const& finding : verdict.findings)
        if (finding.severity == pki::Severity::failure) return finding.text;
    return "it could not be verified";
}

}  // namespace

Result<AccountRule> parse_account_rule(std::string_view text) {
    constexpr std::string_view arrow = "->";
    constexpr std::string_view both = " and ";
    auto const place = text.rfind(arrow);
    if (place == std::string_view::npos) return wrong(text, "CONDITION -> ACCOUNT is expected");
    AccountRule rule{.conditions = {}, .account = to_lower(trim(text.substr(place + arrow.size())))};
    if (rule.account.empty()) return wrong(text, "the account is missing");
    auto rest = trim(text.substr(0, place));
    while (true) {
        auto const next = rest.find(both);
        CS_TRY(auto condition, parse_condition(trim(rest.substr(0, next)), text));
        rule.conditions.push_back(std::move(condition));
        if (next == std::string_view::npos) break;
        rest = rest.substr(next + both.size());
    }
    if (rule.account.contains('*') && !rule.conditions.front().after)
        return wrong(text, "the first condition has no * that the account could take");
    return rule;
}

std::optional<std::string> account_of(std::vector<AccountRule> const& rules, pki::Certificate const& leaf) {
    for (auto const& rule : rules) {
        std::optional<std::string> star;
        bool const fits = std::ranges::all_of(rule.conditions, [&](Condition const& condition) {
            auto const found = fit(condition, leaf);
            if (found && !star) star = found;
            return found.has_value();
        });
        if (fits) return to_lower(replace_all(rule.account, "*", star.value_or("")));
    }
    return std::nullopt;
}

Result<std::shared_ptr<CertificateLogIn const>> CertificateLogIn::make(PeopleCertificates const& settings,
                                                                       std::shared_ptr<net::RevocationCache> revocation,
                                                                       std::shared_ptr<Clock const> clock) {
    auto out = std::make_shared<CertificateLogIn>();
    CS_TRY(auto const text, host::read_file(settings.roots_file));
    CS_TRY(out->roots_, pki::parse_bundle(text));
    out->anchors_ = pki::Anchors(out->roots_);
    for (auto const& one : settings.accounts) {
        CS_TRY(auto rule, parse_account_rule(one));
        out->rules_.push_back(std::move(rule));
    }
    using Policy = pki::RevocationPolicy;
    out->policy_ = settings.revocation == "off" ? Policy::off : settings.revocation == "soft" ? Policy::soft_fail : Policy::hard_fail;
    out->revocation_ = std::move(revocation);
    out->clock_ = std::move(clock);
    return std::shared_ptr<CertificateLogIn const>(std::move(out));
}

net::Task<Result<std::string>> CertificateLogIn::account_for(std::vector<pki::Certificate> chain) const {
    if (chain.empty()) co_return fail(errors::acc::no_person_certificate);
    pki::VerifyRequest request{
        .presented = chain, .anchors = anchors_, .purpose = pki::Purpose::client, .host_name = {}, .at = clock_->now()};
    auto verdict = pki::verify_chain(request);
    net::KnownRevocation known;
    if (verdict.verified() && policy_ != pki::RevocationPolicy::off) {
        // Nobody is let in before the authorities were asked; only about a chain that ends at a root for people.
        if (revocation_) known = co_await revocation_->fetch(verdict.chain);
        request.revocation = {.policy = policy_, .lists = known.lists, .responses = known.responses};
        verdict = pki::verify_chain(request);
    }
    auto const& leaf = chain.front();
    if (!verdict.verified())
        co_return fail(errors::acc::certificate_not_accepted, {{"subject", leaf.subject()}, {"detail", first_failure(verdict)}});
    auto account = account_of(rules_, leaf);
    if (!account) co_return fail(errors::acc::certificate_without_account, {{"subject", leaf.subject()}});
    co_return *std::move(account);
}

}  // namespace countersign::manager
