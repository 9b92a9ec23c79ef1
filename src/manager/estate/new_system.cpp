#include "manager/estate/new_system.hpp"

#include "base/text.hpp"
#include "manager/certificates/profile_limits.hpp"
#include "manager/drivers/web_driver.hpp"
#include "manager/estate/arrivals.hpp"
#include "manager/estate/directory.hpp"
#include "manager/renew/hours.hpp"
#include "net/ssh_client.hpp"
#include "pki/key.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::manager {

namespace {

constexpr std::size_t k_longest_name = 100;
constexpr std::size_t k_longest_password = 255;
constexpr std::size_t k_most_pins = 10;
constexpr std::size_t k_longest_serial = 100;

Error invalid(std::string_view field, std::string_view detail) {
    return Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}});
}

bool has_control_characters(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

void check_text(std::string_view field, std::string_view text, std::size_t longest, std::vector<Error>& problems) {
    if (text.size() > longest) problems.push_back(invalid(field, "at most " + std::to_string(longest) + " bytes"));
    if (!is_utf8(text) || has_control_characters(text)) problems.push_back(invalid(field, "it holds control characters or is not UTF-8"));
}

void check_pins(std::vector<std::string>& pins, std::vector<Error>& problems) {
    if (pins.size() > k_most_pins) problems.push_back(invalid("pins", "at most " + std::to_string(k_most_pins)));
    for (auto& pin : pins) {
        if (auto normal = normal_pin(pin))
            pin = *std::move(normal);
        else
            problems.push_back(invalid("pins", k_what_pins_are));
    }
}

/// "aa:bb:cc:dd:ee:ff"
std::string with_colons(std::string const& plain) {
    std::string out;
    for (std::size_t i = 0; i < plain.size(); i += 2) out += (i == 0 ? "" : ":") + plain.substr(i, 2);
    return out;
}

/// Which unit it is, as a person says.
void check_unit(NewSystem& system, std::vector<Error>& problems) {
    system.serial_number = trim(system.serial_number);
    check_text("serial_number", system.serial_number, k_longest_serial, problems);
    if (trim(system.mac_address).empty()) {
        system.mac_address.clear();
        return;
    }
    system.mac_address = with_colons(plain_mac(system.mac_address));
    if (system.mac_address.empty()) problems.push_back(invalid("mac_address", "a MAC address has twelve hexadecimal digits"));
}

/// Where it is, and how it is found there.
void check_place(NewSystem const& system, std::vector<Error>& problems) {
    if (!system.host_name.empty() && (is_ip_address(system.host_name) || !is_host_name(system.host_name)))
        problems.push_back(invalid("host_name", "it is not a host name"));
    if (!system.address.empty() && !is_ip_address(system.address)) problems.push_back(invalid("address", "it is not an IP address"));
    if (system.connection.connectivity == Connectivity::behind_firewall) {
        if (system.serial_number.empty() && system.mac_address.empty())
            problems.push_back(Error(errors::gen::missing_field, {{"field", "serial_number or mac_address"}}));
        if (system.family.empty()) problems.push_back(Error(errors::gen::missing_field, {{"field", "family"}}));
        return;
    }
    if (system.host_name.empty() && system.address.empty())
        problems.push_back(Error(errors::gen::missing_field, {{"field", "host_name or address"}}));
    if (system.track_by == TrackBy::host_name && system.host_name.empty())
        problems.push_back(invalid("track_by", "there is no host name to track by"));
    if (system.track_by == TrackBy::address && system.address.empty())
        problems.push_back(invalid("track_by", "there is no address to track by"));
}

void check_range(std::string_view field, int value, int least, int most, std::vector<Error>& problems) {
    if (value < least || value > most) problems.push_back(invalid(field, std::to_string(least) + " to " + std::to_string(most)));
}

std::vector<Error> each_of(Error error) {
    if (error.causes().empty()) return {std::move(error)};
    return {error.causes().begin(), error.causes().end()};
}

bool is_host_or_address(std::string_view text) { return is_host_name(text) || is_ip_address(text); }

}  // namespace

std::optional<std::string> normal_pin(std::string_view text) {
    text = trim(text);
    if (net::is_ssh_fingerprint(text)) return std::string(text);
    auto const bytes = from_hex(text);
    if (!bytes || bytes->size() != 32) return std::nullopt;
    return to_hex(*bytes);
}

Result<NewSystem> check_new_system(NewSystem system, family::Families const& families) {
    std::vector<Error> problems;
    system.name = trim(system.name);
    system.host_name = to_lower(trim(system.host_name));
    system.address = to_lower(trim(system.address));
    check_unit(system, problems);
    check_place(system, problems);
    if (!system.family.empty())
        if (auto family = families.get(system.family); !family) problems.push_back(std::move(family).error());
    check_text("name", system.name, k_longest_name, problems);
    check_text("user", system.user, k_longest_name, problems);
    if (system.password) check_text("password", system.password->reveal(), k_longest_password, problems);
    check_pins(system.pins, problems);
    if (auto good = check_persistent(system.connection.persistent, families, system.family); !good)
        for (auto& one : each_of(std::move(good).error())) problems.push_back(std::move(one));
    if (!problems.empty()) return fail(gather(std::move(problems)));
    return system;
}

bool can_track(System const& system, TrackBy how) {
    switch (how) {
        case TrackBy::address: return !system.address.empty();
        case TrackBy::host_name: return !system.host_name.empty();
        case TrackBy::mac: return true;
    }
    return false;
}

Result<Policy> check_policy(Policy policy) {
    std::vector<Error> problems;
    policy.manager_host_name = to_lower(trim(policy.manager_host_name));
    policy.ntp_server = to_lower(trim(policy.ntp_server));
    policy.dns_domain = to_lower(trim(policy.dns_domain));
    if (policy.dns_servers.size() > 3) problems.push_back(invalid("dns_servers", "at most 3"));
    for (auto const& server : policy.dns_servers)
        if (!is_ip_address(server)) problems.push_back(invalid("dns_servers", server + " is not an IP address"));
    if (!policy.dns_domain.empty() && !is_host_name(policy.dns_domain))
        problems.push_back(invalid("dns_domain", "it is not a domain name"));
    if (!policy.ntp_server.empty() && !is_host_or_address(policy.ntp_server))
        problems.push_back(invalid("ntp_server", "it is neither a host name nor an address"));
    if (!policy.manager_host_name.empty() && !is_host_or_address(policy.manager_host_name))
        problems.push_back(invalid("manager_host_name", "it is not a host name"));
    check_range("renew_days_before", policy.renew_days_before, 1, 365, problems);
    check_range("certificate_days", policy.certificate_days, 2, 3650, problems);
    if (auto windows = parse_renewal_windows(policy.renewal_windows); !windows) problems.push_back(std::move(windows).error());
    if (policy.trial_seconds != 0) check_range("trial_seconds", policy.trial_seconds, 60, 3600, problems);
    if (policy.certificate_days <= policy.renew_days_before)
        problems.push_back(invalid("certificate_days", "it must be longer than renew_days_before"));
    if (auto type = pki::parse_key_type(policy.key_type); !type) problems.push_back(std::move(type.error().at("key_type")));
    for (auto& problem : beyond_profiles(policy)) problems.push_back(std::move(problem));
    if (!problems.empty()) return fail(gather(std::move(problems)));
    return policy;
}

}  // namespace countersign::manager
