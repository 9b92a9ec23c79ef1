#include "manager/tickets/catalogue.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

#include <gmock/gmock.h>

#include <set>

namespace countersign::manager {
namespace {

using ::testing::SizeIs;
using namespace std::chrono_literals;

class StoreJobs : public testing::StoreTest {
protected:
    std::optional<Job> lease(std::string owner = "one") { return get(store_->lease_job(std::move(owner), 60s)); }
};

TEST_F(StoreJobs, one_job_of_a_kind_waits_per_system) {
    auto system = add("c1");
    auto first = get(store_->queue_job(JobKind::enforce, system, "admin"));
    EXPECT_EQ(get(store_->queue_job(JobKind::enforce, system, "admin")), first);
    EXPECT_NE(get(store_->queue_job(JobKind::observe, system, "admin")), first);
    EXPECT_EQ(error_of(store_->queue_job(JobKind::observe, 999, "admin")), errors::gen::not_found);
}

TEST_F(StoreJobs, many_jobs_are_queued_whole_or_not_at_all) {
    auto system = add("c1");
    EXPECT_EQ(error_of(store_->queue_jobs(JobKind::enforce, {system, 999}, "admin")), errors::gen::not_found);
    EXPECT_EQ(get(store_->count_jobs()).queued, 0);
}

TEST_F(StoreJobs, a_leased_job_is_nobody_elses_until_the_lease_runs_out) {
    auto id = get(store_->queue_job(JobKind::enforce, add("c1"), "admin"));
    auto job = lease("one");
    ASSERT_TRUE(job);
    EXPECT_EQ(job->id, id);
    EXPECT_EQ(job->attempt, 1);
    EXPECT_EQ(job->owner, "one");
    clock_->advance(60s);
    EXPECT_FALSE(lease("two"));
    clock_->advance(1s);
    auto taken = lease("two");
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->attempt, 1) << "that the other one disappeared is no attempt";
    EXPECT_EQ(taken->losses, 1);
    EXPECT_EQ(error_of(store_->renew_lease(id, "one", 60s)), errors::gen::not_found) << "the first owner must stop";
    get(store_->renew_lease(id, "two", 60s));
}

TEST_F(StoreJobs, a_job_that_has_ended_does_not_come_back_to_life) {
    auto const id = get(store_->queue_job(JobKind::observe, add("c1"), "admin"));
    lease("one");
    get(store_->finish_job(id, JobState::succeeded, std::nullopt, clock_->now()));
    get(store_->finish_job(id, JobState::waiting, Error(errors::net::timed_out, {}), clock_->now()));
    EXPECT_EQ(get(store_->get_job(id)).state, JobState::succeeded);
    EXPECT_FALSE(lease("two"));
}

TEST_F(StoreJobs, a_renewed_lease_holds_longer) {
    auto id = get(store_->queue_job(JobKind::enforce, add("c1"), "admin"));
    lease("one");
    clock_->advance(50s);
    get(store_->renew_lease(id, "one", 60s));
    clock_->advance(50s);
    EXPECT_FALSE(lease("two"));
}

TEST_F(StoreJobs, a_system_has_one_running_job_at_a_time) {
    auto system = add("c1");
    get(store_->queue_job(JobKind::observe, system, "admin"));
    get(store_->queue_job(JobKind::enforce, system, "admin"));
    auto first = lease();
    ASSERT_TRUE(first);
    EXPECT_FALSE(lease());
    get(store_->finish_job(first->id, JobState::succeeded, std::nullopt, clock_->now()));
    EXPECT_TRUE(lease());
}

TEST_F(StoreJobs, what_waits_is_not_taken_before_its_time) {
    auto id = get(store_->queue_job(JobKind::enforce, add("c1"), "admin"));
    lease();
    Error error(errors::net::connection_refused, {{"peer", "c1"}});
    get(store_->finish_job(id, JobState::waiting, error, clock_->now() + 30s));
    EXPECT_FALSE(lease());
    auto job = get(store_->get_job(id));
    EXPECT_EQ(job.state, JobState::waiting);
    EXPECT_EQ(job.error_code, "NET-001");
    EXPECT_FALSE(job.leased_until);
    clock_->advance(30s);
    EXPECT_TRUE(lease());
}

TEST_F(StoreJobs, asking_again_makes_a_waiting_job_due_now) {
    auto system = add("c1");
    auto id = get(store_->queue_job(JobKind::enforce, system, "admin"));
    lease();
    get(store_->finish_job(id, JobState::waiting, std::nullopt, clock_->now() + 1h));
    EXPECT_EQ(get(store_->queue_job(JobKind::enforce, system, "admin")), id);
    EXPECT_TRUE(lease());
}

TEST_F(StoreJobs, leases_of_an_earlier_life_are_given_back_at_once) {
    auto id = get(store_->queue_job(JobKind::enforce, add("c1"), "admin"));
    lease("manager");
    get(store_->record_progress(id, 3, 9, "installing the certificate"));
    reopen();
    EXPECT_EQ(get(store_->release_leases_of("somebody else", manager::Store::LeaseEnd::lost)), 0);
    EXPECT_EQ(get(store_->release_leases_of("manager", manager::Store::LeaseEnd::lost)), 1);
    auto job = lease("manager");
    ASSERT_TRUE(job);
    EXPECT_EQ(job->step, 3);
    EXPECT_EQ(job->progress, "installing the certificate");
}

TEST_F(StoreJobs, that_the_program_ended_is_no_attempt_of_the_job) {
    auto id = get(store_->queue_job(JobKind::enforce, add("c1"), "admin"));
    for (int life = 1; life <= 8; ++life) {
        auto job = lease("manager");
        ASSERT_TRUE(job) << life;
        EXPECT_EQ(job->attempt, 1) << life;
        EXPECT_EQ(job->losses, life - 1);
        get(store_->release_leases_of("manager", manager::Store::LeaseEnd::lost));
        clock_->advance(60s);  // from the third time on it waits a while
    }
    EXPECT_EQ(get(store_->get_job(id)).losses, 8);
    lease("manager");
    get(store_->release_leases_of("manager", manager::Store::LeaseEnd::given_back));
    EXPECT_EQ(get(store_->get_job(id)).losses, 8) << "an end in order is no loss";
    lease("manager");
    get(store_->finish_job(id, JobState::waiting, std::nullopt, clock_->now()));
    EXPECT_EQ(get(store_->get_job(id)).losses, 0) << "it came to an end of its own";
    EXPECT_EQ(get(store_->get_job(id)).attempt, 1);
    EXPECT_EQ(lease("manager")->attempt, 2);
    clock_->advance(3600s);
    auto taken = lease("another");
    ASSERT_TRUE(taken) << "its lease ran out";
    EXPECT_EQ(taken->attempt, 2);
    EXPECT_EQ(taken->losses, 1);
}

TEST_F(StoreJobs, that_were_lost_often_come_back_apart_from_each_other) {
    std::set<std::int64_t> moments;
    std::vector<manager::JobId> jobs;
    for (int i = 0; i < 8; ++i) jobs.push_back(get(store_->queue_job(JobKind::enforce, add("c" + std::to_string(i)), "admin")));
    for (int life = 0; life < 6; ++life) {
        for (std::size_t i = 0; i < jobs.size(); ++i) ASSERT_TRUE(lease("manager"));
        get(store_->release_leases_of("manager", manager::Store::LeaseEnd::lost));
        if (life == 5) break;
        clock_->advance(60s);
    }
    for (auto id : jobs) moments.insert((get(store_->get_job(id)).not_before - clock_->now()).count());
    EXPECT_GT(moments.size(), 6U);
    EXPECT_LE(*moments.rbegin(), 60);
}

TEST_F(StoreJobs, finished_jobs_are_kept_up_to_a_number) {
    auto system = add("c1");
    for (int i = 0; i < 105; ++i) {
        get(store_->queue_job(JobKind::observe, system, "manager"));
        get(store_->finish_job(lease()->id, JobState::succeeded, std::nullopt, clock_->now()));
    }
    EXPECT_EQ(get(store_->count_jobs()).succeeded, 100);
    EXPECT_THAT(get(store_->list_jobs(system, JobState::succeeded, 1000)), SizeIs(100));
}

using StoreTickets = StoreJobs;

TEST_F(StoreTickets, a_cause_that_is_seen_again_updates_the_open_ticket) {
    auto system = add("c1");
    get(store_->open_ticket(system, TicketType::no_https_response, "refused", "look"));
    clock_->advance(60s);
    get(store_->open_ticket(system, TicketType::no_https_response, "silent", "look"));
    auto tickets = get(store_->list_tickets(TicketState::open, system, 10));
    ASSERT_THAT(tickets, SizeIs(1));
    EXPECT_EQ(tickets[0].text, "silent");
    EXPECT_EQ(tickets[0].times_seen, 2);
    EXPECT_EQ(tickets[0].updated - tickets[0].opened, 60s);
}

TEST_F(StoreTickets, a_closed_ticket_stays_as_history_and_a_new_one_opens) {
    auto system = add("c1");
    get(store_->open_ticket(system, TicketType::login_failed, "no", ""));
    get(store_->close_ticket(system, TicketType::login_failed));
    get(store_->close_ticket(system, TicketType::login_failed));
    auto const ended = clock_->now();
    clock_->advance(std::chrono::hours(25));
    get(store_->open_ticket(system, TicketType::login_failed, "again", ""));
    EXPECT_THAT(get(store_->list_tickets(std::nullopt, system, 10)), SizeIs(2));
    auto closed = get(store_->list_tickets(TicketState::closed, 0, 10));
    ASSERT_THAT(closed, SizeIs(1));
    EXPECT_EQ(closed[0].closed, ended);
}

TEST(TicketCatalogue, every_type_has_a_title_a_cause_and_a_remedy) {
    for (auto type :
         {TicketType::no_https_response, TicketType::certificate_validation_error, TicketType::connection_error, TicketType::login_failed,
          TicketType::enforcement_failed, TicketType::certificate_expiring, TicketType::notification_failed, TicketType::system_replaced,
          TicketType::root_replacement_waits, TicketType::authority_key_away}) {
        auto const& entry = ticket_entry(type);
        EXPECT_FALSE(entry.title.empty() || entry.cause.empty() || entry.remedy.empty()) << to_string(type);
        EXPECT_EQ(parse_ticket_severity(to_string(entry.severity)), entry.severity) << to_string(type);
        EXPECT_EQ(parse_ticket_type(to_string(type)), type);
    }
    EXPECT_EQ(title_of(TicketType::no_https_response), "No HTTPS Response");
    EXPECT_EQ(title_of(TicketType::certificate_validation_error), "Certificate Validation Error");
}

}  // namespace
}  // namespace countersign::manager
