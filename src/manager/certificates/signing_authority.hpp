#pragma once

/// The side of the internal authority that signs: for lists, the responder's certificate, and what is put into certificates; and the making
/// of new roots and issuing authorities.

#include "manager/certificates/hierarchy.hpp"
#include "manager/certificates/internal_ca.hpp"

#include <functional>

namespace countersign::manager {

/// Where certificates say that their revocation can be asked for. Empty: they say nothing.
struct RevocationAddresses {
    std::string crl, ocsp, issuer;  ///< http URLs
};
/// By the fingerprint of who signs.
using AddressesOf = std::function<RevocationAddresses(std::string const& issuer)>;

/// Where the keys of new authorities are, as RFC 7512 addresses of keys that are on a token already. Empty: made here, and sealed.
struct KeyPlaces {
    std::string root, issuing;
};

class SigningAuthority {
public:
    virtual ~SigningAuthority() = default;
    /// All that there is, and which one issues now. Any thread.
    [[nodiscard]] virtual std::shared_ptr<Hierarchies const> hierarchies() const = 0;
    /// The store was changed: what it says holds from now on. Keys on tokens are opened anew where they are away; that one is does not
    /// make this fail (HeldAuthority::away says why).
    virtual net::Task<Result<void>> reload() = 0;
    /// For certificates that are issued from now on. Any thread.
    virtual void use_addresses(AddressesOf addresses) = 0;
    /// Asked with each new certificate of a system: when it is to be renewed. Set once, before anything is issued.
    virtual void use_calendar(std::function<std::optional<UtcTime>(pki::Certificate const&)> calendar) = 0;

    /// A root (ten years) and an issuing authority below it (five), with a number of their own; not stored. CRT-018, CRT-019; of keys on
    /// tokens: CRT-027, CRT-009 for weak ones, MGR-181 for one that is another authority's.
    virtual net::Task<Result<std::vector<KeptAuthority>>> make_hierarchy(KeyPlaces keys) = 0;
    /// Another issuing authority below the root that issues; not stored. MGR-164 when the root's key is kept elsewhere, MGR-180 when its
    /// token does not give it, MGR-166 below a root that signs by itself; of the key the same as above.
    virtual net::Task<Result<KeptAuthority>> make_issuing(std::string key) = 0;
    /// A key for an authority: of this address, or a new one for an empty address. As above.
    virtual net::Task<Result<pki::PrivateKey>> key_of_authority(std::string key) = 0;
    /// Of the next issuing authority below the root that issues.
    [[nodiscard]] virtual pki::SubjectFields next_issuing_name() const = 0;
};

/// The same object.
SigningAuthority& signing_side(InternalCa& authority);

}  // namespace countersign::manager
