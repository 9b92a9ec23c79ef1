#include "manager/campaign/decide.hpp"

#include "manager/campaign/waves.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::CampaignState;
using manager::Confirm;
using manager::Decision;
using manager::JobState;
using manager::MemberState;
using manager::MemberView;
using manager::PauseReason;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

UtcTime at(std::string_view time) { return *parse_utc_time(time); }

/// A campaign of one wave, written down member by member.
struct Scene {
    Scene() {
        situation.campaign.settings.mode = manager::SecureOnly::verify;
        situation.campaign.settings.stop_on = {3, false};
        situation.campaign.settings.confirm = Confirm::each;
        situation.campaign.wave = 1;
        situation.campaign.waves = 2;
        situation.now = at("2026-11-24T12:00:00Z");
    }
    /// A member, whose number is that of its place.
    MemberView& add(MemberState state, int wave = 1) {
        MemberView view;
        view.member.system = static_cast<manager::SystemId>(situation.members.size()) + 1;
        view.member.state = state;
        view.member.wave = wave;
        view.level = 4;
        situation.members.push_back(view);
        ++situation.counts[state];
        return situation.members.back();
    }
    MemberView& add_ended(MemberState state, JobState job, int wave = 1) {
        auto& view = add(state, wave);
        view.job = MemberView::JobView{.state = job, .steps = 5, .error_code = "", .error_text = ""};
        return view;
    }
    Scene& with(MemberState state, int number, int wave = 1) {
        for (int i = 0; i < number; ++i) add(state, wave);
        return *this;
    }
    Decision decide() const { return manager::decide(situation); }
    manager::CampaignSettings& settings() { return situation.campaign.settings; }

    manager::Situation situation;
};

std::vector<MemberState> states(Decision const& decision) {
    std::vector<MemberState> out;
    for (auto const& settled : decision.settled) out.push_back(settled.to);
    return out;
}

TEST(Campaigns, start_as_many_at_once_as_they_may) {
    Scene scene;
    scene.with(MemberState::started, 2).with(MemberState::pending, 5).settings().at_once = 4;
    EXPECT_THAT(scene.decide().start, ElementsAre(3, 4));
}

TEST(Campaigns, start_nothing_of_a_later_wave) {
    Scene scene;
    scene.situation.campaign.waves = 3;
    scene.with(MemberState::pending, 1).with(MemberState::pending, 3, 2);
    EXPECT_THAT(scene.decide().start, ElementsAre(1));
}

TEST(Campaigns, decide_the_same_twice_and_nothing_when_all_is_under_way) {
    Scene scene;
    scene.with(MemberState::started, 3);
    EXPECT_TRUE(scene.decide().empty());
    EXPECT_TRUE(scene.decide().empty());
}

TEST(Campaigns, go_to_the_next_wave_when_every_system_has_ended_and_finish_after_the_last) {
    Scene scene;
    scene.situation.campaign.waves = 3;
    scene.with(MemberState::done, 2).with(MemberState::left_alone, 1).with(MemberState::below_goal, 1).with(MemberState::pending, 2, 2);
    EXPECT_EQ(scene.decide().next_wave, 2);
    scene.situation.campaign.waves = 2;
    EXPECT_TRUE(scene.decide().finish);
}

TEST(Campaigns, call_a_system_done_by_its_level_and_not_by_its_job) {
    Scene scene;
    scene.add_ended(MemberState::started, JobState::succeeded);
    scene.add_ended(MemberState::started, JobState::succeeded).level = 3;
    auto& incapable = scene.add_ended(MemberState::started, JobState::succeeded);
    incapable.capable = false;
    incapable.job->steps = 0;
    incapable.level = 2;
    auto& failed = scene.add_ended(MemberState::started, JobState::failed);
    failed.job->error_code = "MGR-003";
    auto const decision = scene.decide();
    EXPECT_THAT(states(decision), ElementsAre(MemberState::done, MemberState::below_goal, MemberState::left_alone, MemberState::failed));
    EXPECT_EQ(decision.settled[3].error_code, "MGR-003");
}

