#pragma once

/// SNMP version 3 (RFC 3412) with the user-based security model (RFC 3414), as values and as bytes. The codec knows no keys: it says
/// which bytes an authentication code stands in and covers, and whoever has the keys (net/tls/usm.hpp) puts it there.
///
/// Limits are those of snmp.hpp; an engine id has 5 to 32 bytes or none, a user name 32, a context name 255.

#include "dialect/snmp.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace countersign::dialect::snmp::v3 {

inline constexpr std::uint8_t k_authenticated = 0x01;
inline constexpr std::uint8_t k_private = 0x02;
inline constexpr std::uint8_t k_reportable = 0x04;
inline constexpr std::int32_t k_smallest_maximum = 484;  ///< every engine takes at least such messages (RFC 3412 section 6)

struct ScopedPdu {
    std::string context_engine;
    std::string context_name;
    snmp::Message pdu;  ///< version 2c, without a community
    bool operator==(ScopedPdu const&) const = default;
};

struct Message {
    std::int32_t id = 0;
    std::int32_t max_size = static_cast<std::int32_t>(k_max_answer);
    std::uint8_t flags = 0;
    std::string engine;  ///< authoritative
    std::int32_t boots = 0;
    std::int32_t time = 0;  ///< seconds
    std::string user;
    std::string authentication;  ///< the code; as many zeros while it is not known
    std::string privacy;         ///< salt
    /// BER of a ScopedPdu; with k_private the encrypted bytes.
    std::string data;
    bool operator==(Message const&) const = default;
};

struct Parsed {
    Message message;
    std::size_t authentication_at = 0;  ///< where the code stands in the datagram
};

/// NET-018; NET-023 for a security model other than the user-based one.
Result<Parsed> parse(std::string_view datagram);
struct Written {
    std::string datagram;
    std::size_t authentication_at = 0;
};
Written write(Message const& message);

/// NET-018
Result<ScopedPdu> parse_scoped(std::string_view data);
std::string write_scoped(ScopedPdu const& pdu);

/// True when the datagram says that it is of version 3; looks at the head only.
bool is_version_3(std::string_view datagram);

/// What an engine answers to those it cannot take (RFC 3414 section 5), as the last number of usmStats.
enum class Statistic : std::uint8_t {
    unsupported_level = 1,
    not_in_time_window = 2,
    unknown_user = 3,
    unknown_engine = 4,
    wrong_digest = 5,
    decryption_error = 6
};
Binding counter_of(Statistic statistic, std::uint32_t value);

/// RFC 3411 section 5: enterprise number, then the MAC address (format 3), or up to 27 bytes of text (format 4) when that is none.
std::string engine_id(std::uint32_t enterprise, std::string_view mac, std::string_view otherwise);

}  // namespace countersign::dialect::snmp::v3
