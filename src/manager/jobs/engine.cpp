#include "manager/jobs/engine.hpp"

#include "base/log.hpp"
#include "host/crypto.hpp"
#include "manager/jobs/back_off.hpp"
#include "manager/store/campaign_store.hpp"
#include "manager/store/shared_store.hpp"
#include "manager/store/ticket_desk.hpp"
#include "manager/tickets/catalogue.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {

namespace {

/// A failure is tried again so often by itself; then it is ticketed and left to the regular enforcement.
constexpr int k_attempts = 5;
/// A job during which the program ended so often without the job coming to an end is given up: it may be what ends the program.
constexpr int k_losses = 10;
/// How long nothing due may go unnoticed: waiting jobs become due by the clock, not by an event.
constexpr net::Milliseconds k_look_for_jobs{250};
/// Jobs that are taken in one call: a few, so that managers of one estate share what there is.
constexpr std::size_t k_jobs_at_once = 8;

/// What the ticket's kind says, and what the cause at the bottom of it all says: that is where somebody can do something.
std::string remedy_of(Error const& error) {
    auto const& general = ticket_entry(TicketType::enforcement_failed).remedy;
    auto const* deepest = &error;
    while (!deepest->causes().empty()) deepest = &deepest->causes().front();
    return deepest == &error ? general : general + " " + std::string(deepest->entry().remedy);
}

double chance() { return static_cast<double>(host::random_bytes(1).front()) / 255.0; }

}  // namespace

Engine::Engine(net::Runtime& runtime, Store& store, Surveyor& surveyor, Enforcer& enforcer, net::KeyedLock& locks,
               std::shared_ptr<Clock const> clock, Announce announce, Settings settings)
    : runtime_(runtime),
      store_(store),
      surveyor_(surveyor),
      enforcer_(enforcer),
      locks_(locks),
      clock_(std::move(clock)),
      announce_(std::move(announce)),
      settings_(std::move(settings)),
      pace_(settings_.pace) {}

void Engine::start(std::shared_ptr<void const> owner) {
    owner_ = owner;
    auto self = shared_from_this();
    net::spawn(runtime_.executor(0), [self, owner] { return self->take_jobs(); }, "take jobs");
    net::spawn(runtime_.executor(0), [self, owner] { return self->renew_leases(); }, "renew leases");
    net::spawn(runtime_.executor(0), [self, owner] { return self->watch_tickets(); }, "watch tickets");
    net::spawn(runtime_.executor(0), [self, owner] { return self->queue_regularly(JobKind::observe); }, "regular observation");
    net::spawn(runtime_.executor(0), [self, owner] { return self->queue_regularly(JobKind::enforce); }, "regular enforcement");
}

void Engine::set_pace(Pace pace) {
    {
        std::scoped_lock lock(mutex_);
        pace_ = pace;
    }
    repaced_.raise();
    wake_.raise();
}

Pace Engine::pace() const {
    std::scoped_lock lock(mutex_);
    return pace_;
}

net::Task<> Engine::stop() {
    stopping_ = true;
    stopped_.raise();
    repaced_.raise();
    wake_.raise();
    auto const end = std::chrono::steady_clock::now() + settings_.stop_grace;
    while (true) {
        auto const seen = wake_.count();
        {
            std::scoped_lock lock(mutex_);
            if (running_.empty()) break;
        }
        auto const left = std::chrono::duration_cast<net::Milliseconds>(end - std::chrono::steady_clock::now());
        if (left.count() <= 0) break;
        co_await wake_.wait_beyond(seen, left);
    }
    auto released = co_await store_.release_leases_of(settings_.owner, Store::LeaseEnd::given_back);
    if (!released) log::error("engine.stop", released.error());
}

net::Task<bool> Engine::pause(net::Milliseconds time) {
    co_await stopped_.wait_beyond(0, time);
    co_return !stopping_;
}