TEST(Campaigns, pause_at_the_nth_failure_and_not_before) {
    Scene scene;
    scene.with(MemberState::failed, 2).with(MemberState::pending, 2);
    EXPECT_EQ(scene.decide().pause, PauseReason::none);
    scene.add_ended(MemberState::started, JobState::failed);
    auto const decision = scene.decide();
    EXPECT_EQ(decision.pause, PauseReason::too_many_failures);
    EXPECT_THAT(decision.start, IsEmpty());
    EXPECT_THAT(decision.settled, SizeIs(1)) << "what ended is written down all the same";
}

TEST(Campaigns, count_failures_as_a_part_of_the_selection) {
    EXPECT_EQ(manager::failure_limit({.stop_on = {5, true}}, 300), 15U);
    EXPECT_EQ(manager::failure_limit({.stop_on = {5, true}}, 3), 1U);
    EXPECT_EQ(manager::failure_limit({.stop_on = {50, false}}, 10), 10U);
}

TEST(Campaigns, go_on_after_failures_that_a_person_has_seen) {
    Scene scene;
    scene.with(MemberState::failed, 3).with(MemberState::pending, 2);
    scene.situation.campaign.accepted_failures = 3;
    EXPECT_THAT(scene.decide().start, SizeIs(2));
}

TEST(Campaigns, pause_when_a_canary_fails) {
    Scene scene;
    scene.situation.campaign.wave = 0;
    scene.with(MemberState::done, 3, 0);
    scene.add_ended(MemberState::started, JobState::failed, 0);
    EXPECT_EQ(scene.decide().pause, PauseReason::canary_failed);
}

TEST(Campaigns, wait_for_a_person_when_waves_are_confirmed_by_hand) {
    Scene scene;
    scene.settings().confirm = Confirm::by_hand;
    auto& ended = scene.add_ended(MemberState::started, JobState::succeeded);
    ended.on_trial = true;
    ended.member.confirm_by = at("2026-11-24T13:00:00Z");
    auto const decision = scene.decide();
    EXPECT_THAT(states(decision), ElementsAre(MemberState::proven));
    EXPECT_EQ(decision.settled[0].confirm_by, at("2026-11-24T13:00:00Z"));
    EXPECT_EQ(decision.look_again, at("2026-11-24T13:00:00Z"));
    EXPECT_THAT(decision.confirm, IsEmpty());
    EXPECT_FALSE(decision.finish);
}

TEST(Campaigns, confirm_a_wave_when_each_of_its_systems_has_ended) {
    Scene scene;
    scene.settings().confirm = Confirm::by_wave;
    scene.with(MemberState::proven, 2).with(MemberState::failed, 1).with(MemberState::started, 1);
    EXPECT_THAT(scene.decide().confirm, IsEmpty()) << "one is under way";
    scene.situation.members[3].member.state = MemberState::done;
    EXPECT_THAT(scene.decide().confirm, ElementsAre(1, 2));
}

TEST(Campaigns, see_that_systems_went_back_because_nobody_confirmed_and_pause) {
    Scene scene;
    scene.settings().confirm = Confirm::by_hand;
    scene.add(MemberState::proven).member.confirm_by = at("2026-11-24T11:59:59Z");
    scene.add(MemberState::proven).member.confirm_by = at("2026-11-24T12:30:00Z");
    auto const decision = scene.decide();
    EXPECT_THAT(states(decision), ElementsAre(MemberState::undone));
    EXPECT_EQ(decision.pause, PauseReason::not_confirmed);
}

