#pragma once

/// Small, pure functions on text and bytes: case, trimming, splitting, hexadecimal, Base64, numbers.

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace countersign {

using Bytes = std::vector<std::uint8_t>;

/// ASCII only; other bytes are left alone.
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);
bool iequals(std::string_view a, std::string_view b);
bool istarts_with(std::string_view text, std::string_view prefix);
/// Removes spaces, tabs, CR and LF from both ends. The view is into `text`.
std::string_view trim(std::string_view text);
/// Splits at every `separator`; "a,,b" gives three parts; "" gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
/// Splits at runs of blanks; no empty parts.
std::vector<std::string_view> words(std::string_view text);
std::string join(std::span<std::string const> parts, std::string_view separator);
std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// Lower-case hexadecimal. `separator` stands between bytes when it is not 0.
std::string to_hex(std::span<std::uint8_t const> bytes, char separator = 0);
/// Both cases, optional ':' or ' ' between bytes. Nothing when it is not hexadecimal.
std::optional<Bytes> from_hex(std::string_view text);
/// RFC 4648 section 4, with padding.
std::string to_base64(std::span<std::uint8_t const> bytes);
std::string to_base64(std::string_view bytes);
/// RFC 4648 section 5, without padding.
std::string to_base64url(std::span<std::uint8_t const> bytes);
/// Strict RFC 4648 section 4: padding needed, no blanks. Nothing when it is not Base64.
std::optional<Bytes> from_base64(std::string_view text);
/// Every byte as it stands.
inline std::span<std::uint8_t const> bytes_of(std::string_view text) {
    return {reinterpret_cast<std::uint8_t const*>(text.data()), text.size()};
}

/// The whole text is one decimal number in range; nothing else is accepted, no sign for unsigned types.
template <std::integral T>
std::optional<T> parse_number(std::string_view text) {
    T value{};
    auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
    return value;
}

/// RFC 3629, no surrogates, no overlong forms.
bool is_utf8(std::string_view text);
/// & < > " ' as references, for HTML and XML text and attribute values. Control characters become '?'.
std::string escape_markup(std::string_view text);
/// An address of the form 192.0.2.1 or 2001:db8::1 (REQ TRU-4: verify mode wants host names).
bool is_ip_address(std::string_view text);
/// A host name of RFC 1123: labels of letters, digits and '-', 253 characters at most, no trailing dot.
bool is_host_name(std::string_view text);
/// The same time for all texts of one length; for tokens and digests.
bool constant_time_equal(std::string_view a, std::string_view b);

}  // namespace countersign
