#pragma once

/// An issuing authority: signs requests, makes self-signed roots, revocation lists. Serial numbers are 128 random
/// bits (CA/Browser Forum asks for at least 64); extensions as RFC 5280 section 4.2 says: subject and authority key
/// identifier, key usage, extended key usage, basic constraints.

#include "pki/certificate.hpp"
#include "pki/hash.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace countersign::pki {

enum class Profile { server, client, device, authority };  ///< device: serverAuth and clientAuth

Result<Profile> parse_profile(std::string_view text);

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
};

struct RevokedEntry {
    std::string serial;  ///< lower-case hexadecimal
    UtcTime at;
    int reason = 0;  ///< RFC 5280 section 5.3.1 CRLReason
};

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
    /// CRL version 2 with number, signed now (PEM). CRT-017 when an entry is not valid, CRT-021 without the right to.
    Result<std::string> sign_crl(std::vector<RevokedEntry> const& revoked, std::uint64_t number, UtcTime now, UtcTime next_update) const;

private:
    CertificateAuthority(Certificate certificate, PrivateKey key) : certificate_(std::move(certificate)), key_(std::move(key)) {}
    Certificate certificate_;
    PrivateKey key_;
};

/// A certificate that its own key signed, for the subject and names of the request.
Result<Certificate> self_sign(CertificateRequest const& request, PrivateKey const& key, Profile profile, Validity validity,
                              IssueOptions const& options = {});

}  // namespace countersign::pki