net::Task<> Engine::take_jobs() {
    if (auto released = co_await store_.release_leases_of(settings_.owner, Store::LeaseEnd::lost); !released)
        log::error("engine.start", released.error());
    else if (*released > 0)
        log::info("engine.resume", {{"jobs", *released}});
    while (!stopping_) {
        auto const seen = wake_.count();
        std::size_t free = 0;
        {
            std::scoped_lock lock(mutex_);
            free = running_.size() < pace_.concurrency ? pace_.concurrency - running_.size() : 0;
        }
        if (free == 0) {
            co_await wake_.wait_beyond(seen, k_look_for_jobs);
            continue;
        }
        auto jobs = co_await store_.lease_jobs(settings_.owner, settings_.lease, std::min(free, k_jobs_at_once));
        if (!jobs) log::error("engine.lease", jobs.error());
        if (!jobs || jobs->empty()) {
            co_await wake_.wait_beyond(seen, k_look_for_jobs);
            continue;
        }
        for (auto& job : *jobs) begin(std::move(job));
    }
}

void Engine::begin(Job job) {
    {
        std::scoped_lock lock(mutex_);
        // After a long stand-still (a suspended machine) our own lease may have run out while the work goes on: now it has a new
        // one, and is not begun a second time.
        if (!running_.insert(job.id).second) return;
    }
    auto const where = static_cast<std::size_t>(job.system);
    net::spawn(
        runtime_.executor(where), [self = shared_from_this(), job = std::move(job), owner = owner_.lock()] { return self->run_job(job); },
        "job");
}

net::Task<> Engine::renew_leases() {
    while (co_await pause(settings_.lease / 3)) {
        std::set<JobId> running;
        {
            std::scoped_lock lock(mutex_);
            running = running_;
        }
        for (auto id : running)
            if (auto renewed = co_await store_.renew_lease(id, settings_.owner, settings_.lease); !renewed)
                // It ended meanwhile, or its system was removed.
                log::debug("engine.renew", {{"job", id}, {"error", renewed.error().message()}});
    }
}

net::Task<> Engine::queue_regularly(JobKind kind) {
    auto last = std::chrono::steady_clock::now();
    bool first = kind == JobKind::observe;
    while (!stopping_) {
        auto const seen = repaced_.count();
        auto const now = pace();
        auto wait = kind == JobKind::observe ? now.observe_interval : now.enforce_interval;
        if (first) wait = std::min(wait, settings_.first_look);
        auto const left = std::chrono::ceil<net::Milliseconds>(last + wait - std::chrono::steady_clock::now());
        if (left.count() > 0) {
            co_await repaced_.wait_beyond(seen, left);
            continue;
        }
        last = std::chrono::steady_clock::now();
        first = false;
        if (store_.shared().leads()) co_await queue_for_all(kind);
    }
}

net::Task<> Engine::queue_for_all(JobKind kind) {
    auto systems = co_await store_.all_system_ids();
    // Others that campaigns hold get their certificates replaced, and nothing else.
    auto const busy = kind == JobKind::enforce ? co_await store_.campaigns().under_way() : Result<std::map<SystemId, CampaignId>>();
    if (!busy)
        systems = fail(busy.error());
    else if (systems)
        std::erase_if(*systems, [&busy](SystemId id) { return busy->contains(id); });
    auto queued = systems ? co_await store_.queue_jobs(kind, std::move(*systems), "manager")
                          : Result<std::vector<JobId>>(fail(std::move(systems).error()));
    if (!queued) log::error("engine.queue", queued.error(), {{"kind", to_string(kind)}});
    wake();
}

net::Task<> Engine::watch_tickets() {
    while (co_await pause(std::min(settings_.ticket_interval, pace().observe_interval))) {
        if (!store_.shared().leads()) continue;
        if (auto woken = co_await store_.tickets().wake_due(); !woken)
            log::error("engine.tickets", woken.error());
        else
            for (auto system : *woken) announce_("ticket", system);
        auto open = co_await store_.list_tickets(TicketState::open, 0, 10000);
        if (!open) {
            log::error("engine.tickets", open.error());
            continue;
        }
        std::set<SystemId> systems;
        for (auto const& ticket : *open)
            // No look at a system shows that people have brought an answer.
            if (ticket.system != 0 && ticket.type != TicketType::answer_awaited) systems.insert(ticket.system);
        if (systems.empty()) continue;
        auto queued = co_await store_.queue_jobs(JobKind::observe, {systems.begin(), systems.end()}, "manager");
        if (!queued) log::error("engine.queue", queued.error());
        wake();
    }
}

