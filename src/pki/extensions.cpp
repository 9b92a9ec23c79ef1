#include "pki/extensions.hpp"

#include <array>

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
