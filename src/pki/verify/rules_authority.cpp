// Who may issue, and which key is whose: RFC 5280 sections 4.2.1.1, 4.2.1.2, 4.2.1.3 and 4.2.1.9; BR 7.1.2.

#include "pki/openssl.hpp"
#include "pki/verify/rules.hpp"

#include <algorithm>

namespace countersign::pki {

namespace {

/// Nothing when there is no key usage; zero when it cannot be read.
std::optional<unsigned> key_usage_of(Judged const& one) {
    auto const* extension = one.anatomy.find(oid::key_usage);
    if (extension == nullptr) return std::nullopt;
    return parse_key_usage(extension->value).value_or(0);
}

bool is_authority_here(Judged const& one) { return one.role != Role::leaf || one.claims_authority(); }

void judge_root_identifier(Judged const& one, AuthorityKeyIdentifier const& found) {
    if (!found.key) {
        one.found(Rule::root_aki_without_key_identifier);
        return;
    }
    auto const* own = one.anatomy.find(oid::subject_key_identifier);
    auto const value = own == nullptr ? std::nullopt : der::only(own->value, der::k_octet_string);
    if (value && !std::ranges::equal(*value, *found.key)) one.found(Rule::aki_of_other_key, to_hex(*found.key));
}

void judge_issuer_identifier(Judged const& one, AuthorityKeyIdentifier const& found) {
    if (!found.key) one.found(Rule::aki_without_key_identifier);
    if (one.issuer == nullptr) return;
    auto const* theirs = X509_get0_subject_key_id(one.issuer->native());
    if (found.key && theirs != nullptr && !std::ranges::equal(*found.key, bytes_of(theirs))) {
        one.found(Rule::aki_of_other_key, to_hex(*found.key));
    }
    auto const* serial = X509_get0_authority_serial(one.certificate.native());
    if (serial != nullptr && ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(one.issuer->native())) != 0) {
        one.found(Rule::aki_of_other_issuer);
    }
}

void judge_authority_key_identifier(Judged const& one) {
    auto const* extension = one.anatomy.find(oid::authority_key_identifier);
    bool const root = one.is_self_signed();
    if (extension == nullptr) {
        if (!root) one.found(one.role == Role::anchor ? Rule::anchor_aki_missing : Rule::aki_missing);
        return;
    }
    if (extension->critical) one.found(Rule::aki_critical);
    auto const found = parse_authority_key_identifier(extension->value);
    if (!found || (found->key && found->key->empty())) {
        one.found(Rule::aki_broken);
        return;
    }
    if (found->issuer.has_value() != found->serial.has_value()) one.found(Rule::aki_half_issuer);
    if (found->issuer || found->serial) one.found(Rule::aki_names_issuer);
    if (root) {
        judge_root_identifier(one, *found);
    } else {
        judge_issuer_identifier(one, *found);
    }
}

}  // namespace

void judge_authority(Judged const& one) {
    auto const* extension = one.anatomy.find(oid::basic_constraints);
    if (extension == nullptr) {
        if (one.role != Role::leaf) one.found(Rule::authority_without_basic_constraints);
        return;
    }
    auto const value = parse_basic_constraints(extension->value);
    if (!value) {
        one.found(Rule::basic_constraints_broken);
        return;
    }
    if (value->writes_default) one.found(Rule::default_written, "basicConstraints");
    if (value->has_path_length && !value->authority) one.found(Rule::path_length_without_authority);
    auto const usage = key_usage_of(one);
    if (value->has_path_length && (!usage || (*usage & k_key_cert_sign) == 0)) one.found(Rule::path_length_without_signing);
    if (!value->authority) {
        if (one.role != Role::leaf) one.found(Rule::not_an_authority, "basicConstraints say CA:FALSE");
        return;
    }
    if (!extension->critical) {
        one.found(one.role == Role::anchor ? Rule::root_basic_constraints_not_critical : Rule::basic_constraints_not_critical);
    }
    if (one.role == Role::leaf && one.request.purpose == Purpose::server) one.found(Rule::leaf_is_authority);
}

void judge_key_usage(Judged const& one) {
    auto const* extension = one.anatomy.find(oid::key_usage);
    if (extension == nullptr) {
        if (is_authority_here(one)) one.found(Rule::authority_without_key_usage);
        return;
    }
    auto const usage = parse_key_usage(extension->value);
    if (!usage) {
        one.found(Rule::key_usage_broken);
        return;
    }
    if (*usage == 0) one.found(Rule::key_usage_empty);
    if (is_authority_here(one)) {
        if (!extension->critical) one.found(Rule::key_usage_not_critical);
        if (one.role != Role::leaf && (*usage & k_key_cert_sign) == 0) one.found(Rule::authority_may_not_sign);
    }
    if (!one.claims_authority()) {
        if ((*usage & k_key_cert_sign) != 0) one.found(Rule::signs_without_authority);
        if (one.role == Role::leaf && (*usage & k_crl_sign) != 0) one.found(Rule::leaf_signs_lists);
    }
}

void judge_key_identifiers(Judged const& one) {
    ErrorQueue const errors;
    judge_authority_key_identifier(one);
    auto const* extension = one.anatomy.find(oid::subject_key_identifier);
    if (extension == nullptr) {
        if (is_authority_here(one)) one.found(Rule::ski_missing);
        return;
    }
    if (extension->critical) one.found(Rule::ski_critical);
    auto const value = der::only(extension->value, der::k_octet_string);
    if (!value || value->empty()) one.found(Rule::ski_broken);
}

}  // namespace countersign::pki
