#pragma once

/// The calendar of renewals: how many are planned in which hour, so that the next one finds a quiet hour. Any thread.

#include "pki/certificate.hpp"

#include <map>
#include <mutex>

namespace countersign::manager {

class RenewalCalendar {
public:
    explicit RenewalCalendar(std::shared_ptr<Clock const> clock) : clock_(std::move(clock)) {}

    /// What is planned, as it is stored (InventoryStore::planned_renewals); in place of what was known.
    void replace(std::map<std::int64_t, int> hours);
    /// Chooses the time of a new certificate, and enters it.
    UtcTime choose(pki::Certificate const& certificate);

private:
    std::shared_ptr<Clock const> clock_;
    std::mutex mutex_;
    std::map<std::int64_t, int> hours_;
    std::int64_t planned_ = 0;
};

}  // namespace countersign::manager
