#pragma once

/// OCSP (RFC 6960): requests, responses, and making responses for an authority of our own.

#include "base/result.hpp"
#include "base/text.hpp"
#include "base/utc_time.hpp"
#include "pki/certificate.hpp"
#include "pki/key.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

struct ocsp_response_st;

namespace countersign::pki {

/// Largest response that is read, in bytes.
inline constexpr std::size_t k_ocsp_limit = 256 * 1024;

enum class RevocationState { good, revoked, unknown };
std::string_view to_string(RevocationState state);

struct OcspRequest {
    Bytes der;
    Bytes nonce;  ///< empty: none was put in
};
/// For one certificate, named by SHA-1 of the issuer as responders expect it.
OcspRequest make_ocsp_request(Certificate const& certificate, Certificate const& issuer, bool with_nonce = true);

/// What a response says about one certificate, after its signature and times were checked.
struct OcspAnswer {
    RevocationState state = RevocationState::unknown;
    std::optional<UtcTime> revoked_at;
    int reason = 0;  ///< CRLReason
    UtcTime this_update;
    std::optional<UtcTime> next_update;
    std::string responder;  ///< subject of the signer
};

/// Copying shares the same immutable response.
class OcspResponse {
public:
    /// CRT-023 when it is broken or too large.
    static Result<OcspResponse> parse_der(std::span<std::uint8_t const> der);
    /// "successful", "tryLater" ... (RFC 6960 section 4.2.1)
    [[nodiscard]] std::string status() const;
    /// Checks signer (the issuer, or a certificate the issuer gave id-kp-OCSPSigning), signature, nonce when one is given and
    /// echoed, and that `at` lies between thisUpdate and nextUpdate (five minutes of tolerance). CRT-023 says what does not
    /// hold; CRT-024 when the response is about other certificates.
    [[nodiscard]] Result<OcspAnswer> check(Certificate const& certificate, Certificate const& issuer, UtcTime at,
                                           std::span<std::uint8_t const> nonce = {}) const;
    [[nodiscard]] Bytes to_der() const;

private:
    std::shared_ptr<ocsp_response_st> response_;
};

/// Answers one request as a responder does. `state_of` is asked for each serial number (lower-case hexadecimal) of a request
/// about `issuer`; certificates of other issuers get "unknown". `signer` is the issuer itself or its delegate.
struct OcspStatus {
    RevocationState state = RevocationState::unknown;
    UtcTime revoked_at;
    int reason = 0;
};
Result<Bytes> answer_ocsp_request(std::span<std::uint8_t const> request, Certificate const& issuer, Certificate const& signer,
                                  PrivateKey const& key, std::function<OcspStatus(std::string const&)> const& state_of, UtcTime now,
                                  std::chrono::seconds valid_for);

}  // namespace countersign::pki
