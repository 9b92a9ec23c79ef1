// Extensions as a list, policies, information access, distribution points and purposes: RFC 5280 section 4.2.

#include "pki/openssl.hpp"
#include "pki/verify/rules.hpp"

#include <algorithm>
#include <functional>

namespace countersign::pki {

namespace {

using der::View;

/// Applies `each` to the values of a SEQUENCE that fills `bytes`; false when it is none, empty, or `each` says so.
bool for_each(View bytes, std::function<bool(der::Value const&)> const& each) {
    auto const list = der::only(bytes, der::k_sequence);
    if (!list || list->empty()) return false;
    der::Reader reader(*list);
    while (reader.more()) {
        auto const value = reader.next();
        if (!value || !each(*value)) return false;
    }
    return reader.ok();
}

void require(Judged const& one, View oid, bool wanted, Rule rule) {
    auto const* extension = one.anatomy.find(oid);
    if (extension != nullptr && extension->critical != wanted) one.found(rule);
}

void judge_policy_list(Judged const& one, ExtensionBytes const& extension) {
    std::vector<View> seen;
    bool twice = false;
    bool const good = for_each(extension.value, [&](der::Value const& value) {
        if (value.tag != der::k_sequence) return false;
        der::Reader parts(value.content);
        auto const policy = parts.expect(der::k_oid);
        if (!policy || !der::is_oid(policy->content)) return false;
        if (parts.more()) {
            auto const qualifiers = parts.expect(der::k_sequence);
            if (!qualifiers || qualifiers->content.empty()) return false;
        }
        twice = twice || std::ranges::any_of(seen, [&policy](View other) { return std::ranges::equal(other, policy->content); });
        // Many policies are compared only up to a bound; nobody writes more.
        constexpr std::size_t most = 256;
        if (seen.size() < most) seen.push_back(policy->content);
        return parts.done();
    });
    if (!good) one.found(Rule::policies_broken);
    if (twice) one.found(Rule::policy_twice);
}

void judge_mappings(Judged const& one, ExtensionBytes const& extension) {
    bool any = false;
    bool const good = for_each(extension.value, [&any](der::Value const& value) {
        if (value.tag != der::k_sequence) return false;
        der::Reader parts(value.content);
        auto const from = parts.expect(der::k_oid);
        auto const to = parts.expect(der::k_oid);
        if (!to || !parts.done()) return false;
        any = any || std::ranges::equal(from->content, oid::any_policy) || std::ranges::equal(to->content, oid::any_policy);
        return true;
    });
    if (!good) one.found(Rule::policy_mappings_broken);
    if (any) one.found(Rule::policy_maps_any);
}

bool is_skip_count(std::optional<der::Value> const& value) {
    return !value || (der::is_integer(value->content) && (value->content[0] & 0x80) == 0);
}

void judge_policy_constraints(Judged const& one, ExtensionBytes const& extension) {
    if (!extension.critical) one.found(Rule::policy_constraints_not_critical);
    auto const content = der::only(extension.value, der::k_sequence);
    der::Reader parts(content.value_or(View()));
    auto const explicit_policy = parts.take(der::tagged(0));
    auto const mapping = parts.take(der::tagged(1));
    bool const empty = !explicit_policy && !mapping;
    if (!content || empty || !parts.done() || !is_skip_count(explicit_policy) || !is_skip_count(mapping)) {
        one.found(Rule::policy_constraints_empty);
    }
}

bool is_access_description(der::Value const& value) {
    if (value.tag != der::k_sequence) return false;
    der::Reader parts(value.content);
    auto const method = parts.expect(der::k_oid);
    auto const location = parts.next();
    return method && location && parts.done() && (location->tag & 0xc0) == 0x80 && (location->tag & 0x1f) <= 8;
}

/// RFC 5280 section 4.2.1.13: a point with nothing but reasons is none.
bool is_distribution_point(der::Value const& value) {
    if (value.tag != der::k_sequence) return false;
    der::Reader parts(value.content);
    auto const point = parts.take(der::wrapped(0));
    auto const reasons = parts.take(der::tagged(1));
    auto const issuer = parts.take(der::wrapped(2));
    if (!parts.done() || (!point && !issuer)) return false;
    if (point && point->content.empty()) return false;
    return !reasons || reasons->content.size() >= 2;
}

void judge_points(Judged const& one, ExtensionBytes const* extension) {
    if (extension != nullptr && !for_each(extension->value, is_distribution_point)) one.found(Rule::distribution_points_broken);
}

bool is_supported(Judged const& one, View oid) {
    for (int i = 0; i < X509_get_ext_count(one.certificate.native()); ++i) {
        X509_EXTENSION* const extension = X509_get_ext(one.certificate.native(), i);
        ASN1_OBJECT const* object = X509_EXTENSION_get_object(extension);
        if (std::ranges::equal(View(OBJ_get0_data(object), OBJ_length(object)), oid)) return X509_supported_extension(extension) == 1;
    }
    return false;
}

/// Critical ones that RFC 5280 forbids have rules of their own, which say more.
bool has_own_rule(View oid) {
    constexpr auto is = [](View a, auto const& b) { return std::ranges::equal(a, b); };
    return is(oid, oid::authority_key_identifier) || is(oid, oid::subject_key_identifier) || is(oid, oid::authority_access) ||
           is(oid, oid::subject_access) || is(oid, oid::freshest_list) || is(oid, oid::subject_directory_attributes);
}

}  // namespace

void judge_extension_list(Judged const& one) {
    std::string unknown;
    auto const& list = one.anatomy.extensions;
    // A certificate of a megabyte has room for very many: a bounded number is compared with each other.
    constexpr std::size_t most = 256;
    for (std::size_t i = 0; i < std::min(most, list.size()); ++i) {
        bool const again = std::ranges::any_of(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(i),
                                               [&](auto const& other) { return std::ranges::equal(other.oid, list[i].oid); });
        if (again) one.found(Rule::duplicate_extension, oid_text(list[i].oid));
        if (list[i].critical && !has_own_rule(list[i].oid) && !is_supported(one, list[i].oid)) {
            unknown += (unknown.empty() ? "" : ", ") + oid_text(list[i].oid);
        }
    }
    if (list.size() > most) one.found(Rule::extension_form, std::to_string(list.size()) + " extensions");
    if (!unknown.empty()) one.found(Rule::unknown_critical_extension, unknown);
    require(one, oid::freshest_list, false, Rule::freshest_list_critical);
    require(one, oid::subject_directory_attributes, false, Rule::directory_attributes_critical);
}

void judge_policies(Judged const& one) {
    auto const* policies = one.anatomy.find(oid::certificate_policies);
    auto const* mappings = one.anatomy.find(oid::policy_mappings);
    auto const* constraints = one.anatomy.find(oid::policy_constraints);
    auto const* inhibit = one.anatomy.find(oid::inhibit_any_policy);
    if (policies != nullptr) judge_policy_list(one, *policies);
    if (mappings != nullptr) judge_mappings(one, *mappings);
    if (constraints != nullptr) judge_policy_constraints(one, *constraints);
    if (inhibit != nullptr) {
        if (!inhibit->critical) one.found(Rule::inhibit_any_not_critical);
        auto const count = der::only(inhibit->value, der::k_integer);
        if (!count || !der::is_integer(*count) || ((*count)[0] & 0x80) != 0) one.found(Rule::inhibit_any_broken);
    }
    bool const rules = mappings != nullptr || constraints != nullptr || inhibit != nullptr;
    if (rules && !one.claims_authority()) one.found(Rule::policy_rules_without_authority);
}

void judge_access_and_points(Judged const& one) {
    for (View const oid : {View(oid::authority_access), View(oid::subject_access)}) {
        require(one, oid, false, Rule::access_critical);
        auto const* extension = one.anatomy.find(oid);
        if (extension != nullptr && !for_each(extension->value, is_access_description)) one.found(Rule::access_broken);
    }
    require(one, oid::distribution_points, false, Rule::distribution_points_critical);
    judge_points(one, one.anatomy.find(oid::distribution_points));
    judge_points(one, one.anatomy.find(oid::freshest_list));
}

void judge_purpose_form(Judged const& one) {
    auto const* extension = one.anatomy.find(oid::extended_key_usage);
    bool const server = one.request.purpose == Purpose::server;
    if (extension == nullptr) {
        if (one.role == Role::leaf && server) one.found(Rule::leaf_without_purpose);
        return;
    }
    bool any = false;
    bool const good = for_each(extension->value, [&any](der::Value const& value) {
        any = any || std::ranges::equal(value.content, oid::any_purpose);
        return value.tag == der::k_oid && der::is_oid(value.content);
    });
    if (!good) one.found(Rule::extended_key_usage_broken);
    if (one.role == Role::leaf && server && extension->critical) one.found(Rule::leaf_purpose_critical);
    if (one.role == Role::leaf && server && any) one.found(Rule::leaf_for_any_purpose);
    if (one.role == Role::anchor && one.is_self_signed()) one.found(Rule::root_with_purpose);
}

}  // namespace countersign::pki
