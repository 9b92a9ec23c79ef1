#pragma once

/// The templates of net/task.hpp. Included at its end; do not include directly.

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/prefer.hpp>

#include <exception>
#include <future>
#include <optional>
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

/// Waits for a callback that may come from any thread, once. `start` gets the function to call; the coroutine goes on
/// on its own executor.
template <class T>
Task<T> await_callback(std::function<void(std::function<void(T)>)> start) {
    co_return co_await asio::async_initiate<asio::use_awaitable_t<> const, void(T)>(
        [start = std::move(start)](auto handler) {
            auto executor = asio::prefer(asio::get_associated_executor(handler), asio::execution::outstanding_work.tracked);
            // Shared, because std::function wants copies and a handler can only be moved.
            auto shared = std::make_shared<decltype(handler)>(std::move(handler));
            start([shared, executor](T value) {
                asio::post(executor, [shared, value = std::move(value)]() mutable { std::move (*shared)(std::move(value)); });
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
