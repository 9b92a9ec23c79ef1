#include "pki/verify_codes.hpp"

#include "pki/names.hpp"
#include "pki/openssl.hpp"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace {

using Kind = Finding::Kind;

#define CS_CODE(name, kind) \
    VerifyCode { X509_V_ERR_##name, #name, Kind::kind }

/// Those that verification without revocation, policies, DANE and suite B can give; ordered by number.
constexpr std::array k_codes{
    CS_CODE(UNSPECIFIED, other),
    CS_CODE(UNABLE_TO_GET_ISSUER_CERT, incomplete_chain),
    CS_CODE(UNABLE_TO_DECRYPT_CERT_SIGNATURE, bad_signature),
    CS_CODE(UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY, bad_signature),
    CS_CODE(CERT_SIGNATURE_FAILURE, bad_signature),
    CS_CODE(CERT_NOT_YET_VALID, not_yet_valid),
    CS_CODE(CERT_HAS_EXPIRED, expired),
    CS_CODE(ERROR_IN_CERT_NOT_BEFORE_FIELD, not_yet_valid),
    CS_CODE(ERROR_IN_CERT_NOT_AFTER_FIELD, expired),
    CS_CODE(OUT_OF_MEM, other),
    CS_CODE(DEPTH_ZERO_SELF_SIGNED_CERT, self_signed),
    CS_CODE(SELF_SIGNED_CERT_IN_CHAIN, untrusted_root),
    CS_CODE(UNABLE_TO_GET_ISSUER_CERT_LOCALLY, incomplete_chain),
    CS_CODE(UNABLE_TO_VERIFY_LEAF_SIGNATURE, incomplete_chain),
    CS_CODE(CERT_CHAIN_TOO_LONG, not_an_authority),
    CS_CODE(NO_ISSUER_PUBLIC_KEY, bad_signature),
    CS_CODE(PATH_LENGTH_EXCEEDED, not_an_authority),
    CS_CODE(INVALID_PURPOSE, wrong_purpose),
    CS_CODE(CERT_UNTRUSTED, untrusted_root),
    CS_CODE(CERT_REJECTED, wrong_purpose),
    CS_CODE(SUBJECT_ISSUER_MISMATCH, incomplete_chain),
    CS_CODE(AKID_SKID_MISMATCH, incomplete_chain),
    CS_CODE(AKID_ISSUER_SERIAL_MISMATCH, incomplete_chain),
    CS_CODE(KEYUSAGE_NO_CERTSIGN, not_an_authority),
    CS_CODE(UNHANDLED_CRITICAL_EXTENSION, other),
    CS_CODE(INVALID_NON_CA, other),
    CS_CODE(PROXY_PATH_LENGTH_EXCEEDED, not_an_authority),
    CS_CODE(KEYUSAGE_NO_DIGITAL_SIGNATURE, wrong_purpose),
    CS_CODE(PROXY_CERTIFICATES_NOT_ALLOWED, not_an_authority),
    CS_CODE(INVALID_EXTENSION, other),
    CS_CODE(INVALID_POLICY_EXTENSION, other),
    CS_CODE(UNSUPPORTED_EXTENSION_FEATURE, other),
    CS_CODE(PERMITTED_VIOLATION, not_an_authority),
    CS_CODE(EXCLUDED_VIOLATION, not_an_authority),
    CS_CODE(SUBTREE_MINMAX, other),
    CS_CODE(UNSUPPORTED_CONSTRAINT_TYPE, other),
    CS_CODE(UNSUPPORTED_CONSTRAINT_SYNTAX, other),
    CS_CODE(UNSUPPORTED_NAME_SYNTAX, other),
    CS_CODE(PATH_LOOP, other),
    CS_CODE(HOSTNAME_MISMATCH, name_mismatch),
    CS_CODE(IP_ADDRESS_MISMATCH, name_mismatch),
    CS_CODE(EE_KEY_TOO_SMALL, weak_key),
    CS_CODE(CA_KEY_TOO_SMALL, weak_key),
    CS_CODE(CA_MD_TOO_WEAK, weak_signature),
    CS_CODE(INVALID_CALL, missing_certificate),
    CS_CODE(STORE_LOOKUP, other),
    CS_CODE(PROXY_SUBJECT_NAME_VIOLATION, not_an_authority),
    CS_CODE(UNSUPPORTED_SIGNATURE_ALGORITHM, bad_signature),
    CS_CODE(SIGNATURE_ALGORITHM_MISMATCH, bad_signature),
    CS_CODE(SIGNATURE_ALGORITHM_INCONSISTENCY, bad_signature),
    CS_CODE(INVALID_CA, not_an_authority),
    CS_CODE(EC_KEY_EXPLICIT_PARAMS, weak_key),
};

#undef CS_CODE

struct KindRow {
    Kind kind;
    std::string_view id;
    std::string_view text;  ///< "The certificate <subject> ..."
    std::string_view remedy;
};

/// In the order of the enumeration.
constexpr std::array<KindRow, 18> k_kinds{{
    {Kind::incomplete_chain, "incomplete_chain", "was issued by an authority whose certificate is neither trusted nor was it sent",
     "Add the missing intermediate certificates to the peer's own certificate file, or its root to the trusted roots."},
    {Kind::untrusted_root, "untrusted_root", "is the root of the chain and is not among the trusted roots",
     "If this authority is to be trusted, add its root certificate to the trusted roots."},
    {Kind::self_signed, "self_signed", "is signed by itself and not trusted",
     "Install a certificate from a trusted authority at the peer, or add this one to the trusted roots after comparing its fingerprint."},
    {Kind::bad_signature, "bad_signature", "carries a signature that does not fit the key of its issuer",
     "Somebody changed the certificate, or another issuer of the same name signed it. Get it again from its authority."},
    {Kind::expired, "expired", "has expired", "Renew the certificate; check the clock if it should still be valid."},
    {Kind::not_yet_valid, "not_yet_valid", "is not valid yet", "Check the clock and the NTP server; else wait."},
    {Kind::name_mismatch, "name_mismatch", "is not made for the name that was called",
     "Call the peer by a name that stands in its certificate, or issue a certificate for this name."},
    {Kind::wrong_purpose, "wrong_purpose", "is not made for this purpose",
     "Ask the authority for a certificate whose extended key usage lists server or client authentication as needed."},
    {Kind::not_an_authority, "not_an_authority", "may not issue the certificate below it",
     "Get the certificate from an authority that is allowed to issue it."},
    {Kind::weak_key, "weak_key", "has a key that is too weak", "Make a new key: ECDSA P-256, or RSA with 3072 bits."},
    {Kind::weak_signature, "weak_signature", "is signed with a digest that can be forged", "Have it issued again with SHA-256."},
    {Kind::missing_certificate, "missing_certificate", "The peer sent no certificate", "Install a certificate and key at the peer."},
    {Kind::revoked, "revoked", "was revoked by its authority", "Replace the certificate, and its key: somebody else may have it."},
    {Kind::revocation_unknown, "revocation_unknown", "may have been revoked: no current answer of its authority is known",
     "Make the authority's revocation list or OCSP responder reachable, or choose the policy that lets unknown ones pass."},
    {Kind::constraint_violation, "constraint_violation", "carries a name that an authority above it may not vouch for",
     "Get the certificate from an authority that is allowed to issue for this name."},
    {Kind::policy_violation, "policy_violation", "was not issued under a certificate policy that is accepted here",
     "Get the certificate under an accepted policy, or accept the policy it was issued under."},
    {Kind::malformed, "malformed", "does not have the form that the rules ask for",
     "Have the certificate issued again by an authority that follows the rules."},
    {Kind::other, "other", "cannot be accepted", "See the name of the finding; get the certificate again from its authority."},
}};

KindRow const& row_of(Kind kind) { return k_kinds[static_cast<std::size_t>(kind)]; }

/// The concrete fact behind a finding, in brackets: a date, a size, an algorithm.
std::string detail_of(Kind kind, int code, X509* certificate) {
    auto date = [](ASN1_TIME const* time) {
        auto const at = time_of(time);
        return at ? countersign::to_string(*at) : std::string("its date cannot be read");
    };
    switch (kind) {
        case Kind::incomplete_chain: return name_text(X509_get_issuer_name(certificate));
        case Kind::expired: return date(X509_get0_notAfter(certificate));
        case Kind::not_yet_valid: return date(X509_get0_notBefore(certificate));
        case Kind::weak_key: {
            EVP_PKEY const* key = X509_get0_pubkey(certificate);
            return algorithm_name(key) + (key == nullptr ? "" : " " + std::to_string(EVP_PKEY_get_bits(key)));
        }
        case Kind::weak_signature: return OBJ_nid2ln(X509_get_signature_nid(certificate));
        case Kind::not_an_authority:
        case Kind::wrong_purpose:
        case Kind::bad_signature:
        case Kind::other: return X509_verify_cert_error_string(code);
        default: return {};
    }
}

}  // namespace

VerifyCode verify_code(int code) {
    auto const found = std::ranges::lower_bound(k_codes, code, {}, &VerifyCode::code);
    if (found != k_codes.end() && found->code == code) return *found;
    return {code, "", Kind::other};
}

Finding make_finding(int code, int depth, x509_st* subject, Finding::Kind kind) {
    auto const& row = row_of(kind);
    Finding finding{.kind = kind,
                    .depth = depth,
                    .subject = subject == nullptr ? "" : name_text(X509_get_subject_name(subject)),
                    .openssl_code = code,
                    .openssl_name = std::string(verify_code(code).name),
                    .text = std::string(row.text),
                    .remedy = std::string(row.remedy)};
    if (subject != nullptr) {
        finding.text = "The certificate " + (finding.subject.empty() ? "without a subject" : finding.subject) + " " + finding.text;
        if (auto const detail = detail_of(kind, code, subject); !detail.empty()) finding.text += " (" + detail + ")";
    }
    finding.text += '.';
    return finding;
}

Finding make_finding(int code, int depth, x509_st* subject) { return make_finding(code, depth, subject, verify_code(code).kind); }

std::string_view to_string(Finding::Kind kind) { return row_of(kind).id; }

}  // namespace countersign::pki
