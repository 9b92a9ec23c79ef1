#pragma once

/// The certificates and revocation lists of a PKCS#7 or CMS bundle (RFC 5652 SignedData). Internal to src/pki.

#include "base/result.hpp"
#include "pki/certificate.hpp"
#include "pki/crl.hpp"

#include <vector>

namespace countersign::pki {

struct SignedDataParts {
    std::vector<Certificate> certificates;
    std::vector<Crl> crls;
    std::vector<Error> problems;  ///< parts that could not be read
};

bool is_signed_data_label(std::string_view label);

/// CRT-025 when it is broken, of another content type, or has neither certificates nor lists; CRT-016 over `most` of both
/// together. Signatures are not looked at, and content is not looked into: a bundle inside a bundle stays closed.
Result<SignedDataParts> read_signed_data(std::span<std::uint8_t const> der, std::size_t most);

}  // namespace countersign::pki
