#include "base/utc_time.hpp"

#include "base/text.hpp"

#include <array>
#include <cstdio>

namespace countersign {
namespace {

struct Parts {
    std::chrono::year_month_day day{};
    std::chrono::hh_mm_ss<std::chrono::seconds> clock{};
    unsigned weekday = 0;
};

Parts parts_of(UtcTime time) {
    auto day = std::chrono::floor<std::chrono::days>(time);
    return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss<std::chrono::seconds>(time - day),
            std::chrono::weekday(day).c_encoding()};
}

constexpr std::array k_months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array k_days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

template <class... Values>
std::string formatted(char const* pattern, Values... values) {
    std::array<char, 64> out{};
    std::snprintf(out.data(), out.size(), pattern, values...);  // NOLINT(cppcoreguidelines-pro-type-vararg)
    return out.data();
}

}  // namespace

std::string to_string(UtcTime time) {
    auto [day, clock, weekday] = parts_of(time);
    return formatted("%04d-%02u-%02uT%02d:%02d:%02dZ", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()), static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                     static_cast<int>(clock.seconds().count()));
}

std::string to_gmt_string(UtcTime time) {
    auto [day, clock, weekday] = parts_of(time);
    return formatted("%s %02u %02d:%02d:%02d %04d GMT", k_months[static_cast<unsigned>(day.month()) - 1], static_cast<unsigned>(day.day()),
                     static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                     static_cast<int>(clock.seconds().count()), static_cast<int>(day.year()));
}

std::string to_compact_string(UtcTime time) {
    auto [day, clock, weekday] = parts_of(time);
    return formatted("%04d%02u%02u %02d:%02d:%02d", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()), static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                     static_cast<int>(clock.seconds().count()));
}

std::string to_http_date(UtcTime time) {
    auto [day, clock, weekday] = parts_of(time);
    return formatted("%s, %02u %s %04d %02d:%02d:%02d GMT", k_days[weekday], static_cast<unsigned>(day.day()),
                     k_months[static_cast<unsigned>(day.month()) - 1], static_cast<int>(day.year()),
                     static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                     static_cast<int>(clock.seconds().count()));
}

std::optional<UtcTime> parse_utc_time(std::string_view text) {
    // 2026-11-21T21:18:51[.123](Z|+01:00)
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't' && text[10] != ' ') ||
        text[13] != ':' || text[16] != ':') {
        return std::nullopt;
    }
    auto number = [&](std::size_t at, std::size_t size) { return parse_number<unsigned>(text.substr(at, size)); };
    auto year = number(0, 4), month = number(5, 2), day = number(8, 2), hour = number(11, 2), minute = number(14, 2),
         second = number(17, 2);
    if (!year || !month || !day || !hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    std::chrono::year_month_day date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month), std::chrono::day(*day)};
    if (!date.ok()) return std::nullopt;
    auto rest = text.substr(19);
    if (!rest.empty() && rest.front() == '.') {
        rest.remove_prefix(1);
        if (rest.empty() || rest.front() < '0' || rest.front() > '9') return std::nullopt;
        while (!rest.empty() && rest.front() >= '0' && rest.front() <= '9') rest.remove_prefix(1);
    }
    std::chrono::minutes offset{0};
    if (rest.size() == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':') {
        auto hours = parse_number<unsigned>(rest.substr(1, 2)), minutes = parse_number<unsigned>(rest.substr(4, 2));
        if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
        offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
        if (rest[0] == '-') offset = -offset;
    } else if (rest != "Z" && rest != "z") {
        return std::nullopt;
    }
    return UtcTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second) - offset;
}

}  // namespace countersign
