#pragma once

/// Requests beyond the usual: with a digest of one's choice, and for the subject and names of a certificate that is to be
/// renewed (seed 004, appendices B and C; REQ WRK-2). And the short keys that only old equipment asks for.

#include "pki/certificate.hpp"
#include "pki/hash.hpp"

#include <string_view>
#include <vector>

namespace countersign::pki {

/// CRT-019 when a name cannot stand in a certificate, CRT-017 when the key cannot sign with this digest.
Result<CertificateRequest> make_request(PrivateKey const& key, SubjectFields const& subject, std::vector<AlternativeName> const& names,
                                        Hash hash);

/// The subject of the certificate byte by byte, with attributes of every kind, and its alternative names. CRT-019 when a name
/// cannot be asked for again, CRT-017.
Result<CertificateRequest> renew_request(PrivateKey const& key, Certificate const& certificate, Hash hash);

/// RSA of 1024 or 1536 bits, "rsa:1024", as the guides of the seeds make it. Nobody who can choose should. CRT-018 for
/// anything else, CRT-008.
Result<PrivateKey> generate_legacy_key(std::string_view type);

}  // namespace countersign::pki
