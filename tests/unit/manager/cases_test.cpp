#include "support/manager_cases.hpp"

#include <gtest/gtest.h>

#include <cctype>

namespace countersign::manager {
namespace {

namespace json = boost::json;
using testing::case_names;
using testing::CaseReader;
using testing::cases_folder;
using testing::ManagerCase;

std::string test_name(::testing::TestParamInfo<std::string> const& info) {
    auto name = info.param;
    for (auto& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
}

AssessInput assess_input(ManagerCase const& given) {
    return {.family = *given.family,
            .system = given.system,
            .observation = given.observation,
            .policy = given.policy,
            .now = given.now,
            .estate_roots = given.estate_roots};
}

std::string_view name_of(ReadinessItem::State state) {
    if (state == ReadinessItem::State::yes) return "yes";
    return state == ReadinessItem::State::no ? "no" : "unknown";
}

/// Protocols that are closed show 0; what does not count stands in brackets.
json::object summary_of(Assessment const& assessment) {
    json::object protocols;
    for (auto const& row : assessment.protocols) {
        auto level = std::to_string(row.level);
        protocols[row.id] = row.counts ? level : "(" + level + ")";
    }
    json::object raise_by;
    for (auto const& row : assessment.protocols)
        if (row.open && row.counts && row.level < 4) raise_by[row.id] = row.raise_by;
    json::object readiness;
    for (auto const& item : assessment.readiness) readiness[item.id] = name_of(item.state);
    json::array findings;
    for (auto const& finding : assessment.findings) findings.emplace_back(finding);
    return {{"level", assessment.level}, {"why", assessment.why}, {"secure_only_capable", assessment.secure_only_capable},
            {"protocols", protocols},    {"raise_by", raise_by},  {"readiness", readiness},
            {"findings", findings}};
}

/// "apply_settings over pinned: service.https.mode=on" and the like: what is done, over what, in which order.
std::string line_of(Step const& step) {
    std::string out(to_string(step.kind));
    out += " over " + std::string(to_string(step.channel));
    std::string separator = ": ";
    for (auto const& change : step.settings) {
        out += separator + change.canonical + "=" + change.value;
        separator = " ";
    }
    for (auto const& service : step.services) {
        out += separator + service;
        separator = " ";
    }
    return out;
}

json::object summary_of(Plan const& plan) {
    json::array steps;
    for (auto const& step : plan.steps) steps.emplace_back(line_of(step));
    json::array blockers;
    for (auto const& blocker : plan.blockers) blockers.emplace_back(blocker.message());
    json::array notes;
    for (auto const& note : plan.notes) notes.emplace_back(note);
    return {{"from_level", plan.from_level}, {"goal_level", plan.goal_level}, {"steps", steps}, {"blockers", blockers}, {"notes", notes}};
}

class AssessCase : public ::testing::TestWithParam<std::string> {};

TEST_P(AssessCase, is_assessed_as_expected) {
    auto folder = cases_folder() / "assess" / GetParam();
    auto given = CaseReader(folder).read();
    auto assessment = assess(assess_input(given));
    auto actual = testing::printed(summary_of(assessment));
    EXPECT_EQ(actual, testing::expected_text(folder, actual));
    for (auto const& row : assessment.protocols) {
        EXPECT_FALSE(row.evidence.empty()) << row.id << " has no evidence (REQ LVL-3)";
        EXPECT_EQ(row.level == 0, !row.open) << row.id;
        if (row.open && row.level < 4) EXPECT_FALSE(row.raise_by.empty()) << row.id << " does not say what would raise it (REQ LVL-3)";
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, AssessCase, ::testing::ValuesIn(case_names("assess")), test_name);

class PlanCase : public ::testing::TestWithParam<std::string> {};

TEST_P(PlanCase, is_planned_as_expected) {
    auto folder = cases_folder() / "plan" / GetParam();
    auto given = CaseReader(folder).read();
    auto assessment = assess(assess_input(given));
    auto plan = make_plan({.family = *given.family,
                           .system = given.system,
                           .observation = given.observation,
                           .assessment = assessment,
                           .policy = given.policy,
                           .estate_roots = given.estate_roots,
                           .external_manager_path = given.external_manager_path,
                           .now = given.now,
                           .by_hand = given.by_hand});
    auto actual = testing::printed(summary_of(plan));
    EXPECT_EQ(actual, testing::expected_text(folder, actual));
    for (auto const& step : plan.steps) {
        EXPECT_FALSE(step.what.empty() || step.why.empty() || step.undo.empty() || step.before.empty() || step.after.empty())
            << to_string(step.kind) << " does not explain itself";
    }
    EXPECT_TRUE(plan.steps.empty() || plan.blockers.empty()) << "a plan that is blocked has no steps";
}

/// Whatever the case: no password and no key over a channel that nobody checked, and no door is closed before HTTPS was used.
TEST_P(PlanCase, keeps_the_safety_rules) {
    auto given = CaseReader(cases_folder() / "plan" / GetParam()).read();
    auto assessment = assess(assess_input(given));
    auto plan = make_plan({.family = *given.family,
                           .system = given.system,
                           .observation = given.observation,
                           .assessment = assessment,
                           .policy = given.policy,
                           .estate_roots = given.estate_roots,
                           .external_manager_path = given.external_manager_path,
                           .now = given.now,
                           .by_hand = given.by_hand});
    bool https_used = given.observation.account_channel >= ChannelTrust::pinned;
    for (auto const& step : plan.steps) {
        if (step.kind == StepKind::prove_channel) https_used = true;
        if (step.kind == StepKind::set_password || step.kind == StepKind::install_certificate || step.kind == StepKind::install_trust)
            EXPECT_GE(step.channel, ChannelTrust::pinned) << step.what;
        for (auto const& change : step.settings) {
            bool closes = change.canonical.starts_with("service.") && change.value == "off";
            EXPECT_TRUE(!closes || https_used) << step.what;
            EXPECT_FALSE(closes && change.canonical.starts_with("service.https.")) << step.what;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Cases, PlanCase, ::testing::ValuesIn(case_names("plan")), test_name);

}  // namespace
}  // namespace countersign::manager