TEST(Campaigns, start_nothing_outside_their_windows_and_say_when_to_look_again) {
    Scene scene;
    auto window = manager::parse_window("daily 22:00-23:00 UTC", [](std::string_view zone) { return manager::load_time_zone(zone); });
    ASSERT_TRUE(window);
    scene.settings().windows = {*window};
    scene.with(MemberState::pending, 2);
    auto const closed = scene.decide();
    EXPECT_THAT(closed.start, IsEmpty());
    EXPECT_EQ(closed.look_again, at("2026-11-24T22:00:00Z"));
    scene.situation.now = at("2026-11-24T22:30:00Z");
    EXPECT_THAT(scene.decide().start, SizeIs(2));
    scene.settings().start_at = at("2026-11-25T00:00:00Z");
    EXPECT_EQ(scene.decide().look_again, at("2026-11-25T00:00:00Z"));
    EXPECT_THAT(scene.decide().start, IsEmpty());
}

TEST(Campaigns, do_not_leave_what_is_proven_on_trial_until_the_next_window) {
    Scene scene;
    auto window = manager::parse_window("daily 22:00-23:00 UTC", [](std::string_view zone) { return manager::load_time_zone(zone); });
    ASSERT_TRUE(window);
    scene.settings().windows = {*window};
    scene.settings().confirm = Confirm::by_wave;
    scene.with(MemberState::proven, 1).with(MemberState::pending, 1);
    EXPECT_THAT(scene.decide().confirm, ElementsAre(1));
}

TEST(Campaigns, that_are_paused_start_nothing_and_write_down_what_ends) {
    Scene scene;
    scene.situation.campaign.state = CampaignState::paused;
    scene.add_ended(MemberState::started, JobState::succeeded);
    scene.with(MemberState::pending, 2);
    auto const decision = scene.decide();
    EXPECT_THAT(states(decision), ElementsAre(MemberState::done));
    EXPECT_THAT(decision.start, IsEmpty());
    EXPECT_FALSE(decision.finish);
}

TEST(Campaigns, that_were_cancelled_take_back_what_is_on_trial) {
    Scene scene;
    scene.situation.campaign.state = CampaignState::cancelled;
    scene.settings().confirm = Confirm::by_hand;
    scene.with(MemberState::proven, 1);
    scene.add_ended(MemberState::started, JobState::succeeded);
    EXPECT_THAT(scene.decide().roll_back, ElementsAre(1, 2));
}

TEST(Campaigns, forget_systems_that_are_not_in_the_estate_any_more) {
    Scene scene;
    scene.add(MemberState::pending).exists = false;
    auto const decision = scene.decide();
    EXPECT_THAT(states(decision), ElementsAre(MemberState::removed));
    EXPECT_THAT(decision.start, IsEmpty());
    EXPECT_TRUE(decision.finish);
}

std::vector<manager::Candidate> candidates(std::vector<std::string> const& families) {
    std::vector<manager::Candidate> out;
    for (auto const& family : families) out.push_back({static_cast<manager::SystemId>(out.size()) + 1, family, true});
    return out;
}

TEST(Waves, begin_with_the_canaries_that_were_named) {
    manager::CampaignSettings settings{.canaries = {3}, .waves = {{2, false}}};
    EXPECT_THAT(make_waves(candidates({"a", "a", "a", "a"}), settings), ElementsAre(1, 1, 0, 2));
}

TEST(Waves, have_a_canary_of_each_family_however_few_are_asked_for) {
    manager::CampaignSettings settings{.canary_count = 1, .waves = {{100, true}}};
    EXPECT_THAT(make_waves(candidates({"a", "a", "b", "b", "c"}), settings), ElementsAre(0, 1, 0, 1, 0));
}

TEST(Waves, choose_canaries_that_have_something_to_do) {
    manager::CampaignSettings settings{.canary_count = 2, .waves = {{100, true}}};
    auto list = candidates({"a", "a", "b", "b"});
    list[0].has_work = false;
    EXPECT_THAT(make_waves(list, settings), ElementsAre(1, 0, 0, 1));
}

TEST(Waves, grow_and_repeat_the_last_size) {
    manager::CampaignSettings settings{.waves = {{1, false}, {20, true}, {3, false}}};
    EXPECT_THAT(make_waves(candidates(std::vector<std::string>(10, "a")), settings), ElementsAre(1, 2, 2, 3, 3, 3, 4, 4, 4, 5));
}

}  // namespace
}  // namespace countersign::testing
