#include "device/tree/rules.hpp"

#include "base/text.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>

namespace countersign::device {
namespace {

/// The guides' address for "no server".
constexpr std::string_view k_nowhere = "127.0.0.1";

std::string_view disabled_value(family::Family const& family, family::Setting const& setting) {
    for (auto const& client : family.clients)
        if ((client.address == setting.canonical || client.url == setting.canonical) && !client.disabled_value.empty())
            return client.disabled_value;
    return k_nowhere;
}

/// The client that the setting is an address of; empty for none.
std::string_view client_of(family::Family const& family, family::Setting const& setting) {
    for (auto const& client : family.clients)
        for (auto const* name : {&client.address, &client.alternate, &client.url})
            if (!name->empty() && *name == setting.canonical) return client.id;
    return {};
}

bool is_way_in(Prospect const& prospect, family::Service const& service) {
    if (prospect.redirects(service)) return false;
    // Who has to walk to the system is locked out: a serial line is no way in (REQ LVL-6, SVC-6).
    if (service.transport == "none") return false;
    if (!service.management || service.dialects.empty() || !prospect.has_door(service)) return false;
    if (service.needs_certificate && !prospect.certificate_usable(service)) return false;
    if (prospect.verifies_callers(service) && !prospect.has_roots) return false;
    if (prospect.cannot_open && prospect.cannot_open(service, prospect.port(service))) return false;
    return prospect.service_on(service);
}

/// A dataport counts like a web page: every switch can be turned there.
bool has_way_in(Prospect const& prospect) {
    return std::ranges::any_of(prospect.family->services, [&prospect](auto const& service) { return is_way_in(prospect, service); });
}

/// A change that touches nothing of the kind is taken also where no way in is left: it is not what closed it.
void judge_way_in(Prospect const& before, Prospect const& after, bool touched, std::vector<Error>& problems) {
    if (has_way_in(after) || (!touched && !has_way_in(before))) return;
    problems.push_back(Error(errors::dev::would_lock_out, {{"detail", "no management service would be left on"}}));
}

/// Two services that listen on one port, one of which would not open.
struct Clash {
    family::Service const* first;
    family::Service const* second;
    std::uint16_t port;
    bool operator==(Clash const&) const = default;
};

std::vector<Clash> clashes_of(Prospect const& prospect) {
    std::vector<Clash> out;
    auto const& services = prospect.family->services;
    auto listens = [&prospect](family::Service const& service) {
        return service.transport != "none" && service.port != 0 && prospect.service_on(service);
    };
    // Files over SSH are listed beside SSH, with its port and its switch: one listener.
    auto rides_on = [](family::Service const& one, family::Service const& other) {
        return (one.door == "none" || other.door == "none") && !one.mode_setting.empty() && one.mode_setting == other.mode_setting;
    };
    for (auto first = services.begin(); first != services.end(); ++first) {
        if (!listens(*first)) continue;
        for (auto second = first + 1; second != services.end(); ++second) {
            bool same = listens(*second) && first->transport == second->transport && prospect.port(*first) == prospect.port(*second) &&
                        !rides_on(*first, *second);
            if (same) out.push_back({&*first, &*second, prospect.port(*first)});
        }
    }
    return out;
}

void judge_ports(Prospect const& before, Prospect const& after, std::vector<Error>& problems) {
    auto const old = clashes_of(before);
    for (auto const& clash : clashes_of(after))
        if (std::ranges::find(old, clash) == old.end())
            problems.push_back(Error(errors::dev::port_clash, {{"first", clash.first->title},
                                                               {"second", clash.second->title},
                                                               {"transport", to_upper(clash.first->transport)},
                                                               {"port", std::to_string(clash.port)}}));
}

void judge_certificates(Prospect const& before, Prospect const& after, std::vector<Error>& problems) {
    for (auto const& service : after.family->services) {
        if (!service.needs_certificate || !after.service_on(service) || before.service_on(service)) continue;
        auto const* mode = after.family->find_canonical(service.mode_setting);
        // A service whose switch asks for it needs a pair of its own (REQ MCU-3); others may use the factory's.
        bool own = mode != nullptr && mode->check == "certificate_needed";
        if ((own && !after.custom_certificate(service)) || !after.certificate_usable(service))
            problems.push_back(Error(errors::dev::certificate_needed, {{"service", service.title}}));
    }
}

void judge_host_names(Prospect const& after, std::vector<Error>& problems) {
    for (auto const& setting : after.family->settings) {
        if (setting.check != "host_name_when_verifying" || !after.verifying(client_of(*after.family, setting))) continue;
        auto value = after.value(setting);
        if (is_unverifiable_host(value, disabled_value(*after.family, setting)))
            problems.push_back(Error(errors::dev::host_name_needed, {{"path", setting.path}, {"value", value}}));
    }
}

}  // namespace

std::string Prospect::canonical(std::string_view name) const {
    if (name.empty()) return {};
    auto const* setting = family->find_canonical(name);
    if (setting == nullptr || !family::has_feature_key(setting->needs_feature_key, feature_keys)) return {};
    return setting->to_canonical(value(*setting));
}

bool Prospect::service_on(family::Service const& service) const {
    if (!family::has_feature_key(service.needs_feature_key, feature_keys)) return false;
    if (service.mode_setting.empty()) return true;
    auto mode = canonical(service.mode_setting);
    return !mode.empty() && service.is_on(mode);
}

bool Prospect::verifies_callers(family::Service const& service) const {
    return service_on(service) && iequals(canonical(service.verify_clients), "on");
}

bool Prospect::redirects(family::Service const& service) const {
    if (service.redirect_to.empty()) return false;
    return service.redirect_setting.empty() || iequals(canonical(service.redirect_setting), "on");
}

std::uint16_t Prospect::port(family::Service const& service) const {
    return parse_number<std::uint16_t>(canonical(service.port_setting)).value_or(service.port);
}

bool Prospect::verifying() const {
    auto mode = canonical("client.verify");
    return !mode.empty() && !iequals(mode, "off");
}

bool Prospect::verifying(std::string_view client) const {
    auto const* caller = family->find_client(client);
    if (caller == nullptr || caller->verify.empty()) return verifying();
    return iequals(canonical(caller->verify), "on");
}

bool Prospect::verifying_anywhere() const {
    return verifying() || std::ranges::any_of(family->clients, [this](auto const& client) { return verifying(client.id); });
}

std::string host_of(std::string_view address) {
    address = trim(address);
    if (auto scheme = address.find("://"); scheme != std::string_view::npos) address.remove_prefix(scheme + 3);
    address = address.substr(0, address.find_first_of("/?#"));
    if (address.starts_with('[')) return std::string(address.substr(1, address.find(']') - 1));
    // More than one colon without brackets is an IPv6 address, not a port.
    if (std::ranges::count(address, ':') == 1) address = address.substr(0, address.find(':'));
    return std::string(address);
}

bool is_unverifiable_host(std::string_view address, std::string_view disabled_value) {
    auto host = host_of(address);
    return !host.empty() && host != disabled_value && is_ip_address(host);
}

std::vector<Error> judge(Prospect const& before, Prospect const& after, std::set<family::Setting const*> const& changed) {
    std::vector<Error> problems;
    // A form sends every field: what stays as it is was not touched.
    bool touched = std::ranges::any_of(
        changed, [&](auto const* setting) { return setting->check == "way_in_left" && before.value(*setting) != after.value(*setting); });
    judge_way_in(before, after, touched, problems);
    judge_ports(before, after, problems);
    judge_certificates(before, after, problems);
    judge_host_names(after, problems);
    return problems;
}

std::vector<std::string> ntp_servers(Prospect const& prospect) {
    std::vector<std::string> servers;
    for (std::string_view const name : {"time.ntp.address", "time.ntp.address.2", "time.ntp.address.3"})
        if (auto server = prospect.canonical(name); !server.empty()) servers.emplace_back(server);
    return servers;
}

std::vector<std::string> missing_for_verification(Prospect const& prospect, VerifyFacts const& facts) {
    std::vector<std::string> missing;
    bool ntp_on = !iequals(prospect.canonical("time.ntp.mode"), "off") && !ntp_servers(prospect).empty();
    if (!ntp_on)
        missing.emplace_back("an NTP server");
    else if (!facts.time_is_synchronised)
        missing.emplace_back("an active NTP source");
    bool dns = false;
    for (auto const& setting : prospect.family->settings)
        if (setting.canonical.starts_with("name.dns.server.") && !prospect.value(setting).empty()) dns = true;
    if (!dns) missing.emplace_back("a DNS server");
    if (!facts.has_roots) missing.emplace_back("trusted roots");
    for (auto const& url : facts.server_urls)
        if (is_unverifiable_host(url, k_nowhere)) missing.push_back("a host name in " + url);
    return missing;
}

}  // namespace countersign::device
