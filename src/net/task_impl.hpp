#pragma once

/// The templates of net/task.hpp. Included at its end; do not include directly.

#include <boost/asio/async_result.hpp>
#include <boost/asio/prefer.hpp>

#include <cstdint>
#include <exception>
#include <future>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace countersign::net {

namespace detail {

/// Starts `task` on the runtime's first loop; its end is up to the task. Lives in task.cpp to keep co_spawn out of
/// other files.
void start_detached(Executor executor, Task<> task);

template <class T>
Task<> fulfil(Task<T> task, std::shared_ptr<std::promise<T>> promise) {
    try {
        if constexpr (std::is_void_v<T>) {
            co_await std::move(task);
            promise->set_value();
        } else {
            promise->set_value(co_await std::move(task));
        }
    } catch (...) {
        promise->set_exception(std::current_exception());
    }
}

/// What a function on the pool came to.
template <class T>
struct Outcome {
    std::conditional_t<std::is_void_v<T>, std::optional<bool>, std::optional<T>> value;
    std::exception_ptr failure;
};

}  // namespace detail

namespace detail {

/// Coroutines of one event loop that wait for a callback from elsewhere. They belong to the loop: when it is destroyed
/// they go with it, and a callback that comes later finds nothing.
class PendingCallbacks {
public:
    static std::shared_ptr<PendingCallbacks> of(Executor const& executor);

    std::uint64_t add(std::shared_ptr<void> waiting);
    /// Calls `resume` with what was added, if it is still there. The loop cannot go away meanwhile.
    void take(std::uint64_t id, std::function<void(std::shared_ptr<void>)> const& resume);
    void drop_all();

private:
    std::mutex mutex_;
    std::uint64_t next_ = 0;
    std::unordered_map<std::uint64_t, std::shared_ptr<void>> waiting_;
};

}  // namespace detail

/// Waits for a callback that may come from any thread, once. `start` gets the function to call; the coroutine goes on
/// on its own executor.
template <class T>
Task<T> await_callback(std::function<void(std::function<void(T)>)> start) {
    auto executor = co_await asio::this_coro::executor;
    auto pending = detail::PendingCallbacks::of(executor);
    co_return co_await asio::async_initiate<asio::use_awaitable_t<> const, void(T)>(
        [start = std::move(start), pending, executor](auto handler) {
            struct Waiting {
                decltype(handler) resume;
                Executor executor;
            };
            auto tracked = asio::prefer(executor, asio::execution::outstanding_work.tracked);
            auto id = pending->add(std::make_shared<Waiting>(Waiting{std::move(handler), tracked}));
            start([weak = std::weak_ptr(pending), id](T value) {
                auto all = weak.lock();
                if (!all) return;
                all->take(id, [&value](std::shared_ptr<void> found) {
                    auto waiting = std::static_pointer_cast<Waiting>(std::move(found));
                    auto where = waiting->executor;
                    asio::post(where, [waiting = std::move(waiting), value = std::move(value)]() mutable {
                        std::move(waiting->resume)(std::move(value));
                    });
                });
            });
        },
        asio::use_awaitable);
}

template <class T>
T run(Runtime& runtime, Task<T> task) {
    auto promise = std::make_shared<std::promise<T>>();
    auto future = promise->get_future();
    detail::start_detached(runtime.executor(0), detail::fulfil<T>(std::move(task), std::move(promise)));
    return future.get();
}

template <class Function>
Task<std::invoke_result_t<Function>> offload(asio::thread_pool& pool, Function function) {
    using Value = std::invoke_result_t<Function>;
    using Outcome = detail::Outcome<Value>;
    auto shared = std::make_shared<Function>(std::move(function));
    auto outcome = co_await await_callback<std::shared_ptr<Outcome>>([&pool, shared](auto done) {
        asio::post(pool, [shared, done = std::move(done)] {
            auto result = std::make_shared<Outcome>();
            try {
                if constexpr (std::is_void_v<Value>) {
                    (*shared)();
                    result->value = true;
                } else {
                    result->value.emplace((*shared)());
                }
            } catch (...) {
                result->failure = std::current_exception();
            }
            done(std::move(result));
        });
    });
    if (outcome->failure) std::rethrow_exception(outcome->failure);
    if constexpr (!std::is_void_v<Value>) co_return *std::move(outcome->value);
}

}  // namespace countersign::net
