#pragma once

/// Verification that says everything. `verify_chain` builds a path to a trust anchor and collects all findings, each
/// with the certificate it is about, OpenSSL's number and name, a sentence and a remedy (RFC 5280 section 6, RFC 9525;
/// REQ TRU-3, TRU-6).
///
/// The verdict is "no findings", never OpenSSL's return code: when the verify callback returns 1 to collect all
/// problems, X509_verify_cert also returns 1.
///
/// Revocation is checked with the lists and responses that the caller gives; nothing is fetched here.

#include "pki/certificate.hpp"
#include "pki/crl.hpp"
#include "pki/ocsp.hpp"
#include "pki/strictness.hpp"
#include "pki/verify/limits.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace countersign::pki {

/// A set of trust anchors. Immutable and cheap to copy; one OpenSSL store is built when it is made and shared.
class Anchors {
public:
    Anchors();  ///< none: everything is refused
    explicit Anchors(std::vector<Certificate> roots);
    [[nodiscard]] std::vector<Certificate> const& roots() const;
    [[nodiscard]] bool empty() const { return roots().empty(); }
    /// Those whose subject is `name`, in no special order.
    [[nodiscard]] std::vector<Certificate const*> of_subject(X509_name_st const* name) const;
    [[nodiscard]] x509_store_st* native() const;

private:
    struct Store;
    std::shared_ptr<Store const> store_;
};

enum class Purpose { any, server, client };

/// One thing that is wrong with a chain.
struct Finding {
    enum class Kind {
        incomplete_chain,  ///< no path to any root; an intermediate is missing
        untrusted_root,    ///< the path ends in a self-signed certificate that is not trusted
        self_signed,       ///< the leaf itself is self-signed and not trusted
        bad_signature,
        expired,
        not_yet_valid,
        name_mismatch,
        wrong_purpose,
        not_an_authority,  ///< an issuer that may not issue, or too long a path
        weak_key,
        weak_signature,
        missing_certificate,  ///< the peer sent none
        revoked,
        revocation_unknown,    ///< the policy asks for an answer and there is none that can be used
        constraint_violation,  ///< a name that an authority above it may not vouch for
        policy_violation,      ///< certificate policies (RFC 5280 section 6.1)
        malformed,             ///< breaks a rule of the strictness profile
        other
    };
    Kind kind;
    Severity severity = Severity::failure;  ///< advice does not stop a verdict
    std::string rule;          ///< id of the rule of catalogue/findings.toml, "leaf-without-san"; what `countersign explain` takes
    int depth = 0;             ///< 0: the leaf
    std::string subject;       ///< of the certificate it is about
    int openssl_code = 0;      ///< X509_V_ERR_...
    std::string openssl_name;  ///< "ERROR_IN_CERT_NOT_AFTER_FIELD" style: X509_V_ERR_ without its prefix; our own rules: nearest one
    std::string text;          ///< plain sentence
    std::string remedy;
    bool operator==(Finding const&) const = default;
};

std::string_view to_string(Finding::Kind kind);

struct Verdict {
    std::vector<Certificate> chain;  ///< the path that was built, leaf first, as far as it goes
    std::vector<Finding> findings;   ///< all of them, leaf first
    /// No finding is a failure.
    [[nodiscard]] bool verified() const;
    [[nodiscard]] bool has(Finding::Kind kind) const;
    /// "expired (0), untrusted_root (1)": the failures, for logs and errors.
    [[nodiscard]] std::string summary() const;
};

/// The inputs of RFC 5280 section 6.1.1 (c) to (g).
struct PolicyDemand {
    std::vector<std::string> acceptable;  ///< OIDs in dotted form; empty: any policy
    bool explicit_policy = false;
    bool inhibit_mapping = false;
    bool inhibit_any = false;
};

/// What is known about revocation, and what it means when nothing is (REQ TRU-7).
enum class RevocationPolicy {
    off,        ///< nothing is looked at
    soft_fail,  ///< "revoked" is a failure, "not known" is not
    hard_fail   ///< "not known" is a failure too, for every certificate below the root
};
struct Revocation {
    RevocationPolicy policy = RevocationPolicy::off;
    std::span<Crl const> lists;
    std::span<OcspResponse const> responses;
};

struct VerifyRequest {
    std::span<Certificate const> presented;  ///< leaf first, then whatever else the peer sent, in any order
    Anchors anchors;
    Purpose purpose = Purpose::server;
    std::string host_name;  ///< name or address the peer was called by; empty: names are not checked
    UtcTime at;
    Strictness const* strictness = nullptr;  ///< null: device-legacy
    PolicyDemand policies;
    Revocation revocation;
    /// Intermediates between leaf and root, self-issued ones not counted (RFC 5280 section 6.1.4 (l)); nothing: 16. A path never has
    /// more than 64 certificates in all.
    std::optional<int> max_intermediates;
};

/// Never fails: what cannot be verified has findings, leaf first. Where several paths lead to an anchor, the best one is taken:
/// one without failures if there is any. Work is bounded: see k_verify_limits in pki/verify/limits.hpp.
/// An anchor is trusted as it stands, whether it is self-signed, an authority or neither; its dates, name, purpose and
/// key strength are checked all the same, its own signature is not.
Verdict verify_chain(VerifyRequest const& request);
/// The same, and tells how much work it was.
Verdict verify_chain(VerifyRequest const& request, VerifyWork& work);

/// RFC 9525: dNSName with at most one left-most wildcard label; iPAddress for addresses; the common name only when
/// there is no subjectAltName at all and the name is a host name (devices of the seeds have such certificates).
/// Stricter than the RFC: two labels must follow a wildcard, and two common names match nothing.
bool matches_name(Certificate const& certificate, std::string_view host_name);

}  // namespace countersign::pki
