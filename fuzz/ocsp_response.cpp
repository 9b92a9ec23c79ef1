// OcspResponse::parse_der and check: whatever comes, nobody but the issuer's key gives an answer.

#include "fuzz/target.hpp"
#include "pki/issue.hpp"
#include "pki/ocsp.hpp"

using namespace countersign;
using fuzz::must_hold;

namespace {

struct Pair {
    pki::CertificateAuthority issuer;
    pki::Certificate leaf;
};

Pair const& pair() {
    static auto const made = [] {
        pki::Validity const always{.not_before = UtcTime(), .not_after = UtcTime(std::chrono::hours(24 * 365 * 200))};
        auto issuer =
            *pki::CertificateAuthority::create_root(*pki::PrivateKey::generate(pki::KeyType::ec_p256), {.common_name = "Fuzz"}, always);
        auto const request =
            *pki::CertificateRequest::create(*pki::PrivateKey::generate(pki::KeyType::ec_p256), {.common_name = "leaf"}, {});
        auto leaf = *issuer.sign(request, pki::Profile::device, always);
        return Pair{std::move(issuer), std::move(leaf)};
    }();
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const response = pki::OcspResponse::parse_der({data, size});
    if (!response) return 0;
    must_hold(!response->status().empty(), "every status has a name");
    constexpr std::int64_t k_some_day = 1'800'000'000;
    UtcTime const at{std::chrono::seconds(k_some_day)};
    auto const& [issuer, leaf] = pair();
    // About the root itself too: its name is one that inputs can get right.
    must_hold(!response->check(leaf, issuer.certificate(), at).has_value(), "nobody guesses a signature");
    must_hold(!response->check(issuer.certificate(), issuer.certificate(), at, bytes_of("nonce")).has_value(),
              "nobody guesses a signature");
    must_hold(pki::OcspResponse::parse_der(response->to_der()).has_value(), "what was written is read back");
    return 0;
}
