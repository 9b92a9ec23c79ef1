// PKCS#10 requests (RFC 2986).

#include "pki/certificate.hpp"
#include "pki/names.hpp"
#include "pki/openssl.hpp"
#include "pki/pem.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/fil.hpp"

#include <algorithm>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

constexpr std::string_view k_expected = "CERTIFICATE REQUEST";

Failure broken(std::string_view detail) { return fail(crt::broken_request, {{"detail", detail}}); }

void add_names(X509_REQ* request, GENERAL_NAMES* names) {
    STACK_OF(X509_EXTENSION)* list = nullptr;
    // RFC 5280 section 4.2.1.6: critical when there is no subject.
    int const critical = X509_NAME_entry_count(X509_REQ_get_subject_name(request)) == 0 ? 1 : 0;
    bool const made = X509V3_add1_i2d(&list, NID_subject_alt_name, names, critical, X509V3_ADD_DEFAULT) == 1;
    ExtensionsPtr const owner(list);
    if (!made || X509_REQ_add_extensions(request, list) != 1) throw_openssl_failure("add names to a request");
}

}  // namespace

CertificateRequest::CertificateRequest(X509_req_st* request) : request_(request, Deleter<X509_REQ_free>()) {}

Result<CertificateRequest> CertificateRequest::parse_pem(std::string_view pem) {
    if (pem.size() > k_input_limit) {
        return fail(errors::fil::too_large, {{"file", "The certificate request"}, {"limit", std::to_string(k_input_limit)}});
    }
    auto const blocks = scan_pem(pem);
    auto const found = std::ranges::find_if(blocks, [](PemBlock const& block) { return is_request_label(block.label); });
    if (found == blocks.end() || !found->complete) return fail(crt::not_pem, {{"expected", k_expected}});
    auto const der = decode_body(found->body);
    if (!der) return fail(crt::not_pem, {{"expected", k_expected}});

    ErrorQueue errors;
    auto const* data = der->data();
    X509ReqPtr request(d2i_X509_REQ(nullptr, &data, static_cast<long>(der->size())));
    if (!request) return broken(errors.reason());
    if (data != der->data() + der->size()) return broken("there are bytes after the request");
    EVP_PKEY* const key = X509_REQ_get0_pubkey(request.get());
    if (key == nullptr) return broken("its public key cannot be decoded");
    if (X509_REQ_verify(request.get(), key) != 1) return broken("its signature does not fit its key");
    return CertificateRequest(request.release());
}

Result<CertificateRequest> CertificateRequest::create(PrivateKey const& key, SubjectFields const& subject,
                                                      std::vector<AlternativeName> const& names) {
    CS_TRY(auto name, make_name(subject));
    CS_TRY(auto general_names, make_general_names(names));
    if (X509_NAME_entry_count(name.get()) == 0 && names.empty()) {
        return fail(crt::invalid_name, {{"field", "subject"}, {"value", "empty"}});
    }
    ErrorQueue errors;
    X509ReqPtr request(X509_REQ_new());
    if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_subject_name(request.get(), name.get()) != 1 || X509_REQ_set_pubkey(request.get(), key.native()) != 1) {
        throw_openssl_failure("make a request");
    }
    if (!names.empty()) add_names(request.get(), general_names.get());
    if (X509_REQ_sign(request.get(), key.native(), signing_digest(key.native())) <= 0) {
        return fail(crt::signing_failed, {{"detail", errors.reason()}});
    }
    return CertificateRequest(request.release());
}

std::string CertificateRequest::subject() const { return name_text(X509_REQ_get_subject_name(native())); }
std::string CertificateRequest::common_name() const { return first_value(X509_REQ_get_subject_name(native()), NID_commonName); }

std::vector<AlternativeName> CertificateRequest::alternative_names() const {
    ErrorQueue const errors;
    ExtensionsPtr const list(X509_REQ_get_extensions(native()));
    GeneralNamesPtr const names(static_cast<GENERAL_NAMES*>(X509V3_get_d2i(list.get(), NID_subject_alt_name, nullptr, nullptr)));
    return alternative_names_of(names.get());
}

std::string CertificateRequest::public_key_sha256() const {
    return sha256_hex(der_of(X509_REQ_get_X509_PUBKEY(native()), i2d_X509_PUBKEY, "encode a public key"));
}

std::string CertificateRequest::to_pem() const {
    return pem_text(k_expected, der_of(native(), i2d_X509_REQ, "encode a certificate request"));
}

}  // namespace countersign::pki
