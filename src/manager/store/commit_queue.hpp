#pragma once

/// The store's thread and its queue. Calls that wait are carried out together in one transaction, and all callers go on after its
/// single commit (one fsync for many callers). A call that fails is rolled back alone: when it had changed something, the transaction is
/// rolled back and carried out again with a savepoint for each call. (A savepoint for each from the start made the text index write itself
/// out for each.) When the commit fails, all of them fail and nothing happened. What a call does may be done twice when the first try was
/// rolled back: bodies change nothing but the database.

#include "manager/store/database.hpp"
#include "net/task.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/sto.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>

namespace countersign::manager::store {

class CommitQueue {
public:
    /// What happens with each transaction that writes, on the store's thread. What throws ends the transaction.
    struct Hooks {
        std::function<void(Database&)> begun{};       ///< before the first call
        std::function<void(Database&)> committing{};  ///< after the last call
        std::function<void()> committed{};            ///< it is durable
        std::function<void(Database&)> lost{};        ///< it was rolled back as a whole, or its server went away
    };
    explicit CommitQueue(std::unique_ptr<Database> database) : CommitQueue(std::move(database), Hooks()) {}
    CommitQueue(std::unique_ptr<Database> database, Hooks hooks);
    /// Carries out what is queued, moves the log into the file and ends the thread. The loops of callers must still exist.
    ~CommitQueue();
    CommitQueue(CommitQueue const&) = delete;
    CommitQueue& operator=(CommitQueue const&) = delete;

    /// Runs `body` (Result<T>(Database&)) on the store's thread. Returns on the caller's executor, when the change is durable. Within
    /// together() it is a part of that call: it runs at once, and is durable when that is.
    template <class Body>
    net::Task<std::invoke_result_t<Body, Database&>> run(Access access, Body body) {
        using Answer = std::invoke_result_t<Body, Database&>;
        if (auto* whole = whole_call()) {
            auto const before = begin_part(*whole, access);
            Answer answer = body(*whole->database);
            if (!answer) end_failed_part(*whole, before, answer.error());
            co_return answer;
        }
        // Shared, because the function that starts the wait must be copyable and bodies hold secrets.
        auto shared = std::make_shared<Body>(std::move(body));
        auto answer = co_await net::await_callback<std::shared_ptr<Answer>>([this, access, shared](auto done) {
            auto result = std::make_shared<std::shared_ptr<Answer>>();
            push({access,
                  [shared, result](Database& database) -> std::optional<Error> {
                      *result = std::make_shared<Answer>((*shared)(database));
                      return **result ? std::nullopt : std::optional<Error>((*result)->error());
                  },
                  [result, done = std::move(done)](std::optional<Error> failure) {
                      if (failure) *result = std::make_shared<Answer>(fail(std::move(*failure)));
                      done(std::move(*result));
                  }});
        });
        co_return std::move(*answer);
    }

    /// All that `work` asks of this queue is one call: one transaction, and one turn. It may wait for nothing else, and may be done
    /// twice, as any body.
    net::Task<Result<void>> together(Access access, std::function<net::Task<Result<void>>()> work);

private:
    /// What is under way on the store's thread by together().
    struct Whole {
        CommitQueue* queue = nullptr;
        Database* database = nullptr;
        Access access = Access::read;
        std::optional<Access> wider{};   ///< a part needs this
        std::optional<Error> failure{};  ///< a part failed that had changed something: so does the whole
    };
    /// Nothing on all other threads, and outside of together().
    [[nodiscard]] Whole* whole_call() const;
    /// Throws when the transaction is none for this part.
    static std::uint64_t begin_part(Whole& whole, Access access);
    static void end_failed_part(Whole& whole, std::uint64_t changes_before, Error const& error);
    Result<void> carry_out_whole(Whole& whole, std::function<net::Task<Result<void>>()> const& work);

    struct Call {
        Access access;
        /// Nothing: succeeded. May throw.
        std::function<std::optional<Error>(Database&)> work;
        /// Once, after the commit. A failure replaces what `work` returned.
        std::function<void(std::optional<Error>)> finish;
        std::optional<Error> failure{};
        bool conflict = false;  ///< the failure may be tried again
        int conflicts = 0;
    };

    void push(Call call);
    void serve();
    void carry_out(std::deque<Call>& batch);
    /// STO-002 when the transaction as a whole was lost.
    std::optional<Error> try_carry_out(std::deque<Call>& batch);
    enum class Outcome { done, again, carefully, apart };
    Outcome transact(std::deque<Call>& batch, bool carefully);
    void give_up_transaction(Access access);
    /// What the call throws is its failure. True when what it did must be taken back.
    bool work(Call& call);
    void work_in_savepoint(Call& call);
    void connect_again();
    void checkpoint_when_idle();

    std::unique_ptr<Database> database_;
    Hooks hooks_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<Call> waiting_;
    bool stopping_ = false;
    bool log_to_move_ = false;  ///< the store's thread only
    std::thread thread_;
};

}  // namespace countersign::manager::store
