#pragma once

/// SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) from and to DER. OpenSSL 3.0 does this by trying one decoder or encoder after the
/// other: 100 us to read a key and 150 us to put one into a certificate, when a P-256 signature takes 20 (docs/performance.md).
/// Here the common kinds are told by their bytes, and OpenSSL is asked for the rest. Internal to src/pki.

#include "pki/openssl.hpp"

#include <cstdint>
#include <span>

namespace countersign::pki {

/// For verifying signatures and for questions about the key. Null when it cannot be decoded or spells out the parameters of its
/// curve instead of naming it (RFC 5480 section 2.1.1), with the reason in OpenSSL's error queue if there is one.
PkeyPtr decode_public_key(std::span<std::uint8_t const> der);

/// The same key in the form that X509_set_pubkey() copies instead of encoding and decoding it. Use it for nothing else: each first
/// use costs a conversion. Null as above.
PkeyPtr decode_embeddable_key(std::span<std::uint8_t const> der);

/// Of a public key or of the public half of a private one.
Bytes public_key_der(EVP_PKEY const* key);

}  // namespace countersign::pki
