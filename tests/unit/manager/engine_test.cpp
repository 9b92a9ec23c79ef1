#include "manager/jobs/engine.hpp"

#include "manager_fixture.hpp"

#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::JobState;
using manager::SecureOnly;
using manager::TicketType;
using namespace std::chrono_literals;

/// Everything an engine works with; it stays alive as long as anything of the engine runs, as in the program.
struct Works {
    explicit Works(ManagerTest::Insides* insides) : insides(insides) {}
    std::unique_ptr<ManagerTest::Insides> insides;
    net::KeyedLock locks;
};

class Jobs : public ManagerTest {
protected:
    void start(manager::Announce announce = Insides::quiet()) {
        works_ = std::make_shared<Works>(new Insides(*this, std::move(announce)));
        engine_ = std::make_shared<manager::Engine>(runtime_, *store_, works_->insides->surveyor, works_->insides->enforcer, works_->locks,
                                                    clock_, Insides::quiet(),
                                                    manager::Engine::Settings{.owner = "test", .first_look = 3600s, .stop_grace = 5s});
        engine_->start(works_);
    }
    void TearDown() override {
        if (engine_) stop(*engine_);
    }
    void stop(manager::Engine& engine) {
        net::run(runtime_, [](manager::Engine* stopping) -> net::Task<bool> {
            co_await stopping->stop();
            co_return true;
        }(&engine));
    }
    manager::JobId enforce(manager::SystemId id) {
        auto job = get(store_->queue_job(manager::JobKind::enforce, id, "test"));
        engine_->wake();
        return job;
    }
    /// The job as it is when it has ended; every back-off on the way is over at once.
    manager::Job end_of(manager::JobId id) {
        auto const until = std::chrono::steady_clock::now() + 30s;
        while (std::chrono::steady_clock::now() < until) {
            auto job = get(store_->get_job(id));
            if (job.finished) return job;
            if (job.state == JobState::waiting) {
                clock_->advance(1h);
                engine_->wake();
            }
            wait([]() -> net::Task<bool> {
                co_await net::sleep_for(20ms);
                co_return true;
            }());
        }
        ADD_FAILURE() << "the job does not end";
        return {};
    }

    std::shared_ptr<Works> works_;
    std::shared_ptr<manager::Engine> engine_;
};

TEST_F(Jobs, ticket_what_stands_in_the_way_of_an_enforcement_and_close_it_when_that_is_gone) {
    auto system = make_system("127.45.0.1", "SN1");
    system->on_call = [this](bool https) { works_->insides->contacts.note(1, https); };
    system->boot();
    auto const id = add_system("127.45.0.1");
    ASSERT_EQ(id, 1);
    set_mode(SecureOnly::on);
    auto policy = get(store_->get_policy());
    policy.manager_host_name.clear();
    get(store_->set_policy(policy, "test"));
    start();
    EXPECT_EQ(end_of(enforce(id)).state, JobState::failed);
    EXPECT_THAT(open_tickets(id), ::testing::ElementsAre(TicketType::enforcement_failed));
    get(works_->insides->surveyor.survey(id));
    EXPECT_THAT(open_tickets(id), ::testing::ElementsAre(TicketType::enforcement_failed)) << "an observation leaves it alone";
    EXPECT_EQ(end_of(enforce(id)).state, JobState::failed);
    auto tickets = get(store_->list_tickets(std::nullopt, id, 10));
    ASSERT_EQ(tickets.size(), 1U) << "one ticket, however often it is tried";
    EXPECT_GT(tickets.front().times_seen, 1);
    policy.manager_host_name = "manager.example.test";
    get(store_->set_policy(policy, "test"));
    EXPECT_EQ(end_of(enforce(id)).state, JobState::succeeded);
    EXPECT_THAT(open_tickets(id), ::testing::IsEmpty());
}

TEST_F(Jobs, leave_it_to_the_tickets_of_the_observation_why_nobody_was_let_in) {
    auto system = make_system("127.45.0.2", "SN2");
    system->set_password("changed by somebody");
    system->boot();
    auto const id = add_system("127.45.0.2");
    set_mode(SecureOnly::on);
    start();
    EXPECT_EQ(end_of(enforce(id)).state, JobState::failed);
    EXPECT_THAT(open_tickets(id), ::testing::ElementsAre(TicketType::login_failed));
}

TEST_F(Jobs, that_meet_a_defect_fail_and_are_not_tried_without_end) {
    auto system = make_system("127.45.0.3", "SN3");
    system->boot();
    auto const id = add_system("127.45.0.3");
    start([](std::string kind, std::int64_t) {
        if (kind == "system") throw std::runtime_error("a defect");
    });
    auto job = end_of(enforce(id));
    EXPECT_EQ(job.state, JobState::failed);
    EXPECT_EQ(job.error_code, "GEN-004");
}

TEST_F(Jobs, during_which_the_program_ended_again_and_again_are_given_up) {
    auto const id = add_system("127.45.0.5");
    auto const job = get(store_->queue_job(manager::JobKind::enforce, id, "test"));
    constexpr int lives = 11;
    for (int life = 0; life < lives; ++life) {
        ASSERT_TRUE(get(store_->lease_job("test", 60s))) << life;
        get(store_->release_leases_of("test", manager::Store::LeaseEnd::lost));
        clock_->advance(60s);
    }
    start();
    auto const ended = end_of(job);
    EXPECT_EQ(ended.state, JobState::failed);
    EXPECT_EQ(ended.error_code, "MGR-049");
    EXPECT_THAT(open_tickets(id), ::testing::ElementsAre(TicketType::enforcement_failed));
}

TEST_F(Jobs, that_run_when_the_program_ends_are_taken_up_by_the_next_life) {
    // The port takes connections and never says anything: the job waits for it.
    auto silent = open_port(runtime_, {"127.45.0.4", 80 + k_offset}, nullptr, std::make_shared<Recorder>(),
                            [](net::http::Request) -> net::Task<net::http::Response> {
                                co_await net::sleep_for(20s);
                                co_return net::http::Response::text(500, "");
                            });
    auto const id = add_system("127.45.0.4");
    start();
    auto const job = enforce(id);
    while (get(store_->get_job(job)).state != JobState::running) {
    }
    stop(*engine_);
    engine_.reset();
    auto const given_back = get(store_->get_job(job));
    EXPECT_EQ(given_back.state, JobState::queued);
    EXPECT_EQ(given_back.owner, "");
}

}  // namespace
}  // namespace countersign::testing
