#include "manager/store/commit_queue.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "net/at_once.hpp"

#include <soci/error.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace countersign::manager::store {
namespace {

/// More calls than this wait for the next transaction, so that the first callers are not held up for long.
constexpr std::size_t k_largest_batch = 256;
/// After this much quiet the log is moved into the file, so that it does not stay large until the next busy hour.
constexpr std::chrono::seconds k_idle{2};

/// How often a transaction is tried that others are in the way of.
constexpr int k_most_tries = 8;

Error query_failed(std::string_view detail) { return Error(errors::sto::query_failed, {{"detail", trim(detail)}}); }

/// The transaction was not even begun.
struct Unbegun : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// A part of a call needs another transaction than the call has.
struct NeedsMore : std::runtime_error {
    NeedsMore() : std::runtime_error("a part of the call writes, and the call only reads") {}
};

/// The type is private to the queue.
thread_local void* t_whole = nullptr;

/// What the widest of the calls needs.
template <class Calls>
Access access_of(Calls const& calls) {
    Access widest = Access::read;
    for (auto const& call : calls) widest = std::max(widest, call.access);
    return widest;
}

}  // namespace

CommitQueue::CommitQueue(std::unique_ptr<Database> database, Hooks hooks)
    : database_(std::move(database)), hooks_(std::move(hooks)), thread_([this] { serve(); }) {}

