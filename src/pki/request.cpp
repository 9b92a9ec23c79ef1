// PKCS#10 requests (RFC 2986).

#include "pki/certificate.hpp"
#include "pki/format/der_kind.hpp"
#include "pki/format/request_parts.hpp"
#include "pki/make_request.hpp"
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
Failure too_large() {
    return fail(errors::fil::too_large, {{"file", "The certificate request"}, {"limit", std::to_string(k_input_limit)}});
}

}  // namespace

CertificateRequest::CertificateRequest(std::shared_ptr<RequestParts const> parts) : parts_(std::move(parts)) {}

Result<CertificateRequest> CertificateRequest::parse_pem(std::string_view pem) {
    if (pem.size() > k_input_limit) return too_large();
    auto const blocks = scan_pem(pem);
    auto const found = std::ranges::find_if(blocks, [](PemBlock const& block) { return is_request_label(block.label); });
    if (found == blocks.end() || !found->complete) return fail(crt::not_pem, {{"expected", k_expected}});
    auto const der = decode_body(found->body);
    if (!der) return fail(crt::not_pem, {{"expected", k_expected}});
    return parse_der(*der);
}

Result<CertificateRequest> CertificateRequest::parse(std::string_view bytes) {
    return encoding_of(bytes) == Encoding::pem ? parse_pem(bytes) : parse_der(countersign::bytes_of(bytes));
}

Result<CertificateRequest> CertificateRequest::parse_der(std::span<std::uint8_t const> der) {
    if (der.size() > k_input_limit) return too_large();
    CS_TRY(auto parts, RequestParts::decode(der));
    if (!parts->signature_fits()) return broken("its signature does not fit its key");
    return CertificateRequest(std::move(parts));
}

Result<CertificateRequest> CertificateRequest::create(PrivateKey const& key, SubjectFields const& subject,
                                                      std::vector<AlternativeName> const& names) {
    return make_request(key, subject, names, Hash::automatic);
}

std::string CertificateRequest::subject() const { return name_text(parts_->subject()); }
std::string CertificateRequest::common_name() const { return first_value(parts_->subject(), NID_commonName); }

std::vector<AlternativeName> CertificateRequest::alternative_names() const {
    ErrorQueue const errors;
    GeneralNamesPtr const names(static_cast<GENERAL_NAMES*>(X509V3_get_d2i(parts_->extensions(), NID_subject_alt_name, nullptr, nullptr)));
    return alternative_names_of(names.get());
}

std::string CertificateRequest::public_key_sha256() const { return sha256_hex(parts_->key_der()); }
std::string CertificateRequest::to_pem() const { return pem_text(k_expected, parts_->der()); }
Bytes CertificateRequest::to_der() const { return parts_->der(); }
X509_req_st* CertificateRequest::native() const { return parts_->native(); }

}  // namespace countersign::pki
