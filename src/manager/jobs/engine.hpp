#pragma once

/// Takes jobs from the store and carries them out, a bounded number of systems at once, each on the loop that its number belongs
/// to. A job is a leased row: leases are renewed while it runs, those of an earlier life of this program are given back at
/// the start, and what fails waits for its next attempt. The engine also queues the regular observations and
/// enforcements (REQ MGR-4), and looks more often at systems with open tickets.

#include "manager/enforce/enforcer.hpp"
#include "manager/jobs/pace.hpp"
#include "net/sync.hpp"

#include <atomic>
#include <mutex>
#include <set>

namespace countersign::manager {

class Engine : public std::enable_shared_from_this<Engine> {
public:
    struct Settings {
        std::string owner;  ///< the same in every life of a data directory
        Pace pace;
        std::chrono::seconds ticket_interval{60};  ///< between looks at systems with open tickets
        std::chrono::seconds first_look{5};        ///< after the start
        std::chrono::seconds lease{60};
        net::Milliseconds stop_grace{10000};  ///< how long stop() waits for the steps under way
    };
    Engine(net::Runtime& runtime, Store& store, Surveyor& surveyor, Enforcer& enforcer, net::KeyedLock& locks,
           std::shared_ptr<Clock const> clock, Announce announce, Settings settings);

    /// `owner` keeps alive what this works with, for as long as anything of it runs.
    void start(std::shared_ptr<void const> owner);
    /// No new jobs; jobs under way end after their current step. Their leases are given back.
    net::Task<> stop();
    /// A job was queued: look for it at once.
    void wake() { wake_.raise(); }
    /// From now on, also for the pauses that are under way.
    void set_pace(Pace pace);
    /// True from stop() on; enforcement asks it between two steps.
    [[nodiscard]] bool stopping() const { return stopping_; }

private:
    net::Task<> take_jobs();
    net::Task<> renew_leases();
    net::Task<> queue_regularly(JobKind kind);
    net::Task<> queue_for_all(JobKind kind);
    [[nodiscard]] Pace pace() const;
    net::Task<> watch_tickets();
    void begin(Job job);
    net::Task<> run_job(Job job);
    net::Task<Result<void>> carry_out(Job job);
    net::Task<Result<void>> give_up(Job job);
    net::Task<Result<void>> observe(Job job);
    net::Task<Result<void>> enforce(Job job);
    /// False when the program is to stop before that time.
    net::Task<bool> pause(net::Milliseconds time);

    net::Runtime& runtime_;
    Store& store_;
    Surveyor& surveyor_;
    Enforcer& enforcer_;
    net::KeyedLock& locks_;
    std::shared_ptr<Clock const> clock_;
    Announce announce_;
    Settings settings_;
    std::weak_ptr<void const> owner_;
    std::atomic<bool> stopping_ = false;
    net::Signal wake_;     ///< a job was queued, or one has ended
    net::Signal stopped_;  ///< raised by stop()
    net::Signal repaced_;  ///< raised by set_pace() and stop()
    mutable std::mutex mutex_;
    Pace pace_;
    std::set<JobId> running_;
};

}  // namespace countersign::manager
