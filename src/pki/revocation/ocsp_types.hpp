#pragma once

/// Owners for OpenSSL's OCSP objects, and what requests and responses have in common. Internal to this folder.

#include "pki/openssl.hpp"

#include <openssl/ocsp.h>

#include <chrono>
#include <optional>

namespace countersign::pki {

using OcspRequestPtr = std::unique_ptr<OCSP_REQUEST, Deleter<OCSP_REQUEST_free>>;
using OcspResponsePtr = std::unique_ptr<OCSP_RESPONSE, Deleter<OCSP_RESPONSE_free>>;
using OcspBasicPtr = std::unique_ptr<OCSP_BASICRESP, Deleter<OCSP_BASICRESP_free>>;
using OcspIdPtr = std::unique_ptr<OCSP_CERTID, Deleter<OCSP_CERTID_free>>;

/// How much a clock may be wrong when the dates of a response are judged.
inline constexpr std::chrono::minutes k_ocsp_tolerance{5};
/// RFC 9654 section 2.1.
inline constexpr std::size_t k_longest_nonce = 128;

/// The method with which a certificate is named: SHA-1, or SHA-2. Null for others.
EVP_MD const* naming_method(OCSP_CERTID* id);
/// Is `id` made from the name and key of this issuer?
bool names_issuer(OCSP_CERTID* id, X509* issuer);
/// The value of a nonce extension; nothing without one. A nonce that is not wrapped in an OCTET STRING is taken as it stands.
std::optional<Bytes> nonce_of(X509_EXTENSION* extension);

}  // namespace countersign::pki
