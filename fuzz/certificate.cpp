// Certificate::parse and everything that is read from what it accepts.

#include "pki/certificate.hpp"

#include "fuzz/target.hpp"
#include "pki/verify.hpp"

#include <algorithm>

using namespace countersign;
using fuzz::must_hold;

namespace {

/// Nothing that could rewrite a line of a terminal or a log.
bool fits_one_line(std::string_view text) {
    return is_utf8(text) && std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const parsed = pki::Certificate::parse(fuzz::text_of(data, size));
    if (!parsed) return 0;
    auto const& certificate = *parsed;
    for (auto const& text : {certificate.subject(), certificate.issuer(), certificate.common_name(), certificate.subject_serial_number(),
                             certificate.signature_algorithm(), certificate.key_algorithm(), certificate.serial()}) {
        must_hold(fits_one_line(text), "names can be shown on one line");
    }
    for (auto const& name : certificate.alternative_names()) {
        must_hold(fits_one_line(name.value), "alternative names can be shown on one line");
        must_hold(name.kind != pki::AlternativeName::Kind::ip || is_ip_address(name.value), "an ip name is an address");
    }
    must_hold(certificate.fingerprint().size() == 64 && certificate.public_key_sha256().size() == 64, "fingerprints are SHA-256");
    must_hold(certificate.fingerprint_sha1().size() == 40 && certificate.key_bits() >= 0, "sizes are what they are");
    (void)certificate.not_before();
    (void)certificate.not_after();
    (void)certificate.is_authority();
    (void)certificate.is_self_issued();
    (void)certificate.allows_server_auth();
    (void)certificate.allows_client_auth();
    auto const again = pki::Certificate::parse_pem(certificate.to_pem());
    must_hold(again.has_value() && *again == certificate, "what was written is read back");
    must_hold(pki::Certificate::parse_der(certificate.to_der()).has_value(), "what was written is read back");
    (void)pki::matches_name(certificate, "a.example.com");
    return 0;
}
