#include "pki/extensions.hpp"

#include "base/text.hpp"

#include "countersign/errors/crt.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace countersign::pki {

namespace {

enum class Criticality { normal, critical };

void add(X509* certificate, int nid, void* value, Criticality criticality) {
    int const critical = criticality == Criticality::critical ? 1 : 0;
    if (X509_add1_ext_i2d(certificate, nid, value, critical, X509V3_ADD_DEFAULT) != 1) throw_openssl_failure("add an extension");
}

void add_basic_constraints(X509* certificate, ExtensionPlan const& plan) {
    BasicConstraintsPtr const value(BASIC_CONSTRAINTS_new());
    if (!value) throw_openssl_failure("add basic constraints");
    if (plan.profile == Profile::authority) {
        value->ca = 0xff;
        value->pathlen = ASN1_INTEGER_new();
        if (value->pathlen == nullptr || ASN1_INTEGER_set(value->pathlen, plan.path_length) != 1) {
            throw_openssl_failure("add basic constraints");
        }
    }
    add(certificate, NID_basic_constraints, value.get(), Criticality::critical);
}

/// Bits of KeyUsage (RFC 5280 section 4.2.1.3).
constexpr int k_digital_signature = 0;
constexpr int k_key_encipherment = 2;
constexpr int k_key_cert_sign = 5;
constexpr int k_crl_sign = 6;

void add_key_usage(X509* certificate, Profile profile) {
    Asn1BitStringPtr const value(ASN1_BIT_STRING_new());
    if (!value) throw_openssl_failure("add key usage");
    bool good = true;
    auto set = [&good, &value](int bit) { good = good && ASN1_BIT_STRING_set_bit(value.get(), bit, 1) == 1; };
    if (profile == Profile::authority) {
        set(k_key_cert_sign);
        set(k_crl_sign);
    } else {
        set(k_digital_signature);
        // The RSA key exchange of old devices (TLS 1.2 without forward secrecy) enciphers with the server's key.
        bool const serves = profile == Profile::server || profile == Profile::device;
        if (serves && EVP_PKEY_get_base_id(X509_get0_pubkey(certificate)) == EVP_PKEY_RSA) set(k_key_encipherment);
    }
    if (!good) throw_openssl_failure("add key usage");
    add(certificate, NID_key_usage, value.get(), Criticality::critical);
}

void add_extended_key_usage(X509* certificate, Profile profile) {
    if (profile == Profile::authority) return;
    ExtendedKeyUsagePtr const value(sk_ASN1_OBJECT_new_null());
    bool good = value != nullptr;
    auto push = [&good, &value](int nid) { good = good && sk_ASN1_OBJECT_push(value.get(), OBJ_nid2obj(nid)) > 0; };
    if (profile != Profile::client) push(NID_server_auth);
    if (profile != Profile::server) push(NID_client_auth);
    if (!good) throw_openssl_failure("add extended key usage");
    add(certificate, NID_ext_key_usage, value.get(), Criticality::normal);
}

Asn1OctetStringPtr octets(std::span<std::uint8_t const> bytes) {
    Asn1OctetStringPtr out(ASN1_OCTET_STRING_new());
    if (!out || ASN1_OCTET_STRING_set(out.get(), bytes.data(), static_cast<int>(bytes.size())) != 1) {
        throw_openssl_failure("make a key identifier");
    }
    return out;
}

void add_uri(GENERAL_NAMES* names, std::string const& url) {
    GeneralNamePtr name(GENERAL_NAME_new());
    ASN1_IA5STRING* const text = ASN1_IA5STRING_new();
    if (!name || text == nullptr) throw_openssl_failure("add an address");
    GENERAL_NAME_set0_value(name.get(), GEN_URI, text);
    if (ASN1_STRING_set(text, url.data(), static_cast<int>(url.size())) != 1 || sk_GENERAL_NAME_push(names, name.get()) <= 0)
        throw_openssl_failure("add an address");
    std::ignore = name.release();  // belongs to the list now
}

void add_distribution_point(X509* certificate, std::vector<std::string> const& urls) {
    std::unique_ptr<CRL_DIST_POINTS, Deleter<CRL_DIST_POINTS_free>> const points(CRL_DIST_POINTS_new());
    DIST_POINT* const point = DIST_POINT_new();
    if (!points || point == nullptr || sk_DIST_POINT_push(points.get(), point) <= 0) throw_openssl_failure("add a distribution point");
    point->distpoint = DIST_POINT_NAME_new();
    if (point->distpoint == nullptr) throw_openssl_failure("add a distribution point");
    point->distpoint->type = 0;  // fullName
    point->distpoint->name.fullname = GENERAL_NAMES_new();
    if (point->distpoint->name.fullname == nullptr) throw_openssl_failure("add a distribution point");
    for (auto const& url : urls) add_uri(point->distpoint->name.fullname, url);
    add(certificate, NID_crl_distribution_points, points.get(), Criticality::normal);
}

void add_access(X509* certificate, IssueOptions const& options) {
    std::unique_ptr<AUTHORITY_INFO_ACCESS, Deleter<AUTHORITY_INFO_ACCESS_free>> const all(AUTHORITY_INFO_ACCESS_new());
    if (!all) throw_openssl_failure("add authority information");
    auto push = [&all](int method, std::string const& url) {
        GeneralNamesPtr const name(GENERAL_NAMES_new());
        ACCESS_DESCRIPTION* const one = ACCESS_DESCRIPTION_new();
        if (!name || one == nullptr || sk_ACCESS_DESCRIPTION_push(all.get(), one) <= 0) throw_openssl_failure("add authority information");
        add_uri(name.get(), url);
        ASN1_OBJECT_free(one->method);
        GENERAL_NAME_free(one->location);
        one->method = OBJ_nid2obj(method);
        one->location = sk_GENERAL_NAME_pop(name.get());
    };
    for (auto const& url : options.ocsp_urls) push(NID_ad_OCSP, url);
    for (auto const& url : options.issuer_urls) push(NID_ad_ca_issuers, url);
    add(certificate, NID_info_access, all.get(), Criticality::normal);
}

Result<void> check_urls(std::vector<std::string> const& urls) {
    constexpr std::size_t k_longest = 2048;
    constexpr std::string_view k_scheme = "http://";
    for (auto const& url : urls) {
        bool const clean = std::ranges::all_of(url, [](char c) { return c > 0x20 && c < 0x7f; });
        if (!clean || url.size() > k_longest || url.size() <= k_scheme.size() || !istarts_with(url, k_scheme))
            return fail(errors::crt::invalid_name, {{"field", "address of revocation information"}, {"value", url.substr(0, 200)}});
    }
    return {};
}

}  // namespace

