#include "pki/foreign_request.hpp"

#include "pki/format/der_reader.hpp"
#include "pki/format/request_parts.hpp"
#include "pki/openssl.hpp"

#include "countersign/errors/crt.hpp"

#include <openssl/obj_mac.h>

#include <algorithm>
#include <array>

namespace countersign::pki {

namespace crt = errors::crt;

namespace {

constexpr std::size_t k_longest_group = 80;
constexpr std::array k_harmless{NID_subject_alt_name, NID_key_usage, NID_ext_key_usage, NID_subject_key_identifier, NID_basic_constraints};

/// OpenSSL's name of the curve; empty: it is given by its parameters.
std::string group_of(EVP_PKEY const* key) {
    std::array<char, k_longest_group> name{};
    std::size_t size = 0;
    ErrorQueue const errors;
    return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 ? std::string(name.data(), size) : std::string();
}

Failure refused(std::string_view detail) { return fail(crt::broken_request, {{"detail", detail}}); }

using BitsPtr = std::unique_ptr<ASN1_BIT_STRING, Deleter<ASN1_BIT_STRING_free>>;

/// RFC 5280 section 4.2.1.3.
constexpr int k_key_cert_sign = 5, k_crl_sign = 6;

using View = std::span<std::uint8_t const>;

bool is_challenge_password(View oid) {
    constexpr std::array<std::uint8_t, 9> pkcs9{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x07};
    return std::ranges::equal(oid, pkcs9);
}

/// Whoever signs may read another of two requests for extensions than we do.
Result<void> check_attributes(View attributes) {
    int requests = 0;
    for (DerReader all(attributes); !all.at_end();) {
        auto const attribute = all.next(der::k_sequence);
        DerReader parts(attribute ? attribute->content : View());
        auto const type = parts.next(der::k_oid);
        auto const values = parts.next(der::k_set);
        if (!type || !values) return refused("its attributes cannot be decoded");
        if (is_challenge_password(type->content)) continue;
        if (!asks_for_extensions(type->content)) return refused("it has an attribute that requests of systems do not have");
        DerReader lists(values->content);
        if (!lists.next(der::k_sequence) || !lists.at_end() || ++requests > 1) return refused("it asks for extensions more than once");
    }
    return {};
}

/// One element and no bytes after it: what reads the first one only would not see the rest.
bool is_one_element(View value) {
    DerReader reader(value);
    return reader.next() && reader.at_end();
}

Result<void> check_kinds(STACK_OF(X509_EXTENSION) const* asked) {
    for (int i = 0; i < X509v3_get_ext_count(asked); ++i) {
        auto* const extension = X509v3_get_ext(asked, i);
        auto* const object = X509_EXTENSION_get_object(extension);
        if (std::ranges::find(k_harmless, OBJ_obj2nid(object)) == k_harmless.end())
            return refused("it asks for an extension that certificates of systems do not have");
        if (X509v3_get_ext_by_OBJ(asked, object, i) >= 0) return refused("it asks for the same extension twice");
        if (!is_one_element(bytes_of(X509_EXTENSION_get_data(extension)))) return refused("an extension it asks for cannot be decoded");
    }
    return {};
}

Result<void> check_extended_usage(STACK_OF(X509_EXTENSION) const* asked) {
    int found = -1;
    ExtendedKeyUsagePtr const usages(static_cast<EXTENDED_KEY_USAGE*>(X509V3_get_d2i(asked, NID_ext_key_usage, &found, nullptr)));
    if (!usages && found != -1) return refused("an extension it asks for cannot be decoded");
    for (int i = 0; i < sk_ASN1_OBJECT_num(usages.get()); ++i) {
        int const usage = OBJ_obj2nid(sk_ASN1_OBJECT_value(usages.get(), i));
        if (usage != NID_server_auth && usage != NID_client_auth)
            return refused("it asks for an extended key usage other than those of TLS servers and clients");
    }
    return {};
}

/// GeneralName (RFC 5280 section 4.2.1.6): dNSName or an iPAddress of a length that there is.
bool is_plain(DerElement const& name) {
    if (name.tag == der::tagged(GEN_IPADD)) return name.content.size() == 4 || name.content.size() == 16;
    return name.tag == der::tagged(GEN_DNS);
}

}  // namespace

Result<KeyType> key_type_of(CertificateRequest const& request) {
    auto const* const key = request.parts().key();
    int const bits = EVP_PKEY_get_bits(key);
    std::string found = "a key of an unknown kind";
    switch (EVP_PKEY_get_base_id(key)) {
        case EVP_PKEY_RSA:
            if (bits == 2048) return KeyType::rsa_2048;
            if (bits == 3072) return KeyType::rsa_3072;
            if (bits == 4096) return KeyType::rsa_4096;
            found = "RSA " + std::to_string(bits);
            break;
        case EVP_PKEY_EC: {
            auto const group = group_of(key);
            if (group == SN_X9_62_prime256v1) return KeyType::ec_p256;
            if (group == SN_secp384r1) return KeyType::ec_p384;
            found = "EC " + (group.empty() ? std::to_string(bits) : group);
            break;
        }
        case EVP_PKEY_ED25519: return KeyType::ed25519;
        default: break;
    }
    return fail(crt::unsupported_key_type, {{"type", found}});
}

Result<void> check_is_no_authority(CertificateRequest const& request) {
    ErrorQueue const errors;
    auto const* const asked = request.parts().extensions();
    CS_CHECK(check_attributes(request.parts().attributes()));
    CS_CHECK(check_kinds(asked));
    CS_CHECK(check_extended_usage(asked));
    int found = -1;
    BasicConstraintsPtr const constraints(static_cast<BASIC_CONSTRAINTS*>(X509V3_get_d2i(asked, NID_basic_constraints, &found, nullptr)));
    if ((!constraints && found != -1) || (constraints && constraints->ca != 0)) return refused("it asks to be an authority");
    BitsPtr const usage(static_cast<ASN1_BIT_STRING*>(X509V3_get_d2i(asked, NID_key_usage, &found, nullptr)));
    if ((!usage && found != -1) ||
        (usage && (ASN1_BIT_STRING_get_bit(usage.get(), k_key_cert_sign) != 0 || ASN1_BIT_STRING_get_bit(usage.get(), k_crl_sign) != 0)))
        return refused("it asks for the right to sign certificates or lists");
    return {};
}

Result<void> check_names_are_plain(CertificateRequest const& request) {
    ErrorQueue const errors;
    auto const* const subject = request.parts().subject();
    if (X509_NAME_entry_count(subject) != 1 || X509_NAME_get_index_by_NID(subject, NID_commonName, -1) != 0)
        return refused("its subject is not one common name alone: " + request.subject());
    auto const* const asked = request.parts().extensions();
    int const at = X509v3_get_ext_by_NID(asked, NID_subject_alt_name, -1);
    if (at < 0) return {};
    DerReader outside(bytes_of(X509_EXTENSION_get_data(X509v3_get_ext(asked, at))));
    auto const list = outside.next(der::k_sequence);
    if (!list || !outside.at_end()) return refused("the names it asks for cannot be decoded");
    for (DerReader names(list->content); !names.at_end();) {
        auto const name = names.next();
        if (!name || !is_plain(*name)) return refused("it asks for a name that is neither a host name nor an address");
    }
    return {};
}

}  // namespace countersign::pki
