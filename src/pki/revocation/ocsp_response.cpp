#include "pki/ocsp.hpp"
#include "pki/revocation/ocsp_types.hpp"

#include "countersign/errors/crt.hpp"

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace {

/// A response without nextUpdate says that newer information can be had at any time (RFC 6960 section 4.2.2.1); one that somebody
/// kept for longer than this is not taken.
constexpr std::chrono::hours k_longest_without_end{24};
/// Certificates of a response that are tried as its signer.
constexpr int k_most_signers = 16;

struct StatusRow {
    int status;
    std::string_view name;
};
/// RFC 6960 section 4.2.1.
constexpr std::array<StatusRow, 6> k_statuses{{{OCSP_RESPONSE_STATUS_SUCCESSFUL, "successful"},
                                               {OCSP_RESPONSE_STATUS_MALFORMEDREQUEST, "malformedRequest"},
                                               {OCSP_RESPONSE_STATUS_INTERNALERROR, "internalError"},
                                               {OCSP_RESPONSE_STATUS_TRYLATER, "tryLater"},
                                               {OCSP_RESPONSE_STATUS_SIGREQUIRED, "sigRequired"},
                                               {OCSP_RESPONSE_STATUS_UNAUTHORIZED, "unauthorized"}}};

Failure bad(std::string_view detail) { return fail(errors::crt::bad_ocsp_response, {{"detail", detail}}); }

/// Nobody who can find two inputs of one hash may be given a signature: the nonce is chosen by whoever asks.
bool is_broken_digest(OCSP_BASICRESP const* basic) {
    int digest = NID_undef;
    X509_ALGOR const* algorithm = OCSP_resp_get0_tbs_sigalg(basic);
    ASN1_OBJECT const* object = nullptr;
    X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
    if (OBJ_find_sigid_algs(OBJ_obj2nid(object), &digest, nullptr) != 1) return true;
    return digest == NID_sha1 || digest == NID_md5 || digest == NID_md4 || digest == NID_md2 || digest == NID_mdc2 ||
           digest == NID_ripemd160;
}

/// Does this certificate carry the name or key of the responder, and did its key sign?
bool signed_by(OCSP_BASICRESP* basic, X509* candidate) {
    ErrorQueue const errors;
    BorrowedX509sPtr const only(sk_X509_new_null());
    if (!only || sk_X509_push(only.get(), candidate) <= 0) throw_openssl_failure("verify an OCSP response");
    // Nothing is looked up and no chain is built: who may sign is decided below.
    return OCSP_basic_verify(basic, only.get(), nullptr, OCSP_NOINTERN | OCSP_NOVERIFY) == 1;
}

/// Nothing when the issuer made `delegate` its OCSP signer (RFC 6960 section 4.2.2.2), else what is missing. Whether the delegate is
/// itself revoked is not asked: RFC 6960 leaves it to local policy, and delegates live for days.
std::optional<std::string_view> objection_to(X509* delegate, X509* issuer, UtcTime at) {
    ErrorQueue const errors;
    EVP_PKEY* const key = X509_get0_pubkey(issuer);
    EVP_PKEY* const own = X509_get0_pubkey(delegate);
    if (key == nullptr || own == nullptr || X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(delegate)) != 0 ||
        X509_verify(delegate, key) != 1) {
        return "its signer is neither the issuer nor was it certified by the issuer itself";
    }
    auto const flags = X509_get_extension_flags(delegate);
    if ((flags & (EXFLAG_INVALID | EXFLAG_CRITICAL)) != 0) return "its signer's certificate has extensions that cannot be read";
    if ((flags & EXFLAG_XKUSAGE) == 0 || (X509_get_extended_key_usage(delegate) & XKU_OCSP_SIGN) == 0)
        return "its signer was not given the purpose OCSPSigning by the issuer";
    if ((X509_get_key_usage(delegate) & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) == 0) return "its signer's key is not for signatures";
    auto const begin = time_of(X509_get0_notBefore(delegate));
    auto const end = time_of(X509_get0_notAfter(delegate));
    if (!begin || !end || at + k_ocsp_tolerance < *begin || at > *end) return "its signer's certificate is not valid at this time";
    constexpr int k_enough_bits = 112;
    if (EVP_PKEY_get_security_bits(own) < std::min(k_enough_bits, EVP_PKEY_get_security_bits(key))) return "its signer's key is too weak";
    return std::nullopt;
}

