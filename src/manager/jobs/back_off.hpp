#pragma once

/// How long a failed job waits. Pure.

#include <algorithm>
#include <chrono>

namespace countersign::manager {

/// 1 s after the first attempt, twice as long after each further one, at most 10 min; a quarter more or less by `chance`
/// (0..1), so that a whole estate does not come back at the same moment.
inline std::chrono::seconds back_off(int attempt, double chance) {
    auto const whole = static_cast<double>(std::min(600, 1 << std::clamp(attempt - 1, 0, 10)));
    auto const jittered = std::chrono::duration<double>(whole * (0.75 + 0.5 * std::clamp(chance, 0.0, 1.0)));
    return std::max(std::chrono::seconds(1), std::chrono::round<std::chrono::seconds>(jittered));
}

}  // namespace countersign::manager
