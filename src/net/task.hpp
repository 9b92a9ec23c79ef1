#pragma once

/// Coroutines and where they run. One io_context per core; a system's or connection's work stays on one of them, so
/// that the hot path needs no locks. Work that blocks (SQL, password hashing, key generation) goes to a BlockingPool.

#include "base/result.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

namespace countersign::net {

namespace asio = boost::asio;

template <class T = void>
using Task = asio::awaitable<T>;
using Executor = asio::any_io_executor;
using Milliseconds = std::chrono::milliseconds;
/// Threads for work that blocks.
using BlockingPool = asio::thread_pool;

class Ports;

/// The event loops of a program.
class Runtime {
public:
    /// 0: one per core.
    explicit Runtime(unsigned loops = 0);
    ~Runtime();
    Runtime(Runtime const&) = delete;
    Runtime& operator=(Runtime const&) = delete;

    [[nodiscard]] std::size_t size() const { return loops_.size(); }
    /// The loop that a key (a system's number) belongs to, always the same.
    [[nodiscard]] Executor executor(std::size_t key);
    /// Threads for work that blocks.
    [[nodiscard]] asio::thread_pool& blocking() { return blocking_; }
    /// Where listeners on these loops get their ports from.
    [[nodiscard]] Ports& ports() { return *ports_; }
    /// Starts the threads of all loops. Returns at once.
    void start();
    /// Stops the loops and joins their threads. Called by the destructor too.
    void stop();

private:
    struct Loop;
    std::shared_ptr<Ports> ports_;
    std::vector<std::unique_ptr<Loop>> loops_;
    asio::thread_pool blocking_;
};

/// Starts a task whose end nobody waits for. An exception that leaves it is logged as a defect, not lost.
void spawn(Executor executor, std::function<Task<>()> task, char const* name);

/// Runs `task` to its end from a thread that is no loop (main programs and tests), and returns what it returned.
template <class T>
T run(Runtime& runtime, Task<T> task);

/// Waits. Returns early, without error, when the enclosing coroutine is cancelled.
Task<> sleep_for(Milliseconds time);

/// Runs a blocking function on the pool and comes back to the caller's executor with what it returned.
template <class Function>
Task<std::invoke_result_t<Function>> offload(asio::thread_pool& pool, Function function);

/// Runs all tasks, at most `width` at once, each on the caller's executor; returns when all have ended.
Task<> for_each_bounded(std::size_t count, std::size_t width, std::function<Task<>(std::size_t)> body);

}  // namespace countersign::net

#include "net/task_impl.hpp"
