#include "pki/findings.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace countersign::pki {

namespace {

constexpr int k_highest_code = 127;

std::array<Rule, k_highest_code + 1> codes_by_number() {
    std::array<Rule, k_highest_code + 1> out{};
    out.fill(Rule::unspecified);
    auto const rules = finding_rules();
    for (std::size_t i = 0; i < rules.size(); ++i) {
        if (rules[i].openssl_same) out.at(static_cast<std::size_t>(rules[i].openssl_code)) = static_cast<Rule>(i);
    }
    return out;
}

/// In the order of the enumeration.
constexpr std::array<std::string_view, 18> k_kinds{
    "incomplete_chain", "untrusted_root",     "self_signed",          "bad_signature",    "expired",        "not_yet_valid",
    "name_mismatch",    "wrong_purpose",      "not_an_authority",     "weak_key",         "weak_signature", "missing_certificate",
    "revoked",          "revocation_unknown", "constraint_violation", "policy_violation", "malformed",      "other"};

}  // namespace

std::string_view to_string(Finding::Kind kind) { return k_kinds.at(static_cast<std::size_t>(kind)); }

FindingRule const& finding_rule(Rule rule) { return finding_rules()[static_cast<std::size_t>(rule)]; }

FindingRule const* find_finding_rule(std::string_view id) {
    auto const rules = finding_rules();
    auto const found = std::ranges::find(rules, id, &FindingRule::id);
    return found == rules.end() ? nullptr : &*found;
}

std::vector<FindingRule const*> find_finding_rules(std::string_view word) {
    if (auto const* rule = find_finding_rule(word)) return {rule};
    constexpr std::string_view prefix = "X509_V_ERR_";
    if (word.size() > prefix.size() && iequals(word.substr(0, prefix.size()), prefix)) word.remove_prefix(prefix.size());
    int number = 0;
    auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    bool const is_number = error == std::errc() && end == word.data() + word.size();
    std::vector<FindingRule const*> out;
    for (bool const same : {true, false}) {
        for (auto const& rule : finding_rules()) {
            if (rule.openssl_same == same && (is_number ? rule.openssl_code == number : iequals(rule.openssl_name, word)))
                out.push_back(&rule);
        }
    }
    return out;
}

Rule rule_of_openssl(int code) {
    static auto const by_number = codes_by_number();
    return code < 0 || code > k_highest_code ? Rule::unspecified : by_number.at(static_cast<std::size_t>(code));
}

}  // namespace countersign::pki
