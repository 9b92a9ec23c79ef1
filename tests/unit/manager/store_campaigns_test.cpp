#include "manager/store/campaign_store.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::Campaign;
using manager::CampaignId;
using manager::CampaignState;
using manager::Decision;
using manager::JobKind;
using manager::JobState;
using manager::Member;
using manager::MemberState;
using manager::PauseReason;
using manager::SystemId;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace std::chrono_literals;

class StoreCampaigns : public StoreTest {
protected:
    StoreCampaigns() {
        for (auto const* name : {"a", "b", "c"}) systems_.push_back(add(name));
    }
    manager::CampaignStore& campaigns() { return store_->campaigns(); }
    CampaignId begin(std::vector<SystemId> systems, manager::Confirm confirm = manager::Confirm::by_hand) {
        Campaign campaign;
        campaign.settings.name = "floor 3";
        campaign.settings.mode = manager::SecureOnly::verify;
        campaign.settings.confirm = confirm;
        campaign.settings.attempts = 2;
        std::vector<Member> members;
        for (auto id : systems) members.push_back({.system = id, .name = "system " + std::to_string(id), .wave = 1});
        return get(campaigns().add(std::move(campaign), std::move(members), "admin"));
    }
    /// What decide() would say to the store.
    bool start(CampaignId id, std::vector<SystemId> systems) { return get(campaigns().apply(id, {.start = std::move(systems)})); }
    bool settle(CampaignId id, SystemId system, MemberState from, MemberState to) {
        return get(campaigns().apply(id, {.settled = {{.system = system, .from = from, .to = to}}}));
    }
    Member member(CampaignId id, SystemId system) {
        for (auto const& one : get(campaigns().members(id, {})))
            if (one.system == system) return one;
        ADD_FAILURE() << "no such member";
        return {};
    }

    std::vector<SystemId> systems_;
};

