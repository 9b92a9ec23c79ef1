#pragma once

/// Everything that is checked about an upload before anything of it is taken (REQ CRT-3, TRU-1). Pure: no disk, no clock.

#include "device/repository/pair_file.hpp"
#include "device/unit.hpp"

namespace countersign::device {

/// An RSA key below this is refused: TLS libraries of today refuse it too.
inline constexpr int k_minimum_rsa_bits = 2048;
inline constexpr int k_minimum_ec_bits = 256;

/// What the identity asks of its certificate, beside the family's rules.
struct UploadNeeds {
    UtcTime now;
    bool server = true;                ///< good for TLS servers
    bool client_too = false;           ///< good for TLS clients (seed 001: too). Neither is asked for: it must be good for one of them
    std::string host_name;             ///< the leaf must be made for it; empty: names are not checked
    std::string service;               ///< title of the identity, for errors
    std::string vendor;                ///< for errors
    pki::PrivateKey const* pending{};  ///< of a pending request: taken when the upload has no key
};

struct CheckedUpload {
    std::optional<CertificatePair> pair;
    bool answers_request = false;         ///< the key is the pending one
    std::vector<pki::Certificate> trust;  ///< empty: none was given. Without duplicates
};

/// All problems at once, each with the field in its place ("certificate", "private key", "passphrase", "trust store"): CRT-001..007, 009,
/// 011..016, 018, 021, 025, 026, 029, 030, 032..036, 045, GEN-001, GEN-002; several: GEN-006. GEN-002 when the upload is empty.
/// A package with many hashing rounds takes up to some seconds (CRT-026 beyond).
Result<CheckedUpload> check_upload(Upload const& upload, family::CertificateRules const& rules, UploadNeeds const& needs);

/// A pair that is here already, for an identity with these needs.
Result<void> check_pair(CertificatePair const& pair, family::CertificateRules const& rules, UploadNeeds const& needs);

/// A chain for a key that the caller has: the answer to a request. The same checks; CRT-033 when it is another key's.
Result<CertificatePair> check_answer(std::string_view text, pki::PrivateKey const& key, family::CertificateRules const& rules,
                                     UploadNeeds const& needs);

/// Certificates to trust, in any form that the family takes; duplicates are left out. CRT-006, CRT-032 and what reading says.
Result<std::vector<pki::Certificate>> read_roots(std::string_view file, family::CertificateRules const& rules);

}  // namespace countersign::device
