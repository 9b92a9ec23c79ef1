// Two managers' stores on one PostgreSQL database. Only run where the environment names a server (tests/CMakeLists.txt).

#include "manager/store/audit_store.hpp"
#include "manager/store/job_leases.hpp"
#include "manager/store/offline.hpp"
#include "net/sync.hpp"
#include "store_fixture.hpp"

#include "countersign/errors/sto.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <mutex>
#include <set>

namespace countersign::manager {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;
using testing::StoreTest;

/// What one manager heard of the others.
class Heard {
public:
    std::function<void(SharedChange)> listener() {
        return [this](SharedChange change) {
            {
                std::scoped_lock lock(mutex_);
                changes_.push_back(change.kind + " " + std::to_string(change.id) + (change.detail.empty() ? "" : " " + change.detail));
            }
            wake_.notify_all();
        };
    }
    bool waits_for(std::string const& text) {
        std::unique_lock lock(mutex_);
        return wake_.wait_for(lock, std::chrono::seconds(30), [&] { return std::ranges::find(changes_, text) != changes_.end(); });
    }
    std::size_t count(std::string const& text) {
        std::scoped_lock lock(mutex_);
        return static_cast<std::size_t>(std::ranges::count(changes_, text));
    }

private:
    std::mutex mutex_;
    std::condition_variable wake_;
    std::vector<std::string> changes_;
};

class SharedStores : public StoreTest {
protected:
    SharedStores() { open_other(); }
    ~SharedStores() override { other_.reset(); }
    SharedStores(SharedStores const&) = delete;
    SharedStores& operator=(SharedStores const&) = delete;

    void open_other() {
        auto opened = open_store(place(), clock_);
        ASSERT_TRUE(opened) << opened.error().explanation();
        other_ = std::move(*opened);
        get(other_->shared().started());
    }
    void both_watch() {
        store_->shared().watch("first", mine_.listener());
        ASSERT_TRUE(mine_.waits_for("lead 0"));
        other_->shared().watch("second", theirs_.listener());
        ASSERT_TRUE(theirs_.waits_for("all 0"));
    }

