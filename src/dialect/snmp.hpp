#pragma once

/// SNMP version 1 (RFC 1157) and version 2c (RFC 1901, RFC 3416; version 3: snmp_v3.hpp) as values and as bytes, and how a read-only agent
/// answers. Both sides: the agent's door parses requests and answers them, the manager writes requests and parses responses. No sockets, no
/// MIB files, no sessions; why it is our own codec stands in docs/decisions/0006-snmp-codec.md.
///
/// The reader takes BER with definite lengths only and refuses everything over a limit: 65,507 bytes, 128 bindings, 128 parts of
/// an object identifier (RFC 2578 section 3.5), and bytes left over behind the message.
///
/// The community is a password in clear. Nobody may conclude anything from it but that the asker knows it.

#include "base/result.hpp"

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace countersign::dialect::snmp {

inline constexpr std::size_t k_max_datagram = 65'507;
inline constexpr std::size_t k_max_bindings = 128;
inline constexpr std::size_t k_max_oid_parts = 128;
/// Answers are no larger than what fits one Ethernet frame, so that a forged question cannot be made much bigger by us.
inline constexpr std::size_t k_max_answer = 1'472;

/// An object identifier; compares in MIB order.
struct Oid {
    std::vector<std::uint32_t> parts;
    auto operator<=>(Oid const&) const = default;
};
/// "1.3.6.1.2.1.1.1.0", with or without a leading dot. GEN-001.
Result<Oid> parse_oid(std::string_view text);
std::string to_string(Oid const& oid);

struct Null {
    bool operator==(Null const&) const = default;
};
struct Counter32 {
    std::uint32_t value = 0;
    bool operator==(Counter32 const&) const = default;
};
struct Gauge32 {
    std::uint32_t value = 0;
    bool operator==(Gauge32 const&) const = default;
};
/// Hundredths of a second.
struct TimeTicks {
    std::uint32_t value = 0;
    bool operator==(TimeTicks const&) const = default;
};
struct Counter64 {
    std::uint64_t value = 0;
    bool operator==(Counter64 const&) const = default;
};
struct IpAddress {
    std::array<std::uint8_t, 4> bytes{};
    bool operator==(IpAddress const&) const = default;
};
/// Type Opaque: bytes that we keep but do not look into.
struct Opaque {
    std::string bytes;
    bool operator==(Opaque const&) const = default;
};
/// What version 2c says instead of a value (RFC 3416 section 4.2.1).
enum class Absence : std::uint8_t { no_such_object = 0x80, no_such_instance = 0x81, end_of_view = 0x82 };

using Value = std::variant<Null, std::int32_t, std::string, Oid, IpAddress, Counter32, Gauge32, TimeTicks, Opaque, Counter64, Absence>;

struct Binding {
    Oid name;
    Value value;
    bool operator==(Binding const&) const = default;
};

enum class Version : std::uint8_t { v1 = 0, v2c = 1 };

/// The tags that they have on the wire.
enum class Operation : std::uint8_t {
    get = 0xa0,
    get_next = 0xa1,
    response = 0xa2,
    set = 0xa3,
    get_bulk = 0xa5,  ///< version 2c
    inform = 0xa6,    ///< version 2c
    trap = 0xa7,      ///< version 2c; version 1 traps have a form of their own, see TrapV1
    report = 0xa8
};

enum class ErrorStatus : std::uint8_t { none = 0, too_big = 1, no_such_name = 2, bad_value = 3, read_only = 4, general = 5, no_access = 6 };

struct Message {
    Version version = Version::v2c;
    std::string community;
    Operation operation = Operation::get;
    std::int32_t request_id = 0;
    std::int32_t error_status = 0;  ///< non-repeaters of a get_bulk
    std::int32_t error_index = 0;   ///< max-repetitions of a get_bulk
    std::vector<Binding> bindings;
    bool operator==(Message const&) const = default;
};

/// NET-018 with what is wrong. A version 1 trap is not a Message: NET-018.
Result<Message> parse_message(std::string_view datagram);
std::string write_message(Message const& message);

/// RFC 1157 section 4.1.6.
struct TrapV1 {
    std::string community;
    Oid enterprise;
    IpAddress agent;
    std::int32_t generic = 6;  ///< 0 coldStart, 1 warmStart, 4 authenticationFailure, 6 enterpriseSpecific
    std::int32_t specific = 0;
    TimeTicks uptime;
    std::vector<Binding> bindings;
};
std::string write_trap_v1(TrapV1 const& trap);
/// SNMPv2-Trap: sysUpTime.0 and snmpTrapOID.0 come first (RFC 3416 section 4.2.6).
std::string write_trap_v2c(std::string_view community, std::int32_t request_id, TimeTicks uptime, Oid const& trap,
                           std::vector<Binding> bindings);

/// The system group (RFC 3418 section 2), the part of MIB-2 that every system has.
struct SystemGroup {
    std::string description;  ///< sysDescr
    Oid object_id;            ///< sysObjectID
    std::chrono::milliseconds uptime{0};
    std::string contact;
    std::string name;
    std::string location;
    std::int32_t services = 0;  ///< sum of 2^(layer-1): 64 for applications and 8 for end-to-end
};
/// The seven variables, in order. Texts are cut at 255 bytes (DisplayString).
std::vector<Binding> system_table(SystemGroup const& group);

Oid system_description_oid();  ///< 1.3.6.1.2.1.1.1.0
Oid system_name_oid();         ///< 1.3.6.1.2.1.1.5.0

/// What a read-only agent answers to a question whose asker is known: at most `largest` bytes as a message of version 1 or 2c, or
/// "too big" without bindings. NET-018 when it is no question.
Result<Message> reply_to(Message const& question, std::span<Binding const> table, std::size_t largest);
/// What a read-only agent answers to a datagram. `table` is sorted by name.
/// An Error means: stay silent. NET-018 malformed or not a request; ACC-002 another community (RFC 1157 section 4.1 asks for silence).
Result<std::string> answer(std::string_view datagram, std::string_view community, std::span<Binding const> table);

}  // namespace countersign::dialect::snmp
