#include "pki/responder.hpp"

#include "pki/extensions.hpp"
#include "pki/format/public_key.hpp"
#include "pki/format/request_parts.hpp"
#include "pki/revocation/ocsp_types.hpp"
#include "pki/signer.hpp"
#include "pki/to_be_signed.hpp"

#include "countersign/errors/crt.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

namespace countersign::pki {
namespace {

constexpr std::size_t k_request_limit = 64 * 1024;

OcspRequestPtr read_request(std::span<std::uint8_t const> request) {
    auto const* at = request.data();
    OcspRequestPtr asked(request.size() <= k_request_limit ? d2i_OCSP_REQUEST(nullptr, &at, static_cast<long>(request.size())) : nullptr);
    if (asked && at != request.data() + request.size()) asked.reset();
    return asked;
}

}  // namespace

Result<Certificate> issue_responder(CertificateAuthority const& authority, PrivateKey const& key, SubjectFields const& subject,
                                    Validity validity) {
    auto const& issuer = authority.certificate();
    if (validity.not_before >= issuer.not_after()) return fail(errors::crt::not_an_authority, {{"subject", issuer.subject()}});
    validity.not_after = std::min(validity.not_after, issuer.not_after());
    CS_TRY(auto const request, CertificateRequest::create(key, subject, {}));
    ErrorQueue errors;
    std::array<std::uint8_t, 16> serial{};
    if (RAND_bytes(serial.data(), static_cast<int>(serial.size())) != 1) throw_openssl_failure("make a serial number");
    serial.front() |= 1U;  // never zero
    auto const public_key = key_for_certificate(request.parts().key_der());
    if (public_key.empty()) return fail(errors::crt::signing_failed, {{"detail", errors.reason()}});
    auto const own = key_identifier(public_key);
    auto const above = issuer_identifier(issuer.native());
    auto const issuer_name = der_of(X509_get_subject_name(issuer.native()), i2d_X509_NAME, "encode a name");
    auto const subject_name = der_of(const_cast<X509_NAME*>(request.parts().subject()), i2d_X509_NAME, "encode a name");
    Signer const signer(authority.key());
    CS_TRY(auto const algorithm, signer.algorithm(Hash::automatic));
    auto const to_be_signed =
        write_to_be_signed({.serial = serial,
                            .algorithm = algorithm,
                            .issuer = issuer_name,
                            .validity = validity,
                            .subject = subject_name,
                            .public_key = public_key,
                            .extensions = {.profile = Profile::responder, .own = own, .authority = above, .names = {}}});
    if (!to_be_signed) return fail(errors::crt::signing_failed, {{"detail", "its dates cannot be written"}});
    CS_TRY(auto const signature, signer.sign(*to_be_signed, Hash::automatic));
    return Certificate::written_here(write_certificate(*to_be_signed, algorithm, signature));
}

std::vector<std::string> asked_serials(std::span<std::uint8_t const> request, Certificate const& issuer) {
    ErrorQueue const errors;
    std::vector<std::string> out;
    auto const asked = read_request(request);
    if (!asked || OCSP_request_onereq_count(asked.get()) > static_cast<int>(k_most_asked)) return out;
    for (int i = 0; i < OCSP_request_onereq_count(asked.get()); ++i) {
        OCSP_CERTID* const id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(asked.get(), i));
        ASN1_INTEGER* serial = nullptr;
        OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, id);
        if (serial != nullptr && names_issuer(id, issuer.native())) out.push_back(integer_text(serial));
    }
    return out;
}

bool has_nonce(std::span<std::uint8_t const> request) {
    ErrorQueue const errors;
    auto const asked = read_request(request);
    return asked && OCSP_REQUEST_get_ext_by_NID(asked.get(), NID_id_pkix_OCSP_Nonce, -1) >= 0;
}

}  // namespace countersign::pki
