// Certificate::parse and everything that is read from what it accepts.

#include "pki/certificate.hpp"

#include "fuzz/target.hpp"
#include "pki/verify.hpp"

using namespace countersign;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    bool const der_form = size != 0 && data[0] == 0x30;
    auto const parsed = der_form ? pki::Certificate::parse_der({data, size}) : pki::Certificate::parse_pem(fuzz::text_of(data, size));
    if (!parsed) return 0;
    auto const& certificate = *parsed;
    for (auto const& text : {certificate.subject(), certificate.issuer(), certificate.common_name(), certificate.subject_serial_number()}) {
        must_hold(is_utf8(text) && text.find_first_of(std::string_view("\0\n\r\x1b\x7f", 5)) == std::string::npos,
                  "names can be shown on one line");
    }
    for (auto const& name : certificate.alternative_names()) {
        must_hold(is_utf8(name.value) && !name.value.contains('\n'), "alternative names can be shown on one line");
        must_hold(name.kind != pki::AlternativeName::Kind::ip || is_ip_address(name.value), "an ip name is an address");
    }
    must_hold(certificate.fingerprint().size() == 64 && certificate.public_key_sha256().size() == 64, "fingerprints are SHA-256");
    (void)certificate.serial();
    (void)certificate.not_before();
    (void)certificate.not_after();
    (void)certificate.fingerprint_sha1();
    (void)certificate.key_algorithm();
    (void)certificate.signature_algorithm();
    (void)certificate.is_authority();
    (void)certificate.is_self_issued();
    (void)certificate.allows_server_auth();
    (void)certificate.allows_client_auth();
    must_hold(certificate.key_bits() >= 0, "a size is not negative");
    auto const again = pki::Certificate::parse_pem(certificate.to_pem());
    must_hold(again.has_value() && *again == certificate, "what was written is read back");
    must_hold(pki::Certificate::parse_der(certificate.to_der()).has_value(), "what was written is read back");
    (void)pki::matches_name(certificate, "a.example.com");
    return 0;
}