CommitQueue::~CommitQueue() {
    {
        std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void CommitQueue::push(Call call) {
    {
        std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(call));
    }
    wake_.notify_one();
}

void CommitQueue::serve() {
    std::unique_lock lock(mutex_);
    while (true) {
        auto due = [this] { return stopping_ || !waiting_.empty(); };
        if (!log_to_move_) {
            wake_.wait(lock, due);
        } else if (!wake_.wait_for(lock, k_idle, due)) {
            lock.unlock();
            checkpoint_when_idle();
            lock.lock();
            continue;
        }
        if (waiting_.empty()) break;
        std::deque<Call> batch;
        auto count = std::min(waiting_.size(), k_largest_batch);
        for (std::size_t i = 0; i < count; ++i) {
            batch.push_back(std::move(waiting_.front()));
            waiting_.pop_front();
        }
        lock.unlock();
        carry_out(batch);
        batch.clear();
        lock.lock();
    }
    lock.unlock();
    try {
        database_->checkpoint(Database::Checkpoint::truncate);
    } catch (soci::soci_error const& error) {
        // The log stays beside the file and is read at the next start: nothing is lost.
        log::warning("store.checkpoint_failed", {{"detail", error.what()}});
    }
}

void CommitQueue::checkpoint_when_idle() {
    log_to_move_ = false;
    try {
        database_->checkpoint(Database::Checkpoint::passive);
    } catch (soci::soci_error const& error) {
        log::warning("store.checkpoint_failed", {{"detail", error.what()}});
    }
}

void CommitQueue::carry_out(std::deque<Call>& batch) {
    auto lost = try_carry_out(batch);
    for (auto& call : batch) {
        // What the body captured goes before its caller goes on, not at some later time on this thread.
        call.work = nullptr;
        call.finish(lost ? lost : std::move(call.failure));
    }
}

std::optional<Error> CommitQueue::try_carry_out(std::deque<Call>& batch) {
    bool reconnected = false, carefully = false;
    for (int tries = 1;; ++tries) {
        try {
            if (database_->is_lost()) connect_again();
            switch (transact(batch, carefully)) {
                case Outcome::done: return std::nullopt;
                case Outcome::again: break;
                case Outcome::carefully: carefully = true; break;
                case Outcome::apart:
                    for (auto& call : batch) {
                        std::deque<Call> one;
                        one.push_back(std::move(call));
                        auto lost = try_carry_out(one);
                        call = std::move(one.front());
                        if (lost) call.failure = std::move(lost);
                    }
                    return std::nullopt;
            }
        } catch (Unbegun const& error) {
            // The server went away while nothing was under way: nothing is lost by a second try.
            if (reconnected || !database_->is_lost()) return query_failed(error.what());
            reconnected = true;
        } catch (soci::soci_error const& error) {
            auto failure = query_failed(error.what());
            bool const conflict = is_conflict(error) && tries < k_most_tries;
            try {
                give_up_transaction(access_of(batch));
            } catch (soci::soci_error const& second) {
                failure.because(query_failed(second.what()));
            }
            if (!conflict) return failure;
        }
    }
}

void CommitQueue::connect_again() {
    if (hooks_.lost) hooks_.lost(*database_);
    try {
        database_->reconnect();
    } catch (soci::soci_error const& error) {
        log::error("store.no_connection", {{"detail", error.what()}});
        throw;
    }
}

void CommitQueue::give_up_transaction(Access access) {
    if (access == Access::write && hooks_.lost) hooks_.lost(*database_);
    if (database_->in_transaction()) database_->roll_back();
}

/// Throws when the transaction as a whole did not come about.
CommitQueue::Outcome CommitQueue::transact(std::deque<Call>& batch, bool carefully) {
    auto const access = access_of(batch);
    try {
        database_->begin(access);
    } catch (soci::soci_error const& error) {
        if (database_->is_lost()) throw Unbegun(error.what());
        throw;
    }
    if (access == Access::write && hooks_.begun) hooks_.begun(*database_);
    for (auto& call : batch) {
        bool undo = false;
        if (carefully)
            work_in_savepoint(call);
        else
            undo = work(call);
        if (!database_->in_transaction()) throw soci::soci_error("the transaction was given up (disk full, I/O error, or no connection)");
        if (call.conflict) {
            give_up_transaction(access);
            return Outcome::again;
        }
        if (!undo) continue;
        give_up_transaction(access);
        if (batch.size() == 1) return Outcome::done;
        // Those that only read have nothing to take back: each gets a transaction of its own.
        return access == Access::read ? Outcome::apart : Outcome::carefully;
    }
    if (access == Access::write && hooks_.committing) hooks_.committing(*database_);
    database_->commit();
    if (access == Access::write && hooks_.committed) hooks_.committed();
    log_to_move_ = log_to_move_ || access != Access::read;
    return Outcome::done;
}

bool CommitQueue::work(Call& call) {
    auto const before = database_->changes();
    bool refused = false;
    call.failure.reset();
    call.conflict = false;
    try {
        call.failure = call.work(*database_);
    } catch (soci::soci_error const& error) {
        call.failure = query_failed(error.what());
        call.conflict = is_conflict(error) && ++call.conflicts < k_most_tries;
        // SQLite takes back the refused statement alone; PostgreSQL carries out nothing more after it.
        refused = database_->engine() == Engine::postgresql;
    } catch (std::exception const& error) {
        call.failure = Error(errors::gen::internal, {{"detail", error.what()}});
    }
    return call.failure && (refused || database_->changes() != before);
}

void CommitQueue::work_in_savepoint(Call& call) {
    auto const tip = database_->audit_tip();
    database_->execute("SAVEPOINT one_call");
    bool const undo = work(call);
    if (!database_->in_transaction() || call.conflict) return;
    if (undo) {
        database_->execute("ROLLBACK TO one_call");
        database_->audit_tip() = tip;
    }
    database_->execute("RELEASE one_call");
}

CommitQueue::Whole* CommitQueue::whole_call() const {
    auto* const whole = static_cast<Whole*>(t_whole);
    return whole != nullptr && whole->queue == this ? whole : nullptr;
}

std::uint64_t CommitQueue::begin_part(Whole& whole, Access access) {
    if (access > whole.access) {
        whole.wider = std::max(whole.wider.value_or(access), access);
        throw NeedsMore();
    }
    return whole.database->changes();
}

void CommitQueue::end_failed_part(Whole& whole, std::uint64_t changes_before, Error const& error) {
    if (!whole.failure && whole.database->changes() != changes_before) whole.failure = error;
}

Result<void> CommitQueue::carry_out_whole(Whole& whole, std::function<net::Task<Result<void>>()> const& work) {
    Result<void> done;
    bool ended = false;
    auto* const outer = std::exchange(t_whole, &whole);
    try {
        ended = net::run_at_once([](auto const& parts, Result<void>& out) -> net::Task<> { out = co_await parts(); }(work, done));
    } catch (...) {
        t_whole = outer;
        if (!whole.wider) throw;
        return fail(errors::gen::internal, {{"detail", "a part of the call writes, and the call only reads"}});
    }
    t_whole = outer;
    if (!ended) return fail(errors::gen::internal, {{"detail", "a call of the store waited for something else"}});
    if (done && whole.failure) return fail(*whole.failure);
    return done;
}

net::Task<Result<void>> CommitQueue::together(Access access, std::function<net::Task<Result<void>>()> work) {
    while (true) {
        auto const wider = std::make_shared<std::optional<Access>>();
        auto done = co_await run(access, [this, access, work, wider](Database& database) -> Result<void> {
            Whole whole{.queue = this, .database = &database, .access = access};
            auto out = carry_out_whole(whole, work);
            *wider = whole.wider;
            return out;
        });
        if (!*wider) co_return done;
        // Nothing was changed: it only read.
        access = **wider;
    }
}

}  // namespace countersign::manager::store
