// answer_ocsp_request: any bytes get a response that can be read, and never one about somebody else's certificates.

#include "fuzz/target.hpp"
#include "pki/issue.hpp"
#include "pki/ocsp.hpp"
#include "pki/responder.hpp"

using namespace countersign;
using fuzz::must_hold;

namespace {

pki::CertificateAuthority const& authority() {
    // A fixed key, so that an input that names this issuer names it in the next run too.
    static auto const made = [] {
        auto const pem =
            "-----BEGIN PRIVATE KEY-----\n"
            "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgVKsS3sffbKLR9pJQ\n"
            "La+JorraMzeRRTYNVvLSKp9FpV+hRANCAAS72TBWmYp4AHD3jcQtHtWrAvnzOz/q\n"
            "GGlApLpw7QGr3xFzPe2jbOTvqDc8+Bh1gQ0Numm/i2TgHotcg5eoOAJ3\n"
            "-----END PRIVATE KEY-----\n";
        return *pki::CertificateAuthority::create_root(*pki::PrivateKey::parse_pem(pem), {.common_name = "Fuzz"},
                                                       {.not_before = UtcTime(), .not_after = UtcTime(std::chrono::hours(24 * 365 * 200))});
    }();
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const& issuer = authority();
    std::size_t asked = 0;
    auto const state_of = [&asked](std::string const& serial) {
        ++asked;
        must_hold(serial.find_first_not_of("-0123456789abcdef") == std::string::npos, "a serial number is hexadecimal");
        return pki::OcspStatus{.state = asked % 2 == 0 ? pki::RevocationState::revoked : pki::RevocationState::good, .reason = 1};
    };
    auto const serials = pki::asked_serials({data, size}, issuer.certificate());
    must_hold(serials.size() <= pki::k_most_asked, "no more are looked up than that");
    UtcTime const now{std::chrono::hours(24 * 365 * 50)};
    auto const answer = pki::answer_ocsp_request({data, size}, issuer.certificate(), issuer.certificate(), issuer.key(), state_of, now,
                                                 std::chrono::hours(1));
    must_hold(answer.has_value(), "every request is answered");
    if (answer->size() > pki::k_ocsp_limit) return 0;
    auto const response = pki::OcspResponse::parse_der(*answer);
    must_hold(response.has_value(), "what was answered can be read");
    must_hold(response->status() == "successful" || response->status() == "malformedRequest", "a request is answered or malformed");
    must_hold(serials.empty() || asked == 0 || asked == serials.size(), "who is looked up is who is answered");
    must_hold(asked == 0 || response->status() == "successful", "who was looked up is answered");
    return 0;
}
