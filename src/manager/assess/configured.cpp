#include "manager/assess/configured.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace countersign::manager {

std::optional<std::string> Configured::find(std::string_view canonical) const {
    if (!observation_.account || canonical.empty()) return std::nullopt;
    auto const& settings = observation_.account->settings;
    auto found = settings.find(std::string(canonical));
    return found == settings.end() ? std::nullopt : std::optional(found->second);
}

Switch Configured::mode(std::string_view canonical) const {
    auto stored = find(canonical);
    if (!stored) return Switch::unknown;
    return iequals(*stored, "off") ? Switch::off : Switch::on;
}

std::vector<std::string> Configured::modes_of(family::Service const& service) const {
    std::vector<std::string> out;
    if (service.mode_setting.empty()) return out;
    out.push_back(service.mode_setting);
    auto prefix = service.mode_setting + ".";
    for (auto const& setting : family_.settings)
        if (setting.canonical.starts_with(prefix)) out.push_back(setting.canonical);
    return out;
}

Switch Configured::mode(family::Service const& service, std::string_view canonical) const {
    auto stored = find(canonical);
    if (!stored) return Switch::unknown;
    return service.is_on(*stored) ? Switch::on : Switch::off;
}

Switch Configured::any_mode(family::Service const& service) const {
    auto result = Switch::off;
    auto modes = modes_of(service);
    if (modes.empty()) return Switch::unknown;
    for (auto const& name : modes) {
        auto state = mode(service, name);
        if (state == Switch::on) return Switch::on;
        if (state == Switch::unknown) result = Switch::unknown;
    }
    return result;
}

std::optional<std::uint16_t> Configured::other_port(family::Service const& service, System const& system) const {
    if (service.door == "https" && system.https_port != 0) return std::nullopt;
    auto const stored = find(service.port_setting);
    if (!stored) return std::nullopt;
    auto const port = parse_number<std::uint16_t>(*stored);
    return port && *port != 0 && *port != service.port ? port : std::nullopt;
}

std::string Configured::url_setting(family::Client const& client) {
    if (!client.url.empty()) return client.url;
    // Where registering is a command, the drivers show the registration under this name.
    return client.register_command.empty() ? std::string() : "client." + client.id + ".url";
}

std::string Configured::host_of(std::string_view url) {
    auto begin = url.find("://");
    if (begin == std::string_view::npos) return {};
    auto rest = url.substr(begin + 3);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    if (auto at = rest.rfind('@'); at != std::string_view::npos) rest.remove_prefix(at + 1);
    if (rest.starts_with('[')) return std::string(rest.substr(1, rest.find(']') - 1));
    return to_lower(rest.substr(0, rest.find(':')));
}

bool Configured::in_use(family::Client const& client) const {
    if (!client.mode.empty() && mode(client.mode) != Switch::on) return false;
    if (auto url = url_setting(client); !url.empty()) {
        auto stored = value(url);
        return !stored.empty() && stored != client.disabled_value &&
               (client.disabled_value.empty() || host_of(stored) != client.disabled_value);
    }
    if (!client.address.empty()) {
        auto stored = value(client.address);
        return !stored.empty() && stored != client.disabled_value;
    }
    // No address of its own: it calls the server of the client whose protocol it shares.
    return std::ranges::any_of(family_.clients, [this, &client](family::Client const& other) {
        return &other != &client && !other.address.empty() && other.protocol == client.protocol && in_use(other);
    });
}

bool Configured::speaks_https(family::Client const& client) const {
    if (auto url = url_setting(client); !url.empty()) return istarts_with(value(url), "https://");
    return iequals(value(client.protocol), "https");
}

bool restart_pending(Observation const& observation) { return observation.account && observation.account->restart_pending; }

}  // namespace countersign::manager
