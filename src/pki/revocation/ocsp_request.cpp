#include "pki/ocsp.hpp"
#include "pki/revocation/ocsp_types.hpp"

#include <openssl/rand.h>

#include <tuple>

namespace countersign::pki {

EVP_MD const* naming_method(OCSP_CERTID* id) {
    ASN1_OBJECT* algorithm = nullptr;
    if (OCSP_id_get0_info(nullptr, &algorithm, nullptr, nullptr, id) != 1) return nullptr;
    switch (OBJ_obj2nid(algorithm)) {
        case NID_sha1: return EVP_sha1();
        case NID_sha256: return sha256_method();
        case NID_sha384: return EVP_sha384();
        case NID_sha512: return EVP_sha512();
        default: return nullptr;
    }
}

bool names_issuer(OCSP_CERTID* id, X509* issuer) {
    auto const* method = naming_method(id);
    if (method == nullptr) return false;
    OcspIdPtr const expected(OCSP_cert_to_id(method, nullptr, issuer));
    return expected && OCSP_id_issuer_cmp(expected.get(), id) == 0;
}

std::optional<Bytes> nonce_of(X509_EXTENSION* extension) {
    if (extension == nullptr) return std::nullopt;
    auto const raw = bytes_of(X509_EXTENSION_get_data(extension));
    auto const* at = raw.data();
    Asn1OctetStringPtr const inner(d2i_ASN1_OCTET_STRING(nullptr, &at, static_cast<long>(raw.size())));
    auto const value = inner && at == raw.data() + raw.size() ? bytes_of(inner.get()) : raw;
    return Bytes(value.begin(), value.end());
}

OcspRequest make_ocsp_request(Certificate const& certificate, Certificate const& issuer, bool with_nonce) {
    constexpr std::size_t k_nonce_size = 32;  // RFC 9654 section 2.1: what a client uses at least
    ErrorQueue const errors;
    OcspRequest made;
    OcspRequestPtr const request(OCSP_REQUEST_new());
    // The one hash that every responder knows; the name is compared, not trusted.
    OcspIdPtr id(OCSP_cert_to_id(EVP_sha1(), certificate.native(), issuer.native()));
    if (!request || !id || OCSP_request_add0_id(request.get(), id.get()) == nullptr) throw_openssl_failure("make an OCSP request");
    std::ignore = id.release();  // belongs to the request now
    if (with_nonce) {
        made.nonce.resize(k_nonce_size);
        if (RAND_bytes(made.nonce.data(), static_cast<int>(made.nonce.size())) != 1 ||
            OCSP_request_add1_nonce(request.get(), made.nonce.data(), static_cast<int>(made.nonce.size())) != 1) {
            throw_openssl_failure("make an OCSP request");
        }
    }
    made.der = der_of(request.get(), i2d_OCSP_REQUEST, "encode an OCSP request");
    return made;
}

}  // namespace countersign::pki
