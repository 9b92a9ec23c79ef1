#include "net/task.hpp"

#include "base/log.hpp"
#include "net/ports.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <csignal>

namespace countersign::net {

namespace {

/// An io_context whose waiting work can be let go before it is destroyed itself.
class Context : public asio::io_context {
public:
    using asio::io_context::io_context;
    void let_go() { shutdown(); }
};

/// The ports of the runtime that a loop belongs to.
class PortsService final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;  // NOLINT(readability-identifier-naming): Asio looks for this name
    explicit PortsService(asio::execution_context& context, std::shared_ptr<Ports> shared = std::make_shared<Ports>())
        : service(context), ports(std::move(shared)) {}
    void shutdown() noexcept override { ports->close(); }
    std::shared_ptr<Ports> ports;
};

}  // namespace

std::shared_ptr<Ports> Ports::of(Executor const& executor) {
    return asio::use_service<PortsService>(asio::query(executor, asio::execution::context)).ports;
}

struct Runtime::Loop {
    // One thread runs each loop, so Asio need not lock for others that poll it.
    Context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    std::thread thread;
};

Runtime::Runtime(unsigned loops) : ports_(std::make_shared<Ports>()), blocking_(std::max(2U, std::thread::hardware_concurrency())) {
    // A peer that goes away while we write is an error of that write, not the end of the program.
    std::signal(SIGPIPE, SIG_IGN);
    if (loops == 0) loops = std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < loops; ++i) {
        loops_.push_back(std::make_unique<Loop>());
        asio::make_service<PortsService>(loops_.back()->context, ports_);
    }
}

Runtime::~Runtime() {
    stop();
    blocking_.join();
    ports_->close();
    // What waits on one loop may hold sockets and timers of another: all of it goes while all loops are there.
    for (auto& loop : loops_) loop->context.let_go();
}

Executor Runtime::executor(std::size_t key) { return loops_[key % loops_.size()]->context.get_executor(); }

void Runtime::start() {
    for (auto& loop : loops_)
        if (!loop->thread.joinable()) loop->thread = std::thread([&context = loop->context] { context.run(); });
}

void Runtime::stop() {
    for (auto& loop : loops_) loop->context.stop();
    for (auto& loop : loops_)
        if (loop->thread.joinable()) loop->thread.join();
}

namespace {

std::string text_of(std::exception_ptr const& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (std::exception const& error) {
        return error.what();
    } catch (...) {
        return "not a std::exception";
    }
}

}  // namespace

namespace detail {

void start_detached(Executor executor, Task<> task) {
    asio::co_spawn(executor, std::move(task), [](std::exception_ptr failure) {
        if (failure) log::error("task.failed", {{"detail", text_of(failure)}});
    });
}

}  // namespace detail

namespace detail {

namespace {

/// Tells the waiting coroutines when their loop ends.
class CallbackService final : public asio::execution_context::service {
public:
    static inline asio::execution_context::id id;  // NOLINT(readability-identifier-naming): Asio looks for this name
    explicit CallbackService(asio::execution_context& context) : service(context) {}
    void shutdown() noexcept override { pending->drop_all(); }
    std::shared_ptr<PendingCallbacks> pending = std::make_shared<PendingCallbacks>();
};

}  // namespace

std::shared_ptr<PendingCallbacks> PendingCallbacks::of(Executor const& executor) {
    return asio::use_service<CallbackService>(asio::query(executor, asio::execution::context)).pending;
}

std::uint64_t PendingCallbacks::add(std::shared_ptr<void> waiting) {
    std::lock_guard const lock(mutex_);
    waiting_.emplace(++next_, std::move(waiting));
    return next_;
}

void PendingCallbacks::take(std::uint64_t id, std::function<void(std::shared_ptr<void>)> const& resume) {
    std::lock_guard const lock(mutex_);
    auto found = waiting_.extract(id);
    if (found) resume(std::move(found.mapped()));
}

void PendingCallbacks::drop_all() {
    // Destroyed after the lock is given back: what goes may hold the last reference to anything.
    std::unordered_map<std::uint64_t, std::shared_ptr<void>> dropped;
    std::lock_guard const lock(mutex_);
    dropped.swap(waiting_);
}

}  // namespace detail

void spawn(Executor executor, std::function<Task<>()> task, char const* name) {
    asio::co_spawn(executor, std::move(task), [name](std::exception_ptr failure) {
        if (failure) log::error("task.failed", {{"task", name}, {"detail", text_of(failure)}});
    });
}

Task<> sleep_for(Milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    boost::system::error_code ignored;
    co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

namespace {

struct Batch {
    std::function<Task<>(std::size_t)> body;
    std::size_t count = 0;
    std::size_t next = 0;
    std::size_t workers = 0;
    std::exception_ptr failure;
    asio::steady_timer ended;

    Batch(Executor executor, std::function<Task<>(std::size_t)> work, std::size_t size)
        : body(std::move(work)), count(size), ended(executor, asio::steady_timer::time_point::max()) {}
};

Task<> work_through(std::shared_ptr<Batch> batch) {
    while (batch->next < batch->count && !batch->failure) {
        auto index = batch->next++;
        try {
            co_await batch->body(index);
        } catch (...) {
            if (!batch->failure) batch->failure = std::current_exception();
        }
    }
    if (--batch->workers == 0) batch->ended.cancel();
}

}  // namespace

Task<> for_each_bounded(std::size_t count, std::size_t width, std::function<Task<>(std::size_t)> body) {
    auto executor = co_await asio::this_coro::executor;
    auto batch = std::make_shared<Batch>(executor, std::move(body), count);
    batch->workers = std::min(count, std::max<std::size_t>(width, 1));
    for (std::size_t i = batch->workers; i > 0; --i) detail::start_detached(executor, work_through(batch));
    while (batch->workers > 0) {
        boost::system::error_code ignored;
        co_await batch->ended.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (batch->failure) std::rethrow_exception(batch->failure);
}

}  // namespace countersign::net