    std::unique_ptr<Store> other_;
    Heard mine_, theirs_;
};

TEST_F(SharedStores, what_one_changes_the_other_is_told_and_it_is_not_told_itself) {
    both_watch();
    auto const id = add("room");
    EXPECT_TRUE(theirs_.waits_for("known " + std::to_string(id)));
    EXPECT_EQ(get(other_->get_system(id)).name, "room");
    get(store_->queue_job(JobKind::observe, id, "admin"));
    EXPECT_TRUE(theirs_.waits_for("job 1"));
    get(store_->set_policy(Policy(), "admin"));
    EXPECT_TRUE(theirs_.waits_for("policy 0"));
    get(store_->set_value("authority.base", "http://x"));
    EXPECT_TRUE(theirs_.waits_for("settings 0"));
    get(store_->shared().tell("call", id, "https"));
    EXPECT_TRUE(theirs_.waits_for("call " + std::to_string(id) + " https"));
    get(store_->remove_system(id, "admin"));
    get(other_->set_value("end", "x"));
    EXPECT_TRUE(mine_.waits_for("settings 0"));
    EXPECT_EQ(mine_.count("job 1"), 0U);
    EXPECT_EQ(mine_.count("policy 0"), 0U);
}

TEST_F(SharedStores, one_leads_and_when_it_ends_the_other_does) {
    both_watch();
    EXPECT_TRUE(store_->shared().leads());
    EXPECT_FALSE(other_->shared().leads());
    store_.reset();
    EXPECT_TRUE(theirs_.waits_for("lead 0"));
    EXPECT_TRUE(other_->shared().leads());
}

TEST_F(SharedStores, every_job_is_taken_once_and_a_system_has_one_at_a_time) {
    std::vector<SystemId> systems;
    for (int i = 0; i < 60; ++i) systems.push_back(add("s" + std::to_string(i)));
    get(store_->queue_jobs(JobKind::observe, systems, "admin"));
    get(store_->queue_jobs(JobKind::enforce, systems, "admin"));
    struct Taken {
        std::mutex mutex;
        std::vector<JobId> jobs;
        std::vector<SystemId> systems;
        int shares[2] = {0, 0};
    } taken;
    Store* const stores[] = {store_.get(), other_.get()};
    std::atomic<int> left = 2;
    auto done = std::make_shared<std::promise<void>>();
    for (int who = 0; who < 2; ++who)
        net::spawn(
            runtime_.executor(static_cast<std::size_t>(who)),
            [who, store = stores[who], &taken, &left, done]() -> net::Task<> {
                while (true) {
                    auto job = co_await store->lease_job(who == 0 ? "first" : "second", std::chrono::seconds(60));
                    EXPECT_TRUE(job) << (job ? "" : job.error().explanation());
                    if (!job || !*job) break;
                    std::scoped_lock lock(taken.mutex);
                    taken.jobs.push_back((*job)->id);
                    taken.systems.push_back((*job)->system);
                    ++taken.shares[who];
                }
                if (--left == 0) done->set_value();
            },
            "test");
    done->get_future().wait();
    // Of the two jobs of a system one was taken; the other waits for its end.
    EXPECT_THAT(taken.jobs, SizeIs(systems.size()));
    EXPECT_THAT(std::set<JobId>(taken.jobs.begin(), taken.jobs.end()), SizeIs(systems.size()));
    EXPECT_THAT(std::set<SystemId>(taken.systems.begin(), taken.systems.end()), SizeIs(systems.size()));
    EXPECT_GT(taken.shares[0], 0);
    EXPECT_GT(taken.shares[1], 0);
}

TEST_F(SharedStores, a_job_is_passed_over_while_another_of_its_system_is_being_taken) {
    std::vector<SystemId> systems;
    for (int i = 0; i < 20; ++i) systems.push_back(add("s" + std::to_string(i)));
    get(store_->queue_jobs(JobKind::observe, systems, "admin"));
    get(store_->queue_jobs(JobKind::enforce, systems, "admin"));
    // Somebody is in the middle of taking the first one: nobody sees it running yet.
    auto const somebody = schema_->connect();
    somebody->begin(store::Access::rows);
    ASSERT_EQ(store::next_job(*somebody, clock_->now()), std::optional<JobId>(1));
    for (int i = 0; i < 10; ++i) {
        auto const job = get(other_->lease_job("second", std::chrono::seconds(60)));
        ASSERT_TRUE(job);
        EXPECT_NE(job->system, systems.front()) << job->id;
    }
    somebody->roll_back();
}

TEST_F(SharedStores, jobs_of_a_manager_that_is_gone_are_free_again) {
    both_watch();
    auto const id = add("room");
    auto const job = get(store_->queue_job(JobKind::enforce, id, "admin"));
    ASSERT_TRUE(get(store_->lease_job("first", std::chrono::seconds(600))));
    EXPECT_EQ(get(other_->shared().free_jobs_of_lost()), 0) << "it lives";
    EXPECT_FALSE(get(other_->lease_job("second", std::chrono::seconds(600))));
    store_.reset();
    ASSERT_TRUE(theirs_.waits_for("lead 0"));
    auto const begin = std::chrono::steady_clock::now();
    while (get(other_->shared().free_jobs_of_lost()) == 0) ASSERT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(60));
    auto const again = get(other_->lease_job("second", std::chrono::seconds(600)));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->id, job);
    EXPECT_EQ(again->losses, 1);
}

TEST_F(SharedStores, both_write_one_audit_trail) {
    Store* const stores[] = {store_.get(), other_.get()};
    std::atomic<int> left = 2;
    auto done = std::make_shared<std::promise<void>>();
    for (int who = 0; who < 2; ++who)
        net::spawn(
            runtime_.executor(static_cast<std::size_t>(who)),
            [store = stores[who], &left, done]() -> net::Task<> {
                for (int i = 0; i < 100; ++i) {
                    auto written = co_await store->audit("admin", "test", "both", std::to_string(i));
                    EXPECT_TRUE(written) << (written ? "" : written.error().explanation());
                }
                if (--left == 0) done->set_value();
            },
            "test");
    done->get_future().wait();
    auto const verdict = verify_audit(place());
    ASSERT_TRUE(verdict) << verdict.error().explanation();
    EXPECT_FALSE(verdict->first_bad);
    EXPECT_EQ(verdict->records, 200);
}

TEST_F(SharedStores, a_connection_that_was_cut_is_made_again) {
    both_watch();
    add("before");
    schema_->cut();
    while (mine_.count("all 0") < 2) std::this_thread::yield();
    EXPECT_EQ(get(store_->list_systems({})).size(), 1U);
    add("after");
    EXPECT_EQ(get(other_->list_systems({})).size(), 2U);
    auto const verdict = verify_audit(place());
    ASSERT_TRUE(verdict);
    EXPECT_FALSE(verdict->first_bad);
    get(other_->set_value("x", "y"));
    EXPECT_TRUE(mine_.waits_for("settings 0")) << "it listens again";
}

TEST_F(SharedStores, another_sealing_key_is_refused) {
    auto elsewhere = place();
    elsewhere.data = folder_.path() / "other";
    std::filesystem::create_directory(elsewhere.data);
    auto const opened = open_store(elsewhere, clock_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().id(), errors::sto::other_sealing_key);
}

}  // namespace
}  // namespace countersign::manager
