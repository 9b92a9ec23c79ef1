#include "pki/verify/name_forms.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <limits>

namespace countersign::pki {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_ldh(char c) { return is_letter(c) || is_digit(c) || c == '-'; }

bool is_label(std::string_view label) {
    constexpr std::size_t longest = 63;
    return !label.empty() && label.size() <= longest && std::ranges::all_of(label, is_ldh) && label.front() != '-' && label.back() != '-';
}

/// RFC 3492 section 6.2, and that the result would be no plain ASCII label.
bool is_punycode(std::string_view text) {
    constexpr std::uint32_t base = 36, t_min = 1, t_max = 26, skew = 38, damp = 700, initial_bias = 72, initial_n = 128;
    auto const hyphen = text.rfind('-');
    auto basic = hyphen == std::string_view::npos ? 0 : hyphen;
    std::size_t position = hyphen == std::string_view::npos ? 0 : hyphen + 1;
    if (position >= text.size() || hyphen == 0) return false;  // nothing encoded, or an empty basic part that is marked
    std::uint32_t n = initial_n, i = 0, bias = initial_bias;
    auto length = static_cast<std::uint32_t>(basic);
    while (position < text.size()) {
        std::uint32_t const before = i;
        std::uint32_t weight = 1;
        for (std::uint32_t k = base;; k += base) {
            if (position >= text.size()) return false;
            char const c = text[position++];
            std::uint32_t digit = 0;
            if (is_letter(c)) {
                digit = static_cast<std::uint32_t>((c | 0x20) - 'a');
            } else if (is_digit(c)) {
                digit = static_cast<std::uint32_t>(c - '0') + 26;
            } else {
                return false;
            }
            if (digit > (std::numeric_limits<std::uint32_t>::max() - i) / weight) return false;
            i += digit * weight;
            std::uint32_t const threshold = k <= bias ? t_min : k >= bias + t_max ? t_max : k - bias;
            if (digit < threshold) break;
            if (weight > std::numeric_limits<std::uint32_t>::max() / (base - threshold)) return false;
            weight *= base - threshold;
        }
        ++length;
        std::uint32_t delta = before == 0 ? (i - before) / damp : (i - before) / 2;
        delta += delta / length;
        std::uint32_t k = 0;
        for (; delta > ((base - t_min) * t_max) / 2; k += base) delta /= base - t_min;
        bias = k + (base - t_min + 1) * delta / (delta + skew);
        if (i / length > std::numeric_limits<std::uint32_t>::max() - n) return false;
        n += i / length;
        i %= length;
        bool const surrogate = n >= 0xd800 && n <= 0xdfff;
        if (n > 0x10ffff || surrogate) return false;
        ++i;
    }
    return true;
}

bool is_dec_octet(std::string_view part) {
    if (part.empty() || part.size() > 3 || !std::ranges::all_of(part, is_digit) || (part.size() > 1 && part[0] == '0')) return false;
    return part.size() < 3 || part <= "255";
}

bool is_dotted_decimal(std::string_view text) {
    auto const parts = split(text, '.');
    return parts.size() == 4 && std::ranges::all_of(parts, is_dec_octet);
}

bool is_ipv6(std::string_view text) {
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    std::array<std::uint8_t, 16> bytes{};
    if (text.size() >= terminated.size() || text.contains('\0')) return false;
    std::ranges::copy(text, terminated.begin());
    return inet_pton(AF_INET6, terminated.data(), bytes.data()) == 1;
}

/// "0xC0A80101", "192.168.001.001", "3232235777", "127.1": one to four numbers of inet_aton.
bool is_loose_ipv4(std::string_view text) {
    auto const parts = split(text, '.');
    if (parts.size() > 4) return false;
    return std::ranges::all_of(parts, [](std::string_view part) {
        if (part.starts_with("0x") || part.starts_with("0X")) {
            part.remove_prefix(2);
            return !part.empty() && std::ranges::all_of(part, [](char c) { return is_digit(c) || (is_letter(c) && (c | 0x20) <= 'f'); });
        }
        return !part.empty() && std::ranges::all_of(part, is_digit);
    });
}

bool is_atext(char c) { return is_letter(c) || is_digit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c); }

bool is_local_part(std::string_view local) {
    constexpr std::size_t longest = 64;
    if (local.empty() || local.size() > longest) return false;
    if (local.front() != '"') {
        return std::ranges::all_of(split(local, '.'), [](auto atom) { return !atom.empty() && std::ranges::all_of(atom, is_atext); });
    }
    if (local.size() < 3 || local.back() != '"') return false;
    auto const inside = local.substr(1, local.size() - 2);
    for (std::size_t i = 0; i < inside.size(); ++i) {
        char const c = inside[i];
        if (c < ' ' || c > '~' || c == '"') return false;
        if (c == '\\' && ++i == inside.size()) return false;
    }
    return true;
}