Asn1OctetStringPtr key_identifier(X509_PUBKEY const* key) {
    unsigned char const* bits = nullptr;
    int size = 0;
    std::array<std::uint8_t, 32> digest{};
    if (X509_PUBKEY_get0_param(nullptr, &bits, &size, nullptr, key) != 1 ||
        EVP_Digest(bits, static_cast<std::size_t>(size), digest.data(), nullptr, sha256_method(), nullptr) != 1) {
        throw_openssl_failure("make a key identifier");
    }
    constexpr std::size_t length = 160 / 8;
    return octets(std::span(digest).first(length));
}

Asn1OctetStringPtr issuer_identifier(X509* issuer) {
    if (ASN1_OCTET_STRING const* own = X509_get0_subject_key_id(issuer)) return octets(pki::bytes_of(own));
    return key_identifier(X509_get_X509_PUBKEY(issuer));
}

AuthorityKeyIdPtr authority_key_id(ASN1_OCTET_STRING const* identifier) {
    AuthorityKeyIdPtr out(AUTHORITY_KEYID_new());
    if (!out) throw_openssl_failure("make a key identifier");
    out->keyid = octets(pki::bytes_of(identifier)).release();
    return out;
}

Result<void> add_revocation_pointers(X509* certificate, IssueOptions const& options) {
    CS_CHECK(check_urls(options.crl_urls));
    CS_CHECK(check_urls(options.ocsp_urls));
    CS_CHECK(check_urls(options.issuer_urls));
    if (!options.crl_urls.empty()) add_distribution_point(certificate, options.crl_urls);
    if (!options.ocsp_urls.empty() || !options.issuer_urls.empty()) add_access(certificate, options);
    if (!options.must_staple) return {};
    constexpr long k_status_request = 5;  // RFC 6066 section 8
    std::unique_ptr<TLS_FEATURE, Deleter<TLS_FEATURE_free>> const features(TLS_FEATURE_new());
    ASN1_INTEGER* const feature = ASN1_INTEGER_new();
    if (!features || feature == nullptr || ASN1_INTEGER_set(feature, k_status_request) != 1 ||
        sk_ASN1_INTEGER_push(features.get(), feature) <= 0)
        throw_openssl_failure("add a TLS feature");
    add(certificate, NID_tlsfeature, features.get(), Criticality::normal);
    return {};
}

void add_extensions(X509* certificate, ExtensionPlan const& plan) {
    add_basic_constraints(certificate, plan);
    add_key_usage(certificate, plan.profile);
    add_extended_key_usage(certificate, plan.profile);
    auto const own = key_identifier(X509_get_X509_PUBKEY(certificate));
    add(certificate, NID_subject_key_identifier, own.get(), Criticality::normal);
    auto const authority = authority_key_id(plan.authority != nullptr ? plan.authority : own.get());
    add(certificate, NID_authority_key_identifier, authority.get(), Criticality::normal);
    if (plan.names == nullptr || sk_GENERAL_NAME_num(plan.names) == 0) return;
    // RFC 5280 section 4.2.1.6: critical when there is no subject.
    bool const alone = X509_NAME_entry_count(X509_get_subject_name(certificate)) == 0;
    add(certificate, NID_subject_alt_name, plan.names, alone ? Criticality::critical : Criticality::normal);
}

}  // namespace countersign::pki
