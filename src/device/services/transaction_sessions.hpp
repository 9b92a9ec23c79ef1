#pragma once

/// Log-in sessions of the XML transactions of one service. A session is a random token of 31 bits, bound to the address that logged in
/// and to the password it used: a new password ends the sessions of the old one. The token is that short because clients keep it in
/// 32 bits; who guesses is locked out like who guesses passwords (REQ DPT-3). At most 32 sessions: the one that has been idle
/// for longest makes room. Idle for ten minutes: over. Nothing is kept over a restart.

#include "base/secret.hpp"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace countersign::device {

class TransactionSessions {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t k_most = 32;
    static constexpr std::chrono::minutes k_idle{10};

    struct Session {
        std::string user;
        std::string peer;  ///< address
        SecretText password;
        Time used;
    };

    /// A token from 1 to 2^31 - 1.
    std::int64_t open(std::string user, std::string peer, SecretText password, Time now);
    /// The session of that token and that peer, which is in use from now; null when there is none.
    Session const* find(std::int64_t token, std::string const& peer, Time now);
    void close(std::int64_t token);
    void close_all() { sessions_.clear(); }
    [[nodiscard]] std::size_t size() const { return sessions_.size(); }

private:
    std::map<std::int64_t, Session> sessions_;
};

}  // namespace countersign::device
