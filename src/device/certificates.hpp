#pragma once

/// The certificates of a unit, one *identity* for each network service that the family gives one of its own (REQ CRT, RMX-1,
/// CRT-8), its trust list and its revocation lists (REQ TRU-1, TRU-7). Doors call this and know no rule.
///
/// An identity is addressed by the id of its family::Identity; "" is the first one. Everything is checked before anything
/// changes, and what is refused changes nothing. Keys made for requests never leave the unit. Threads: as Unit.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "device/unit.hpp"
#include "pki/certificate.hpp"
#include "pki/crl.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

/// What a request asks for (REQ RMX-2). Empty fields are left out; an empty common name is the identity's host name.
struct RequestFields {
    std::string country, state, locality, organization;
    std::vector<std::string> units;  ///< organizational units
    std::string common_name;
    std::vector<pki::AlternativeName> names;
    std::string key_type = "ec:p256";  ///< as pki::PrivateKey::generate takes it
    std::string digest = "sha256";     ///< "sha1" needs `legacy`
    bool legacy = false;
};

/// A request whose answer has not come.
struct PendingRequest {
    std::string pem;
    std::string subject;
    UtcTime made;
    std::string key_sha256;  ///< of the SubjectPublicKeyInfo
};

/// A pair that a family keeps in a list before it is used for something (xAPI Services Add, Activate).
struct StoredPair {
    std::vector<pki::Certificate> chain;  ///< leaf first
    std::vector<std::string> used_for;    ///< titles of purposes, from family::Identity; empty: for nothing
};

enum class RevocationMethod { none, crl, ocsp };

/// How an identity's connections check the peers' certificates for revocation (REQ TRU-7, RMX-9).
struct RevocationChoice {
    RevocationMethod method = RevocationMethod::none;
    bool allow_when_unreachable = true;  ///< "allow when the responder cannot be reached": a visible choice
    bool use_named_responder = false;    ///< the one in the certificate; else `responder`
    std::string responder;               ///< http or https URL of the global responder
    bool operator==(RevocationChoice const&) const = default;
};

class Certificates {
public:
    virtual ~Certificates() = default;

    // --- identities ---
    /// REQ CRT-4. GEN-003 for an identity that the family does not have; all functions below say the same.
    [[nodiscard]] virtual Result<CertificateInfo> info(std::string_view identity = {}) const = 0;
    /// Certificate, key and chain of any form that the family takes: PEM in one or two parts, PFX, PKCS#7 with a pending key.
    /// What Unit::install does, for this identity.
    virtual Result<Outcome> install(Upload upload, std::string_view identity, Actor actor) = 0;
    /// Back to the factory pair (REQ CRT-6).
    virtual Result<Outcome> remove(std::string_view identity, Actor actor) = 0;
    /// Back to the pair before, one step. GEN-003 when there is none.
    virtual Result<Outcome> roll_back(std::string_view identity, Actor actor) = 0;

    // --- requests: the key is made here (REQ RMX-2, RMX-3) ---
    /// Replaces a pending one only with `replace`. Generates the key on the blocking pool. CRT-019, CRT-018, DEV-* .
    virtual net::Task<Result<PendingRequest>> make_request(RequestFields fields, std::string identity, bool replace, Actor actor) = 0;
    [[nodiscard]] virtual Result<std::optional<PendingRequest>> pending(std::string_view identity) const = 0;
    virtual Result<void> discard_request(std::string_view identity, Actor actor) = 0;
    /// The answer to the pending request, pasted or uploaded: certificate and chain. A request instead of a certificate, a broken
    /// one and one that does not belong to the pending key each have their own error.
    virtual Result<Outcome> install_answer(std::string_view text, std::string_view identity, Actor actor) = 0;

    // --- a list of pairs, and what each is used for ---
    virtual Result<StoredPair> add(Upload upload, Actor actor) = 0;
    [[nodiscard]] virtual std::vector<StoredPair> list() const = 0;
    /// `fingerprint`: SHA-1 or SHA-256, hexadecimal, without case, with or without colons.
    virtual Result<Outcome> activate(std::string_view fingerprint, std::string_view purpose, Actor actor) = 0;
    virtual Result<Outcome> deactivate(std::string_view fingerprint, std::string_view purpose, Actor actor) = 0;
    /// DEV error while it is used for something.
    virtual Result<void> forget(std::string_view fingerprint, Actor actor) = 0;

    // --- trust and revocation ---
    [[nodiscard]] virtual std::vector<pki::Certificate> const& trust() const = 0;
    /// Adds to the list, whatever the family's rule for uploads is. Those that are there already are an error of their own.
    virtual Result<Outcome> add_trust(std::string_view file, Actor actor) = 0;
    virtual Result<Outcome> remove_trust(std::string_view fingerprint, Actor actor) = 0;
    [[nodiscard]] virtual std::vector<pki::Crl> const& revocation_lists() const = 0;
    /// PEM or DER. Kept when its issuer is trusted or not yet known; a newer list replaces the older of the same issuer.
    virtual Result<void> add_revocation_list(std::string_view file, Actor actor) = 0;
    virtual Result<void> remove_revocation_list(std::string_view issuer, Actor actor) = 0;
    [[nodiscard]] virtual RevocationChoice revocation(std::string_view identity) const = 0;
    virtual Result<void> set_revocation(RevocationChoice choice, std::string_view identity, Actor actor) = 0;
};

}  // namespace countersign::device
