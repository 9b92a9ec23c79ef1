#pragma once

/// What an authority needs to run an OCSP responder (RFC 6960): a delegate's certificate, and who is asked about.

#include "pki/issue.hpp"

namespace countersign::pki {

/// Most certificates that one request may ask about; others ask for one.
inline constexpr std::size_t k_most_asked = 100;

/// A certificate with id-kp-OCSPSigning and id-pkix-ocsp-nocheck (RFC 6960 sections 4.2.2.2 and 4.2.2.2.1): short-lived, because nobody
/// asks for its own revocation. The end is cut to the authority's. CRT-017, CRT-021.
Result<Certificate> issue_responder(CertificateAuthority const& authority, PrivateKey const& key, SubjectFields const& subject,
                                    Validity validity);

/// The serial numbers (lower-case hexadecimal) of this issuer's certificates that a request asks about. None for a request that
/// cannot be read, asks about nobody of this issuer, or about more than k_most_asked.
std::vector<std::string> asked_serials(std::span<std::uint8_t const> request, Certificate const& issuer);
/// It has a nonce: the answer is for this request alone.
bool has_nonce(std::span<std::uint8_t const> request);

}  // namespace countersign::pki
