#include "manager/campaign/selection_plan.hpp"

#include "base/text.hpp"
#include "host/crypto.hpp"
#include "manager/campaign/settings.hpp"
#include "manager/campaign/waves.hpp"
#include "manager/plan/goal.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <set>

namespace countersign::manager {

namespace {

constexpr char k_end = '\0';

bool begins_trial(Plan const& plan) {
    return std::ranges::any_of(plan.steps, [](Step const& step) { return step.kind == StepKind::begin_trial; });
}

bool changes_something(Plan const& plan) {
    return std::ranges::any_of(plan.steps, [](Step const& step) { return changes_the_system(step.kind); });
}

bool is_mark(MemberChange const& change) { return change.canonical.starts_with('@'); }

}  // namespace

std::string_view to_string(Outlook outlook) {
    switch (outlook) {
        case Outlook::at_goal: return "at_goal";
        case Outlook::has_steps: return "has_steps";
        case Outlook::blocked: return "blocked";
        case Outlook::below_goal: return "below_goal";
        case Outlook::left_alone: return "left_alone";
    }
    return "";
}

Outlook outlook_of(Plan const& plan, SecureOnly mode, bool capable) {
    if (!plan.blockers.empty()) return Outlook::blocked;
    if (!plan.steps.empty()) return Outlook::has_steps;
    if (plan.from_level >= goal_level(mode)) return Outlook::at_goal;
    return capable ? Outlook::below_goal : Outlook::left_alone;
}

std::string digest_of(Plan const& plan) {
    std::string text = std::to_string(plan.goal_level) + k_end;
    for (auto const& step : plan.steps) {
        text += std::string(to_string(step.kind)) + k_end;
        for (auto const& change : step.settings) text += change.canonical + k_end + change.value + k_end + change.old_value + k_end;
        for (auto const& service : step.services) text += service + k_end;
    }
    // A system that answers now this way and now that way, and never as it must, is blocked in any case.
    if (!plan.blockers.empty()) text += "blocked";
    return host::hash_token(text);
}

void complete(SelectionPlan& plan) {
    std::vector<Candidate> candidates;
    for (auto& one : plan.systems) {
        one.outlook = outlook_of(one.plan, plan.settings.mode, one.system.secure_only_capable);
        one.digest = digest_of(one.plan);
        candidates.push_back({one.system.id, one.system.family, one.outlook == Outlook::has_steps});
    }
    auto const waves = make_waves(candidates, plan.settings);
    auto settings = to_json(plan.settings);
    settings.erase("name");
    std::string text = boost::json::serialize(settings);
    for (std::size_t i = 0; i < plan.systems.size(); ++i) {
        plan.systems[i].wave = waves[i];
        text += std::to_string(plan.systems[i].system.id) + k_end + std::to_string(waves[i]) + k_end + plan.systems[i].digest;
    }
    plan.digest = host::hash_token(text);
}

PlanSummary summarise(SelectionPlan const& plan) {
    PlanSummary out;
    for (auto const& one : plan.systems) {
        ++out.outlooks[one.outlook];
        ++out.waves[one.wave];
        for (auto const& step : one.plan.steps) {
            ++out.steps[std::string(to_string(step.kind))];
            if (step.kind == StepKind::set_password) ++out.new_passwords;
        }
        std::set<std::string> codes;
        for (auto const& blocker : one.plan.blockers) codes.insert(std::string(blocker.entry().code));
        for (auto const& code : codes) out.blocked[code].push_back(one.system.name);
        if (one.outlook == Outlook::left_alone) out.left_alone.push_back(one.system.name);
        if (changes_something(one.plan) && !begins_trial(one.plan)) ++out.without_trial;
    }
    return out;
}

std::map<std::string, std::string> digests_of(SelectionPlan const& plan) {
    std::map<std::string, std::string> out;
    for (auto const& one : plan.systems) out[one.system.name] = one.digest;
    return out;
}

std::vector<std::string> changed_systems(std::map<std::string, std::string> const& before, SelectionPlan const& now, std::size_t most) {
    std::vector<std::string> out;
    auto const after = digests_of(now);
    auto const differs = [](std::map<std::string, std::string> const& other, std::string const& name, std::string const& digest) {
        auto const found = other.find(name);
        return found == other.end() || found->second != digest;
    };
    for (auto const& [name, digest] : after)
        if (out.size() < most && differs(before, name, digest)) out.push_back(name);
    for (auto const& [name, digest] : before)
        if (out.size() < most && !after.contains(name)) out.push_back(name);
    return out;
}

std::vector<MemberChange> settings_to_write_back(std::vector<MemberChange> const& changes) {
    std::vector<MemberChange> out;
    std::ranges::copy_if(changes, std::back_inserter(out), [](MemberChange const& change) { return !is_mark(change); });
    return out;
}

RollbackOutlook rollback_outlook(Member const& member, std::vector<MemberChange> const& changes, bool on_trial) {
    RollbackOutlook out{
        .system = member.system, .name = member.name, .state = member.state, .cancels_trial = on_trial, .undone = {}, .stays = {}};
    auto const has = [&changes](std::string_view mark) {
        return std::ranges::any_of(changes, [mark](MemberChange const& change) { return change.canonical == mark; });
    };
    if (on_trial) out.undone.emplace_back("What is on trial goes back at the system: settings, certificate and trust list.");
    std::vector<std::string> settings;
    for (auto const& change : settings_to_write_back(changes))
        settings.push_back(change.canonical + " = " + (change.old_value.empty() ? "(empty)" : change.old_value));
    if (!settings.empty()) out.undone.push_back("Written back where they differ: " + join(settings, ", ") + ".");
    if (has(k_changed_tracking)) out.undone.emplace_back("The manager tracks the system by its address again.");
    if (!on_trial && has(k_changed_certificate))
        out.stays.emplace_back("The certificate and key stay; deleting them at the system brings its factory pair back.");
    if (!on_trial && has(k_changed_client_certificate))
        out.stays.emplace_back("The certificate for its calls stays as it is; the system's page of certificates says which one is active.");
    if (!on_trial && has(k_changed_trust)) out.stays.emplace_back("The trust list stays; upload the former one at the system.");
    if (has(k_changed_password)) out.stays.emplace_back("The new password stays: a password that was replaced does not come back.");
    out.stays.emplace_back("HTTPS stays on: it is the way in that the manager has proven.");
    return out;
}

}  // namespace countersign::manager
