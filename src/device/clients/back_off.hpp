#pragma once

/// How long to wait after failures: twice as long each time up to a limit, the second half of it at random, so that thousands of
/// systems whose server comes back do not all call at once. Pure: chance comes in.

#include <algorithm>
#include <chrono>

namespace countersign::device {

class BackOff {
public:
    using Time = std::chrono::milliseconds;

    BackOff(Time first, Time limit) : first_(first), limit_(limit), next_(first) {}

    /// The wait after one more failure. `chance` is in [0, 1). Never shorter than the first.
    Time failed(double chance) {
        auto const whole = next_;
        next_ = std::min(limit_, next_ * 2);
        auto const half = whole / 2;
        return std::max(
            first_, half + std::chrono::floor<Time>(std::chrono::duration<double, std::milli>(chance * static_cast<double>(half.count()))));
    }
    void succeeded() { next_ = first_; }

private:
    Time first_;
    Time limit_;
    Time next_;
};

}  // namespace countersign::device