net::Task<> Engine::run_job(Job job) {
    try {
        announce_("job", job.id);
        if (auto done = co_await carry_out(job); !done) log::error("job.failed", done.error(), {{"job", job.id}, {"system", job.system}});
        announce_("job", job.id);
    } catch (std::exception const& error) {
        // A defect beside the work itself; if the job has not ended its lease runs out and it is taken again.
        log::error("job.exception", {{"job", job.id}, {"system", job.system}, {"detail", error.what()}});
    }
    {
        std::scoped_lock lock(mutex_);
        running_.erase(job.id);
    }
    wake();
}

net::Task<Result<void>> Engine::carry_out(Job job) {
    auto guard = co_await locks_.acquire(job.system);
    if (stopping_) co_return Result<void>();
    if (job.losses > k_losses) co_return co_await give_up(job);
    Result<void> done;
    try {
        done = job.kind == JobKind::observe ? co_await observe(job) : co_await enforce(job);
    } catch (std::exception const& error) {
        done = fail(errors::gen::internal, {{"detail", error.what()}});
    }
    if (done || stopping_) co_return done;
    // Our own database failed, the system is gone from it, or a defect of ours showed: none of them is tried without end.
    auto const state = job.attempt < k_attempts ? JobState::waiting : JobState::failed;
    auto error = std::move(done).error();
    co_return co_await store_.finish_job(job.id, state, std::move(error), clock_->now() + back_off(job.attempt, chance()));
}

net::Task<Result<void>> Engine::give_up(Job job) {
    Error error(errors::mgr::program_ended_often, {{"job", std::to_string(job.id)}, {"times", std::to_string(job.losses)}});
    if (job.kind == JobKind::enforce) {
        CS_CO_CHECK(co_await store_.open_ticket(job.system, TicketType::enforcement_failed, error.explanation(),
                                                std::string(error.entry().remedy)));
        announce_("ticket", job.system);
    }
    co_return co_await store_.finish_job(job.id, JobState::failed, std::move(error), clock_->now());
}

net::Task<Result<void>> Engine::observe(Job job) {
    // The job ends in the transaction that stores what was seen.
    CS_CO_TRY(auto survey, co_await surveyor_.survey(job.system, job.id));
    // It answers again: what waited for that need not wait for its back-off.
    if (survey.before == Reachability::unreachable && survey.system.reachability == Reachability::reachable) {
        CS_CO_TRY(auto waiting, co_await store_.list_jobs(job.system, JobState::waiting, 10));
        for (auto const& other : waiting)
            if (other.kind == JobKind::enforce) CS_CO_CHECK(co_await store_.queue_job(JobKind::enforce, job.system, "manager"));
        wake();
    }
    co_return Result<void>();
}

net::Task<Result<void>> Engine::enforce(Job job) {
    CS_CO_TRY(auto ended, co_await enforcer_.run(job));
    auto const now = clock_->now();
    if (!ended.error) co_return co_await store_.finish_job(job.id, JobState::succeeded, std::nullopt, now);
    if (stopping_) co_return Result<void>();  // stop() gives the lease back; the next life goes on
    bool const again = job.most_attempts > 0 ? job.attempt < job.most_attempts : ended.unreachable || job.attempt < k_attempts;
    if (!again && !ended.not_let_in && !ended.unreachable) {
        CS_CO_CHECK(
            co_await store_.open_ticket(job.system, TicketType::enforcement_failed, ended.error->explanation(), remedy_of(*ended.error)));
        announce_("ticket", job.system);
    }
    co_return co_await store_.finish_job(job.id, again ? JobState::waiting : JobState::failed, std::move(ended.error),
                                         now + back_off(job.attempt, chance()));
}

}  // namespace countersign::manager
