#include "device/clients/client_target.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"

#include <utility>

namespace countersign::device {
namespace {

/// "manager.example.test", "manager.example.test:8443", "192.0.2.1", "[2001:db8::1]:8443".
bool is_server_address(std::string_view text) {
    if (text.starts_with('[')) {
        auto const end = text.find(']');
        return end != std::string_view::npos && is_ip_address(text.substr(1, end - 1)) &&
               (end + 1 == text.size() || (text[end + 1] == ':' && parse_number<std::uint16_t>(text.substr(end + 2))));
    }
    auto const colon = text.find(':');
    auto const host = text.substr(0, colon);
    if (colon != std::string_view::npos && !parse_number<std::uint16_t>(text.substr(colon + 1))) return false;
    return is_host_name(host) || is_ip_address(host);
}

/// Address, path and protocol are settings of their own.
Result<net::Url> compose(Unit const& unit, family::Client const& client, std::string address, std::string const& setting) {
    auto const refuse = [&setting](std::string_view detail) {
        return fail(errors::gen::invalid_input, {{"field", setting}, {"detail", detail}});
    };
    bool const bare_ip6 = is_ip_address(address) && address.contains(':');
    if (bare_ip6) address = "[" + address + "]";
    if (!is_server_address(address)) return refuse("it is neither a host name nor an address");
    auto const protocol = unit.effective_canonical(client.protocol);
    if (protocol != "http" && protocol != "https") return refuse("the protocol is neither HTTP nor HTTPS");
    auto path = unit.effective_canonical(client.path);
    if (path.empty()) path = client.default_path;
    return net::Url::parse(protocol + "://" + address + (path.starts_with('/') ? "" : "/") + path);
}

}  // namespace

Result<std::vector<net::Url>> client_targets(Unit const& unit, std::string_view client_id) {
    std::vector<net::Url> targets;
    auto const* client = unit.family().find_client(client_id);
    if (client == nullptr) return targets;
    if (!client->mode.empty() && unit.effective_canonical(client->mode) == "off") return targets;
    auto const offset = unit.environment().port_offset;
    if (!client->url.empty()) {
        auto const text = unit.effective_canonical(client->url);
        if (text.empty() || text == client->disabled_value) return targets;
        CS_TRY(auto url, net::Url::parse(text));
        if (url.target == "/" && !client->default_path.empty()) url.target = "/" + client->default_path;
        targets.push_back(with_offset(std::move(url), offset));
        return targets;
    }
    for (auto const* setting : {&client->address, &client->alternate}) {
        if (setting->empty()) continue;
        auto address = unit.effective_canonical(*setting);
        if (address.empty() || address == client->disabled_value) continue;
        CS_TRY(auto url, compose(unit, *client, std::move(address), *setting));
        targets.push_back(with_offset(std::move(url), offset));
    }
    return targets;
}

Result<std::optional<net::Url>> client_target(Unit const& unit, std::string_view client_id) {
    CS_TRY(auto targets, client_targets(unit, client_id));
    if (targets.empty()) return std::optional<net::Url>();
    return std::optional(std::move(targets.front()));
}

net::Url with_offset(net::Url url, std::uint16_t offset) {
    bool const own = url.port == (url.scheme == net::Scheme::https ? 443 : 80);
    if (own) url.port = static_cast<std::uint16_t>(url.port + offset);
    return url;
}

}  // namespace countersign::device
