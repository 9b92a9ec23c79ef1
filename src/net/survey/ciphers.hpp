#pragma once

/// Names and strength of what servers and clients of TLS agree on: versions, cipher suites, groups, alerts (IANA's registries).

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::net::survey {

enum class Version : std::uint16_t { ssl3 = 0x0300, tls1_0 = 0x0301, tls1_1 = 0x0302, tls1_2 = 0x0303, tls1_3 = 0x0304 };
/// "SSL 3", "TLS 1.0" ...
std::string_view to_string(Version version);
/// RFC 7568 and RFC 8996: must not be used.
inline bool is_broken(Version version) { return version < Version::tls1_2; }

struct CipherSuite {
    std::uint16_t id = 0;
    std::string_view name;  ///< IANA's
};
/// All that need neither a shared key nor a password, strong ones first.
std::span<CipherSuite const> all_ciphers();
/// IANA's name, or "0x1a1a".
std::string cipher_name(std::uint16_t id);
/// The suites that can be agreed on in a version, strong ones first.
std::vector<std::uint16_t> ciphers_of(Version version);

/// What is wrong with a suite; read from its name.
enum class Weakness {
    none,
    no_forward_secrecy,  ///< who gets the key later reads what was recorded today
    broken,              ///< RC4 (RFC 7465), DES and 3DES (64-bit blocks), RC2, IDEA
    exportable,          ///< keys of 40 or 56 bits
    no_encryption,       ///< NULL
    anonymous            ///< nobody shows a certificate
};
/// The worst one.
Weakness weakness_of(std::uint16_t cipher);
std::string_view to_string(Weakness weakness);
/// "RSA", "ECDSA", "DSS", "anon", or "" when the suite does not say (TLS 1.3).
std::string_view signer_of(std::uint16_t cipher);

/// "x25519", "secp256r1" ...; "0x1a1a" for others.
std::string group_name(std::uint16_t id);
/// Elliptic curves and finite fields for TLS 1.2 and older, those of today first.
std::span<std::uint16_t const> groups_of_tls12();
std::span<std::uint16_t const> groups_of_tls13();
/// Less than 112 bits of strength: curves below 224 bits.
bool is_weak_group(std::uint16_t id);

/// "handshake_failure" (RFC 8446 section 6); "alert 123" for others.
std::string alert_name(int description);

}  // namespace countersign::net::survey
