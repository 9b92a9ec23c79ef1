#include "pki/make_request.hpp"

#include "pki/format/request_parts.hpp"
#include "pki/names.hpp"
#include "pki/openssl.hpp"

#include "countersign/errors/crt.hpp"

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

Result<CertificateRequest> sign(PrivateKey const& key, X509_NAME const* subject, std::vector<AlternativeName> const& names, Hash hash) {
    CS_TRY(auto general_names, make_general_names(names));
    if (X509_NAME_entry_count(subject) == 0 && names.empty()) return fail(crt::invalid_name, {{"field", "subject"}, {"value", "empty"}});
    ErrorQueue errors;
    X509ReqPtr request(X509_REQ_new());
    if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_subject_name(request.get(), subject) != 1 || X509_REQ_set_pubkey(request.get(), key.native()) != 1) {
        throw_openssl_failure("make a request");
    }
    if (!names.empty()) {
        STACK_OF(X509_EXTENSION)* list = nullptr;
        // RFC 5280 section 4.2.1.6: critical when there is no subject.
        int const critical = X509_NAME_entry_count(subject) == 0 ? 1 : 0;
        bool const made = X509V3_add1_i2d(&list, NID_subject_alt_name, general_names.get(), critical, X509V3_ADD_DEFAULT) == 1;
        ExtensionsPtr const owner(list);
        if (!made || X509_REQ_add_extensions(request.get(), list) != 1) throw_openssl_failure("add names to a request");
    }
    if (X509_REQ_sign(request.get(), key.native(), digest_for(key.native(), hash)) <= 0) {
        return fail(crt::signing_failed, {{"detail", errors.reason()}});
    }
    CS_TRY(auto parts, RequestParts::decode(der_of(request.get(), i2d_X509_REQ, "encode a certificate request")));
    return CertificateRequest(std::move(parts));
}

}  // namespace

Result<CertificateRequest> make_request(PrivateKey const& key, SubjectFields const& subject, std::vector<AlternativeName> const& names,
                                        Hash hash) {
    CS_TRY(auto name, make_name(subject));
    return sign(key, name.get(), names, hash);
}

Result<CertificateRequest> renew_request(PrivateKey const& key, Certificate const& certificate, Hash hash) {
    X509_NAME const* const subject = X509_get_subject_name(certificate.native());
    CS_CHECK(check_name(subject));
    return sign(key, subject, certificate.alternative_names(), hash);
}

Result<PrivateKey> generate_legacy_key(std::string_view type) {
    std::size_t bits = 0;
    if (iequals(type, "rsa:1024")) bits = 1024;
    if (iequals(type, "rsa:1536")) bits = 1536;
    if (bits == 0) return fail(crt::unsupported_key_type, {{"type", type}});
    ErrorQueue errors;
    EVP_PKEY* const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits);
    if (key == nullptr) return fail(crt::key_generation_failed, {{"type", type}, {"detail", errors.reason()}});
    return PrivateKey(key);
}

}  // namespace countersign::pki
