#include "device/services/web_address.hpp"

#include "base/text.hpp"

namespace countersign::device {

std::string host_asked_for(Unit const& unit, net::http::Request const& request) {
    auto host = request.fields.get("Host");
    auto const colon = host.rfind(':');
    if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) host = host.substr(0, colon);
    bool const bracketed = host.starts_with('[') && host.ends_with(']') && is_ip_address(host.substr(1, host.size() - 2));
    if (bracketed || is_host_name(host) || is_ip_address(host)) return std::string(host);
    return unit.address().contains(':') ? "[" + unit.address() + "]" : unit.address();
}

std::string url_of(Unit const& unit, std::string_view host, family::Service const& service, std::uint16_t port, std::string_view path) {
    int const shifted = port + unit.environment().port_offset;
    auto url = service.door + "://" + std::string(host);
    if (shifted != (service.door == "https" ? 443 : 80)) url += ":" + std::to_string(shifted);
    return url + (path.starts_with('/') ? std::string(path) : "/");
}

}  // namespace countersign::device
