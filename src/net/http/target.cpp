#include "net/http/target.hpp"

#include "base/text.hpp"
#include "net/http/message.hpp"

#include <algorithm>

namespace countersign::net::http {

namespace {

bool is_harmless(std::string_view segment) {
    if (segment == "." || segment == "..") return false;
    return std::ranges::none_of(segment, [](char c) { return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

/// "http://host/path" to "/path".
std::string_view without_origin(std::string_view target) {
    for (std::string_view scheme : {"http://", "https://"}) {
        if (!istarts_with(target, scheme)) continue;
        target.remove_prefix(scheme.size());
        auto end = target.find_first_of("/?");
        return end == std::string_view::npos ? std::string_view("/") : target.substr(end);
    }
    return target;
}

}  // namespace

std::optional<Target> parse_target(std::string_view target) {
    if (target == "*") return Target{.path = "*", .query = {}};
    target = without_origin(target);
    auto question = std::min(target.find('?'), target.size());
    auto path = target.substr(0, question);
    auto query = target.substr(std::min(question + 1, target.size()));
    if (!path.empty() && path.front() != '/') return std::nullopt;
    Target result;
    for (auto segment : split(path, '/')) {
        if (segment.empty()) continue;
        auto decoded = url_decode(segment, false);
        if (!decoded) return std::nullopt;
        // Each part between encoded slashes has to be harmless by itself.
        bool const slashes = decoded->contains('/');
        for (auto part : split(*decoded, '/'))
            if (!is_harmless(part)) return std::nullopt;
        // They are no separators, and stay as they came: "%2F" and "/" are two things (RFC 3986 section 2.2).
        result.path += '/' + (slashes ? std::string(segment) : *decoded);
    }
    if (result.path.empty()) result.path = "/";
    auto fields = parse_form(query);
    if (!fields) return std::nullopt;
    result.query = *std::move(fields);
    return result;
}

}  // namespace countersign::net::http
