#include "manager/campaign/selection_plan.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::Outlook;
using manager::Plan;
using manager::SecureOnly;
using manager::SelectionPlan;
using manager::StepKind;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

manager::Step step(StepKind kind, std::vector<manager::SettingChange> settings = {}) {
    manager::Step out;
    out.kind = kind;
    out.settings = std::move(settings);
    return out;
}

Plan plan_with(std::vector<manager::Step> steps) {
    Plan plan;
    plan.from_level = 1;
    plan.goal_level = 4;
    plan.steps = std::move(steps);
    return plan;
}

Plan blocked(Error error) {
    auto plan = plan_with({});
    plan.blockers.push_back(std::move(error));
    return plan;
}

SelectionPlan selection(std::vector<Plan> plans) {
    SelectionPlan out;
    out.settings.mode = SecureOnly::verify;
    for (auto& plan : plans) {
        auto& one = out.systems.emplace_back();
        one.system.id = static_cast<manager::SystemId>(out.systems.size());
        one.system.name = "s" + std::to_string(one.system.id);
        one.system.secure_only_capable = true;
        one.plan = std::move(plan);
    }
    manager::complete(out);
    return out;
}

TEST(SelectionPlans, say_how_each_system_stands) {
    auto at_goal = plan_with({});
    at_goal.from_level = 4;
    EXPECT_EQ(manager::outlook_of(at_goal, SecureOnly::verify, true), Outlook::at_goal);
    EXPECT_EQ(manager::outlook_of(plan_with({step(StepKind::restart)}), SecureOnly::verify, true), Outlook::has_steps);
    EXPECT_EQ(manager::outlook_of(blocked(Error(errors::mgr::host_name_required)), SecureOnly::verify, true), Outlook::blocked);
    EXPECT_EQ(manager::outlook_of(plan_with({}), SecureOnly::verify, true), Outlook::below_goal);
    EXPECT_EQ(manager::outlook_of(plan_with({}), SecureOnly::verify, false), Outlook::left_alone);
}

TEST(SelectionPlans, have_a_digest_of_what_is_done_and_not_of_words) {
    auto one = plan_with({step(StepKind::apply_settings, {{"service.http.mode", "off", "on"}})});
    auto other = one;
    other.steps[0].why = "The certificate ends in 11 days";
    EXPECT_EQ(manager::digest_of(one), manager::digest_of(other));
    other.steps[0].settings[0].old_value = "off";
    EXPECT_NE(manager::digest_of(one), manager::digest_of(other));
    EXPECT_NE(manager::digest_of(one), manager::digest_of(plan_with({})));
    EXPECT_EQ(manager::digest_of(blocked(Error(errors::net::timed_out))), manager::digest_of(blocked(Error(errors::net::unreachable))))
        << "a system that fails in different ways is blocked all the same";
}

TEST(SelectionPlans, change_with_their_systems_and_settings_and_say_where) {
    auto const before = selection({plan_with({step(StepKind::restart)}), plan_with({step(StepKind::restart)})});
    auto renamed = before;
    renamed.settings.name = "another name";
    manager::complete(renamed);
    EXPECT_EQ(renamed.digest, before.digest);
    auto stricter = before;
    stricter.settings.stop_on = {1, false};
    manager::complete(stricter);
    EXPECT_NE(stricter.digest, before.digest);
    EXPECT_THAT(manager::changed_systems(manager::digests_of(before), stricter, 10), SizeIs(0));
    auto const other = selection({plan_with({step(StepKind::restart)}), plan_with({})});
    EXPECT_NE(other.digest, before.digest);
    EXPECT_THAT(manager::changed_systems(manager::digests_of(before), other, 10), ElementsAre("s2"));
    EXPECT_THAT(manager::changed_systems(manager::digests_of(before), selection({plan_with({step(StepKind::restart)})}), 10),
                ElementsAre("s2"));
}

TEST(SelectionPlans, count_steps_and_what_is_in_the_way) {
    auto const summary = manager::summarise(selection({plan_with({step(StepKind::begin_trial), step(StepKind::install_certificate)}),
                                                       plan_with({step(StepKind::set_password), step(StepKind::install_certificate)}),
                                                       blocked(Error(errors::mgr::host_name_required))}));
    EXPECT_THAT(summary.outlooks, UnorderedElementsAre(Pair(Outlook::has_steps, 2), Pair(Outlook::blocked, 1)));
    EXPECT_EQ(summary.steps.at("install_certificate"), 2);
    EXPECT_THAT(summary.blocked, ElementsAre(Pair("MGR-006", ElementsAre("s3"))));
    EXPECT_EQ(summary.without_trial, 1);
    EXPECT_EQ(summary.new_passwords, 1);
}

TEST(SelectionPlans, say_before_what_a_roll_back_leaves) {
    std::vector<manager::MemberChange> const changes = {
        {"@certificate", ""}, {"@password", ""}, {"@track_by", "address"}, {"@trust", ""}, {"service.http.mode", "on"}};
    auto const on_trial = manager::rollback_outlook({}, changes, true);
    EXPECT_THAT(on_trial.undone, SizeIs(3));
    EXPECT_THAT(on_trial.stays, SizeIs(2)) << "the password and HTTPS";
    auto const confirmed = manager::rollback_outlook({}, changes, false);
    EXPECT_THAT(confirmed.undone, SizeIs(2));
    EXPECT_THAT(confirmed.stays, SizeIs(4)) << "certificate and trust list, too";
    EXPECT_THAT(manager::settings_to_write_back(changes), ElementsAre(manager::MemberChange{"service.http.mode", "on"}));
}

}  // namespace
}  // namespace countersign::testing
