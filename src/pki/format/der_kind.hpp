#pragma once

/// What a DER (or BER) encoding is, told by its first few elements and nothing else. Reads a handful of headers whatever
/// the size; does not check that the rest is sound. Internal to src/pki.

#include <cstdint>
#include <span>
#include <string_view>

namespace countersign::pki {

enum class DerKind {
    certificate,      ///< RFC 5280 section 4.1
    request,          ///< RFC 2986
    crl,              ///< RFC 5280 section 5.1
    private_key,      ///< PKCS#8, RFC 5958
    encrypted_key,    ///< EncryptedPrivateKeyInfo, RFC 5958 section 3
    rsa_private_key,  ///< RFC 8017 appendix A.1.2
    ec_private_key,   ///< RFC 5915
    dsa_private_key,  ///< OpenSSL's form
    public_key,       ///< SubjectPublicKeyInfo
    rsa_public_key,   ///< RFC 8017 appendix A.1.1
    signed_data,      ///< PKCS#7 or CMS ContentInfo of any type, RFC 5652 section 3
    pkcs12,           ///< RFC 7292
    unknown
};

DerKind kind_of_der(std::span<std::uint8_t const> der);

enum class Encoding { pem, der };
/// DER when it begins as a SEQUENCE of the right length, or as any SEQUENCE without a PEM line after it.
Encoding encoding_of(std::string_view bytes);

/// Is it one SEQUENCE of exactly this size? Tells what a right passphrase has opened from noise.
bool is_whole_sequence(std::span<std::uint8_t const> der);

}  // namespace countersign::pki
