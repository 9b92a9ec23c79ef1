// One extension after the other: a table from NID to the function that reads it.

#include "pki/describe.hpp"
#include "pki/describe/names.hpp"
#include "pki/openssl.hpp"

#include <openssl/x509v3.h>

#include <algorithm>
#include <array>

namespace countersign::pki {
namespace {

using Values = std::vector<std::string>;
constexpr std::size_t k_most_values = 100;

/// The decoded extension with its owner; null when it is broken.
template <class T>
auto decoded(X509_EXTENSION* extension, void (*free)(T*)) {
    return std::unique_ptr<T, void (*)(T*)>(static_cast<T*>(X509V3_EXT_d2i(extension)), free);
}

Values broken() { return {"cannot be decoded"}; }

std::string plural(long count, std::string const& one) { return std::to_string(count) + " " + one + (count == 1 ? "" : "s"); }

Values basic_constraints(X509_EXTENSION* extension) {
    auto const value = decoded(extension, BASIC_CONSTRAINTS_free);
    if (!value) return broken();
    if (value->ca == 0) return {"not an authority"};
    Values out{"authority (CA)"};
    if (value->pathlen != nullptr) {
        auto const length = ASN1_INTEGER_get(value->pathlen);
        out.push_back(length == 0 ? "no authority below it"
                                  : "at most " + std::to_string(length) + (length == 1 ? " authority below it" : " authorities below it"));
    }
    return out;
}

Values bits(X509_EXTENSION* extension, std::span<std::string_view const> names) {
    auto const value = decoded(extension, ASN1_BIT_STRING_free);
    if (!value) return broken();
    Values out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (ASN1_BIT_STRING_get_bit(value.get(), static_cast<int>(i)) == 1) out.emplace_back(names[i]);
    }
    return out.empty() ? Values{"nothing"} : out;
}

Values key_usage(X509_EXTENSION* extension) {
    static constexpr std::array<std::string_view, 9> names{"digital signature",        "content commitment", "key encipherment",
                                                           "data encipherment",        "key agreement",      "signing certificates",
                                                           "signing revocation lists", "encipher only",      "decipher only"};
    return bits(extension, names);
}

Values netscape_type(X509_EXTENSION* extension) {
    static constexpr std::array<std::string_view, 8> names{"TLS client", "TLS server",    "e-mail",           "object signing",
                                                           "reserved",   "TLS authority", "e-mail authority", "object signing authority"};
    return bits(extension, names);
}

std::string purpose_name(ASN1_OBJECT const* object) {
    switch (OBJ_obj2nid(object)) {
        case NID_server_auth: return "TLS server";
        case NID_client_auth: return "TLS client";
        case NID_code_sign: return "code signing";
        case NID_email_protect: return "e-mail protection";
        case NID_time_stamp: return "time stamping";
        case NID_OCSP_sign: return "OCSP signing";
        case NID_anyExtendedKeyUsage: return "any purpose";
        default: return object_text(object);
    }
}

Values extended_key_usage(X509_EXTENSION* extension) {
    auto const value = decoded(extension, EXTENDED_KEY_USAGE_free);
    if (!value) return broken();
    Values out;
    for (int i = 0; i < sk_ASN1_OBJECT_num(value.get()); ++i) out.push_back(purpose_name(sk_ASN1_OBJECT_value(value.get(), i)));
    return out;
}

Values general_names(X509_EXTENSION* extension) {
    auto const value = decoded(extension, GENERAL_NAMES_free);
    if (!value) return broken();
    Values out;
    for (int i = 0; i < sk_GENERAL_NAME_num(value.get()); ++i) out.push_back(general_name_text(sk_GENERAL_NAME_value(value.get(), i)));
    return out;
}

Values name_constraints(X509_EXTENSION* extension) {
    auto const value = decoded(extension, NAME_CONSTRAINTS_free);
    if (!value) return broken();
    Values out;
    auto add = [&out](STACK_OF(GENERAL_SUBTREE) const* trees, std::string const& word) {
        for (int i = 0; i < sk_GENERAL_SUBTREE_num(trees); ++i)
            out.push_back(word + " " + general_name_text(sk_GENERAL_SUBTREE_value(trees, i)->base, AddressForm::range));
    };
    add(value->permittedSubtrees, "only");
    add(value->excludedSubtrees, "never");
    return out;
}

std::string qualifier_text(POLICYQUALINFO const* qualifier) {
    switch (OBJ_obj2nid(qualifier->pqualid)) {
        case NID_id_qt_cps: return "practice statement " + std::string(view_of(qualifier->d.cpsuri));
        case NID_id_qt_unotice:
            return qualifier->d.usernotice->exptext != nullptr ? "notice: " + utf8_text(qualifier->d.usernotice->exptext) : "notice";
        default: return "qualifier " + object_text(qualifier->pqualid);
    }
}

Values policies(X509_EXTENSION* extension) {
    auto const value = decoded(extension, CERTIFICATEPOLICIES_free);
    if (!value) return broken();
    Values out;
    for (int i = 0; i < sk_POLICYINFO_num(value.get()); ++i) {
        auto const* policy = sk_POLICYINFO_value(value.get(), i);
        std::string text = OBJ_obj2nid(policy->policyid) == NID_any_policy ? "any policy" : dotted(policy->policyid);
        for (int j = 0; j < sk_POLICYQUALINFO_num(policy->qualifiers); ++j)
            text += ", " + qualifier_text(sk_POLICYQUALINFO_value(policy->qualifiers, j));
        out.push_back(std::move(text));
    }
    return out;
}

void free_mappings(POLICY_MAPPINGS* mappings) { sk_POLICY_MAPPING_pop_free(mappings, POLICY_MAPPING_free); }

Values policy_mappings(X509_EXTENSION* extension) {
    auto const value = decoded(extension, free_mappings);
    if (!value) return broken();
    Values out;
    for (int i = 0; i < sk_POLICY_MAPPING_num(value.get()); ++i) {
        auto const* mapping = sk_POLICY_MAPPING_value(value.get(), i);
        out.push_back(dotted(mapping->issuerDomainPolicy) + " counts as " + dotted(mapping->subjectDomainPolicy));
    }
    return out;
}

Values policy_constraints(X509_EXTENSION* extension) {
    auto const value = decoded(extension, POLICY_CONSTRAINTS_free);
    if (!value) return broken();
    Values out;
    if (value->requireExplicitPolicy != nullptr)
        out.push_back("an explicit policy is needed after " + plural(ASN1_INTEGER_get(value->requireExplicitPolicy), "certificate"));
    if (value->inhibitPolicyMapping != nullptr)
        out.push_back("no policy mapping after " + plural(ASN1_INTEGER_get(value->inhibitPolicyMapping), "certificate"));
    return out;
}

Values inhibit_any_policy(X509_EXTENSION* extension) {
    auto const value = decoded(extension, ASN1_INTEGER_free);
    if (!value) return broken();
    return {"\"any policy\" does not count after " + plural(ASN1_INTEGER_get(value.get()), "certificate")};
}

void add_point_name(Values& out, DIST_POINT_NAME const* name) {
    if (name == nullptr) return;
    if (name->type != 0) {
        out.emplace_back("relative to the issuer's name");
        return;
    }
    for (int i = 0; i < sk_GENERAL_NAME_num(name->name.fullname); ++i) {
        auto text = general_name_text(sk_GENERAL_NAME_value(name->name.fullname, i));
        out.push_back(text.starts_with("uri:") ? text.substr(4) : text);
    }
}

Values distribution_points(X509_EXTENSION* extension) {
    auto const value = decoded(extension, CRL_DIST_POINTS_free);
    if (!value) return broken();
    Values out;
    for (int i = 0; i < sk_DIST_POINT_num(value.get()); ++i) {
        auto const* point = sk_DIST_POINT_value(value.get(), i);
        add_point_name(out, point->distpoint);
        for (int j = 0; j < sk_GENERAL_NAME_num(point->CRLissuer); ++j)
            out.push_back("issued by " + general_name_text(sk_GENERAL_NAME_value(point->CRLissuer, j)));
    }
    return out;
}

Values issuing_point(X509_EXTENSION* extension) {
    auto const value = decoded(extension, ISSUING_DIST_POINT_free);
    if (!value) return broken();
    Values out;
    add_point_name(out, value->distpoint);
    if (value->onlyuser > 0) out.emplace_back("only about certificates that are no authorities");
    if (value->onlyCA > 0) out.emplace_back("only about authorities");
    if (value->onlyattr > 0) out.emplace_back("only about attribute certificates");
    if (value->indirectCRL > 0) out.emplace_back("also about certificates of other issuers");
    if (value->onlysomereasons != nullptr) out.emplace_back("only about some reasons");
    return out;
}

Values information_access(X509_EXTENSION* extension) {
    auto const value = decoded(extension, AUTHORITY_INFO_ACCESS_free);
    if (!value) return broken();
    Values out;
    for (int i = 0; i < sk_ACCESS_DESCRIPTION_num(value.get()); ++i) {
        auto const* one = sk_ACCESS_DESCRIPTION_value(value.get(), i);
        std::string method = object_text(one->method);
        if (OBJ_obj2nid(one->method) == NID_ad_OCSP) method = "OCSP";
        if (OBJ_obj2nid(one->method) == NID_ad_ca_issuers) method = "issuer";
        auto text = general_name_text(one->location);
        out.push_back(method + " " + (text.starts_with("uri:") ? text.substr(4) : text));
    }
    return out;
}

Values subject_key(X509_EXTENSION* extension) {
    auto const value = decoded(extension, ASN1_OCTET_STRING_free);
    return value ? Values{to_hex(pki::bytes_of(value.get()), ':')} : broken();
}

Values authority_key(X509_EXTENSION* extension) {
    auto const value = decoded(extension, AUTHORITY_KEYID_free);
    if (!value) return broken();
    Values out;
    if (value->keyid != nullptr) out.push_back(to_hex(pki::bytes_of(value->keyid), ':'));
    for (int i = 0; i < sk_GENERAL_NAME_num(value->issuer); ++i)
        out.push_back("issuer " + general_name_text(sk_GENERAL_NAME_value(value->issuer, i)));
    if (value->serial != nullptr) out.push_back("serial number " + to_hex(pki::bytes_of(value->serial)));
    return out;
}

Values number(X509_EXTENSION* extension) {
    auto const value = decoded(extension, ASN1_INTEGER_free);
    return value ? Values{"0x" + to_hex(pki::bytes_of(value.get()))} : broken();
}

/// What OpenSSL prints, else the first bytes.
Values other(X509_EXTENSION* extension) {
    BioPtr const out(BIO_new(BIO_s_mem()));
    if (!out) throw_openssl_failure("print an extension");
    Values lines;
    if (X509V3_EXT_get(extension) != nullptr && X509V3_EXT_print(out.get(), extension, X509V3_EXT_DEFAULT, 0) == 1) {
        char* data = nullptr;
        auto const size = BIO_get_mem_data(out.get(), &data);
        for (auto line : split(std::string_view(data, static_cast<std::size_t>(std::max(0L, size))), '\n')) {
            if (auto const text = trim(line); !text.empty()) lines.emplace_back(text);
        }
    }
    if (!lines.empty()) return lines;
    constexpr std::size_t most_bytes = 64;
    auto const bytes = pki::bytes_of(X509_EXTENSION_get_data(extension));
    return {std::to_string(bytes.size()) + " bytes: " + to_hex(bytes.first(std::min(bytes.size(), most_bytes)), ':') +
            (bytes.size() > most_bytes ? " ..." : "")};
}

struct Row {
    int nid;
    std::string_view name;
    Values (*read)(X509_EXTENSION*);
};
constexpr std::array<Row, 20> k_rows{{
    {NID_basic_constraints, "Basic constraints", basic_constraints},
    {NID_key_usage, "Key usage", key_usage},
    {NID_ext_key_usage, "Extended key usage", extended_key_usage},
    {NID_subject_alt_name, "Subject alternative names", general_names},
    {NID_issuer_alt_name, "Issuer alternative names", general_names},
    {NID_name_constraints, "Name constraints", name_constraints},
    {NID_certificate_policies, "Policies", policies},
    {NID_policy_mappings, "Policy mappings", policy_mappings},
    {NID_policy_constraints, "Policy constraints", policy_constraints},
    {NID_inhibit_any_policy, "Inhibit any policy", inhibit_any_policy},
    {NID_crl_distribution_points, "Revocation lists", distribution_points},
    {NID_freshest_crl, "Delta revocation lists", distribution_points},
    {NID_issuing_distribution_point, "Issuing distribution point", issuing_point},
    {NID_info_access, "Authority information", information_access},
    {NID_sinfo_access, "Subject information", information_access},
    {NID_subject_key_identifier, "Subject key identifier", subject_key},
    {NID_authority_key_identifier, "Authority key identifier", authority_key},
    {NID_crl_number, "Number", number},
    {NID_delta_crl, "Changes since number", number},
    {NID_netscape_cert_type, "Netscape certificate type", netscape_type},
}};

ExtensionText describe(X509_EXTENSION* extension) {
    ASN1_OBJECT const* object = X509_EXTENSION_get_object(extension);
    ExtensionText out{.oid = dotted(object), .name = {}, .critical = X509_EXTENSION_get_critical(extension) == 1, .values = {}};
    auto const* row = std::ranges::find(k_rows, OBJ_obj2nid(object), &Row::nid);
    out.name = row != k_rows.end() ? std::string(row->name) : object_text(object);
    out.values = row != k_rows.end() ? row->read(extension) : other(extension);
    if (out.values.size() > k_most_values) {
        auto const more = out.values.size() - k_most_values;
        out.values.resize(k_most_values);
        out.values.push_back("and " + std::to_string(more) + " more");
    }
    return out;
}

std::vector<ExtensionText> describe(STACK_OF(X509_EXTENSION) const* list) {
    ErrorQueue const errors;
    std::vector<ExtensionText> out;
    for (int i = 0; i < sk_X509_EXTENSION_num(list); ++i) out.push_back(describe(sk_X509_EXTENSION_value(list, i)));
    return out;
}

}  // namespace

std::vector<ExtensionText> describe_extensions(Certificate const& certificate) {
    return describe(X509_get0_extensions(certificate.native()));
}

std::vector<ExtensionText> describe_extensions(CertificateRequest const& request) {
    ErrorQueue const errors;
    ExtensionsPtr const list(X509_REQ_get_extensions(request.native()));
    return describe(list.get());
}

std::vector<ExtensionText> describe_extensions(Crl const& crl) { return describe(X509_CRL_get0_extensions(crl.native())); }

}  // namespace countersign::pki
