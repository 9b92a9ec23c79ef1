#include "pki/foreign_request.hpp"

#include "pki/format/request_parts.hpp"
#include "pki/openssl.hpp"

#include "countersign/errors/crt.hpp"

#include <openssl/obj_mac.h>

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

constexpr std::size_t k_longest_group = 80;
constexpr std::array k_harmless{NID_subject_alt_name, NID_key_usage, NID_ext_key_usage, NID_subject_key_identifier, NID_basic_constraints};

/// OpenSSL's name of the curve; empty: it is given by its parameters.
std::string group_of(EVP_PKEY const* key) {
    std::array<char, k_longest_group> name{};
    std::size_t size = 0;
    ErrorQueue const errors;
    return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 ? std::string(name.data(), size) : std::string();
}

Failure refused(std::string_view detail) { return fail(crt::broken_request, {{"detail", detail}}); }

using BasicConstraintsPtr = std::unique_ptr<BASIC_CONSTRAINTS, Deleter<BASIC_CONSTRAINTS_free>>;
using BitsPtr = std::unique_ptr<ASN1_BIT_STRING, Deleter<ASN1_BIT_STRING_free>>;

/// RFC 5280 section 4.2.1.3.
constexpr int k_key_cert_sign = 5, k_crl_sign = 6;

}  // namespace

Result<KeyType> key_type_of(CertificateRequest const& request) {
    auto const* const key = request.parts().key();
    int const bits = EVP_PKEY_get_bits(key);
    std::string found = "a key of an unknown kind";
    switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_RSA:
            if (bits == 2048) return KeyType::rsa_2048;
            if (bits == 3072) return KeyType::rsa_3072;
            if (bits == 4096) return KeyType::rsa_4096;
            found = "RSA " + std::to_string(bits);
            break;
        case EVP_PKEY_EC: {
            auto const group = group_of(key);
            if (group == SN_X9_62_prime256v1) return KeyType::ec_p256;
            if (group == SN_secp384r1) return KeyType::ec_p384;
            found = "EC " + (group.empty() ? std::to_string(bits) : group);
            break;
        }
        case EVP_PKEY_ED25519: return KeyType::ed25519;
        default: break;
    }
    return fail(crt::unsupported_key_type, {{"type", found}});
}

Result<void> check_is_no_authority(CertificateRequest const& request) {
    auto const* const asked = request.parts().extensions();
    for (int i = 0; i < X509v3_get_ext_count(asked); ++i) {
        auto const nid = OBJ_obj2nid(X509_EXTENSION_get_object(X509v3_get_ext(asked, i)));
        if (std::ranges::find(k_harmless, nid) == k_harmless.end())
            return refused("it asks for an extension that certificates of systems do not have");
    }
    ErrorQueue const errors;
    int found = -1;
    BasicConstraintsPtr const constraints(static_cast<BASIC_CONSTRAINTS*>(X509V3_get_d2i(asked, NID_basic_constraints, &found, nullptr)));
    if ((!constraints && found != -1) || (constraints && constraints->ca != 0)) return refused("it asks to be an authority");
    BitsPtr const usage(static_cast<ASN1_BIT_STRING*>(X509V3_get_d2i(asked, NID_key_usage, &found, nullptr)));
    if ((!usage && found != -1) ||
        (usage && (ASN1_BIT_STRING_get_bit(usage.get(), k_key_cert_sign) != 0 || ASN1_BIT_STRING_get_bit(usage.get(), k_crl_sign) != 0)))
        return refused("it asks for the right to sign certificates or lists");
    return {};
}

}  // namespace countersign::pki
