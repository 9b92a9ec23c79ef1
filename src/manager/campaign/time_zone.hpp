#pragma once

/// A time zone of the IANA database: how far its clocks are from UTC at any moment, from a TZif file (RFC 8536). Our own reader,
/// because the C library's answers for one zone of a whole process, and C++'s zones are not in Debian 12's standard library.

#include "base/result.hpp"
#include "base/utc_time.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::manager {

class TimeZone {
public:
    /// The content of a TZif file of version 2 or later; at most 256 KiB. MGR-041 with `name` when it is none.
    static Result<TimeZone> parse(std::string_view name, std::string_view content);
    /// Clock time minus UTC.
    [[nodiscard]] std::chrono::seconds offset_at(UtcTime time) const;
    [[nodiscard]] std::string const& name() const { return name_; }

    /// The rule for times after the last change of the file (RFC 8536 section 3.3; POSIX.1, environment variable TZ).
    struct Rule {
        enum class Kind { month_week_day, julian_without_leap, day_of_year };
        Kind kind{};
        int month = 0, week = 0, day = 0;
        std::chrono::seconds at{7200};  ///< on the clocks that are valid before
        bool operator==(Rule const&) const = default;
    };
    struct Footer {
        std::chrono::seconds standard{0};
        std::chrono::seconds summer{0};
        bool has_summer = false;
        Rule begin;  ///< of summer time
        Rule end;
        bool operator==(Footer const&) const = default;
    };

private:
    struct Change {
        std::int64_t at = 0;
        std::chrono::seconds offset{0};
    };
    std::string name_;
    std::chrono::seconds first_{0};  ///< before the first change
    std::vector<Change> changes_;
    std::optional<Footer> footer_;
};

/// "CET-1CEST,M3.5.0,M10.5.0/3". Nothing when it is not of that form.
std::optional<TimeZone::Footer> parse_zone_rule(std::string_view text);

/// "Europe/Berlin" from the machine's database. The name is a relative path of letters, digits and "_+-/"; nothing else is opened.
/// MGR-041.
Result<std::shared_ptr<TimeZone const>> load_time_zone(std::string_view name,
                                                       std::filesystem::path const& database = "/usr/share/zoneinfo");

}  // namespace countersign::manager
