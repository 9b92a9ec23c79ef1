#pragma once

/// A token bucket: so many a second on average, with bursts of that size. Pure: time comes in.

#include <algorithm>
#include <chrono>

namespace countersign::device {

class RateLimit {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit RateLimit(double per_second) : per_second_(per_second), tokens_(per_second) {}

    /// False when there were too many of late.
    bool take(Time now) {
        if (last_ != Time{}) tokens_ = std::min(per_second_, tokens_ + per_second_ * std::chrono::duration<double>(now - last_).count());
        last_ = now;
        if (tokens_ < 1) return false;
        tokens_ -= 1;
        return true;
    }

private:
    double per_second_;
    double tokens_;
    Time last_{};
};

}  // namespace countersign::device
