#pragma once

/// The cryptography of SNMP's user-based security model: keys from pass phrases and codes with SHA-1 (RFC 3414) or SHA-256 (RFC 7860),
/// and AES-128 in CFB mode (RFC 3826). Kept apart from the codec, which owns no cryptography.

#include "base/secret.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::net::tls::usm {

enum class Digest { sha1, sha256 };

inline constexpr std::size_t k_shortest_pass_phrase = 8;  ///< RFC 3414 section 11.2
inline constexpr std::size_t k_salt_size = 8;

/// A user's keys at one engine.
struct Keys {
    Digest digest = Digest::sha256;
    SecretText authentication;
    SecretText privacy;  ///< 16 bytes used
};

/// The localised key (RFC 3414 section 2.6 and appendix A.2.2): hashes a mebibyte, some milliseconds. Empty for an empty pass phrase.
SecretText localized_key(Digest digest, SecretText const& pass_phrase, std::string_view engine);
/// Bytes of an authentication code: 12 or 24.
std::size_t code_size(Digest digest);
/// The code of a message in which the code's place holds zeros.
std::string code_of(Keys const& keys, std::string_view message);

struct Place {
    std::int32_t boots = 0;
    std::int32_t time = 0;
};
/// `salt` has 8 bytes. Nothing when it does not, or the key is too short.
std::optional<std::string> encrypt(Keys const& keys, Place place, std::string_view salt, std::string_view plain);
std::optional<std::string> decrypt(Keys const& keys, Place place, std::string_view salt, std::string_view secret);

}  // namespace countersign::net::tls::usm
