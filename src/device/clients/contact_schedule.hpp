#pragma once

/// What a system says to its external manager, and when (protocols 1.8; REQ CLI-1). Pure: time and chance come in.
///
/// Register when the manager is new to the system: at the first boot ever, or when its address, path or protocol was changed. Boot
/// after every other boot. Beat from then on, at the interval that the manager answered. An event that could not be delivered
/// stays the one to say.

#include "device/clients/back_off.hpp"

#include <chrono>
#include <string_view>

namespace countersign::device {

class ContactSchedule {
public:
    using Time = std::chrono::steady_clock::time_point;
    using Wait = std::chrono::milliseconds;

    static constexpr Wait k_shortest{1000};  ///< between two calls, whatever happens
    static constexpr Wait k_longest_back_off{60'000};
    static constexpr std::chrono::seconds k_default_interval{420};

    ContactSchedule(std::chrono::seconds interval, bool first_boot)
        : interval_(interval.count() > 0 ? interval : k_default_interval), event_(first_boot ? "Register" : "Boot") {}

    [[nodiscard]] std::string_view event() const { return event_; }
    /// The next call may be made.
    [[nodiscard]] Time due() const { return due_; }

    /// The manager is another one now.
    void target_changed(Time now) {
        event_ = "Register";
        back_off_.succeeded();
        hurry(now);
    }
    /// Something changed that may make a difference: call as soon as allowed.
    void hurry(Time now) { due_ = called_ == Time{} ? now : std::max(now, called_ + k_shortest); }
    void calling(Time now) { called_ = now; }
    /// `interval`: what the manager answered; 0 keeps the one that holds. Up to a tenth earlier, by chance.
    void succeeded(Time now, std::chrono::seconds interval, double chance) {
        if (interval.count() > 0) interval_ = interval;
        event_ = "Beat";
        back_off_.succeeded();
        auto const whole = std::chrono::duration<double, std::milli>(Wait(interval_).count());
        due_ = std::max(now + std::chrono::floor<Wait>(whole * (1.0 - 0.1 * chance)), called_ + k_shortest);
    }
    void failed(Time now, double chance) { due_ = now + back_off_.failed(chance); }

private:
    std::chrono::seconds interval_;
    std::string_view event_;
    Time due_{};
    Time called_{};
    BackOff back_off_{k_shortest, k_longest_back_off};
};

}  // namespace countersign::device
