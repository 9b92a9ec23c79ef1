#pragma once

/// The main thread of a running program: takes the signals, tells the service manager what happens, and proves to its watchdog
/// that every event loop still turns.

#include "base/result.hpp"
#include "host/service_manager.hpp"
#include "net/task.hpp"

#include <csignal>
#include <functional>
#include <memory>

namespace countersign::net {

class ServiceLoop {
public:
    /// Blocks SIGTERM, SIGINT and SIGHUP for this thread and those that it starts.
    ServiceLoop(host::ServiceManager const& manager, std::string status);
    /// Waits for the end. SIGHUP calls `reload`, whose error is told and leaves everything as it was. The number of the signal.
    int run(Runtime& runtime, std::function<Result<void>()> const& reload);

private:
    struct Pulse;
    int wait(Pulse& pulse) const;
    void reload_now(std::function<Result<void>()> const& reload) const;
    host::ServiceManager const& manager_;
    std::string status_;
    sigset_t signals_{};
};

}  // namespace countersign::net
