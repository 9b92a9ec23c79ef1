#include "manager/renew/decide.hpp"

#include <algorithm>
#include <cmath>

namespace countersign::manager {
namespace {

using Seconds = std::chrono::seconds;

constexpr std::int64_t k_hour = 3600;

std::int64_t hour_of(UtcTime time) { return time.time_since_epoch().count() / k_hour; }

UtcTime at_share(UtcTime begin, UtcTime end, double share) {
    return begin + Seconds(std::llround(static_cast<double>((end - begin).count()) * share));
}

struct Hours {
    std::int64_t first = 0, last = 0;  ///< both count
};

/// The hour with the fewest; among equal ones the one that `chance` points at.
std::int64_t quietest(Hours hours, HourLoad const& load, double chance) {
    int least = load(hours.first);
    std::int64_t alike = 0;
    for (auto hour = hours.first; hour <= hours.last; ++hour) {
        auto const here = load(hour);
        if (here < least) alike = 0;
        least = std::min(least, here);
        if (here == least) ++alike;
    }
    auto wanted = std::min(alike - 1, static_cast<std::int64_t>(chance * static_cast<double>(alike)));
    for (auto hour = hours.first; hour <= hours.last; ++hour)
        if (load(hour) == least && wanted-- == 0) return hour;
    return hours.first;
}

}  // namespace

UtcTime choose_renewal(UtcTime begin, UtcTime end, HourLoad const& load, std::int64_t planned, double chance, RenewalWindow window) {
    if (end <= begin) return begin;
    chance = std::clamp(chance, 0.0, 1.0);
    auto const from = at_share(begin, end, window.preferred);
    auto const to = at_share(begin, end, window.preferred + window.spread);
    Hours const preferred{hour_of(from), std::max(hour_of(from), hour_of(to) - 1)};
    auto hour = quietest(preferred, load, chance);
    // Twice what each hour has when all that is planned is spread over a life until its renewal.
    auto const life = std::max<double>(1.0, static_cast<double>((end - begin).count()) * window.preferred / k_hour);
    auto const crowded = std::max(1, static_cast<int>(std::ceil(2.0 * static_cast<double>(planned + 1) / life)));
    if (load(hour) >= crowded) {
        auto const earliest = hour_of(at_share(begin, end, window.earliest));
        if (earliest < preferred.first) {
            auto const earlier = quietest({earliest, preferred.first - 1}, load, chance);
            if (load(earlier) < load(hour)) hour = earlier;
        }
    }
    // Not on the full hour itself: whoever looks at full hours would find it among those of the hour before.
    auto const within = Seconds(hour * k_hour + 1 + static_cast<std::int64_t>(chance * (k_hour - 2)));
    return std::clamp(UtcTime(within), begin, std::max(begin, to));
}

UtcTime next_renewal_try(UtcTime now, UtcTime not_after, int attempt) {
    constexpr Seconds shortest{600};
    constexpr Seconds longest = std::chrono::days(1);
    auto const grown = Seconds(k_hour) * (std::int64_t{1} << std::clamp(attempt - 1, 0, 10));
    auto const quarter = std::max(Seconds(0), not_after - now) / 4;
    return now + std::max(shortest, std::min({grown, Seconds(longest), Seconds(quarter)}));
}

Seconds latest_renewal(UtcTime begin, UtcTime end, int days_of_policy) {
    constexpr int share = 5;
    return std::min<Seconds>(std::chrono::days(days_of_policy), (end - begin) / share);
}

Seconds request_early(UtcTime begin, UtcTime end, int days) {
    constexpr int share = 3;
    return std::min<Seconds>(std::chrono::days(days), (end - begin) / share);
}

}  // namespace countersign::manager
