#pragma once

/// The clock of one unit: the machine's time plus an offset of its own, which NTP sets (REQ CLI-4). Virtual units can be
/// late or early like real ones.

#include "base/utc_time.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <utility>

namespace countersign::device {

class UnitClock final : public Clock {
public:
    UnitClock(std::shared_ptr<Clock const> base, std::chrono::seconds offset) : base_(std::move(base)), offset_(offset.count() * 1000) {}
    [[nodiscard]] UtcTime now() const override {
        // Rounded, so that an offset of a few milliseconds does not show the second before.
        return base_->now() + std::chrono::round<std::chrono::seconds>(std::chrono::milliseconds(offset_.load(std::memory_order_relaxed)));
    }
    void set_offset(std::chrono::milliseconds offset) { offset_.store(offset.count(), std::memory_order_relaxed); }
    [[nodiscard]] std::chrono::milliseconds offset() const { return std::chrono::milliseconds(offset_.load(std::memory_order_relaxed)); }

private:
    std::shared_ptr<Clock const> base_;
    std::atomic<std::int64_t> offset_;  ///< milliseconds; read by TLS on other threads
};

}  // namespace countersign::device
