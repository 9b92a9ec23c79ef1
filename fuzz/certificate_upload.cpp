// What a person uploads for the manager's own certificate, and roots for the estate: what is taken holds what was promised.

#include "manager/certificates/certificate_upload.hpp"

#include "fuzz/target.hpp"

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const file(reinterpret_cast<char const*>(data), size);
    UtcTime const now{std::chrono::hours(24 * 365 * 57)};
    if (auto const roots = manager::read_roots(file, now)) {
        must_hold(!roots->empty(), "an upload without roots is refused");
        for (auto const& root : *roots) {
            must_hold(root.is_authority() && root.is_self_issued(), "a root is a root");
            must_hold(root.not_before() <= now && now < root.not_after(), "a root is valid now");
        }
        for (std::size_t i = 1; i < roots->size(); ++i) must_hold(!((*roots)[i] == (*roots)[i - 1]), "each root stands there once");
    } else {
        must_hold(!roots.error().message().empty(), "a refusal says why");
    }
    manager::CertificateNeeds needs;
    needs.now = now;
    needs.names = {"tms.example.com"};
    needs.trust_root = true;
    auto const checked = manager::check_certificate({.certificate = file, .key = {}, .passphrase = SecretText("secret")}, needs);
    if (!checked) {
        must_hold(!checked.error().message().empty(), "a refusal says why");
        return 0;
    }
    must_hold(!checked->chain.empty(), "there is a certificate");
    must_hold(pki::check_key_matches(checked->chain.front(), checked->key).has_value(), "the key is the certificate's");
    must_hold(pki::check_order(checked->chain).has_value(), "each certificate is signed by the next");
    must_hold(manager::certificate_faults(checked->chain, {.now = now, .names = needs.names, .roots = {checked->chain.back()}}).empty(),
              "what was taken is good when it is looked at again");
    return 0;
}
