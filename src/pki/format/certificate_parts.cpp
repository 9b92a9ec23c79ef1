#include "pki/format/certificate_parts.hpp"

#include "pki/format/der_reader.hpp"
#include "pki/format/public_key.hpp"
#include "pki/names.hpp"

#include <algorithm>
#include <array>

namespace countersign::pki {
namespace {

using View = std::span<std::uint8_t const>;

std::optional<std::string> name_in(View der) {
    auto const* data = der.data();
    X509NamePtr const name(d2i_X509_NAME(nullptr, &data, static_cast<long>(der.size())));
    return name ? std::optional(name_text(name.get())) : std::nullopt;
}

std::optional<UtcTime> time_in(DerReader& reader) {
    auto const element = reader.next();
    if (!element || (element->tag != der::k_utc_time && element->tag != der::k_generalized_time)) return std::nullopt;
    auto const* data = element->whole.data();
    Asn1TimePtr const time(d2i_ASN1_TIME(nullptr, &data, static_cast<long>(element->whole.size())));
    return time ? time_of(time.get()) : std::nullopt;
}

/// Nothing when they cannot be read; none when there is no such extension.
std::optional<std::vector<AlternativeName>> names_in(View extensions) {
    constexpr std::array<std::uint8_t, 3> subject_alt_name{0x55, 0x1d, 0x11};
    DerReader outside(extensions);
    auto const list = outside.next(der::k_sequence);
    if (!list) return std::nullopt;
    for (DerReader each(list->content); !each.at_end();) {
        auto const extension = each.next(der::k_sequence);
        if (!extension) return std::nullopt;
        DerReader fields(extension->content);
        auto const kind = fields.next(der::k_oid);
        if (!kind || !std::ranges::equal(kind->content, subject_alt_name)) continue;
        (void)fields.next(der::k_boolean);
        auto const value = fields.next(der::k_octet_string);
        if (!value) return std::nullopt;
        auto const* data = value->content.data();
        GeneralNamesPtr const names(d2i_GENERAL_NAMES(nullptr, &data, static_cast<long>(value->content.size())));
        return names ? std::optional(alternative_names_of(names.get())) : std::nullopt;
    }
    return std::vector<AlternativeName>();
}

}  // namespace

std::optional<CertificateParts> CertificateParts::read(View der) {
    ErrorQueue const errors;
    DerReader outside(der);
    auto const whole = outside.next(der::k_sequence);
    if (!whole || !outside.at_end()) return std::nullopt;
    DerReader signed_part(whole->content);
    auto const content = signed_part.next(der::k_sequence);
    if (!content) return std::nullopt;
    DerReader fields(content->content);
    auto const version = fields.next(der::wrapped(0));
    auto const serial = fields.next(der::k_integer);
    auto const algorithm = fields.next(der::k_sequence);
    auto const issuer = fields.next(der::k_sequence);
    auto const validity = fields.next(der::k_sequence);
    auto const subject = fields.next(der::k_sequence);
    auto const key = fields.next(der::k_sequence);
    auto const extensions = fields.next(der::wrapped(3));
    if (!version || !serial || serial->content.empty() || !algorithm || !issuer || !validity || !subject || !key || !extensions)
        return std::nullopt;
    // A zero before the highest bit is no part of the number, and there are no numbers below it here.
    auto number = serial->content;
    if (number[0] >= 0x80) return std::nullopt;
    if (number.size() > 1 && number[0] == 0) number = number.subspan(1);
    DerReader dates(validity->content);
    auto const begins = time_in(dates);
    auto const ends = time_in(dates);
    auto const subject_name = name_in(subject->whole);
    auto const issuer_name = name_in(issuer->whole);
    auto names = names_in(extensions->content);
    auto const public_key = decode_public_key(key->whole);
    if (!begins || !ends || !subject_name || !issuer_name || !names || !public_key) return std::nullopt;
    return CertificateParts{.serial = to_hex(number),
                            .subject = *subject_name,
                            .issuer = *issuer_name,
                            .not_before = *begins,
                            .not_after = *ends,
                            .names = *std::move(names),
                            .key_algorithm = algorithm_name(public_key.get()),
                            .key_bits = EVP_PKEY_get_bits(public_key.get())};
}

}  // namespace countersign::pki
