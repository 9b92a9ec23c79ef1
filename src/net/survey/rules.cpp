#include "net/survey/judge.hpp"

#include <algorithm>

namespace countersign::net::survey {

Rule const* find_rule(std::string_view id) {
    auto const rules = all_rules();
    auto const found = std::ranges::find(rules, id, &Rule::id);
    return found == rules.end() ? nullptr : &*found;
}

pki::Severity Rule::severity(pki::Strictness const& strictness) const {
    auto const found = std::ranges::find(severities, strictness.name(), &InProfile::profile);
    return found == severities.end() ? pki::Severity::failure : found->severity;
}

}  // namespace countersign::net::survey
