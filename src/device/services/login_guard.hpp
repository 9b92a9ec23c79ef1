#pragma once

/// Slows down the guessing of passwords (REQ DPT-3), at every door alike. Two delays, both of which end by themselves:
///
/// - An address: after five failures it waits 30 seconds, then twice as long each time, 15 minutes at most. A log-in takes back what
///   the same account failed, and an hour without failures takes back everything.
/// - An account, whoever asks: after twenty failures everybody waits a second, then twice as long, a minute at most. Addresses that
///   logged in to it before do not wait, so that guessing cannot keep its owner out.
///
/// Holds at most 1,024 addresses; the one that was quiet for longest is forgotten first. Names of accounts that do not exist are
/// one account.

#include "base/result.hpp"
#include "base/utc_time.hpp"

#include <deque>
#include <map>
#include <string>

namespace countersign::device {

class LoginGuard {
public:
    static constexpr int k_failures = 5;
    static constexpr std::chrono::seconds k_lock{30};
    static constexpr std::chrono::seconds k_longest_lock{900};
    static constexpr std::chrono::seconds k_memory{3600};
    static constexpr std::size_t k_addresses = 1024;
    static constexpr int k_account_failures = 20;
    static constexpr std::chrono::seconds k_longest_wait{60};
    static constexpr std::size_t k_known_addresses = 16;  ///< per account
    static constexpr std::size_t k_accounts = 32;

    /// ACC-003 with the seconds that are left. Without an account only the address is looked at.
    Result<void> check(std::string const& peer, std::string const& account, UtcTime now);
    /// True when this failure locked the address out.
    bool note(std::string const& peer, std::string const& account, bool success, UtcTime now);

private:
    struct Attempts {
        int failures = 0;
        int locks = 0;
    };
    struct Address {
        std::map<std::string, Attempts> accounts;
        UtcTime last{};
        UtcTime locked_until{};
    };
    struct Account {
        int failures = 0;
        UtcTime last{};
        UtcTime wait_until{};
        std::deque<std::string> known;  ///< addresses that logged in, latest first
    };
    static bool knows(Account const& account, std::string const& peer);
    void forget_oldest();
    std::map<std::string, Address> addresses_;
    std::map<std::string, Account> accounts_;
};

}  // namespace countersign::device
