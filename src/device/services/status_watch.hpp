#pragma once

/// News of a unit's status, for whoever wants them: sessions of the dataport, subscriptions of JSON-RPC, HTTP feedback. No part of the
/// agent tells its status items one by one: whenever something happened in the unit, and once what it led to is done, the status is
/// compared with what it was. What moves by itself all the time (uptime, time, load) is no news.
///
/// Used on the unit's executor only. Cost: one walk over the status for each turn of the loop in which something happened, and none while
/// nobody watches.

#include "device/unit.hpp"
#include "dialect/xapi.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace countersign::device {

struct StatusNews {
    std::vector<dialect::xapi::TypedValue> values;  ///< that are new or different, in the order of the family
    struct Gone {
        std::string item;  ///< of a list, the outermost that went: "HttpFeedback 2"
        std::string leaf;  ///< a path below it, as it was
        bool operator==(Gone const&) const = default;
    };
    std::vector<Gone> gone;  ///< one for each leaf
    [[nodiscard]] bool empty() const { return values.empty() && gone.empty(); }
};

/// What became of `before`. Pure.
StatusNews compare_status(std::vector<dialect::xapi::TypedValue> const& before, std::vector<dialect::xapi::TypedValue> const& now);
/// The status without what moves by itself.
std::vector<dialect::xapi::TypedValue> steady_status(Unit const& unit);

class StatusWatch {
public:
    /// `tell` is called on the executor, with news that are not empty, until the watch is destroyed or stopped.
    StatusWatch(std::weak_ptr<Unit> unit, std::function<void(StatusNews const&)> tell);
    ~StatusWatch();
    StatusWatch(StatusWatch const&) = delete;
    StatusWatch& operator=(StatusWatch const&) = delete;

    /// News are told of what changes from now on; nothing when it watches already.
    void start();
    void stop();
    [[nodiscard]] bool watches() const;

private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace countersign::device
