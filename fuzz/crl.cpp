// Crl::parse and everything that is read from what it accepts, up to the list that would follow it.

#include "pki/crl.hpp"

#include "fuzz/target.hpp"
#include "pki/describe.hpp"
#include "pki/issue.hpp"

using namespace countersign;
using fuzz::must_hold;

namespace {

pki::CertificateAuthority const& authority() {
    static auto const made =
        *pki::CertificateAuthority::create_root(*pki::PrivateKey::generate(pki::KeyType::ec_p256), {.common_name = "Fuzz"},
                                                {.not_before = UtcTime(), .not_after = UtcTime(std::chrono::hours(24 * 365 * 200))});
    return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const list = pki::Crl::parse(fuzz::text_of(data, size));
    if (!list) return 0;
    must_hold(is_utf8(list->issuer()) && !list->issuer().contains('\n'), "names can be shown on one line");
    (void)list->this_update();
    (void)list->next_update();
    (void)list->signature_algorithm();
    (void)list->delta_of();
    (void)list->is_indirect();
    (void)pki::describe_extensions(*list);
    must_hold(list->number().find_first_not_of("-0123456789abcdef") == std::string::npos, "a number is hexadecimal");
    constexpr std::size_t k_some = 1000;
    auto const entries = list->entries(k_some);
    must_hold(entries.size() == std::min(list->size(), k_some), "entries are given up to a limit");
    for (auto const& entry : entries) must_hold(!pki::reason_name(entry.reason).empty(), "every reason has a name");
    must_hold(!list->is_signed_by(authority().certificate()), "nobody guesses a signature");
    must_hold(!authority().sign_next_crl(*list, {}, UtcTime(), UtcTime(std::chrono::hours(1))), "lists of others are not continued");
    auto const again = pki::Crl::parse(list->to_pem());
    must_hold(again.has_value() && again->to_der() == list->to_der(), "what was written is read back");
    return 0;
}
