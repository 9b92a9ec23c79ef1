#pragma once

/// What a certificate says (RFC 5280 section 4.1), read field by field out of DER that was written here. OpenSSL's reader decodes the key
/// in its slow way each time, with no way around it (format/public_key.hpp). Internal to src/pki; for bytes from outside there is
/// Certificate::parse_der.

#include "base/utc_time.hpp"
#include "pki/certificate.hpp"
#include "pki/openssl.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace countersign::pki {

/// The same texts as those of Certificate.
struct CertificateParts {
    /// Nothing when a field is not where it should be, or is of a form that is not written here.
    static std::optional<CertificateParts> read(std::span<std::uint8_t const> der);

    std::string serial;
    std::string subject;
    std::string issuer;
    UtcTime not_before;
    UtcTime not_after;
    std::vector<AlternativeName> names;
    std::string key_algorithm;
    int key_bits = 0;
};

}  // namespace countersign::pki
