#pragma once

/// The side of the internal authority that signs: for lists, the responder's certificate, and what is put into certificates.

#include "manager/certificates/internal_ca.hpp"

#include <functional>

namespace countersign::manager {

/// Where certificates say that their revocation can be asked for. Empty: they say nothing.
struct RevocationAddresses {
    std::string crl, ocsp, issuer;  ///< http URLs
};

class SigningAuthority {
public:
    virtual ~SigningAuthority() = default;
    [[nodiscard]] virtual pki::CertificateAuthority signer() const = 0;
    /// For certificates that are issued from now on. Any thread.
    virtual void use_addresses(RevocationAddresses addresses) = 0;
    /// Asked with each new certificate of a system: when it is to be renewed. Set once, before anything is issued.
    virtual void use_calendar(std::function<std::optional<UtcTime>(pki::Certificate const&)> calendar) = 0;
};

/// The same object.
SigningAuthority& signing_side(InternalCa& authority);

}  // namespace countersign::manager
