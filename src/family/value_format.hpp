#pragma once

/// What a text of a value space must be: an address, a host name, a mask, a URL. Pure syntax: whether somebody answers there is seen
/// when the address is used.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace countersign::family {

/// In the order of `k_value_formats`.
enum class ValueFormat : std::uint8_t {
    text,          ///< anything
    ipv4_address,  ///< 192.0.2.10: of one system, so neither 0.0.0.0 nor a multicast or broadcast address
    ip_address,    ///< the same, or an IPv6 address (RFC 4291) of one system
    subnet_mask,   ///< 255.255.255.0: ones, then zeros (RFC 950); neither none nor all
    host_name,     ///< RFC 1123
    host,          ///< host name or IP address
    server,        ///< the same, with or without a port: "manager.example.com:8443", "[2001:db8::1]:8443"
    url,           ///< absolute, http or https, without user information (RFC 3986)
    url_path,      ///< path and query of a URL, with or without the first slash
};

/// The words of family files, in the order of ValueFormat.
inline constexpr std::array<std::string_view, 9> k_value_formats{"text", "ipv4_address", "ip_address", "subnet_mask", "host_name",
                                                                 "host", "server",       "url",        "url_path"};

/// Whether the text, which is not empty, is of that form.
[[nodiscard]] bool has_format(ValueFormat format, std::string_view text);
/// "an IPv4 address such as 192.0.2.10": for people. Empty for text.
[[nodiscard]] std::string_view describe(ValueFormat format);

}  // namespace countersign::family
