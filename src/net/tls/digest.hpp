#pragma once

/// The digests that HTTP digest authentication is made of. MD5 is here because devices of the seeds know nothing else.

#include <string>
#include <string_view>

namespace countersign::net::tls {

enum class Hash { md5, sha256 };

/// Lower-case hexadecimal.
std::string hash_hex(Hash hash, std::string_view text);
/// The 20 bytes themselves. For the handshake of WebSockets (RFC 6455 section 4.2.2), where nothing rests on its strength.
std::string sha1(std::string_view text);
/// HMAC-SHA-256 (RFC 2104), the 32 bytes themselves.
std::string hmac_sha256(std::string_view key, std::string_view text);

}  // namespace countersign::net::tls
