#include "pki/format/der_kind.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <optional>

namespace countersign::pki {

namespace {

using View = std::span<std::uint8_t const>;

constexpr std::uint8_t k_integer = 0x02;
constexpr std::uint8_t k_bit_string = 0x03;
constexpr std::uint8_t k_octet_string = 0x04;
constexpr std::uint8_t k_oid = 0x06;
constexpr std::uint8_t k_utc_time = 0x17;
constexpr std::uint8_t k_generalized_time = 0x18;
constexpr std::uint8_t k_sequence = 0x30;
constexpr std::uint8_t k_set = 0x31;
constexpr std::uint8_t k_context_0 = 0xa0;

struct Element {
    std::uint8_t tag = 0;  ///< 0: there is none
    View content;          ///< as much of it as is there
    View rest;             ///< what follows it; empty after an indefinite length, whose end is not looked for
    bool whole = false;    ///< neither cut off nor of indefinite length
};

Element first_of(View in) {
    if (in.size() < 2) return {};
    Element out;
    out.tag = in[0];
    std::size_t length = in[1];
    std::size_t header = 2;
    constexpr std::size_t long_form = 0x80;
    if (length == long_form) {
        out.content = in.subspan(header);
        return out;
    }
    if (length > long_form) {
        std::size_t const octets = length - long_form;
        if (octets > 4 || in.size() < header + octets) return {};
        length = 0;
        for (std::size_t i = 0; i < octets; ++i) length = length << 8U | in[header + i];
        header += octets;
    }
    out.whole = length <= in.size() - header;
    length = std::min(length, in.size() - header);
    out.content = in.subspan(header, length);
    out.rest = in.subspan(header + length);
    return out;
}

bool has_small_value(Element const& integer, std::uint8_t value) { return integer.content.size() == 1 && integer.content[0] == value; }

/// Certificate, request and list are all SEQUENCE { to be signed, algorithm, BIT STRING }: told by what is to be signed.
DerKind kind_of_signed(View to_be_signed) {
    auto const first = first_of(to_be_signed);
    if (first.tag == k_context_0) return DerKind::certificate;
    if (first.tag == k_sequence) return DerKind::crl;  // version 1: begins with the algorithm
    if (first.tag != k_integer) return DerKind::unknown;
    auto const second = first_of(first.rest);
    auto const third = first_of(second.rest);
    auto const fourth = first_of(third.rest);
    if (fourth.tag == k_utc_time || fourth.tag == k_generalized_time) return DerKind::crl;
    auto const inside = first_of(second.content);
    if (inside.tag == k_set || inside.tag == 0) return DerKind::request;  // a name, maybe an empty one
    return inside.tag == k_oid ? DerKind::certificate : DerKind::unknown;
}

DerKind kind_after_integer(Element const& integer) {
    auto const second = first_of(integer.rest);
    if (second.tag == k_octet_string) return DerKind::ec_private_key;
    if (second.tag == k_sequence) {
        constexpr std::uint8_t pkcs12_version = 3;
        return has_small_value(integer, pkcs12_version) ? DerKind::pkcs12 : DerKind::private_key;
    }
    if (second.tag != k_integer) return DerKind::unknown;
    std::size_t integers = 2;
    for (auto next = first_of(second.rest); next.tag == k_integer && integers < 9; next = first_of(next.rest)) ++integers;
    if (integers == 2) return DerKind::rsa_public_key;
    constexpr std::size_t dsa_numbers = 6;
    return integers == dsa_numbers ? DerKind::dsa_private_key : DerKind::rsa_private_key;
}

/// 1.2.840.113549.1.7 (PKCS#7) and 1.2.840.113549.1.9.16.1 (further content types of CMS).
bool is_content_type(View oid) {
    constexpr std::array<std::uint8_t, 8> pkcs7{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07};
    constexpr std::array<std::uint8_t, 10> cms{0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01};
    auto begins_with = [oid](View prefix) { return oid.size() > prefix.size() && std::ranges::equal(oid.first(prefix.size()), prefix); };
    return begins_with(pkcs7) || begins_with(cms);
}

}  // namespace

DerKind kind_of_der(View der) {
    auto const outer = first_of(der);
    if (outer.tag != k_sequence) return DerKind::unknown;
    auto const first = first_of(outer.content);
    if (first.tag == k_oid) return is_content_type(first.content) ? DerKind::signed_data : DerKind::unknown;
    if (first.tag == k_integer) return kind_after_integer(first);
    if (first.tag != k_sequence) return DerKind::unknown;
    auto const second = first_of(first.rest);
    if (second.tag == k_octet_string) return DerKind::encrypted_key;
    if (second.tag == k_bit_string) return DerKind::public_key;
    return kind_of_signed(first.content);
}

bool is_whole_sequence(View der) {
    auto const outer = first_of(der);
    return outer.tag == k_sequence && outer.whole && outer.rest.empty();
}

Encoding encoding_of(std::string_view bytes) {
    View const der = bytes_of(bytes);
    if (der.empty() || der[0] != k_sequence) return Encoding::pem;
    constexpr std::uint8_t indefinite = 0x80;
    if (is_whole_sequence(der) || (der.size() > 1 && der[1] == indefinite)) return Encoding::der;
    return bytes.contains("-----BEGIN ") ? Encoding::pem : Encoding::der;
}

}  // namespace countersign::pki
