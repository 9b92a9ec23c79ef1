// What keys may be used for, as OpenSSL sees it, with anyExtendedKeyUsage as the profile wants it: RFC 5280 section 4.2.1.12.

#include "pki/openssl.hpp"
#include "pki/verify/rules.hpp"

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace {

/// Names of the purposes that stand in the certificate.
std::string purposes_of(X509* certificate) {
    ExtendedKeyUsagePtr const list(static_cast<EXTENDED_KEY_USAGE*>(X509_get_ext_d2i(certificate, NID_ext_key_usage, nullptr, nullptr)));
    if (!list) return {};
    std::string out;
    constexpr int most = 8;
    for (int i = 0; i < std::min(most, sk_ASN1_OBJECT_num(list.get())); ++i) {
        std::array<char, 80> text{};
        OBJ_obj2txt(text.data(), text.size(), sk_ASN1_OBJECT_value(list.get(), i), 0);
        out += (out.empty() ? "" : ", ") + std::string(text.data());
    }
    return out;
}

/// OpenSSL refuses a certificate whose only fitting purpose is "any". Everything else it looked at is looked at here again.
bool fits_as_any(X509* certificate, bool authority) {
    if ((X509_get_extended_key_usage(certificate) & XKU_ANYEKU) == 0) return false;
    if (authority) return X509_check_ca(certificate) != 0;
    constexpr std::uint32_t tls = KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT;
    return (X509_get_key_usage(certificate) & tls) != 0;
}

/// "Server gated cryptography" of the nineties, which OpenSSL takes for serverAuth. Neither RFC 5280 nor the BR (7.1.2.7.10) know it.
bool is_old_server_only(X509* certificate) {
    auto const listed = X509_get_extended_key_usage(certificate);
    return listed != UINT32_MAX && (listed & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0;
}

}  // namespace

void judge_purpose(Certificate const& certificate, Role role, int depth, Purpose purpose, StrictnessNumbers const& numbers,
                   Collector& collector) {
    if (purpose == Purpose::any) return;
    ErrorQueue const errors;
    X509* const native = certificate.native();
    bool const authority = role != Role::leaf;
    if ((X509_get_extension_flags(native) & EXFLAG_INVALID) != 0) {
        collector.add(Rule::extension_broken, depth, native);
        return;
    }
    int const wanted = purpose == Purpose::client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER;
    bool const old = numbers.judges_form && purpose == Purpose::server && is_old_server_only(native);
    if (!old && X509_check_purpose(native, wanted, authority ? 1 : 0) > 0) return;
    if (numbers.any_purpose_counts && fits_as_any(native, authority)) return;
    auto detail = purposes_of(native);
    if (detail.empty()) detail = "key usage or certificate type";
    collector.add(authority ? Rule::issuer_wrong_purpose : Rule::wrong_purpose, depth, native, "it allows: " + detail);
}

}  // namespace countersign::pki
