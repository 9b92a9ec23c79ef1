#include "pki/ocsp.hpp"
#include "pki/revocation/ocsp_types.hpp"

#include "countersign/errors/crt.hpp"

#include <algorithm>
#include <tuple>

namespace countersign::pki {

namespace {

constexpr std::size_t k_request_limit = 64 * 1024;

using GeneralizedTimePtr = std::unique_ptr<ASN1_GENERALIZEDTIME, Deleter<ASN1_GENERALIZEDTIME_free>>;

GeneralizedTimePtr long_time(UtcTime time) {
    return GeneralizedTimePtr(ASN1_GENERALIZEDTIME_set(nullptr, time.time_since_epoch().count()));
}

/// A response that only says why there is no answer.
Bytes refusal(int status) {
    OcspResponsePtr const response(OCSP_response_create(status, nullptr));
    if (!response) throw_openssl_failure("make an OCSP response");
    return der_of(response.get(), i2d_OCSP_RESPONSE, "encode an OCSP response");
}

Failure not_signed(std::string_view detail) { return fail(errors::crt::signing_failed, {{"detail", detail}}); }

bool is_reason(int reason) { return reason > 0 && reason <= 10 && reason != 7; }  // RFC 5280 section 5.3.1

bool add_status(OCSP_BASICRESP* basic, OCSP_CERTID* id, OcspStatus const& status, UtcTime now, std::chrono::seconds valid_for) {
    auto const begin = long_time(now);
    auto const end = valid_for > std::chrono::seconds(0) ? long_time(now + valid_for) : nullptr;
    if (status.state != RevocationState::revoked) {
        int const state = status.state == RevocationState::good ? V_OCSP_CERTSTATUS_GOOD : V_OCSP_CERTSTATUS_UNKNOWN;
        return OCSP_basic_add1_status(basic, id, state, 0, nullptr, begin.get(), end.get()) != nullptr;
    }
    auto const revoked = long_time(status.revoked_at);
    int const reason = is_reason(status.reason) ? status.reason : OCSP_REVOKED_STATUS_NOSTATUS;
    return OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_REVOKED, reason, revoked.get(), begin.get(), end.get()) != nullptr;
}

/// Some names of certificates can be read but not written again, such as one whose hash parameters have the tag 0.
bool can_be_repeated(OCSP_REQUEST* asked) {
    for (int i = 0; i < OCSP_request_onereq_count(asked); ++i) {
        std::unique_ptr<OCSP_CERTID, Deleter<OCSP_CERTID_free>> const copy(
            OCSP_CERTID_dup(OCSP_onereq_get0_id(OCSP_request_onereq_get0(asked, i))));
        if (!copy) return false;
    }
    return true;
}

}  // namespace

Result<Bytes> answer_ocsp_request(std::span<std::uint8_t const> request, Certificate const& issuer, Certificate const& signer,
                                  PrivateKey const& key, std::function<OcspStatus(std::string const&)> const& state_of, UtcTime now,
                                  std::chrono::seconds valid_for) {
    CS_CHECK(check_key_matches(signer, key));
    ErrorQueue errors;
    auto const* at = request.data();
    OcspRequestPtr const asked(request.size() <= k_request_limit ? d2i_OCSP_REQUEST(nullptr, &at, static_cast<long>(request.size()))
                                                                 : nullptr);
    if (!asked || at != request.data() + request.size() || OCSP_request_onereq_count(asked.get()) <= 0 || !can_be_repeated(asked.get()))
        return refusal(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);
    int const nonce_at = OCSP_REQUEST_get_ext_by_NID(asked.get(), NID_id_pkix_OCSP_Nonce, -1);
    auto nonce = nonce_of(nonce_at < 0 ? nullptr : OCSP_REQUEST_get_ext(asked.get(), nonce_at));
    // RFC 9654 section 2.1: a nonce of another length is a malformed request.
    if (nonce && (nonce->empty() || nonce->size() > k_longest_nonce)) return refusal(OCSP_RESPONSE_STATUS_MALFORMEDREQUEST);

    OcspBasicPtr const basic(OCSP_BASICRESP_new());
    if (!basic) throw_openssl_failure("make an OCSP response");
    for (int i = 0; i < OCSP_request_onereq_count(asked.get()); ++i) {
        OCSP_CERTID* const id = OCSP_onereq_get0_id(OCSP_request_onereq_get0(asked.get(), i));
        OcspStatus status;
        ASN1_INTEGER* serial = nullptr;
        OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, id);
        if (serial != nullptr && names_issuer(id, issuer.native())) status = state_of(integer_text(serial));
        if (!add_status(basic.get(), id, status, now, valid_for)) return not_signed(errors.reason());
    }
    if (nonce && OCSP_basic_add1_nonce(basic.get(), nonce->data(), static_cast<int>(nonce->size())) != 1)
        return not_signed(errors.reason());
    // `now` and not the machine's clock; OpenSSL 3.0 lends the date to read only, though it belongs to our own object.
    auto* const produced = const_cast<ASN1_GENERALIZEDTIME*>(OCSP_resp_get0_produced_at(basic.get()));
    if (ASN1_GENERALIZEDTIME_set(produced, now.time_since_epoch().count()) == nullptr) return not_signed("its date cannot be written");
    // The signer's certificate comes along, the issuer's too: many clients look for it in the response only.
    constexpr unsigned long flags = OCSP_RESPID_KEY | OCSP_NOTIME;
    if (OCSP_basic_sign(basic.get(), signer.native(), key.native(), signing_digest(key.native()), nullptr, flags) != 1)
        return not_signed(errors.reason());
    OcspResponsePtr const response(OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic.get()));
    if (!response) throw_openssl_failure("make an OCSP response");
    return der_of(response.get(), i2d_OCSP_RESPONSE, "encode an OCSP response");
}

}  // namespace countersign::pki
