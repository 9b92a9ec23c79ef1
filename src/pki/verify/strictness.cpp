#include "pki/strictness.hpp"

#include "pki/findings.hpp"

#include "countersign/errors/crt.hpp"

#include <algorithm>

namespace countersign::pki {

struct StrictnessReader {
    static std::vector<Strictness> all() {
        std::vector<Strictness> out;
        for (auto const& row : strictness_rows()) {
            Strictness profile;
            profile.name_ = row.name;
            profile.row_ = &row;
            out.push_back(std::move(profile));
        }
        return out;
    }
};

namespace {

std::vector<Strictness> const& profiles() {
    static auto const all = StrictnessReader::all();
    return all;
}

}  // namespace

Result<Strictness const*> Strictness::find(std::string_view name) {
    auto const found = std::ranges::find(profiles(), name, &Strictness::name);
    if (found != profiles().end()) return &*found;
    std::string known;
    for (auto const& profile : profiles()) known += (known.empty() ? "" : ", ") + profile.name();
    return fail(errors::crt::strictness_unknown, {{"name", name}, {"known", known}});
}

Strictness const& Strictness::device_legacy() {
    static Strictness const& profile = *std::ranges::find(profiles(), "device-legacy", &Strictness::name);
    return profile;
}

std::vector<std::string> Strictness::names() {
    std::vector<std::string> out;
    for (auto const& profile : profiles()) out.push_back(profile.name());
    return out;
}

Severity Strictness::severity(std::string_view rule) const {
    auto const* known = find_finding_rule(rule);
    return known == nullptr ? Severity::ignored : row_->severities[static_cast<std::size_t>(known - finding_rules().data())];
}

Severity Strictness::severity(Rule rule) const { return row_->severities[static_cast<std::size_t>(rule)]; }
StrictnessNumbers const& Strictness::numbers() const { return row_->numbers; }

}  // namespace countersign::pki
