#pragma once

/// Where a certificate says that its revocation can be asked for: CRL distribution points (RFC 5280 section 4.2.1.13), the newest
/// delta list (4.2.1.15), OCSP responders and the issuer's certificate (4.2.2.1), and that its server must staple (RFC 7633).
///
/// The texts come from whoever made the certificate. Nobody should connect to them before the chain led to a trusted root.

#include "pki/certificate.hpp"

#include <string>
#include <vector>

namespace countersign::pki {

/// At most 16 of each kind are read.
struct RevocationPointers {
    std::vector<std::string> crls;        ///< http URLs; also those that cover some reasons only or point to an indirect list
    std::vector<std::string> delta_crls;  ///< http URLs
    std::vector<std::string> responders;  ///< http URLs
    std::vector<std::string> issuers;     ///< http URLs of the issuer's certificate
    /// ldap, https and whatever else is never fetched, control characters replaced: for showing. https is left out because its
    /// server's certificate would have to be checked first, perhaps at the same place (RFC 5280 section 8).
    std::vector<std::string> others;
    bool must_staple = false;  ///< TLS feature status_request
    /// Names nothing that can be asked.
    [[nodiscard]] bool empty() const { return crls.empty() && delta_crls.empty() && responders.empty(); }
};

/// What cannot be decoded counts as not there. Costs nothing worth mentioning when the certificate has no such extension.
RevocationPointers revocation_pointers(Certificate const& certificate);

}  // namespace countersign::pki
