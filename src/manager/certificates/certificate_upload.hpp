#pragma once

/// What a person uploads for the manager's own HTTPS certificate and for the estate's list of roots: read in any form, and checked whole
/// before anything of it is taken (REQ MGR-7, TRU-1). Pure: no disk, no clock, no database.

#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/utc_time.hpp"
#include "pki/certificate.hpp"
#include "pki/key.hpp"

#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

/// Largest file, in bytes (FIL-003 beyond); packages may cost a million rounds of hashing (CRT-026 beyond).
inline constexpr std::size_t k_certificate_file_limit = 1024 * 1024;
/// Roots of others in the estate's list; systems have to hold them all.
inline constexpr std::size_t k_most_roots = 50;

/// The bytes of files, as they were chosen.
struct CertificateUpload {
    std::string certificate;        ///< PEM, DER, PKCS#7 or PKCS#12 (PFX); with its chain
    std::optional<SecretText> key;  ///< PEM or DER; may stand in the file of the certificate; nothing: the pending request's
    std::optional<SecretText> passphrase;
};

/// What the manager's certificate must be good for.
struct CertificateNeeds {
    UtcTime now{};
    std::vector<std::string> names;       ///< host names and addresses by which systems call
    std::vector<pki::Certificate> roots;  ///< of the estate
    bool trust_root = false;              ///< a root that comes with the upload is trusted, too
    pki::PrivateKey const* pending = nullptr;
};

struct CheckedCertificate {
    std::vector<pki::Certificate> chain;  ///< leaf first, root last
    pki::PrivateKey key;
    bool answers_request = false;              ///< the key is the pending request's
    std::optional<pki::Certificate> new_root;  ///< the end of the chain, when the estate does not trust it yet
};

/// All problems at once (GEN-006): what reading says (CRT-001 to CRT-007, 014, 018, 025, 026, 029, 033, 041), dates, purposes (serverAuth
/// and clientAuth: systems may ask the manager for a certificate, too), strength, each name that is not covered (MGR-113), a chain that
/// is not complete (MGR-112) or ends at a root that the estate does not trust (MGR-111).
Result<CheckedCertificate> check_certificate(CertificateUpload const& upload, CertificateNeeds const& needs);
/// The same checks for a certificate that was installed before. Empty: it can be used.
std::vector<Error> certificate_faults(std::vector<pki::Certificate> const& chain, CertificateNeeds const& needs);

/// PEM with any number of roots, DER, or PKCS#7; duplicates are left out. All problems at once: MGR-114 for each that is no root
/// (a leaf, an intermediate), out of date or too weak; CRT-006, CRT-031 for keys.
Result<std::vector<pki::Certificate>> read_roots(std::string const& file, UtcTime now);

}  // namespace countersign::manager
