#include "manager/store/commit_queue.hpp"

#include "base/log.hpp"

#include <soci/error.h>

#include <algorithm>
#include <chrono>

namespace countersign::manager::store {
namespace {

/// More calls than this wait for the next transaction, so that the first callers are not held up for long.
constexpr std::size_t k_largest_batch = 256;
/// After this much quiet the log is moved into the file, so that it does not stay large until the next busy hour.
constexpr std::chrono::seconds k_idle{2};

Error query_failed(std::string_view detail) { return Error(errors::sto::query_failed, {{"detail", detail}}); }

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
    bool writes = std::ranges::any_of(batch, [](Call const& call) { return call.access == Access::write; });
    try {
        // A transaction that starts as a reader and then writes can fail for good when another program wrote between.
        database_->execute(writes ? "BEGIN IMMEDIATE" : "BEGIN");
        if (writes && hooks_.begun) hooks_.begun(*database_);
        for (auto& call : batch) {
            carry_out_one(call);
            if (!database_->in_transaction()) return query_failed("the transaction was given up (disk full or I/O error)");
        }
        if (writes && hooks_.committing) hooks_.committing(*database_);
        database_->execute("COMMIT");
        log_to_move_ = log_to_move_ || writes;
        return std::nullopt;
    } catch (soci::soci_error const& error) {
        auto failure = query_failed(error.what());
        if (writes && hooks_.lost) hooks_.lost();
        try {
            if (database_->in_transaction()) database_->execute("ROLLBACK");
        } catch (soci::soci_error const& second) {
            failure.because(query_failed(second.what()));
        }
        return failure;
    }
}

void CommitQueue::carry_out_one(Call& call) {
    bool writes = call.access == Access::write;
    if (writes) database_->execute("SAVEPOINT one_call");
    try {
        call.failure = call.work(*database_);
    } catch (soci::soci_error const& error) {
        call.failure = query_failed(error.what());
    } catch (std::exception const& error) {
        call.failure = Error(errors::gen::internal, {{"detail", error.what()}});
    }
    if (!writes || !database_->in_transaction()) return;
    if (call.failure) database_->execute("ROLLBACK TO one_call");
    database_->execute("RELEASE one_call");
}

}  // namespace countersign::manager::store
