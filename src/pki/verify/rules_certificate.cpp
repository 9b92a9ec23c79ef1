// The fields of TBSCertificate but its extensions: RFC 5280 section 4.1.

#include "pki/openssl.hpp"
#include "pki/verify/holds.hpp"
#include "pki/verify/name_forms.hpp"
#include "pki/verify/rules.hpp"

#include <algorithm>

namespace countersign::pki {

namespace {

bool all_digits(der::View text) {
    return std::ranges::all_of(text, [](auto c) { return c >= '0' && c <= '9'; });
}

/// RFC 5280 sections 4.1.2.5.1 and 4.1.2.5.2: seconds are there, "Z" is there, fractions are not.
bool has_date_form(der::Value const& date) {
    constexpr std::size_t utc_size = 13;
    constexpr std::size_t generalized_size = 15;
    bool const utc = date.tag == der::k_utc_time && date.content.size() == utc_size;
    bool const generalized = date.tag == der::k_generalized_time && date.content.size() == generalized_size;
    return (utc || generalized) && date.content.back() == 'Z' && all_digits(date.content.first(date.content.size() - 1));
}

bool is_early_generalized(der::Value const& date) {
    return date.tag == der::k_generalized_time && date.content.size() > 4 && text_of(date.content.first(4)) < "2050";
}

void judge_dates(Judged const& one) {
    auto const& anatomy = one.anatomy;
    if (!has_date_form(anatomy.not_before) || !has_date_form(anatomy.not_after)) {
        auto const& wrong = has_date_form(anatomy.not_before) ? anatomy.not_after : anatomy.not_before;
        one.found(Rule::date_form, for_showing(text_of(wrong.content)));
    } else if (is_early_generalized(anatomy.not_before) || is_early_generalized(anatomy.not_after)) {
        one.found(Rule::date_before_2050_in_long_form);
    }
    constexpr std::chrono::days longest{398};
    if (one.role == Role::leaf && one.certificate.not_after() - one.certificate.not_before() > longest) {
        one.found(Rule::valid_very_long,
                  countersign::to_string(one.certificate.not_before()) + " to " + countersign::to_string(one.certificate.not_after()));
    }
}

void judge_serial(Judged const& one) {
    auto const serial = one.anatomy.serial;
    constexpr std::size_t longest = 20;
    bool const zero = serial.size() == 1 && serial[0] == 0;
    bool const negative = (serial[0] & 0x80) != 0;
    if (zero || negative) {
        one.found(one.role == Role::anchor ? Rule::root_serial_not_positive : Rule::serial_not_positive, one.certificate.serial());
    }
    // The sign octet of a positive number counts: RFC 5280 speaks of the encoded value.
    if (serial.size() > longest) one.found(Rule::serial_too_long, std::to_string(serial.size()) + " octets");
}

bool is_printable(std::uint8_t c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(" '()+,-./:=?").contains(static_cast<char>(c));
}

enum class NameForm { good, odd, broken };

NameForm form_of_attribute(der::View attribute) {
    der::Reader parts(attribute);
    auto const type = parts.expect(der::k_oid);
    auto const value = parts.next();
    if (!type || !value || !parts.done() || !der::is_oid(type->content)) return NameForm::broken;
    constexpr std::array<std::uint8_t, 3> country{0x55, 0x04, 0x06};
    if (value->content.empty()) return NameForm::odd;
    if (value->tag == der::k_printable_string && !std::ranges::all_of(value->content, is_printable)) return NameForm::odd;
    if (value->tag == der::k_ia5_string && std::ranges::any_of(value->content, [](auto c) { return c > 0x7f; })) return NameForm::odd;
    if (std::ranges::equal(type->content, country) && (value->tag != der::k_printable_string || value->content.size() != 2))
        return NameForm::odd;
    return holds(value->content, 0) && value->tag != der::k_bmp_string && value->tag != der::k_universal_string ? NameForm::odd
                                                                                                                : NameForm::good;
}

NameForm form_of_name(der::View name) {
    auto out = NameForm::good;
    der::Reader sets(name);
    while (sets.more()) {
        auto const set = sets.expect(der::k_set);
        if (!set || set->content.empty()) return NameForm::broken;
        der::Reader attributes(set->content);
        while (attributes.more()) {
            auto const attribute = attributes.expect(der::k_sequence);
            auto const form = attribute ? form_of_attribute(attribute->content) : NameForm::broken;
            if (form == NameForm::broken) return form;
            out = std::max(out, form);
        }
        if (!attributes.ok()) return NameForm::broken;
    }
    return sets.ok() ? out : NameForm::broken;
}

}  // namespace

bool Judged::claims_authority() const {
    auto const* extension = anatomy.find(oid::basic_constraints);
    if (extension == nullptr) return false;
    auto const value = parse_basic_constraints(extension->value);
    return value && value->authority;
}

bool Judged::is_self_signed() const {
    ErrorQueue const errors;
    X509* const native = certificate.native();
    if (X509_self_signed(native, 0) == 1) return true;
    // A root whose key identifiers contradict each other is one all the same.
    EVP_PKEY* const key = X509_get0_pubkey(native);
    return role == Role::anchor && certificate.is_self_issued() && key != nullptr && X509_verify(native, key) == 1;
}

void judge_basic_fields(Judged const& one) {
    auto const& anatomy = one.anatomy;
    if (anatomy.writes_defaults) one.found(Rule::default_written);
    if (anatomy.version != 3) {
        one.found(Rule::version_not_3, "version " + std::to_string(anatomy.version));
        if (anatomy.has_extensions) one.found(Rule::extensions_need_version_3, "version " + std::to_string(anatomy.version));
    }
    judge_serial(one);
    judge_dates(one);
    if (anatomy.has_unique_identifiers) one.found(Rule::unique_identifiers);
    // A path's signatures were checked and this with them; an anchor's own was not.
    if (!std::ranges::equal(anatomy.inner_algorithm, anatomy.outer_algorithm)) one.found(Rule::signature_algorithms_differ);
    if (anatomy.has_extensions && anatomy.extensions.empty()) one.found(Rule::extensions_empty);
}

void judge_names(Judged const& one) {
    auto const& anatomy = one.anatomy;
    auto const worst = std::max(form_of_name(anatomy.issuer), form_of_name(anatomy.subject));
    if (worst == NameForm::broken) one.found(Rule::name_broken);
    if (worst == NameForm::odd) one.found(Rule::name_attribute_form);
    if (anatomy.issuer.empty()) one.found(Rule::issuer_empty);
    auto const* alternative = anatomy.find(oid::subject_alternative_name);
    if (anatomy.subject.empty()) {
        if (one.role != Role::leaf || one.claims_authority()) one.found(Rule::authority_subject_empty);
        if (alternative == nullptr) {
            if (one.role == Role::leaf) one.found(Rule::leaf_without_any_name);
        } else if (!alternative->critical) {
            one.found(Rule::san_not_critical);
        }
    } else if (alternative != nullptr && alternative->critical) {
        one.found(Rule::san_critical);
    }
}

}  // namespace countersign::pki