bool is_address_literal(std::string_view text) {
    if (text.size() < 3 || text.front() != '[' || text.back() != ']') return false;
    auto const inside = text.substr(1, text.size() - 2);
    return is_dotted_decimal(inside) || (istarts_with(inside, "IPv6:") && is_ipv6(inside.substr(5)));
}

}  // namespace

bool is_dns_name(std::string_view name) {
    constexpr std::size_t longest = 253;
    return name.size() <= longest && std::ranges::all_of(split(name, '.'), is_label);
}

bool is_wildcard(std::string_view name) { return name.starts_with("*.") && is_dns_name(name.substr(2)); }

bool has_reserved_label(std::string_view name) {
    return std::ranges::any_of(split(name, '.'), [](std::string_view label) {
        if (label.size() < 4 || label[2] != '-' || label[3] != '-') return false;
        return !istarts_with(label, "xn--") || !is_punycode(label.substr(4));
    });
}

bool looks_like_address(std::string_view text) {
    if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
    if (auto const zone = text.find('%'); zone != std::string_view::npos) text = text.substr(0, zone);
    return !text.empty() && (is_loose_ipv4(text) || is_ipv6(text));
}

std::optional<std::string> address_text(der::View octets) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (octets.size() == 4) {
        inet_ntop(AF_INET, octets.data(), text.data(), text.size());
    } else if (octets.size() == 16) {
        inet_ntop(AF_INET6, octets.data(), text.data(), text.size());
    } else {
        return std::nullopt;
    }
    return std::string(text.data());
}

bool is_mailbox(std::string_view text) {
    auto const at = text.rfind('@');
    if (at == std::string_view::npos) return false;
    auto const host = text.substr(at + 1);
    return is_local_part(text.substr(0, at)) && (is_dns_name(host) || is_address_literal(host));
}

UriHost uri_host(std::string_view uri) {
    UriHost out;
    auto const colon = uri.find(':');
    if (colon == std::string_view::npos || colon == 0 || !is_letter(uri[0])) return out;
    if (!std::ranges::all_of(uri.substr(0, colon), [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '-' || c == '.'; }))
        return out;
    if (!std::ranges::all_of(uri, [](char c) { return c > ' ' && c <= '~' && !std::string_view("<>\"{}|\\^`").contains(c); })) return out;
    auto rest = uri.substr(colon + 1);
    if (rest.empty()) return out;
    out.valid = true;
    if (!rest.starts_with("//")) return out;
    out.has_authority = true;
    rest.remove_prefix(2);
    auto authority = rest.substr(0, rest.find_first_of("/?#"));
    if (auto const at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
    if (authority.starts_with('[')) {
        auto const end = authority.find(']');
        out.is_address = true;
        out.valid = end != std::string_view::npos && is_ipv6(authority.substr(1, end - 1));
        out.host = authority.substr(0, end);
        return out;
    }
    out.host = authority.substr(0, authority.rfind(':'));
    out.is_address = is_dotted_decimal(out.host);
    out.valid = out.is_address || is_dns_name(out.host);
    return out;
}

bool is_dns_constraint(std::string_view text) { return text.empty() || (is_dns_name(text) && !looks_like_address(text)); }

bool is_email_constraint(std::string_view text) {
    if (text.contains('@')) return is_mailbox(text);
    if (text.starts_with('.')) text.remove_prefix(1);
    return is_dns_name(text);
}

bool is_uri_constraint(std::string_view text) {
    if (text.starts_with('.')) text.remove_prefix(1);
    return is_dns_name(text) && !is_dotted_decimal(text);
}

bool is_address_constraint(der::View octets) {
    if (octets.size() != 8 && octets.size() != 32) return false;
    bool zeros = false;
    for (auto const octet : octets.subspan(octets.size() / 2)) {
        for (unsigned bit = 0x80; bit != 0; bit >>= 1) {
            bool const one = (octet & bit) != 0;
            if (one && zeros) return false;
            zeros = zeros || !one;
        }
    }
    return true;
}

std::string_view text_of(der::View bytes) { return {reinterpret_cast<char const*>(bytes.data()), bytes.size()}; }

std::string for_showing(std::string_view text) {
    constexpr std::size_t longest = 100;
    std::string out;
    for (char const c : text.substr(0, longest)) {
        if (c >= ' ' && c <= '~' && c != '\\') {
            out += c;
        } else {
            auto const octet = static_cast<std::uint8_t>(c);
            out += "\\x" + to_hex(std::span(&octet, 1));
        }
    }
    return text.size() > longest ? out + "..." : out;
}

bool is_within(std::string_view name, std::string_view base) {
    if (base.empty()) return true;
    if (name.size() < base.size()) return false;
    auto const tail = name.substr(name.size() - base.size());
    return iequals(tail, base) && (name.size() == base.size() || name[name.size() - base.size() - 1] == '.');
}

}  // namespace countersign::pki
