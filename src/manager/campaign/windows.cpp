#include "manager/campaign/windows.hpp"

#include "base/text.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager {

namespace {

constexpr int k_day = 24 * 60;
/// Beyond a week, because a window that summer time skips comes a week later.
constexpr std::chrono::days k_horizon{9};
constexpr std::array<std::string_view, 7> k_days = {"sun", "mon", "tue", "wed", "thu", "fri", "sat"};

std::optional<std::size_t> day_of(std::string_view text) {
    auto const found = std::ranges::find_if(k_days, [text](std::string_view day) { return iequals(day, text); });
    if (found == k_days.end()) return std::nullopt;
    return static_cast<std::size_t>(found - k_days.begin());
}

std::optional<std::bitset<7>> parse_days(std::string_view text) {
    std::bitset<7> days;
    if (iequals(text, "daily")) return days.set();
    for (auto part : split(text, ',')) {
        auto const ends = split(part, '-');
        auto const first = day_of(ends.front());
        auto const last = day_of(ends.back());
        if (ends.size() > 2 || !first || !last) return std::nullopt;
        // "fri-mon" goes over the end of the week.
        for (auto day = *first;; day = (day + 1) % 7) {
            days.set(day);
            if (day == *last) break;
        }
    }
    return days;
}

/// Minutes of "HH:MM", 00:00 to 24:00.
std::optional<int> parse_time(std::string_view text) {
    auto const parts = split(text, ':');
    if (parts.size() != 2 || parts[0].size() != 2 || parts[1].size() != 2) return std::nullopt;
    auto const hours = parse_number<unsigned>(parts[0]);
    auto const minutes = parse_number<unsigned>(parts[1]);
    if (!hours || !minutes || *minutes > 59) return std::nullopt;
    auto const time = static_cast<int>(*hours * 60 + *minutes);
    return *hours <= 24 && time <= k_day ? std::optional(time) : std::nullopt;
}

/// The first minute from `begin` on for which `wanted` holds.
template <class Wanted>
std::optional<UtcTime> first_minute(UtcTime begin, Wanted wanted) {
    for (auto time = begin; time < begin + k_horizon; time += std::chrono::minutes(1))
        if (wanted(time)) return time;
    return std::nullopt;
}

/// Clocks of today are whole minutes from UTC, so that windows begin and end with minutes.
UtcTime next_minute(UtcTime time) { return std::chrono::ceil<std::chrono::minutes>(time + std::chrono::seconds(1)); }

}  // namespace

Result<Window> parse_window(std::string_view text, ZoneSource const& zones) {
    auto const refuse = [text](std::string_view detail) {
        return fail(errors::mgr::bad_window, {{"window", std::string(text.substr(0, 100))}, {"detail", detail}});
    };
    auto const parts = words(text);
    if (parts.size() != 3) return refuse("days, times and a time zone are expected");
    auto const days = parse_days(parts[0]);
    if (!days) return refuse("the days are daily, or sun, mon, tue, wed, thu, fri, sat with - and commas");
    auto const times = split(parts[1], '-');
    auto const from = times.size() == 2 ? parse_time(times[0]) : std::nullopt;
    auto const to = times.size() == 2 ? parse_time(times[1]) : std::nullopt;
    if (!from || !to || *from == k_day) return refuse("the times are HH:MM-HH:MM, from 00:00 to 24:00");
    CS_TRY(auto zone, zones(parts[2]));
    return Window{.days = *days, .from = *from, .to = *to, .zone = std::move(zone), .text = std::string(text)};
}

bool is_open(Window const& window, UtcTime now) {
    auto const local = now + window.zone->offset_at(now);
    auto const midnight = std::chrono::floor<std::chrono::days>(local);
    auto const minute = static_cast<int>(std::chrono::floor<std::chrono::minutes>(local - midnight).count());
    auto const today = std::chrono::weekday(midnight).c_encoding();
    if (window.from < window.to) return window.days[today] && minute >= window.from && minute < window.to;
    return (window.days[today] && minute >= window.from) || (window.days[(today + 6) % 7] && minute < window.to);
}

bool is_open(std::span<Window const> windows, UtcTime now) {
    return windows.empty() || std::ranges::any_of(windows, [now](Window const& window) { return is_open(window, now); });
}

std::optional<UtcTime> next_open(std::span<Window const> windows, UtcTime now) {
    if (is_open(windows, now)) return now;
    return first_minute(next_minute(now), [windows](UtcTime time) { return is_open(windows, time); });
}

std::optional<UtcTime> next_close(std::span<Window const> windows, UtcTime now) {
    if (windows.empty()) return std::nullopt;
    return first_minute(next_minute(now), [windows](UtcTime time) { return !is_open(windows, time); });
}

}  // namespace countersign::manager
