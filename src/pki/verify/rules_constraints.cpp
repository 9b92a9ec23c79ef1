// Name constraints where OpenSSL is patient or silent: RFC 5280 section 4.2.1.10, BR 7.1.2.5.2. Whether a name lies inside is
// OpenSSL's to say, but for wildcards, whose names it does not think of.

#include "pki/names.hpp"
#include "pki/openssl.hpp"
#include "pki/verify/name_forms.hpp"
#include "pki/verify/rules.hpp"

#include <algorithm>
#include <functional>

namespace countersign::pki {

namespace {

constexpr int k_email = 1, k_dns = 2, k_uri = 6, k_address = 7;

struct Subtree {
    der::Value base;
    bool distance = false;  ///< minimum or maximum is there
};

/// False when the list is no list of subtrees.
bool for_each_subtree(der::View list, std::function<void(Subtree const&)> const& each) {
    der::Reader reader(list);
    while (reader.more()) {
        auto const subtree = reader.expect(der::k_sequence);
        if (!subtree) return false;
        der::Reader parts(subtree->content);
        auto const base = parts.next();
        if (!base || (base->tag & 0xc0) != 0x80) return false;
        each({*base, parts.more()});
        static_cast<void>(parts.take(der::tagged(0)));
        static_cast<void>(parts.take(der::tagged(1)));
        if (!parts.done()) return false;
    }
    return reader.ok();
}

struct Constraints {
    std::optional<der::View> permitted, excluded;
};

std::optional<Constraints> parse_constraints(der::View value) {
    auto const content = der::only(value, der::k_sequence);
    if (!content) return std::nullopt;
    der::Reader parts(*content);
    Constraints out;
    if (auto const permitted = parts.take(der::wrapped(0))) out.permitted = permitted->content;
    if (auto const excluded = parts.take(der::wrapped(1))) out.excluded = excluded->content;
    return parts.done() ? std::optional(out) : std::nullopt;
}

bool has_constraint_form(der::Value const& base) {
    auto const text = text_of(base.content);
    switch (base.tag) {
        case der::tagged(k_dns): return is_dns_constraint(text);
        case der::tagged(k_email): return is_email_constraint(text);
        case der::tagged(k_uri): return is_uri_constraint(text);
        case der::tagged(k_address): return is_address_constraint(base.content);
        default: return (base.tag & 0x1f) <= 8;
    }
}

void judge_subtrees(Judged const& one, std::optional<der::View> list) {
    if (!list) return;
    if (list->empty()) one.found(Rule::constraints_empty);
    bool const good = for_each_subtree(*list, [&one](Subtree const& subtree) {
        if (subtree.distance) one.found(Rule::constraint_distance);
        if (!has_constraint_form(subtree.base)) one.found(Rule::constraint_form_strict, for_showing(text_of(subtree.base.content)));
    });
    if (!good) one.found(Rule::constraint_form_strict);
}

/// The value of an extension by OpenSSL, as it is there for profiles that take nothing apart.
der::View extension_value(X509* certificate, int nid) {
    int const at = X509_get_ext_by_NID(certificate, nid, -1);
    return at < 0 ? der::View() : der::View(bytes_of(X509_EXTENSION_get_data(X509_get_ext(certificate, at))));
}

std::size_t count_values(der::View list) {
    std::size_t out = 0;
    der::Reader reader(list);
    while (reader.next()) ++out;
    return out;
}

std::size_t count_names(X509* certificate) {
    auto const names = der::only(extension_value(certificate, NID_subject_alt_name), der::k_sequence);
    return (names ? count_values(*names) : 0) + static_cast<std::size_t>(X509_NAME_entry_count(X509_get_subject_name(certificate)));
}

std::size_t count_constraints(X509* certificate) {
    auto const constraints = parse_constraints(extension_value(certificate, NID_name_constraints));
    if (!constraints) return extension_value(certificate, NID_name_constraints).size();
    return count_values(constraints->permitted.value_or(der::View())) + count_values(constraints->excluded.value_or(der::View()));
}

/// Can "*.domain" stand for a name that lies within `excluded`? One label takes the place of the star.
bool reaches(std::string_view domain, std::string_view excluded) {
    if (is_within(domain, excluded)) return true;
    if (!is_within(excluded, domain)) return false;
    auto const label = excluded.substr(0, excluded.size() - std::min(excluded.size(), domain.size() + 1));
    return !label.contains('.');
}

/// RFC 5280 section 4.2.1.10: ".example.com" is every host below it and "example.com" this host alone.
bool is_host_within(std::string_view host, std::string_view base) {
    if (!base.starts_with('.')) return iequals(host, base);
    return host.size() > base.size() && iequals(host.substr(host.size() - base.size()), base);
}

/// OpenSSL looks for the host of a URI in front of the first ':' or '/', and so does not see it behind user information or in front
/// of '?' and '#'.
void judge_uri_against(X509* certificate, int depth, Constraints const& constraints, std::string_view uri, Collector& collector) {
    auto const host = uri_host(uri);
    if (!host.valid || host.host.empty() || host.is_address) {
        collector.add(Rule::uri_without_host_name, depth, certificate, for_showing(uri));
        return;
    }
    bool any = false;
    bool permitted = false;
    static_cast<void>(for_each_subtree(constraints.permitted.value_or(der::View()), [&](Subtree const& subtree) {
        if (subtree.base.tag != der::tagged(k_uri)) return;
        any = true;
        permitted = permitted || is_host_within(host.host, text_of(subtree.base.content));
    }));
    if (any && !permitted) collector.add(Rule::name_not_permitted, depth, certificate, for_showing(uri));
    static_cast<void>(for_each_subtree(constraints.excluded.value_or(der::View()), [&](Subtree const& subtree) {
        auto const excluded = text_of(subtree.base.content);
        if (subtree.base.tag == der::tagged(k_uri) && is_host_within(host.host, excluded)) {
            collector.add(Rule::name_excluded, depth, certificate, for_showing(uri) + ", " + for_showing(excluded));
        }
    }));
}

/// OpenSSL holds a common name against constraints, but not one with a wildcard.
void judge_wildcard_common_name(X509* certificate, Constraints const& constraints, Collector& collector) {
    X509_NAME const* subject = X509_get_subject_name(certificate);
    int const at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return;
    auto const name = raw_value(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    if (!name.starts_with("*.")) return;
    auto const base = std::string_view(name).substr(2);
    bool any = false;
    bool permitted = false;
    static_cast<void>(for_each_subtree(constraints.permitted.value_or(der::View()), [&](Subtree const& subtree) {
        if (subtree.base.tag != der::tagged(k_dns)) return;
        any = true;
        permitted = permitted || is_within(base, text_of(subtree.base.content));
    }));
    if (any && !permitted) collector.add(Rule::name_not_permitted, 0, certificate, for_showing(name));
    static_cast<void>(for_each_subtree(constraints.excluded.value_or(der::View()), [&](Subtree const& subtree) {
        auto const excluded = text_of(subtree.base.content);
        if (subtree.base.tag == der::tagged(k_dns) && reaches(base, excluded)) {
            collector.add(Rule::wildcard_reaches_excluded, 0, certificate, for_showing(name) + ", " + for_showing(excluded));
        }
    }));
}

void judge_against(X509* certificate, int depth, Constraints const& constraints, Collector& collector) {
    auto const names = der::only(extension_value(certificate, NID_subject_alt_name), der::k_sequence);
    if (!names) return;
    bool uris_constrained = false;
    auto const look = [&uris_constrained](Subtree const& subtree) {
        uris_constrained = uris_constrained || subtree.base.tag == der::tagged(k_uri);
    };
    static_cast<void>(for_each_subtree(constraints.permitted.value_or(der::View()), look));
    static_cast<void>(for_each_subtree(constraints.excluded.value_or(der::View()), look));
    der::Reader reader(*names);
    while (auto const name = reader.next()) {
        auto const text = text_of(name->content);
        if (name->tag == der::tagged(k_uri) && uris_constrained) judge_uri_against(certificate, depth, constraints, text, collector);
        if (name->tag != der::tagged(k_dns) || !text.starts_with("*.")) continue;
        static_cast<void>(for_each_subtree(constraints.excluded.value_or(der::View()), [&](Subtree const& subtree) {
            auto const excluded = text_of(subtree.base.content);
            if (subtree.base.tag == der::tagged(k_dns) && reaches(text.substr(2), excluded)) {
                collector.add(Rule::wildcard_reaches_excluded, depth, certificate, for_showing(text) + ", " + for_showing(excluded));
            }
        }));
    }
}

}  // namespace

void judge_constraints_form(Judged const& one) {
    auto const* extension = one.anatomy.find(oid::name_constraints);
    if (extension == nullptr) return;
    if (!one.claims_authority()) one.found(Rule::constraints_without_authority);
    if (!extension->critical) {
        bool const root = one.role == Role::anchor && one.is_self_signed();
        one.found(root ? Rule::root_constraints_not_critical : Rule::constraints_not_critical);
    }
    auto const constraints = parse_constraints(extension->value);
    if (!constraints) {
        one.found(Rule::constraint_form_strict);
        return;
    }
    if (!constraints->permitted && !constraints->excluded) one.found(Rule::constraints_empty);
    judge_subtrees(one, constraints->permitted);
    judge_subtrees(one, constraints->excluded);
}

void judge_constrained_names(std::span<Certificate const* const> path, StrictnessNumbers const& numbers, Collector& collector) {
    bool const by_common_name = numbers.common_name_counts && extension_value(path.front()->native(), NID_subject_alt_name).empty();
    for (std::size_t above = path.size(); above-- > 1;) {
        auto const constraints = parse_constraints(extension_value(path[above]->native(), NID_name_constraints));
        if (!constraints) continue;
        if (by_common_name) judge_wildcard_common_name(path.front()->native(), *constraints, collector);
        for (std::size_t depth = 0; depth < above; ++depth) {
            // Self-issued authorities may change their keys without regard to constraints (RFC 5280 section 6.1.3 (b)).
            if (depth > 0 && path[depth]->is_self_issued()) continue;
            judge_against(path[depth]->native(), static_cast<int>(depth), *constraints, collector);
        }
    }
}

std::size_t count_name_comparisons(std::span<Certificate const* const> path) {
    std::size_t names = 0;
    std::size_t out = 0;
    for (auto const* certificate : path) {
        auto const constraints = extension_value(certificate->native(), NID_name_constraints).empty()
                                     ? std::size_t{0}
                                     : count_constraints(certificate->native());
        out += names * constraints;
        names += count_names(certificate->native());
    }
    return out;
}

}  // namespace countersign::pki
