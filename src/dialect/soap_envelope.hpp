#pragma once

/// What the SOAP calls of systems share (SOAP 1.1, protocols 1.8 and 1.9): the envelope, and how a server says no.

#include "dialect/xml.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace countersign::dialect::soap {

inline constexpr std::string_view k_content_type = "text/xml; charset=utf-8";

/// The whole document, with its declaration.
std::string in_envelope(XmlElement content);
/// The element of that name in the body of an envelope, or the root itself: some servers answer without an envelope. Null when it is
/// neither.
XmlElement const* find_in_envelope(XmlElement const& root, std::string_view name);
/// DEV-054 with the server's words when the document is a SOAP fault.
Result<void> refuse_fault(XmlElement const& root);
/// Trimmed and cut at `limit` bytes, but never inside a character.
std::string limited(std::string_view text, std::size_t limit = 256);

}  // namespace countersign::dialect::soap
