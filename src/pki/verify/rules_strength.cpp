// Keys and signatures: sizes, kinds, curves, digests. The numbers are those of the profile.

#include "pki/openssl.hpp"
#include "pki/verify/holds.hpp"
#include "pki/verify/rules.hpp"

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace {

bool is_listed(std::span<std::string_view const> list, std::string_view word) { return list.empty() || holds(list, word); }

std::string curve_of(EVP_PKEY const* key) {
    std::array<char, 80> name{};
    std::size_t size = 0;
    return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 ? std::string(name.data(), size) : std::string();
}

bool has_explicit_curve(X509* certificate) {
    ASN1_OBJECT* algorithm = nullptr;
    X509_ALGOR* parameters = nullptr;
    if (X509_PUBKEY_get0_param(&algorithm, nullptr, nullptr, &parameters, X509_get_X509_PUBKEY(certificate)) != 1) return false;
    int type = V_ASN1_UNDEF;
    X509_ALGOR_get0(nullptr, &type, nullptr, parameters);
    return OBJ_obj2nid(algorithm) == NID_X9_62_id_ecPublicKey && type == V_ASN1_SEQUENCE;
}

int minimum_bits(EVP_PKEY const* key, StrictnessNumbers const& numbers) {
    switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_RSA:
        case EVP_PKEY_RSA_PSS: return numbers.minimum_rsa_bits;
        case EVP_PKEY_DSA: return numbers.minimum_dsa_bits;
        case EVP_PKEY_EC: return numbers.minimum_ec_bits;
        default: return 0;
    }
}

/// 1024 bits, which RFC 3279 knows with SHA-1 only.
bool is_old_dsa(EVP_PKEY const* key) {
    constexpr int size = 1024;
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_DSA && EVP_PKEY_get_bits(key) == size;
}

bool is_too_small(EVP_PKEY const* key, StrictnessNumbers const& numbers) {
    constexpr int minimum_strength = 112;
    int const minimum = minimum_bits(key, numbers);
    return minimum != 0 ? EVP_PKEY_get_bits(key) < minimum : EVP_PKEY_get_security_bits(key) < minimum_strength;
}

/// BR 7.1.3.2.2.
bool is_digest_of_curve(X509* certificate, EVP_PKEY const* issuer) {
    int digest = NID_undef;
    if (EVP_PKEY_get_base_id(issuer) != EVP_PKEY_EC || X509_get_signature_info(certificate, &digest, nullptr, nullptr, nullptr) != 1)
        return true;
    auto const curve = curve_of(issuer);
    if (curve == "prime256v1") return digest == NID_sha256;
    if (curve == "secp384r1") return digest == NID_sha384;
    return curve != "secp521r1" || digest == NID_sha512;
}

void judge_signature(Certificate const& certificate, int depth, Certificate const* issuer, StrictnessNumbers const& numbers,
                     Collector& collector) {
    X509* const native = certificate.native();
    int strength = 0;
    if (X509_get_signature_info(native, nullptr, nullptr, &strength, nullptr) == 1 && strength < numbers.minimum_digest_strength) {
        bool const old_dsa = numbers.accepts_old_dsa && X509_get_signature_nid(native) == NID_dsaWithSHA1;
        collector.add(old_dsa ? Rule::old_dsa : Rule::weak_digest, depth, native);
    }
    if (!is_listed(numbers.signatures, OBJ_nid2ln(X509_get_signature_nid(native))) &&
        !is_listed(numbers.signatures, OBJ_nid2sn(X509_get_signature_nid(native)))) {
        collector.add(Rule::signature_not_allowed, depth, native);
    }
    EVP_PKEY const* signer = issuer == nullptr ? nullptr : X509_get0_pubkey(issuer->native());
    if (numbers.digest_of_curve && signer != nullptr && !is_digest_of_curve(native, signer)) {
        collector.add(Rule::signature_digest_of_other_curve, depth, native, certificate.signature_algorithm() + " by " + curve_of(signer));
    }
}

/// Roots of before 2016 signed themselves with SHA-1 (BR 7.1.3.2.1 lets them stay), and their signature proves nothing.
void judge_root_signature(Certificate const& certificate, int depth, StrictnessNumbers const& numbers, Collector& collector) {
    int const nid = X509_get_signature_nid(certificate.native());
    if (nid == NID_sha1WithRSAEncryption || is_listed(numbers.signatures, OBJ_nid2ln(nid)) ||
        is_listed(numbers.signatures, OBJ_nid2sn(nid)))
        return;
    collector.add(Rule::root_signature_not_allowed, depth, certificate.native());
}

void judge_rsa(Judged const& one, EVP_PKEY const* key) {
    constexpr int octet = 8;
    if (EVP_PKEY_get_bits(key) % octet != 0) one.found(Rule::rsa_size_odd, std::to_string(EVP_PKEY_get_bits(key)) + " bits");
    BIGNUM* exponent = nullptr;
    if (EVP_PKEY_get_bn_param(key, "e", &exponent) != 1) return;
    BignumPtr const owner(exponent);
    if (BN_is_odd(exponent) == 0 || BN_is_one(exponent) == 1) one.found(Rule::rsa_exponent);
}

}  // namespace

void judge_strength(Certificate const& certificate, Role role, int depth, Certificate const* issuer, StrictnessNumbers const& numbers,
                    Collector& collector) {
    ErrorQueue const errors;
    X509* const native = certificate.native();
    EVP_PKEY const* key = X509_get0_pubkey(native);
    if (key == nullptr) {
        collector.add(Rule::key_unreadable, depth, native);
    } else {
        if (numbers.accepts_old_dsa && is_old_dsa(key)) {
            collector.add(Rule::old_dsa, depth, native);
        } else if (is_too_small(key, numbers)) {
            collector.add(depth == 0 ? Rule::leaf_key_too_small : Rule::authority_key_too_small, depth, native);
        }
        if (!is_listed(numbers.key_types, algorithm_name(key))) collector.add(Rule::key_type_not_allowed, depth, native);
        if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && !numbers.curves.empty() && !is_listed(numbers.curves, curve_of(key))) {
            collector.add(Rule::curve_not_allowed, depth, native, curve_of(key));
        }
    }
    if (has_explicit_curve(native)) collector.add(Rule::explicit_curve, depth, native);
    // Anchors are trusted as they are, and a self-signature proves nothing whatever its digest.
    bool const relied_on = role != Role::anchor && X509_self_signed(native, 0) != 1;
    if (relied_on) judge_signature(certificate, depth, issuer, numbers, collector);
    if (role == Role::anchor) judge_root_signature(certificate, depth, numbers, collector);
}

void judge_key_form(Judged const& one) {
    ErrorQueue const errors;
    auto const& anatomy = one.anatomy;
    bool const rsa = std::ranges::equal(anatomy.key_algorithm, oid::rsa_encryption);
    bool const ec = std::ranges::equal(anatomy.key_algorithm, oid::ec_public_key);
    constexpr std::array<std::uint8_t, 2> null{der::k_null, 0};
    if (rsa && !std::ranges::equal(anatomy.key_parameters, null)) one.found(Rule::key_parameters);
    if (ec && (anatomy.key_parameters.empty() || anatomy.key_parameters[0] != der::k_oid)) one.found(Rule::key_parameters);
    if (EVP_PKEY const* key = X509_get0_pubkey(one.certificate.native()); key != nullptr && rsa) judge_rsa(one, key);
}

}  // namespace countersign::pki
