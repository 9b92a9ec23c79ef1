#pragma once

/// What a service manager and a service tell each other (systemd's sd_notify(3), sd_watchdog_enabled(3), sd_listen_fds(3)). The
/// protocols are a datagram and environment variables, and stable, so no library is needed.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::host {

class ServiceManager {
public:
    struct Socket {
        int descriptor;
        std::string name;  ///< FileDescriptorName=; empty when the manager gives none
    };

    /// Reads the process's environment and takes these variables out of it, so that other programs that this one starts do not
    /// mistake them for theirs. Call it once, before threads start. Sockets become close-on-exec; at most 1024 are taken.
    static ServiceManager from_environment();

    /// Is there a manager that listens?
    [[nodiscard]] bool listens() const { return !address_.empty(); }
    /// Lines of NAME=value. What cannot be sent is lost: a manager that is away is no reason to stop.
    void notify(std::string_view lines) const;
    void ready(std::string_view status) const;
    void reloading() const;  ///< with the time, as Type=notify-reload wants it
    void stopping() const;
    void alive() const;  ///< the watchdog's sign of life
    /// How long the manager waits for a sign of life before it restarts the service.
    [[nodiscard]] std::optional<std::chrono::microseconds> watchdog() const { return watchdog_; }
    [[nodiscard]] std::vector<Socket> const& sockets() const { return sockets_; }

private:
    std::string address_;  ///< of a Unix socket; abstract ones begin with a zero byte
    std::optional<std::chrono::microseconds> watchdog_;
    std::vector<Socket> sockets_;
};

}  // namespace countersign::host
