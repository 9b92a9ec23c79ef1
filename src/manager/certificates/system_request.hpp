#pragma once

/// What the manager makes of a request that a system made for a key of its own (docs/decisions/0062).

#include "family/family.hpp"
#include "manager/certificates/by_hand.hpp"

namespace countersign::manager {

struct SystemRequestNeeds {
    std::vector<pki::AlternativeName> names;   ///< that it was asked for
    std::string key_type;                      ///< of the policy
    std::vector<std::string> shared_keys;      ///< SHA-256 of keys that everybody can have (family::CertificateRules)
    std::optional<pki::Certificate> served{};  ///< the certificate that the system shows now
};

/// Why the manager makes the key in place of the system, in words that go on after a comma: it cannot make what the policy asks for. Empty:
/// the request can be signed. MGR-194 for what no good system asks for: the key that it shows now or one that others have, names of
/// somebody else, the rights of an authority. Its signature was checked when it was read. Pure.
Result<std::string> judge_system_request(pki::CertificateRequest const& request, SystemRequestNeeds const& needs);

/// A request with this key has no new key: a certificate that was issued for the system or seen at it has the key (of those in the
/// inventory the 20 that end last), or a request that people were asked to sign for any system of the estate. `public_key_sha256`:
/// lower-case hexadecimal, as pki::CertificateRequest::public_key_sha256() gives it.
net::Task<Result<bool>> is_known_key(Store& store, SystemId system, std::string public_key_sha256);

/// The system says that it cannot do what was asked of it. Everything else (nobody answers, it is not let in, the answer is broken, the
/// channel is not good enough) is no reason to make the key elsewhere.
bool says_it_cannot(Error const& error);

}  // namespace countersign::manager
