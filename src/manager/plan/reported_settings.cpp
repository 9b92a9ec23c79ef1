#include "manager/plan/reported_settings.hpp"

#include <algorithm>

namespace countersign::manager {

namespace {

/// What the plan leaves each setting at: a later step has the last word.
struct Wanted {
    std::string value, why;
};

std::map<std::string, Wanted> wanted_by(Plan const& plan) {
    std::map<std::string, Wanted> wanted;
    for (auto const& step : plan.steps)
        for (auto const& change : step.settings) wanted[change.canonical] = {.value = change.value, .why = step.why};
    return wanted;
}

std::optional<std::string> value_in(std::map<std::string, std::string> const& values, std::string const& name) {
    auto const found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::vector<ReportedSetting> reported_settings(family::Family const& family, Account const& account, Plan const& plan,
                                               std::map<std::string, std::string> const& kept) {
    auto const wanted = wanted_by(plan);
    std::vector<ReportedSetting> all;
    auto add = [&](std::string const& name, std::string path, std::optional<std::string> value) {
        ReportedSetting one{.name = name, .path = std::move(path), .value = std::move(value), .kept = value_in(kept, name)};
        if (auto const change = wanted.find(name); change != wanted.end() && one.value != change->second.value) {
            one.wanted = change->second.value;
            one.why = change->second.why;
        }
        // A family may have what this unit's software or keys do not.
        if (one.value || one.wanted || one.kept) all.push_back(std::move(one));
    };
    for (auto const& setting : family.settings)
        add(setting.canonical, setting.path,
            setting.canonical.empty() ? value_in(account.own_settings, setting.path) : value_in(account.settings, setting.canonical));

    // What is no setting to the family: a registration for events, say.
    std::map<std::string, std::string> others = account.settings;
    for (auto const& [name, change] : wanted) others.emplace(name, std::string());
    for (auto const& [name, value] : kept) others.emplace(name, std::string());
    for (auto const& [name, value] : others)
        if (family.find_canonical(name) == nullptr) add(name, {}, value_in(account.settings, name));
    return all;
}

}  // namespace countersign::manager
