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
    std::vector<std::string> used_for;    ///< purposes of family::Identity; empty: for nothing
    bool factory = false;
    bool stored = true;  ///< in the list; false: only in use
};

enum class RevocationMethod { none, crl, ocsp };
std::string_view to_string(RevocationMethod method);  ///< "none", "crl", "ocsp"
std::optional<RevocationMethod> parse_revocation_method(std::string_view text);

/// How an identity's connections check the peers' certificates for revocation (REQ TRU-7, RMX-9).
struct RevocationChoice {
    RevocationMethod method = RevocationMethod::none;
    bool allow_when_unreachable = true;  ///< "allow when the responder cannot be reached": a visible choice
    bool use_named_responder = false;    ///< those in the certificates; else `responder`
    std::string responder;               ///< http URL of the global responder (its answers carry their own signatures)
    bool operator==(RevocationChoice const&) const = default;
};

class Certificates {
public:
    virtual ~Certificates() = default;

    // --- identities ---
    /// REQ CRT-4. GEN-003 for an identity that the family does not have; all functions below say the same.
    [[nodiscard]] virtual Result<CertificateInfo> info(std::string_view identity = {}) const = 0;
    /// Certificate, key and chain of any form that the family takes (family::CertificateRules): PEM in one or two parts, PFX, DER.
    /// Without a key, PEM, DER and PKCS#7 are answers to the pending request. All problems at once, each with its field as place:
    /// see check_upload; CRT-044 when TLS cannot use it; FIL-002. A trust list of the upload replaces ours, or is added to it, as the
    /// family says.
    virtual Result<Outcome> install(Upload upload, std::string_view identity, Actor actor) = 0;
    /// What was found in an upload that would be taken.
    struct Checked {
        std::vector<pki::Certificate> chain;  ///< leaf first; empty: none was given
        std::vector<pki::Certificate> trust;
    };
    /// Everything that `install` and `install_answer` check, and nothing is changed or told. What they say.
    [[nodiscard]] virtual Result<Checked> check(Upload const& upload, std::string_view identity) const = 0;
    [[nodiscard]] virtual Result<Checked> check_answer(std::string_view text, std::string_view identity) const = 0;
    /// Certificates to trust, as `add_trust` takes them.
    [[nodiscard]] virtual Result<Checked> check_trust(std::string_view file) const = 0;
    /// The name that the identity's certificate is made for: of its setting, else of the unit. GEN-003.
    [[nodiscard]] virtual Result<std::string> host_name(std::string_view identity) const = 0;
    /// Back to the factory pair (REQ CRT-6); the pair stays as the previous one. GEN-003 when there is no custom one, DEV-011 while a
    /// service needs it.
    virtual Result<Outcome> remove(std::string_view identity, Actor actor) = 0;
    /// Back to the pair before, one step. GEN-003 when there is none; what the checks say when it cannot be used any more.
    virtual Result<Outcome> roll_back(std::string_view identity, Actor actor) = 0;

    // --- requests: the key is made here (REQ RMX-2, RMX-3) ---
    /// The caller keeps the unit while it runs. Replaces a pending one only with `replace`. Generates the key on the blocking pool.
    /// CRT-019, CRT-018, CRT-042 while one is pending, CRT-043 for SHA-1 without `legacy`, GEN-001, FIL-002.
    virtual net::Task<Result<PendingRequest>> make_request(RequestFields fields, std::string identity, bool replace, Actor actor) = 0;
    [[nodiscard]] virtual Result<std::optional<PendingRequest>> pending(std::string_view identity) const = 0;
    virtual Result<void> discard_request(std::string_view identity, Actor actor) = 0;
    /// The answer to the pending request, pasted or uploaded: certificate and chain, PEM, DER or PKCS#7. A request instead of a
    /// certificate is CRT-007, a broken one CRT-001 or CRT-002, one that does not belong to the pending key CRT-033, no request CRT-041.
    virtual Result<Outcome> install_answer(std::string_view text, std::string_view identity, Actor actor) = 0;

    /// The same, but the pair joins the list and is used for nothing yet.
    virtual Result<StoredPair> keep_answer(std::string_view text, std::string_view identity, Actor actor) = 0;

    // --- a list of pairs, and what each is used for: at most 32 (DEV-015) ---
    /// Checks as `install`.
    virtual Result<StoredPair> add(Upload upload, Actor actor) = 0;
    /// Those that were added, and those that are in use.
    [[nodiscard]] virtual std::vector<StoredPair> list() const = 0;
    /// `fingerprint`: SHA-1 or SHA-256, hexadecimal, without case, with or without colons.
    /// The pair becomes that of the identity with this purpose, for all its purposes. GEN-003, DEV-014, and the checks of that identity.
    virtual Result<Outcome> activate(std::string_view fingerprint, std::string_view purpose, Actor actor) = 0;
    /// Back to the factory pair; the pair stays in the list. DEV-016 when it is not active for the purpose.
    virtual Result<Outcome> deactivate(std::string_view fingerprint, std::string_view purpose, Actor actor) = 0;
    /// GEN-003; DEV-013 while it is used for something.
    virtual Result<void> forget(std::string_view fingerprint, Actor actor) = 0;

    // --- trust and revocation ---
    [[nodiscard]] virtual std::vector<pki::Certificate> const& trust() const = 0;
    /// Adds to the list, whatever the family's rule for uploads is. CRT-037 when all are there already; Outcome::certificates has the
    /// fingerprints of the new ones.
    virtual Result<Outcome> add_trust(std::string_view file, Actor actor) = 0;
    virtual Result<Outcome> remove_trust(std::string_view fingerprint, Actor actor) = 0;
    virtual Result<Outcome> remove_all_trust(Actor actor) = 0;
    [[nodiscard]] virtual std::vector<pki::Crl> const& revocation_lists() const = 0;
    /// PEM or DER, at most 2 MiB; at most 32 lists (DEV-015). Kept when its issuer is known here and has signed it, or is not known yet;
    /// a newer list replaces the older of the same issuer. CRT-022, CRT-038, CRT-039, CRT-040, FIL-002, FIL-003.
    virtual Result<void> add_revocation_list(std::string_view file, Actor actor) = 0;
    /// `issuer` as Crl::issuer() writes it. GEN-003.
    virtual Result<void> remove_revocation_list(std::string_view issuer, Actor actor) = 0;
    [[nodiscard]] virtual RevocationChoice revocation(std::string_view identity) const = 0;
    /// Works for connections from now on. GEN-002 for OCSP without any responder, DEV-102 for lists without any, NET-013 for what is no
    /// http URL, FIL-002.
    virtual Result<void> set_revocation(RevocationChoice choice, std::string_view identity, Actor actor) = 0;
};

}  // namespace countersign::device