TEST_F(StoreCampaigns, take_a_system_once_until_they_end) {
    auto const id = begin({systems_[0], systems_[1]});
    Campaign other;
    auto refused = wait(campaigns().add(other, {{.system = systems_[1]}, {.system = systems_[0]}}, "admin"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().id(), errors::gen::several_problems) << "both are named";
    EXPECT_EQ(error_of(campaigns().add(other, {{.system = systems_[0]}, {.system = systems_[2]}}, "admin")), errors::mgr::in_campaign);
    EXPECT_THAT(get(campaigns().list(0, 10)), SizeIs(1)) << "what is refused changes nothing";
    get(campaigns().cancel(id, "admin"));
    EXPECT_THAT(get(campaigns().held()), IsEmpty());
    begin({systems_[0]});
}

TEST_F(StoreCampaigns, have_only_those_in_hand_that_they_change_or_that_wait_for_confirmation) {
    auto const id = begin({systems_[0], systems_[1]});
    EXPECT_THAT(get(campaigns().held()), SizeIs(2));
    EXPECT_THAT(get(campaigns().under_way()), IsEmpty());
    start(id, {systems_[0]});
    EXPECT_THAT(get(campaigns().under_way()), ElementsAre(std::pair(systems_[0], id)));
    settle(id, systems_[0], MemberState::started, MemberState::proven);
    EXPECT_THAT(get(campaigns().under_way()), SizeIs(1)) << "what is on trial";
    settle(id, systems_[0], MemberState::proven, MemberState::done);
    EXPECT_THAT(get(campaigns().under_way()), IsEmpty());
    EXPECT_THAT(get(campaigns().held()), SizeIs(2)) << "the campaign goes on";
}

TEST_F(StoreCampaigns, are_read_as_they_were_written) {
    auto const id = begin(systems_);
    reopen();
    auto const read = get(campaigns().get(id));
    EXPECT_EQ(read.settings.name, "floor 3");
    EXPECT_EQ(read.settings.mode, manager::SecureOnly::verify);
    EXPECT_EQ(read.settings.attempts, 2);
    EXPECT_EQ(read.wave, 1) << "there are no canaries";
    EXPECT_EQ(read.waves, 2);
    EXPECT_EQ(error_of(campaigns().get(99)), errors::gen::not_found);
}

TEST_F(StoreCampaigns, queue_the_job_of_a_member_once) {
    auto const id = begin(systems_);
    EXPECT_TRUE(start(id, {systems_[0]}));
    auto const job = member(id, systems_[0]).job;
    EXPECT_FALSE(start(id, {systems_[0]})) << "the same decision again";
    reopen();
    EXPECT_FALSE(start(id, {systems_[0]})) << "and by the next life of the program";
    EXPECT_THAT(get(store_->list_jobs(systems_[0], std::nullopt, 10)), SizeIs(1));
    auto const queued = get(store_->get_job(job));
    EXPECT_EQ(queued.purpose, manager::JobPurpose::prove);
    EXPECT_EQ(queued.campaign, id);
    EXPECT_EQ(queued.most_attempts, 2);
    auto const goal = get(campaigns().find_goal(systems_[0]));
    ASSERT_TRUE(goal);
    EXPECT_EQ(goal->mode, manager::SecureOnly::verify);
    EXPECT_FALSE(get(campaigns().find_goal(systems_[1]))) << "its turn has not come";
}

TEST_F(StoreCampaigns, end_what_was_queued_for_their_members) {
    auto const job = get(store_->queue_job(JobKind::enforce, systems_[0], "admin"));
    begin({systems_[0]});
    auto const ended = get(store_->get_job(job));
    EXPECT_EQ(ended.state, JobState::failed);
    EXPECT_EQ(ended.error_code, "MGR-045");
}

TEST_F(StoreCampaigns, settle_a_member_only_from_the_state_that_was_seen) {
    auto const id = begin(systems_);
    start(id, {systems_[0]});
    EXPECT_TRUE(settle(id, systems_[0], MemberState::started, MemberState::proven));
    EXPECT_FALSE(settle(id, systems_[0], MemberState::started, MemberState::failed));
    EXPECT_EQ(member(id, systems_[0]).state, MemberState::proven);
}

TEST_F(StoreCampaigns, that_were_paused_meanwhile_start_nothing) {
    auto const id = begin(systems_);
    get(campaigns().pause(id, "admin"));
    EXPECT_FALSE(start(id, systems_));
    EXPECT_THAT(get(store_->list_jobs(systems_[0], std::nullopt, 10)), IsEmpty());
    EXPECT_EQ(get(campaigns().resume(id, false, "admin")).state, CampaignState::running);
    EXPECT_TRUE(start(id, systems_));
}

TEST_F(StoreCampaigns, give_failed_members_another_turn_when_they_are_asked_to) {
    auto const id = begin(systems_);
    start(id, {systems_[0], systems_[1]});
    settle(id, systems_[0], MemberState::started, MemberState::failed);
    settle(id, systems_[1], MemberState::started, MemberState::failed);
    EXPECT_EQ(get(campaigns().resume(id, false, "admin")).accepted_failures, 2);
    EXPECT_EQ(get(campaigns().resume(id, true, "admin")).accepted_failures, 0);
    EXPECT_EQ(get(campaigns().counts(id))[MemberState::pending], 3);
}

TEST_F(StoreCampaigns, confirm_what_is_proven_and_nothing_else) {
    auto const id = begin(systems_);
    EXPECT_EQ(error_of(campaigns().confirm(id, std::nullopt, "admin")), errors::mgr::nothing_to_do);
    start(id, {systems_[0]});
    settle(id, systems_[0], MemberState::started, MemberState::proven);
    EXPECT_EQ(error_of(campaigns().confirm(id, 7, "admin")), errors::mgr::nothing_to_do);
    EXPECT_EQ(get(campaigns().confirm(id, std::nullopt, "admin")), 1);
    EXPECT_EQ(member(id, systems_[0]).state, MemberState::confirming);
    EXPECT_EQ(get(store_->get_job(member(id, systems_[0]).job)).purpose, manager::JobPurpose::confirm);
}

TEST_F(StoreCampaigns, take_back_what_they_changed_when_nobody_works_on_it) {
    auto const id = begin(systems_);
    EXPECT_EQ(error_of(campaigns().roll_back(id, 1, "admin")), errors::mgr::nothing_to_do);
    start(id, {systems_[0]});
    EXPECT_EQ(error_of(campaigns().roll_back(id, 1, "admin")), errors::mgr::wave_busy);
    settle(id, systems_[0], MemberState::started, MemberState::done);
    get(campaigns().note_changes(id, systems_[0], {{"service.http.mode", "on"}}));
    get(campaigns().note_changes(id, systems_[0], {{"service.http.mode", "off"}, {"@password", ""}}));
    EXPECT_THAT(get(campaigns().changes(id, systems_[0])),
                ElementsAre(manager::MemberChange{"@password", ""}, manager::MemberChange{"service.http.mode", "on"}))
        << "the first value is the one before";
    EXPECT_EQ(get(campaigns().roll_back(id, 1, "admin")), 1);
    EXPECT_EQ(get(campaigns().get(id)).reason, PauseReason::rolled_back);
    EXPECT_TRUE(get(campaigns().find_goal(systems_[0]))->hold);
}

TEST_F(StoreCampaigns, leave_systems_alone_after_a_roll_back_until_a_person_takes_them) {
    auto const id = begin({systems_[0]}, manager::Confirm::each);
    start(id, {systems_[0]});
    settle(id, systems_[0], MemberState::started, MemberState::done);
    get(campaigns().apply(id, {.finish = true}));
    EXPECT_THAT(get(campaigns().held()), IsEmpty());
    get(campaigns().note_changes(id, systems_[0], {{"service.http.mode", "on"}}));
    get(campaigns().roll_back(id, 1, "admin"));
    EXPECT_THAT(get(campaigns().moving()), ElementsAre(id)) << "it ended, and a job of it runs";
    settle(id, systems_[0], MemberState::rolling_back, MemberState::rolled_back);
    EXPECT_THAT(get(campaigns().held()), ElementsAre(systems_[0]));
    EXPECT_THAT(get(campaigns().campaigns_of({systems_[0]})), IsEmpty());
    get(campaigns().release({systems_[0]}));
    EXPECT_THAT(get(campaigns().held()), IsEmpty());
}

TEST_F(StoreCampaigns, keep_goals_of_their_members_when_the_whole_estate_gets_another) {
    auto const id = begin({systems_[0]}, manager::Confirm::each);
    start(id, {systems_[0]});
    get(campaigns().end_goals());
    EXPECT_TRUE(get(campaigns().find_goal(systems_[0])));
    settle(id, systems_[0], MemberState::started, MemberState::done);
    get(campaigns().apply(id, {.finish = true}));
    get(campaigns().end_goals());
    EXPECT_FALSE(get(campaigns().find_goal(systems_[0])));
}

TEST_F(StoreCampaigns, show_how_everything_stands) {
    auto const id = begin(systems_);
    start(id, {systems_[0]});
    auto const job = get(store_->lease_job("engine", 60s));
    ASSERT_TRUE(job);
    get(store_->record_progress(job->id, 3, 7, "installing"));
    get(store_->finish_job(job->id, JobState::succeeded, std::nullopt, clock_->now()));
    get(store_->remove_system(systems_[1], "admin"));
    auto const situation = get(campaigns().situation(id));
    ASSERT_THAT(situation.members, SizeIs(3));
    ASSERT_TRUE(situation.members[0].job);
    EXPECT_EQ(situation.members[0].job->state, JobState::succeeded);
    EXPECT_EQ(situation.members[0].job->steps, 7);
    EXPECT_FALSE(situation.members[1].exists);
    EXPECT_EQ(situation.counts.at(MemberState::pending), 2);
}

}  // namespace
}  // namespace countersign::testing
