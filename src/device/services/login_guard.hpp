#pragma once

/// Slows down the guessing of passwords: after five failures from one address that address is locked out for 30 seconds
/// (REQ DPT-3). Holds at most 1,024 addresses; the oldest is forgotten first.

#include "base/result.hpp"
#include "base/utc_time.hpp"

#include <map>
#include <string>

namespace countersign::device {

class LoginGuard {
public:
    static constexpr int k_failures = 5;
    static constexpr std::chrono::seconds k_lock{30};
    static constexpr std::chrono::seconds k_memory{300};  ///< failures older than this do not count
    static constexpr std::size_t k_addresses = 1024;

    /// ACC-003 with the seconds that are left.
    Result<void> check(std::string const& peer, UtcTime now);
    /// True when this failure locked the address out.
    bool note(std::string const& peer, bool success, UtcTime now);

private:
    struct Entry {
        int failures = 0;
        UtcTime last{};
        UtcTime locked_until{};
    };
    void forget_oldest();
    std::map<std::string, Entry> entries_;
};

}  // namespace countersign::device
