#include "pki/verify/signatures.hpp"

#include "pki/openssl.hpp"

namespace countersign::pki {

namespace {

SignatureState try_signature(X509* subject, X509* issuer) {
    ErrorQueue const errors;
    X509_ALGOR const* outer = nullptr;
    X509_get0_signature(nullptr, &outer, subject);
    if (X509_ALGOR_cmp(X509_get0_tbs_sigalg(subject), outer) != 0) return SignatureState::inconsistent;
    EVP_PKEY* const key = X509_get0_pubkey(issuer);
    if (key == nullptr) return SignatureState::no_key;
    if (X509_verify(subject, key) == 1) return SignatureState::good;
    int digest = NID_undef;
    int kind = NID_undef;
    if (OBJ_find_sigid_algs(X509_get_signature_nid(subject), &digest, &kind) != 1) return SignatureState::algorithm;
    bool const rsa = kind == NID_rsaEncryption || kind == NID_rsassaPss;
    int const base = EVP_PKEY_get_base_id(key);
    bool const fits = base == EVP_PKEY_type(kind) || (rsa && (base == EVP_PKEY_RSA || base == EVP_PKEY_RSA_PSS));
    return fits ? SignatureState::bad : SignatureState::other_key;
}

}  // namespace

SignatureState Signatures::check(Certificate const& subject, Certificate const& issuer) {
    std::pair<X509 const*, X509 const*> const pair(subject.native(), issuer.native());
    if (auto const known = known_.find(pair); known != known_.end()) return known->second;
    if (work_->signatures >= k_verify_limits.signatures) {
        exhausted_ = true;
        return SignatureState::not_tried;
    }
    ++work_->signatures;
    auto const state = try_signature(subject.native(), issuer.native());
    known_.emplace(pair, state);
    return state;
}

}  // namespace countersign::pki
