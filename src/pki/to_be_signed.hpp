#pragma once

/// The part of a certificate that is signed (RFC 5280 section 4.1.1.1), written field by field. Internal to src/pki.

#include "pki/extensions.hpp"
#include "pki/issue.hpp"

#include <optional>
#include <span>

namespace countersign::pki {

/// What stands as it is given is DER. Borrows everything.
struct CertificateFields {
    using View = std::span<std::uint8_t const>;
    View serial;     ///< the octets of the number, the highest first; not zero
    View algorithm;  ///< AlgorithmIdentifier of the signature
    View issuer;     ///< Name
    Validity validity;
    View subject;     ///< Name
    View public_key;  ///< SubjectPublicKeyInfo
    ExtensionPlan extensions;
};

/// Nothing when a date cannot be written.
std::optional<Bytes> write_to_be_signed(CertificateFields const& fields);

/// The whole certificate.
Bytes write_certificate(std::span<std::uint8_t const> to_be_signed, std::span<std::uint8_t const> algorithm,
                        std::span<std::uint8_t const> signature);

}  // namespace countersign::pki
