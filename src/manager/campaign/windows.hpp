#pragma once

/// Maintenance windows: days of the week, from-to, in a time zone. By the clock on the wall: a window that runs across midnight
/// belongs to the day on which it begins; an hour that summer time skips is not there that day, and one that it repeats counts
/// twice. Pure, apart from the zones that somebody hands in.

#include "manager/campaign/time_zone.hpp"

#include <bitset>
#include <functional>
#include <optional>
#include <span>

namespace countersign::manager {

struct Window {
    std::bitset<7> days;  ///< 0: Sunday, as std::chrono::weekday counts
    int from = 0;         ///< minutes after midnight
    int to = 0;           ///< up to 1440; not above `from`: on the next day
    std::shared_ptr<TimeZone const> zone;
    std::string text;  ///< as it was written
};

/// Where zones come from: load_time_zone, or a test's.
using ZoneSource = std::function<Result<std::shared_ptr<TimeZone const>>(std::string_view name)>;

/// "mon-fri 22:00-05:00 Europe/Berlin": days ("daily", names of three letters, ranges, lists with commas), times from 00:00 to
/// 24:00, and the zone. MGR-040, MGR-041.
Result<Window> parse_window(std::string_view text, ZoneSource const& zones);

[[nodiscard]] bool is_open(Window const& window, UtcTime now);
/// One of them is open; true as well when there are none.
[[nodiscard]] bool is_open(std::span<Window const> windows, UtcTime now);
/// The first minute at or after `now` in which one is open; nothing within nine days.
[[nodiscard]] std::optional<UtcTime> next_open(std::span<Window const> windows, UtcTime now);
/// The first minute after `now` in which none is open; nothing when there are no windows, or within nine days.
[[nodiscard]] std::optional<UtcTime> next_close(std::span<Window const> windows, UtcTime now);

}  // namespace countersign::manager