/// The certificate that signed and may: the issuer's, or one of those that came along.
Result<X509*> find_signer(OCSP_BASICRESP* basic, X509* issuer, UtcTime at) {
    if (is_broken_digest(basic)) return bad("its signature uses a hash that is not safe any more, or one that is not known");
    if (signed_by(basic, issuer)) return issuer;
    std::string_view objection = "its signature does not verify, or the signer's certificate is missing";
    auto const* sent = OCSP_resp_get0_certs(basic);
    int const count = std::min(sk_X509_num(sent), k_most_signers);
    for (int i = 0; i < count; ++i) {
        X509* const candidate = sk_X509_value(sent, i);
        if (!signed_by(basic, candidate)) continue;
        auto const found = objection_to(candidate, issuer, at);
        if (!found) return candidate;
        objection = *found;
    }
    return bad(objection);
}

/// RFC 6960 section 4.4 names no extension that may be critical and changes what is said, but for the nonce.
bool has_unknown_critical(OCSP_BASICRESP* basic) {
    for (int i = OCSP_BASICRESP_get_ext_by_critical(basic, 1, -1); i >= 0; i = OCSP_BASICRESP_get_ext_by_critical(basic, 1, i)) {
        if (OBJ_obj2nid(X509_EXTENSION_get_object(OCSP_BASICRESP_get_ext(basic, i))) != NID_id_pkix_OCSP_Nonce) return true;
    }
    return false;
}

bool nonce_differs(OCSP_BASICRESP* basic, std::span<std::uint8_t const> expected) {
    if (expected.empty()) return false;
    int const index = OCSP_BASICRESP_get_ext_by_NID(basic, NID_id_pkix_OCSP_Nonce, -1);
    if (index < 0) return false;  // responses that are made in advance have none
    auto const echoed = nonce_of(OCSP_BASICRESP_get_ext(basic, index));
    return !echoed || !std::ranges::equal(*echoed, expected);
}

/// What stands in one single response. Nothing when it is about something else.
struct Single {
    OcspAnswer answer;
    std::optional<std::string_view> objection;
};

std::optional<std::string_view> objection_to_times(OcspAnswer const& answer, UtcTime at) {
    if (answer.this_update > at + k_ocsp_tolerance) return "it is from the future: check the clock";
    if (answer.next_update && *answer.next_update < answer.this_update) return "it ends before it begins";
    auto const end = answer.next_update ? *answer.next_update : answer.this_update + k_longest_without_end;
    if (end + k_ocsp_tolerance < at) return "it is out of date";
    return std::nullopt;
}

Single read_single(OCSP_SINGLERESP* single, UtcTime at) {
    Single out;
    int reason = 0;
    ASN1_GENERALIZEDTIME* revoked = nullptr;
    ASN1_GENERALIZEDTIME* this_update = nullptr;
    ASN1_GENERALIZEDTIME* next_update = nullptr;
    switch (OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update)) {
        case V_OCSP_CERTSTATUS_GOOD: out.answer.state = RevocationState::good; break;
        case V_OCSP_CERTSTATUS_REVOKED:
            out.answer.state = RevocationState::revoked;
            out.answer.revoked_at = time_of(revoked);
            out.answer.reason = std::max(0, reason);
            break;
        default: break;
    }
    auto const begin = time_of(this_update);
    auto const end = time_of(next_update);
    if (!begin || (next_update != nullptr && !end)) {
        out.objection = "its dates cannot be read";
        return out;
    }
    out.answer.this_update = *begin;
    out.answer.next_update = end;
    out.objection = OCSP_SINGLERESP_get_ext_by_critical(single, 1, -1) >= 0 ? "it has a critical extension that is not known"
                                                                            : objection_to_times(out.answer, at);
    return out;
}

