#pragma once

/// What can be wrong with a virtual system, in words: `slow:500ms`, `silent`, `reset`, `expired`, `wrong_name`, `untrusted`, `read_only`,
/// `forgetful`, `clock:+3600s`, `disk_full`, `keeps_certificate`, `refuses_certificate`, `refuses_trust`. docs/appliance.md says what each
/// looks like from outside.

#include "base/result.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace countersign::device {

struct Fault {
    enum class Kind {
        slow,
        silent,
        reset,
        expired,
        wrong_name,
        untrusted,
        read_only,
        forgetful,
        clock,
        disk_full,
        keeps_certificate,
        refuses_certificate,
        refuses_trust
    };
    Kind kind = Kind::silent;
    std::chrono::milliseconds delay{0};  ///< slow: at most 10 minutes
    std::chrono::seconds skew{0};        ///< clock: at most 100 years either way
    bool operator==(Fault const&) const = default;
};

/// DEV-061. At most 64 bytes.
Result<Fault> parse_fault(std::string_view text);
/// What parse_fault reads as the same.
std::string to_string(Fault const& fault);
std::string_view to_string(Fault::Kind kind);
/// The name alone, without a value. DEV-061.
Result<Fault::Kind> parse_fault_kind(std::string_view text);

}  // namespace countersign::device
