#pragma once

/// Tags of DER (ITU-T X.690 section 8.1.2) as the one octet that they are in certificates. Internal to src/pki.

#include <cstdint>

namespace countersign::pki::der {

inline constexpr std::uint8_t k_boolean = 0x01, k_integer = 0x02, k_bit_string = 0x03, k_octet_string = 0x04, k_null = 0x05, k_oid = 0x06,
                              k_utf8_string = 0x0c, k_printable_string = 0x13, k_teletex_string = 0x14, k_ia5_string = 0x16,
                              k_utc_time = 0x17, k_generalized_time = 0x18, k_universal_string = 0x1c, k_bmp_string = 0x1e,
                              k_sequence = 0x30, k_set = 0x31;
/// [n] of a primitive and of a constructed value.
constexpr std::uint8_t tagged(int n) { return static_cast<std::uint8_t>(0x80 | n); }
constexpr std::uint8_t wrapped(int n) { return static_cast<std::uint8_t>(0xa0 | n); }

}  // namespace countersign::pki::der
