#pragma once

/// An issuing authority: signs requests, makes self-signed roots, revocation lists. Serial numbers are 128 random
/// bits (CA/Browser Forum asks for at least 64); extensions as RFC 5280 section 4.2 says: subject and authority key
/// identifier, key usage, extended key usage, basic constraints.

#include "pki/certificate.hpp"
#include "pki/crl.hpp"
#include "pki/hash.hpp"
#include "pki/profiles.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace countersign::pki {

struct Validity {
    UtcTime not_before;
    UtcTime not_after;
};

/// Begins five minutes before `now` so that clocks that are a little late accept it.
Validity valid_for(UtcTime now, std::chrono::seconds length);

/// What may differ from one signature to the next. SHA-1 and keys below 2048 bits are for equipment that can do no better.
struct IssueOptions {
    Hash hash = Hash::automatic;
    int minimum_rsa_bits = 2048;     ///< of the key that is vouched for; not below 1024
    std::optional<int> path_length;  ///< of an authority; default: 1 for a root, 0 below it
    // Where the new certificate's revocation can be asked for (pki/revocation_pointers.hpp). CRT-019 for what is no http URL.
    std::vector<std::string> crl_urls;     ///< one distribution point with all of them: the same list at several places
    std::vector<std::string> ocsp_urls;    ///< responders
    std::vector<std::string> issuer_urls;  ///< of the authority's own certificate
    bool must_staple = false;              ///< TLS feature status_request (RFC 7633)
};

struct RevokedEntry {
    std::string serial;  ///< lower-case hexadecimal
    UtcTime at;
    int reason = 0;  ///< RFC 5280 section 5.3.1 CRLReason; removeFromCRL in delta lists only
    /// Of the authority that issued the certificate, when that is another one: makes the list an indirect one.
    std::optional<Certificate> issuer;
};

/// What a revocation list says.
struct CrlPlan {
    std::vector<RevokedEntry> revoked;
    std::uint64_t number = 1;
    UtcTime now;
    UtcTime next_update;
    std::optional<std::uint64_t> delta_of;  ///< a delta list, based on the complete one of this number
};

struct Issuer;

/// Copying shares the same immutable authority; several threads may sign with it at once.
class CertificateAuthority {
public:
    /// CRT-014 when they do not belong together, CRT-021 when the certificate may not issue.
    static Result<CertificateAuthority> create(Certificate certificate, PrivateKey key);
    /// A new self-signed root, path length 1.
    static Result<CertificateAuthority> create_root(PrivateKey key, SubjectFields const& subject, Validity validity);

    [[nodiscard]] Certificate const& certificate() const { return certificate_; }
    [[nodiscard]] PrivateKey const& key() const { return key_; }

    /// The subject and names come from the request; extensions of the request other than names are ignored.
    /// The end is cut to the authority's own end. CRT-009 for keys that are too weak, CRT-010, CRT-017, CRT-019 for names
    /// that cannot be vouched for, CRT-021 when the authority has ended or may not issue another authority.
    Result<Certificate> sign(CertificateRequest const& request, Profile profile, Validity validity, IssueOptions const& options = {}) const;
    /// The same for a key that is at hand: nothing is to be proven by a request. CRT-009, CRT-019, CRT-021.
    Result<Certificate> issue(PrivateKey const& key, SubjectFields const& subject, std::vector<AlternativeName> const& names,
                              Profile profile, Validity validity, IssueOptions const& options = {}) const;
    /// The same for the key of a request alone: what else it asks for is ignored. CRT-009, CRT-019, CRT-021.
    Result<Certificate> issue(CertificateRequest const& request, SubjectFields const& subject, std::vector<AlternativeName> const& names,
                              Profile profile, Validity validity, IssueOptions const& options = {}) const;
    /// CRL version 2 with number, signed now (PEM). CRT-017 when an entry is not valid, CRT-021 without the right to.
    Result<std::string> sign_crl(std::vector<RevokedEntry> const& revoked, std::uint64_t number, UtcTime now, UtcTime next_update) const;
    /// The same with all that a list can say: delta lists and indirect ones (RFC 5280 section 5.2.4 and 5.3.3), whose marks are
    /// critical extensions.
    Result<std::string> sign_crl(CrlPlan const& plan) const;
    /// The list that follows `previous`: its entries and `more`, its number + 1. A serial number that is listed already keeps the
    /// earlier date and gets the new reason; with removeFromCRL an entry that is on hold goes. CRT-017 when `previous` is none of this
    /// authority's complete lists, or a certificate is to be released that is not on hold.
    Result<std::string> sign_next_crl(Crl const& previous, std::vector<RevokedEntry> const& more, UtcTime now, UtcTime next_update) const;

private:
    /// `key`: the public half counts; `key_der` is its SubjectPublicKeyInfo.
    Result<Certificate> issue_for(evp_pkey_st const* key, std::span<std::uint8_t const> key_der, SubjectFields const& subject,
                                  std::vector<AlternativeName> const& names, Profile profile, Validity validity,
                                  IssueOptions const& options) const;
    /// Cuts the end of the validity to the authority's own; returns the path length for an authority below. CRT-021.
    Result<int> check_may_issue(Profile profile, Validity& validity, IssueOptions const& options) const;
    CertificateAuthority(Certificate certificate, PrivateKey key, std::shared_ptr<Issuer const> issuer)
        : certificate_(std::move(certificate)), key_(std::move(key)), issuer_(std::move(issuer)) {}
    Certificate certificate_;
    PrivateKey key_;
    std::shared_ptr<Issuer const> issuer_;
};

/// A certificate that its own key signed, for the subject and names of the request.
Result<Certificate> self_sign(CertificateRequest const& request, PrivateKey const& key, Profile profile, Validity validity,
                              IssueOptions const& options = {});

}  // namespace countersign::pki
