#pragma once

/// SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) from and to DER. OpenSSL 3.0 does this by trying one decoder or encoder after the
/// other: 100 us to read a key, when a P-256 signature takes 20 (docs/performance.md).
/// Here the common kinds are told by their bytes, and OpenSSL is asked for the rest. Internal to src/pki.

#include "pki/openssl.hpp"

#include <cstdint>
#include <span>

namespace countersign::pki {

/// For verifying signatures and for questions about the key. Null when it cannot be decoded or spells out the parameters of its
/// curve instead of naming it (RFC 5480 section 2.1.1), with the reason in OpenSSL's error queue if there is one.
PkeyPtr decode_public_key(std::span<std::uint8_t const> der);

/// The encoding of the same key for a certificate: the bytes as they stand where they are one of the common kinds, otherwise what OpenSSL
/// makes of them. Empty when it cannot be decoded, as above. For P-256 and P-384 the point is not checked: decode_public_key() does.
Bytes key_for_certificate(std::span<std::uint8_t const> der);

/// Of a public key or of the public half of a private one.
Bytes public_key_der(EVP_PKEY const* key);

}  // namespace countersign::pki
