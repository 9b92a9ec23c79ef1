#pragma once

/// Keeps a unit's clock right (REQ CLI-4): asks its NTP servers, the first one first, sets the offset by the first that answers, asks
/// again. Says whether time can be relied on: verification fails closed without it (REQ TRU-4).

#include "device/lifecycle/unit_clock.hpp"
#include "net/resolver.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace countersign::device {

class TimeSync {
public:
    struct Settings {
        std::vector<std::string> servers;  ///< names or addresses, in the order in which they are asked; none: off
        std::uint16_t port = 123;
        std::string bind_address;
        std::shared_ptr<net::Resolver> resolver;  ///< null: only addresses can be asked
        std::chrono::seconds interval{64};
        bool operator==(Settings const&) const = default;
    };
    /// Called on the executor when the state below changes.
    using Changed = std::function<void()>;
    enum class State { off, unsynchronised, synchronised };

    TimeSync(net::Executor executor, std::shared_ptr<UnitClock> clock);
    ~TimeSync();
    TimeSync(TimeSync const&) = delete;
    TimeSync& operator=(TimeSync const&) = delete;

    /// Stops what runs and begins anew with these settings. Equal settings change nothing.
    void start(Settings settings, Changed changed);
    void stop();
    [[nodiscard]] State state() const;
    /// The one that answered last; before, the first.
    [[nodiscard]] std::string const& server() const;

private:
    struct Work;
    net::Executor executor_;
    std::shared_ptr<UnitClock> clock_;
    std::shared_ptr<Work> work_;
};

}  // namespace countersign::device
