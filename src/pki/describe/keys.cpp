#include "pki/describe.hpp"
#include "pki/openssl.hpp"

#include <array>

namespace countersign::pki {
namespace {

/// OpenSSL's names of curves are partly those of X9.62.
std::string curve_of(EVP_PKEY const* key) {
    std::array<char, 80> name{};
    if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
        EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) != 1) {
        return {};
    }
    std::string const own = name.data();
    if (own == "prime256v1") return "P-256";
    if (own == "secp224r1") return "P-224";
    if (own == "secp384r1") return "P-384";
    if (own == "secp521r1") return "P-521";
    return own;
}

KeyText describe(EVP_PKEY const* key, std::string sha256) {
    return {.algorithm = algorithm_name(key),
            .curve = curve_of(key),
            .bits = key == nullptr ? 0 : EVP_PKEY_get_bits(key),
            .sha256 = std::move(sha256)};
}

}  // namespace

KeyText describe_key(Certificate const& certificate) {
    ErrorQueue const errors;
    return describe(X509_get0_pubkey(certificate.native()), certificate.public_key_sha256());
}

KeyText describe_key(CertificateRequest const& request) {
    ErrorQueue const errors;
    return describe(X509_REQ_get0_pubkey(request.native()), request.public_key_sha256());
}

KeyText describe_key(PrivateKey const& key) {
    ErrorQueue const errors;
    return describe(key.native(), key.public_key_sha256());
}

int version_of(Certificate const& certificate) { return static_cast<int>(X509_get_version(certificate.native())) + 1; }

std::string signature_algorithm_of(CertificateRequest const& request) {
    int const nid = X509_REQ_get_signature_nid(request.native());
    return nid == NID_undef ? "unknown" : OBJ_nid2ln(nid);
}

std::string to_string(AlternativeName const& name) {
    switch (name.kind) {
        case AlternativeName::Kind::dns: return "dns:" + name.value;
        case AlternativeName::Kind::ip: return "ip:" + name.value;
        case AlternativeName::Kind::email: return "email:" + name.value;
        case AlternativeName::Kind::uri: return "uri:" + name.value;
    }
    return name.value;
}

}  // namespace countersign::pki
