#pragma once

/// Addresses, ports and URLs.

#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace countersign::net {

/// An IP address in text form and a port.
struct Endpoint {
    std::string address;
    std::uint16_t port = 0;
    bool operator==(Endpoint const&) const = default;
};
/// "127.0.0.1:443", "[::1]:443".
std::string to_string(Endpoint const& endpoint);

enum class Scheme { http, https };

struct Url {
    Scheme scheme = Scheme::https;
    std::string host;          ///< name or address, without brackets
    std::uint16_t port = 0;    ///< as written, or the scheme's own
    std::string target = "/";  ///< path and query as they go on the wire

    /// NET-013 when it is not an absolute http or https URL, has user information, or is longer than 2048 bytes.
    static Result<Url> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;
    /// scheme://host:port
    [[nodiscard]] std::string origin() const;
};

}  // namespace countersign::net
