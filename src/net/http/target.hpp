#pragma once

/// The target of a request line taken apart (RFC 9112 section 3.2). Internal to this folder.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::net::http {

struct Target {
    /// Decoded; "/" or segments without empty ones and without "." and "..". A segment with an encoded slash stays as it came.
    std::string path;
    std::map<std::string, std::string> query;
};

/// Origin form, absolute form and "*". Nothing when it is malformed, or when a segment would change its meaning by
/// decoding (a dot segment, also beside an encoded slash, a control character).
std::optional<Target> parse_target(std::string_view target);

}  // namespace countersign::net::http
