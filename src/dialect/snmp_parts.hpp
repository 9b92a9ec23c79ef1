#pragma once

/// BER as SNMP uses it: what the codecs of all versions share, and nobody else needs.

#include "base/result.hpp"
#include "dialect/snmp.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::snmp {

// Tags of X.690 and RFC 2578.
inline constexpr std::uint8_t k_integer = 0x02;
inline constexpr std::uint8_t k_octets = 0x04;
inline constexpr std::uint8_t k_null = 0x05;
inline constexpr std::uint8_t k_oid = 0x06;
inline constexpr std::uint8_t k_sequence = 0x30;
inline constexpr std::uint8_t k_ip_address = 0x40;
inline constexpr std::uint8_t k_counter32 = 0x41;
inline constexpr std::uint8_t k_gauge32 = 0x42;
inline constexpr std::uint8_t k_time_ticks = 0x43;
inline constexpr std::uint8_t k_opaque = 0x44;
inline constexpr std::uint8_t k_counter64 = 0x46;

/// NET-018
Failure malformed(std::string_view detail);

struct Element {
    std::uint8_t tag = 0;
    std::string_view content;
};

/// Walks over the elements of one level. Never reads past its end, whatever lengths the elements claim.
class Reader {
public:
    explicit Reader(std::string_view bytes) : rest_(bytes) {}
    [[nodiscard]] bool empty() const { return rest_.empty(); }
    Result<Element> next();
    /// Of that type and no other; `what` names it in the error.
    Result<std::string_view> next(std::uint8_t tag, std::string_view what);

private:
    [[nodiscard]] std::uint8_t byte(std::size_t at) const { return static_cast<std::uint8_t>(rest_[at]); }
    std::string_view rest_;
};

Result<std::int32_t> read_integer(std::string_view content);
/// The operation and what is in it: request id, error status and index, bindings.
Result<void> read_pdu(Element const& pdu, Message& message);

std::string element(std::uint8_t tag, std::string_view content);
std::string integer(std::int32_t value);
std::string write_oid(Oid const& oid);
std::string write_value(Value const& value);
std::string write_bindings(std::vector<Binding> const& bindings);
std::string write_pdu(Message const& message);

}  // namespace countersign::dialect::snmp
