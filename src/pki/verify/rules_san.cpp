// The forms of alternative names and of the common name: RFC 5280 section 4.2.1.6, RFC 9525 section 6.3, BR 7.1.4.

#include "pki/names.hpp"
#include "pki/openssl.hpp"
#include "pki/verify/name_forms.hpp"
#include "pki/verify/rules.hpp"

#include <algorithm>

namespace countersign::pki {

namespace {

constexpr int k_other = 0, k_email = 1, k_dns = 2, k_x400 = 3, k_directory = 4, k_edi = 5, k_uri = 6, k_address = 7, k_registered = 8;

void judge_dns(Judged const& one, std::string_view name) {
    auto const shown = for_showing(name);
    if (name.contains('*')) {
        if (!is_wildcard(name)) {
            one.found(Rule::san_wildcard_form, shown);
            return;
        }
        name.remove_prefix(2);
        if (!name.contains('.')) one.found(Rule::san_wildcard_too_wide, shown);
    } else if (looks_like_address(name)) {
        one.found(Rule::san_dns_is_address, shown);
        return;
    } else if (!name.contains('.') && is_dns_name(name)) {
        one.found(Rule::san_dns_single_label, shown);
    }
    if (!is_dns_name(name)) {
        one.found(Rule::san_dns_form, shown);
    } else if (has_reserved_label(name)) {
        one.found(Rule::san_dns_label_reserved, shown);
    }
}

void judge_uri(Judged const& one, std::string_view uri) {
    auto const host = uri_host(uri);
    if (!host.valid || (host.has_authority && host.host.empty())) one.found(Rule::san_uri_form, for_showing(uri));
}

bool is_other_name(der::View content) {
    der::Reader parts(content);
    auto const type = parts.expect(der::k_oid);
    auto const value = parts.expect(der::wrapped(0));
    return type && value && parts.done() && !value->content.empty();
}

bool is_directory_name(der::View content) { return der::only(content, der::k_sequence).has_value(); }

/// False when the value is none of the kinds of GeneralName.
bool judge_name(Judged const& one, der::Value const& name) {
    auto const text = text_of(name.content);
    switch (name.tag) {
        case der::tagged(k_dns): judge_dns(one, text); return true;
        case der::tagged(k_email):
            if (!is_mailbox(text)) one.found(Rule::san_email_form, for_showing(text));
            return true;
        case der::tagged(k_uri): judge_uri(one, text); return true;
        case der::tagged(k_address):
            if (!address_text(name.content)) one.found(Rule::san_address_form, to_hex(name.content));
            return true;
        case der::tagged(k_registered): return der::is_oid(name.content);
        case der::wrapped(k_directory): return is_directory_name(name.content);
        case der::wrapped(k_other): return is_other_name(name.content);
        case der::wrapped(k_x400):
        case der::wrapped(k_edi): return true;
        default: return false;
    }
}

void judge_list(Judged const& one, ExtensionBytes const& extension) {
    auto const list = der::only(extension.value, der::k_sequence);
    if (!list) {
        one.found(Rule::san_broken);
        return;
    }
    if (list->empty()) one.found(Rule::san_empty);
    bool unusual = false;
    der::Reader reader(*list);
    while (reader.more()) {
        auto const name = reader.next();
        if (!name || !judge_name(one, *name)) {
            one.found(Rule::san_broken);
            return;
        }
        unusual = unusual || (name->tag != der::tagged(k_dns) && name->tag != der::tagged(k_address));
    }
    if (unusual && one.role == Role::leaf && one.request.purpose == Purpose::server) one.found(Rule::san_kind_unusual);
}

enum class Standing { listed, misleading, unlisted };

/// How a common name stands to the alternative names. BR 7.1.4.3 wants it to be one of them, letter by letter. A domain above the
/// names, or a DNS name beside addresses alone, is no name that anybody would connect to instead of them.
Standing standing_of(std::string_view common_name, ExtensionBytes const& extension) {
    bool const is_address = looks_like_address(common_name);
    bool const host_like = is_address || (common_name.contains('.') && !common_name.contains(' '));
    auto out = is_address ? Standing::misleading : Standing::unlisted;
    der::Reader reader(der::only(extension.value, der::k_sequence).value_or(der::View()));
    while (reader.more()) {
        auto const name = reader.next();
        if (!name) return out;
        auto const text = text_of(name->content);
        if (name->tag == der::tagged(k_address) && address_text(name->content) == common_name) return Standing::listed;
        if (name->tag != der::tagged(k_dns)) continue;
        if (text == common_name) return Standing::listed;
        bool const above = text.size() > common_name.size() && is_within(text, common_name);
        if (host_like && !above) out = Standing::misleading;
    }
    return out;
}

}  // namespace

void judge_alternative_names(Judged const& one) {
    auto const* issuer = one.anatomy.find(oid::issuer_alternative_name);
    auto const issuers = issuer == nullptr ? std::nullopt : der::only(issuer->value, der::k_sequence);
    if (issuer != nullptr && (!issuers || issuers->empty())) one.found(Rule::extension_form, "issuerAltName");
    auto const* extension = one.anatomy.find(oid::subject_alternative_name);
    if (extension != nullptr) {
        judge_list(one, *extension);
    } else if (one.role == Role::leaf && one.request.purpose == Purpose::server) {
        one.found(Rule::leaf_without_san);
    }
}

void judge_common_name(Judged const& one) {
    auto const* extension = one.anatomy.find(oid::subject_alternative_name);
    if (one.role != Role::leaf || one.request.purpose != Purpose::server || extension == nullptr) return;
    X509_NAME const* subject = X509_get_subject_name(one.certificate.native());
    int const at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return;
    if (X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) one.found(Rule::two_common_names);
    auto const name = raw_value(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    auto const standing = standing_of(name, *extension);
    if (standing == Standing::misleading) one.found(Rule::common_name_not_in_san, for_showing(name));
    if (standing == Standing::unlisted) one.found(Rule::common_name_unlisted, for_showing(name));
}

}  // namespace countersign::pki
