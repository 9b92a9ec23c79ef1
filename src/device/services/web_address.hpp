#pragma once

/// Addresses of a system's web services, as its caller knows the system.

#include "device/unit.hpp"
#include "net/http/message.hpp"

#include <string>
#include <string_view>

namespace countersign::device {

/// "Host" without its port, when it is a name or an address; otherwise the unit's own address. IPv6 in brackets.
std::string host_asked_for(Unit const& unit, net::http::Request const& request);
/// "https://host:port/". `port` as the setting has it: the offset of the program is added; a standard port is left out.
std::string url_of(Unit const& unit, std::string_view host, family::Service const& service, std::uint16_t port,
                   std::string_view path = "/");

}  // namespace countersign::device
