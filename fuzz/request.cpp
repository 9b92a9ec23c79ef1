// CertificateRequest::parse, what is read from it, and what an authority makes of it.

#include "fuzz/target.hpp"
#include "pki/issue.hpp"

using namespace countersign;
using fuzz::must_hold;

namespace {

pki::Validity const k_validity{UtcTime(std::chrono::days(20'000)), UtcTime(std::chrono::days(20'010))};

pki::CertificateAuthority const& authority() {
    static auto const made = pki::CertificateAuthority::create_root(pki::PrivateKey::generate(pki::KeyType::ec_p256).value(),
                                                                    {.common_name = "Fuzz root"}, k_validity);
    return made.value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const request = pki::CertificateRequest::parse(fuzz::text_of(data, size));
    if (!request) return 0;
    must_hold(is_utf8(request->subject()) && is_utf8(request->common_name()), "names can be shown");
    must_hold(request->native() != nullptr, "OpenSSL reads what we read");
    must_hold(pki::CertificateRequest::parse_pem(request->to_pem()).has_value(), "what was written is read back");
    for (auto profile : {pki::Profile::device, pki::Profile::authority}) {
        auto const certificate = authority().sign(*request, profile, k_validity);
        if (!certificate) continue;
        must_hold(certificate->public_key_sha256() == request->public_key_sha256(), "the key is that of the request");
        must_hold(certificate->alternative_names() == request->alternative_names(), "the names are those of the request");
        must_hold(certificate->subject() == request->subject(), "the subject is that of the request");
        must_hold(certificate->is_authority() == (profile == pki::Profile::authority), "the profile decides, not the request");
        auto const again = pki::Certificate::parse_der(certificate->to_der());
        must_hold(again.has_value() && again->key_bits() == certificate->key_bits(), "the certificate can be read");
        must_hold(pki::check_order({*again, authority().certificate()}).has_value(), "the signature of the certificate fits");
    }
    return 0;
}
