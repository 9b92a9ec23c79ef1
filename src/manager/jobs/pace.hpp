#pragma once

#include <chrono>
#include <cstddef>

namespace countersign::manager {

/// How fast the engine works; may change while it runs.
struct Pace {
    std::size_t concurrency = 64;  ///< systems at the same time
    std::chrono::seconds observe_interval{900};
    std::chrono::seconds enforce_interval{1800};
    bool operator==(Pace const&) const = default;
};

}  // namespace countersign::manager
