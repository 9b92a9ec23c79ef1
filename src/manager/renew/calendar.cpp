#include "manager/renew/calendar.hpp"

#include "host/crypto.hpp"
#include "manager/renew/decide.hpp"

namespace countersign::manager {
namespace {

constexpr std::int64_t k_hour = 3600;

double chance() {
    constexpr double k_values = 65536.0;
    auto const bytes = host::random_bytes(2);
    return (bytes[0] * 256.0 + bytes[1]) / k_values;
}

}  // namespace

void RenewalCalendar::replace(std::map<std::int64_t, int> hours) {
    std::scoped_lock lock(mutex_);
    hours_ = std::move(hours);
    planned_ = 0;
    for (auto const& [hour, count] : hours_) planned_ += count;
}

UtcTime RenewalCalendar::choose(pki::Certificate const& certificate) {
    std::scoped_lock lock(mutex_);
    // What is over is no load any more.
    auto const now = clock_->now().time_since_epoch().count() / k_hour;
    while (!hours_.empty() && hours_.begin()->first < now) {
        planned_ -= hours_.begin()->second;
        hours_.erase(hours_.begin());
    }
    auto const load = [this](std::int64_t hour) {
        auto const found = hours_.find(hour);
        return found == hours_.end() ? 0 : found->second;
    };
    auto const at = choose_renewal(certificate.not_before(), certificate.not_after(), load, planned_, chance());
    ++hours_[at.time_since_epoch().count() / k_hour];
    ++planned_;
    return at;
}

}  // namespace countersign::manager
