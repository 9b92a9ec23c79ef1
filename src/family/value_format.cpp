#include "family/value_format.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <bit>
#include <string>

namespace countersign::family {
namespace {

/// In the byte order of the machine.
std::optional<std::uint32_t> parse_ipv4(std::string_view text) {
    if (text.size() >= INET_ADDRSTRLEN || text.contains('\0')) return std::nullopt;
    in_addr place{};
    if (inet_pton(AF_INET, std::string(text).c_str(), &place) != 1) return std::nullopt;
    return ntohl(place.s_addr);
}

/// Not "this network" (RFC 1122 3.2.1.3), multicast, reserved or broadcast: nobody can be asked there.
bool is_ipv4_of_one_system(std::string_view text) {
    auto const address = parse_ipv4(text);
    return address && (*address >> 24U) != 0 && (*address >> 24U) < 224;
}

/// Neither unspecified nor multicast (RFC 4291, 2.5.2 and 2.7).
bool is_ipv6_of_one_system(std::string_view text) {
    if (text.size() >= INET6_ADDRSTRLEN || text.contains('\0')) return false;
    in6_addr place{};
    if (inet_pton(AF_INET6, std::string(text).c_str(), &place) != 1) return false;
    return !IN6_IS_ADDR_UNSPECIFIED(&place) && !IN6_IS_ADDR_MULTICAST(&place);
}

bool is_ip_of_one_system(std::string_view text) { return is_ipv4_of_one_system(text) || is_ipv6_of_one_system(text); }

bool is_subnet_mask(std::string_view text) {
    auto const mask = parse_ipv4(text);
    return mask && *mask != 0 && *mask != 0xffffffffU && std::countl_one(*mask) == std::popcount(*mask);
}

/// A last label of digits alone is an address that somebody mistyped, no name (RFC 1123, 2.1).
bool is_name(std::string_view text) {
    auto const last = text.substr(text.rfind('.') + 1);
    bool const digits = !last.empty() && std::ranges::all_of(last, [](char c) { return c >= '0' && c <= '9'; });
    return is_host_name(text) && !digits;
}

bool is_host(std::string_view text) { return is_name(text) || is_ip_of_one_system(text); }

bool is_port(std::string_view text) {
    auto const port = parse_number<std::uint16_t>(text);
    return port && *port != 0;
}

/// `bare_ipv6`: an IPv6 address may stand without brackets, where no port can follow.
bool is_server(std::string_view text, bool bare_ipv6) {
    if (text.starts_with('[')) {
        auto const end = text.find(']');
        if (end == std::string_view::npos || !is_ipv6_of_one_system(text.substr(1, end - 1))) return false;
        auto const rest = text.substr(end + 1);
        return rest.empty() || (rest.front() == ':' && is_port(rest.substr(1)));
    }
    if (bare_ipv6 && is_ipv6_of_one_system(text)) return true;
    auto const colon = text.find(':');
    auto const host = text.substr(0, colon);
    if (colon != std::string_view::npos && !is_port(text.substr(colon + 1))) return false;
    return is_name(host) || is_ipv4_of_one_system(host);
}

/// Only characters that RFC 3986 allows, and whole percent encodings.
bool is_url_text(std::string_view text) {
    constexpr std::string_view k_others = "-._~!$&'()*+,;=:@/?";
    auto const is_digit = [](char c) { return c >= '0' && c <= '9'; };
    auto const is_hex = [&](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
    for (std::size_t i = 0; i < text.size(); ++i) {
        char const c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
            i += 2;
            continue;
        }
        if (!is_digit(c) && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !k_others.contains(c)) return false;
    }
    return true;
}

bool is_url(std::string_view text) {
    for (std::string_view const scheme : {"http://", "https://"}) {
        if (!istarts_with(text, scheme)) continue;
        auto const rest = text.substr(scheme.size());
        auto const end = std::min(rest.find_first_of("/?#"), rest.size());
        return is_server(rest.substr(0, end), false) && is_url_text(rest.substr(end));
    }
    return false;
}

}  // namespace

bool has_format(ValueFormat format, std::string_view text) {
    switch (format) {
        case ValueFormat::text: return true;
        case ValueFormat::ipv4_address: return is_ipv4_of_one_system(text);
        case ValueFormat::ip_address: return is_ip_of_one_system(text);
        case ValueFormat::subnet_mask: return is_subnet_mask(text);
        case ValueFormat::host_name: return is_name(text);
        case ValueFormat::host: return is_host(text);
        case ValueFormat::server: return is_server(text, true);
        case ValueFormat::url: return is_url(text);
        case ValueFormat::url_path: return is_url_text(text) && !text.contains("://");
    }
    return false;
}

std::string_view describe(ValueFormat format) {
    switch (format) {
        case ValueFormat::text: break;
        case ValueFormat::ipv4_address: return "the IPv4 address of one system, such as 192.0.2.10";
        case ValueFormat::ip_address: return "the IP address of one system, such as 192.0.2.10";
        case ValueFormat::subnet_mask: return "a subnet mask such as 255.255.255.0";
        case ValueFormat::host_name: return "a host name such as name.example.com";
        case ValueFormat::host: return "a host name or an IP address, such as name.example.com";
        case ValueFormat::server: return "a host name or an IP address, such as name.example.com, without http://";
        case ValueFormat::url: return "a URL such as https://name.example.com/path";
        case ValueFormat::url_path: return "the path of a URL, such as public/service.asmx";
    }
    return {};
}

}  // namespace countersign::family
