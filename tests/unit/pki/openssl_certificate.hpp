#pragma once

/// The same certificates put together from OpenSSL's objects and signed by X509_sign(): what our own encoding is compared with.

#include "pki/format/der_reader.hpp"
#include "pki/issue.hpp"
#include "pki/openssl.hpp"

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace countersign::pki::openssl_certificate {

inline void expect(bool condition) {
    if (!condition) throw std::runtime_error("OpenSSL could not make the certificate to compare with");
}

/// The part that is signed, as it stands in a certificate.
inline Bytes body_of(Bytes const& certificate) {
    auto const whole = DerReader(certificate).next(der::k_sequence);
    auto const body = whole ? DerReader(whole->content).next(der::k_sequence) : std::nullopt;
    expect(body.has_value());
    return {body->whole.begin(), body->whole.end()};
}

inline void add(X509* certificate, int nid, void* value, bool critical) {
    expect(X509_add1_ext_i2d(certificate, nid, value, critical ? 1 : 0, X509V3_ADD_DEFAULT) == 1);
}

inline Asn1OctetStringPtr octets(std::span<std::uint8_t const> bytes) {
    Asn1OctetStringPtr out(ASN1_OCTET_STRING_new());
    expect(ASN1_OCTET_STRING_set(out.get(), bytes.data(), static_cast<int>(bytes.size())) == 1);
    return out;
}

inline Asn1OctetStringPtr key_identifier(X509* certificate) {
    unsigned char const* bits = nullptr;
    int size = 0;
    std::array<std::uint8_t, 32> digest{};
    expect(X509_PUBKEY_get0_param(nullptr, &bits, &size, nullptr, X509_get_X509_PUBKEY(certificate)) == 1);
    expect(EVP_Digest(bits, static_cast<std::size_t>(size), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
    return octets(std::span(digest).first(20));
}

inline void push_uri(GENERAL_NAMES* names, std::string const& url) {
    GENERAL_NAME* const name = GENERAL_NAME_new();
    ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
    expect(ASN1_STRING_set(text, url.data(), static_cast<int>(url.size())) == 1);
    GENERAL_NAME_set0_value(name, GEN_URI, text);
    expect(sk_GENERAL_NAME_push(names, name) > 0);
}

inline void add_revocation(X509* certificate, IssueOptions const& options) {
    if (!options.crl_urls.empty()) {
        std::unique_ptr<CRL_DIST_POINTS, Deleter<CRL_DIST_POINTS_free>> const points(CRL_DIST_POINTS_new());
        DIST_POINT* const point = DIST_POINT_new();
        expect(sk_DIST_POINT_push(points.get(), point) > 0);
        point->distpoint = DIST_POINT_NAME_new();
        point->distpoint->type = 0;
        point->distpoint->name.fullname = GENERAL_NAMES_new();
        for (auto const& url : options.crl_urls) push_uri(point->distpoint->name.fullname, url);
        add(certificate, NID_crl_distribution_points, points.get(), false);
    }
    if (!options.ocsp_urls.empty() || !options.issuer_urls.empty()) {
        std::unique_ptr<AUTHORITY_INFO_ACCESS, Deleter<AUTHORITY_INFO_ACCESS_free>> const all(AUTHORITY_INFO_ACCESS_new());
        auto push = [&all](int method, std::string const& url) {
            GeneralNamesPtr const names(GENERAL_NAMES_new());
            push_uri(names.get(), url);
            ACCESS_DESCRIPTION* const one = ACCESS_DESCRIPTION_new();
            ASN1_OBJECT_free(one->method);
            GENERAL_NAME_free(one->location);
            one->method = OBJ_nid2obj(method);
            one->location = sk_GENERAL_NAME_pop(names.get());
            expect(sk_ACCESS_DESCRIPTION_push(all.get(), one) > 0);
        };
        for (auto const& url : options.ocsp_urls) push(NID_ad_OCSP, url);
        for (auto const& url : options.issuer_urls) push(NID_ad_ca_issuers, url);
        add(certificate, NID_info_access, all.get(), false);
    }
    if (options.must_staple) {
        std::unique_ptr<TLS_FEATURE, Deleter<TLS_FEATURE_free>> const features(TLS_FEATURE_new());
        ASN1_INTEGER* const feature = ASN1_INTEGER_new();
        expect(ASN1_INTEGER_set(feature, 5) == 1 && sk_ASN1_INTEGER_push(features.get(), feature) > 0);
        add(certificate, NID_tlsfeature, features.get(), false);
    }
}

inline void add_usage(X509* certificate, Profile profile, int path_length, bool rsa) {
    BasicConstraintsPtr const constraints(BASIC_CONSTRAINTS_new());
    if (profile == Profile::authority) {
        constraints->ca = 0xff;
        constraints->pathlen = ASN1_INTEGER_new();
        expect(ASN1_INTEGER_set(constraints->pathlen, path_length) == 1);
    }
    add(certificate, NID_basic_constraints, constraints.get(), true);

    Asn1BitStringPtr const usage(ASN1_BIT_STRING_new());
    auto set = [&usage](int bit) { expect(ASN1_BIT_STRING_set_bit(usage.get(), bit, 1) == 1); };
    if (profile == Profile::authority) {
        set(5);
        set(6);
    } else {
        set(0);
        if (profile != Profile::client && rsa) set(2);
    }
    add(certificate, NID_key_usage, usage.get(), true);

    if (profile == Profile::authority) return;
    ExtendedKeyUsagePtr const extended(sk_ASN1_OBJECT_new_null());
    if (profile != Profile::client) expect(sk_ASN1_OBJECT_push(extended.get(), OBJ_nid2obj(NID_server_auth)) > 0);
    if (profile != Profile::server) expect(sk_ASN1_OBJECT_push(extended.get(), OBJ_nid2obj(NID_client_auth)) > 0);
    add(certificate, NID_ext_key_usage, extended.get(), false);
}

struct Wish {
    CertificateRequest request;
    Profile profile = Profile::server;
    Validity validity{};
    IssueOptions options;
    int path_length = 0;
};

/// Without an issuer: signed by its own key. The serial number comes from `like`: nobody else knows it.
inline X509Ptr make(Wish const& wish, std::optional<Certificate> const& issuer, PrivateKey const& key, Certificate const& like) {
    ErrorQueue const errors;
    X509_REQ* const asked = wish.request.native();
    X509Ptr certificate(X509_new());
    X509_NAME* const subject = X509_REQ_get_subject_name(asked);
    auto const serial = from_hex(like.serial());
    BignumPtr const number(BN_bin2bn(serial->data(), static_cast<int>(serial->size()), nullptr));
    Asn1TimePtr const begin(ASN1_TIME_set(nullptr, wish.validity.not_before.time_since_epoch().count()));
    Asn1TimePtr const end(ASN1_TIME_set(nullptr, wish.validity.not_after.time_since_epoch().count()));
    expect(X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
           BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) != nullptr &&
           X509_set_issuer_name(certificate.get(), issuer ? X509_get_subject_name(issuer->native()) : subject) == 1 &&
           X509_set_subject_name(certificate.get(), subject) == 1 && X509_set1_notBefore(certificate.get(), begin.get()) == 1 &&
           X509_set1_notAfter(certificate.get(), end.get()) == 1 && X509_set_pubkey(certificate.get(), X509_REQ_get0_pubkey(asked)) == 1);
    add_usage(certificate.get(), wish.profile, wish.path_length, EVP_PKEY_get_base_id(X509_REQ_get0_pubkey(asked)) == EVP_PKEY_RSA);

    auto const own = key_identifier(certificate.get());
    add(certificate.get(), NID_subject_key_identifier, own.get(), false);
    AuthorityKeyIdPtr const above(AUTHORITY_KEYID_new());
    if (!issuer) {
        above->keyid = octets(bytes_of(own.get())).release();
    } else if (ASN1_OCTET_STRING const* theirs = X509_get0_subject_key_id(issuer->native())) {
        above->keyid = octets(bytes_of(theirs)).release();
    } else {
        above->keyid = key_identifier(issuer->native()).release();
    }
    add(certificate.get(), NID_authority_key_identifier, above.get(), false);

    ExtensionsPtr const wanted(X509_REQ_get_extensions(asked));
    GeneralNamesPtr const names(static_cast<GENERAL_NAMES*>(X509V3_get_d2i(wanted.get(), NID_subject_alt_name, nullptr, nullptr)));
    if (names) add(certificate.get(), NID_subject_alt_name, names.get(), X509_NAME_entry_count(subject) == 0);
    add_revocation(certificate.get(), wish.options);
    expect(X509_sign(certificate.get(), key.native(), digest_for(key.native(), wish.options.hash)) > 0);
    return certificate;
}

}  // namespace countersign::pki::openssl_certificate
