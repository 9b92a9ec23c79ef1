#pragma once

/// When a certificate is renewed, and when a renewal that did not end well is tried again. Pure: no clock, no database (REQ MGR-13).
///
/// The time is chosen once, when the certificate is issued: at two thirds of its life, somewhere in the tenth that follows, in the hour
/// with the fewest renewals. Where so many end together that this tenth is crowded (a whole estate that was set up in an hour), the hours
/// before it, down to two fifths of the life, take some of them: earlier is safe, later is not.

#include "base/utc_time.hpp"

#include <chrono>
#include <cstdint>
#include <functional>

namespace countersign::manager {

struct RenewalWindow {
    double preferred = 2.0 / 3.0;  ///< share of the life after which it is renewed
    double spread = 0.1;           ///< share of the life that follows, over which renewals are spread
    double earliest = 0.4;         ///< when the preferred hours are crowded
};

/// How many renewals are planned in an hour (hours since 1970).
using HourLoad = std::function<int(std::int64_t hour)>;

/// `planned`: renewals that are planned in all. `chance` (0..1) decides among hours that are alike, and within the hour. Never before
/// `begin`, always before `end`.
UtcTime choose_renewal(UtcTime begin, UtcTime end, HourLoad const& load, std::int64_t planned, double chance, RenewalWindow window = {});

/// A try was begun at `now`, the `attempt`-th (from 1). When the next one begins unless it ended well: an hour later, twice as long each
/// time, at most a day and never more than a quarter of what is left of the life; at least ten minutes.
UtcTime next_renewal_try(UtcTime now, UtcTime not_after, int attempt);

/// How much of its life a certificate may have left, at most, before one without a time of its own is replaced: the days of the policy, or
/// a fifth of the life when that is less. Certificates that live for weeks are not replaced from their first day on.
/// In place of the days of a policy: replaced now, whatever it has left.
inline constexpr int k_replace_now = 100000;
std::chrono::seconds latest_renewal(UtcTime begin, UtcTime end, int days_of_policy);
/// How much of its life a certificate has left when its successor is asked for by hand: `days`, or a third of the life when that is less.
std::chrono::seconds request_early(UtcTime begin, UtcTime end, int days);

}  // namespace countersign::manager