/// The answer about this certificate. One that was ever called revoked is revoked, whatever else the response says.
Result<OcspAnswer> find_answer(OCSP_BASICRESP* basic, X509* certificate, X509* issuer, UtcTime at) {
    struct Expected {
        EVP_MD const* method;
        OcspIdPtr id;
    };
    std::vector<Expected> expected;  // one for each method that the response uses
    auto names_it = [&expected, certificate, issuer](OCSP_CERTID const* id) {
        auto const* method = naming_method(const_cast<OCSP_CERTID*>(id));  // OpenSSL 3.0 reads through a pointer to non-const
        if (method == nullptr) return false;
        auto found = std::ranges::find(expected, method, &Expected::method);
        if (found == expected.end())
            found = expected.insert(expected.end(), {method, OcspIdPtr(OCSP_cert_to_id(method, certificate, issuer))});
        return found->id && OCSP_id_cmp(found->id.get(), id) == 0;
    };
    std::optional<OcspAnswer> best;
    std::optional<std::string_view> objection;
    for (int i = 0; i < OCSP_resp_count(basic); ++i) {
        OCSP_SINGLERESP* const single = OCSP_resp_get0(basic, i);
        if (!names_it(OCSP_SINGLERESP_get0_id(single))) continue;
        auto read = read_single(single, at);
        if (read.objection) {
            objection = read.objection;
        } else if (!best || read.answer.state == RevocationState::revoked) {
            best = std::move(read.answer);
        }
    }
    if (best) return *std::move(best);
    if (objection) return bad(*objection);
    return fail(errors::crt::ocsp_other_certificate, {{"serial", integer_text(X509_get0_serialNumber(certificate))}});
}

}  // namespace

std::string_view to_string(RevocationState state) {
    switch (state) {
        case RevocationState::good: return "good";
        case RevocationState::revoked: return "revoked";
        case RevocationState::unknown: break;
    }
    return "unknown";
}

Result<OcspResponse> OcspResponse::parse_der(std::span<std::uint8_t const> der) {
    if (der.size() > k_ocsp_limit) return bad("it is larger than " + std::to_string(k_ocsp_limit) + " bytes");
    ErrorQueue errors;
    auto const* at = der.data();
    OcspResponsePtr response(d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
    if (!response) return bad(errors.reason());
    if (at != der.data() + der.size()) return bad("there are bytes after its end");
    if (OCSP_response_status(response.get()) == OCSP_RESPONSE_STATUS_SUCCESSFUL) {
        OcspBasicPtr const basic(OCSP_response_get1_basic(response.get()));
        if (!basic) return bad(errors.reason());
    }
    OcspResponse out;
    out.response_ = std::shared_ptr<OCSP_RESPONSE>(std::move(response));
    return out;
}

std::string OcspResponse::status() const {
    auto const status = OCSP_response_status(response_.get());
    auto const* found = std::ranges::find(k_statuses, status, &StatusRow::status);
    return found == k_statuses.end() ? "status " + std::to_string(status) : std::string(found->name);
}

Result<OcspAnswer> OcspResponse::check(Certificate const& certificate, Certificate const& issuer, UtcTime at,
                                       std::span<std::uint8_t const> nonce) const {
    ErrorQueue errors;
    if (OCSP_response_status(response_.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
        return bad("the responder gave no answer but \"" + status() + "\"");
    OcspBasicPtr const basic(OCSP_response_get1_basic(response_.get()));
    if (!basic) return bad(errors.reason());
    // The cheap question first: a wrong one is told from a broken one, and nothing is signed for strangers.
    auto answer = find_answer(basic.get(), certificate.native(), issuer.native(), at);
    if (!answer && answer.error().id() == errors::crt::ocsp_other_certificate) return answer;
    CS_TRY(auto* const signer, find_signer(basic.get(), issuer.native(), at));
    if (!answer) return answer;
    if (has_unknown_critical(basic.get())) return bad("it has a critical extension that is not known");
    if (nonce_differs(basic.get(), nonce)) return bad("it answers another request: its nonce is not ours");
    X509_up_ref(signer);
    answer->responder = Certificate(signer).subject();
    return answer;
}

Bytes OcspResponse::to_der() const { return der_of(response_.get(), i2d_OCSP_RESPONSE, "encode an OCSP response"); }

}  // namespace countersign::pki
