#pragma once

/// Everything that is checked about an upload before anything of it is taken (REQ CRT-3, TRU-1). Pure: no disk, no clock.

#include "device/repository/certificate_repository.hpp"
#include "device/unit.hpp"

namespace countersign::device {

/// An RSA key below this is refused: TLS libraries of today refuse it too.
inline constexpr int k_minimum_rsa_bits = 2048;
inline constexpr int k_minimum_ec_bits = 256;

struct CheckedUpload {
    std::optional<CertificatePair> pair;
    std::vector<pki::Certificate> trust;  ///< empty: none was given
};

/// All problems at once, each with the field in its place ("certificate", "private key", "passphrase", "trust store"): CRT-001..007, 009,
/// 011..015, 018, GEN-002; several: GEN-006. GEN-002 when the upload is empty.
Result<CheckedUpload> check_upload(Upload const& upload, family::CertificateRules const& rules, UtcTime now);

}  // namespace countersign::device
