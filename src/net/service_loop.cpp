#include "net/service_loop.hpp"

#include "base/log.hpp"

#include <atomic>
#include <cerrno>
#include <ctime>

namespace countersign::net {

/// Asks every loop for a sign of life. One that does not turn any more answers none, and the watchdog restarts the program.
struct ServiceLoop::Pulse {
    explicit Pulse(Runtime& loops) : runtime(loops) {}
    void ask() const {
        *answers = 0;
        for (std::size_t i = 0; i < runtime.size(); ++i) asio::post(runtime.executor(i), [held = answers] { ++*held; });
    }
    [[nodiscard]] bool all_answered() const { return *answers == runtime.size(); }
    Runtime& runtime;
    std::shared_ptr<std::atomic<std::size_t>> answers = std::make_shared<std::atomic<std::size_t>>(0);
};

ServiceLoop::ServiceLoop(host::ServiceManager const& manager, std::string status) : manager_(manager), status_(std::move(status)) {
    sigemptyset(&signals_);
    for (int const signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals_, signal);
    ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
}

int ServiceLoop::wait(Pulse& pulse) const {
    int signal = 0;
    if (!manager_.watchdog()) {
        ::sigwait(&signals_, &signal);
        return signal;
    }
    // Three signs of life in the time that the manager waits, so that one that comes late does no harm.
    auto const period = std::chrono::duration_cast<std::chrono::nanoseconds>(*manager_.watchdog()) / 3;
    timespec const limit{static_cast<time_t>(period.count() / 1'000'000'000), static_cast<long>(period.count() % 1'000'000'000)};
    for (;;) {
        signal = ::sigtimedwait(&signals_, nullptr, &limit);
        if (signal > 0) return signal;
        if (errno != EAGAIN) continue;
        if (!pulse.all_answered()) {
            log::error("watchdog.loop_is_stuck");
            continue;
        }
        manager_.alive();
        pulse.ask();
    }
}

void ServiceLoop::reload_now(std::function<Result<void>()> const& reload) const {
    manager_.reloading();
    auto const done = reload();
    if (!done) log::error("program.reload_failed", done.error());
    log::info("program.reloaded", {{"result", done ? "ok" : "nothing was changed"}});
    manager_.ready(done ? status_ : "nothing was reloaded: " + done.error().message());
}

int ServiceLoop::run(Runtime& runtime, std::function<Result<void>()> const& reload) {
    Pulse pulse(runtime);
    pulse.ask();
    manager_.ready(status_);
    for (;;) {
        int const signal = wait(pulse);
        if (signal != SIGHUP) {
            manager_.stopping();
            return signal;
        }
        reload_now(reload);
    }
}

}  // namespace countersign::net
