#pragma once

/// The target of a request line taken apart (RFC 9112 section 3.2). Internal to this folder.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::net::http {

struct Target {
    std::string path;  ///< decoded; "/" or segments without empty ones and without "." and ".."
    std::map<std::string, std::string> query;
};

/// Origin form, absolute form and "*". Nothing when it is malformed, or when a segment would change its meaning by
/// decoding (a slash, a dot segment, a control character).
std::optional<Target> parse_target(std::string_view target);

}  // namespace countersign::net::http
