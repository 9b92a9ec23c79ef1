#pragma once

/// The hours in which certificates may be renewed by themselves: windows of the policy or of a folder (REQ MGR-16). They move a renewal,
/// and never past the point where the certificate would end.

#include "manager/campaign/windows.hpp"
#include "manager/store/store.hpp"

#include <string>
#include <vector>

namespace countersign::manager {

inline constexpr std::size_t k_most_renewal_windows = 20;

/// The machine's time zones.
ZoneSource system_zones();
/// As campaigns read them. MGR-040, MGR-041, GEN-001 when there are too many.
Result<std::vector<Window>> parse_renewal_windows(std::vector<std::string> const& texts, ZoneSource const& zones = system_zones());

/// Those that can be read. A machine that lost its time zones holds nothing up: a certificate that ends is worse.
std::vector<Window> readable_windows(std::vector<std::string> const& texts);

struct Life {
    UtcTime begin{}, end{};
};

/// A renewal that is due at `now` may begin: a window is open, there is none, or the next one opens in the last tenth of the
/// certificate's life, when it would leave too little time for further tries. Pure.
bool may_renew(std::span<Window const> windows, UtcTime now, Life life);

/// When one that may not begin now is looked at again: when the next window opens, and some of them, by `chance` (0..1), up to half a
/// window later, so that not all begin in its first minute. Pure.
UtcTime next_hours(std::span<Window const> windows, UtcTime now, Life life, double chance);

/// The policy as it holds for one system now: without renewals while they wait for their hours, and with the replacement that is due or
/// asked for. `served`: what HTTPS shows; null: nothing.
net::Task<Result<void>> apply_renewal(Store& store, SystemId system, Policy& policy, pki::Certificate const* served, UtcTime now);

}  // namespace countersign::manager
