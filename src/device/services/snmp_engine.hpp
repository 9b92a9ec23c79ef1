#pragma once

/// What the SNMP door answers to a datagram of any version. Versions 1 and 2c need the community, version 3 its user with
/// authentication and privacy (RFC 3414 section 3.2). Read-only.
///
/// Answers have at most 1,472 bytes, fewer when the asker says so, and there are at most 200 a second: the source of a datagram is
/// easily forged, and an answer must not become somebody else's flood. A wrong community, user or digest is an event
/// "login.failed" (at most one a second) and locks nobody out: else anybody could lock out anybody.

#include "device/services/rate_limit.hpp"
#include "device/services/snmp_user.hpp"
#include "device/unit.hpp"
#include "net/address.hpp"

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace countersign::device {

inline constexpr double k_snmp_answers_per_second = 200;
inline constexpr double k_snmp_failures_per_second = 1;
/// RFC 3414 section 2.2.3: how old a message may be, in seconds.
inline constexpr std::int32_t k_snmp_time_window = 150;

class SnmpEngine {
public:
    explicit SnmpEngine(std::weak_ptr<Unit> unit) : unit_(std::move(unit)) {}
    /// Empty: stay silent.
    std::string answer(std::string_view datagram, net::Endpoint const& peer);

private:
    std::string answer_community(Unit& unit, std::string_view datagram, net::Endpoint const& peer);
    std::string answer_user(Unit& unit, std::string_view datagram, net::Endpoint const& peer);
    std::string report(Unit const& unit, dialect::snmp::v3::Message const& question, dialect::snmp::v3::Statistic statistic,
                       SnmpUser::Ready const* user);
    void note_failure(Unit& unit, net::Endpoint const& peer);

    std::weak_ptr<Unit> unit_;
    SnmpUser user_;
    RateLimit answers_{k_snmp_answers_per_second};
    RateLimit failures_{k_snmp_failures_per_second};
    std::array<std::uint32_t, 7> statistics_{};
};

}  // namespace countersign::device
