#pragma once

/// Points in time, always UTC, always whole seconds, and where they come from.

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace countersign {

using UtcTime = std::chrono::sys_time<std::chrono::seconds>;

/// "2026-11-21T21:18:51Z" (RFC 3339).
std::string to_string(UtcTime time);
/// "Aug 08 03:04:26 2023 GMT", as OpenSSL and the C-series write it.
std::string to_gmt_string(UtcTime time);
/// "20071126 18:05:49", as the MCU pages write it.
std::string to_compact_string(UtcTime time);
/// "Sat, 21 Nov 2026 21:18:51 GMT" (RFC 9110 section 5.6.7).
std::string to_http_date(UtcTime time);
/// RFC 3339 with Z or a numeric offset; fractions of seconds are cut off. Nothing when it is not a date.
std::optional<UtcTime> parse_utc_time(std::string_view text);

/// Where the time comes from. Pure code takes a UtcTime; code that waits or stamps takes a Clock.
class Clock {
public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual UtcTime now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
public:
    [[nodiscard]] UtcTime now() const override { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }
};

}  // namespace countersign
