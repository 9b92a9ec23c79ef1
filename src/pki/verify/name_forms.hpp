#pragma once

/// The forms that names have in certificates (RFC 5280 section 4.2.1.6, RFC 1034 section 3.5, RFC 5890, RFC 3986). Pure functions on
/// bytes; nothing of OpenSSL. Internal to this room.

#include "pki/verify/der.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace countersign::pki {

/// Letters, digits and inner hyphens in labels of 1 to 63, at most 253 in all, no dot at either end.
bool is_dns_name(std::string_view name);
/// "*." and a DNS name of at least one label.
bool is_wildcard(std::string_view name);
/// A label with "--" in the third and fourth place that is no A-label with valid Punycode (RFC 5890 section 2.3.1, RFC 3492).
bool has_reserved_label(std::string_view name);
/// Dotted or hexadecimal in any notation that some program takes for an IPv4 address (inet_aton), or any IPv6 text.
bool looks_like_address(std::string_view text);
/// The one right text of an address: RFC 3986 dotted decimal, RFC 5952. Nothing when it is no address of 4 or 16 octets.
std::optional<std::string> address_text(der::View octets);

/// RFC 5321 Mailbox in ASCII: dot-string or quoted string, "@", host name or address literal.
bool is_mailbox(std::string_view text);

/// The host of a URI's authority. `valid` is false when it is relative, has no scheme or a host that is none.
struct UriHost {
    bool valid = false;
    bool has_authority = false;
    bool is_address = false;
    std::string_view host;
};
UriHost uri_host(std::string_view uri);

/// Name constraints. A DNS constraint is a DNS name or empty; leading dots and wildcards are wrong (RFC 5280 section 4.2.1.10).
bool is_dns_constraint(std::string_view text);
bool is_email_constraint(std::string_view text);
bool is_uri_constraint(std::string_view text);
/// Address and mask of 4 or 16 octets each; the mask is ones, then zeros (RFC 4632).
bool is_address_constraint(der::View octets);

/// Printable ASCII as it is, everything else as \xNN, cut after a hundred characters: texts from outside are shown in findings.
std::string for_showing(std::string_view text);
std::string_view text_of(der::View bytes);

/// Is `name` equal to `base` or below it? Case does not count; an empty base holds everything.
bool is_within(std::string_view name, std::string_view base);

}  // namespace countersign::pki
