#include "manager/observe/wire.hpp"

#include "base/text.hpp"
#include "pki/verify.hpp"

#include <algorithm>

namespace countersign::manager {

std::uint16_t Wire::port_of(family::Service const& service) const { return static_cast<std::uint16_t>(service.port + port_offset); }

std::optional<std::uint16_t> Wire::shifted(std::uint16_t port) const {
    constexpr int k_last = 65535;
    int const sum = port + port_offset;
    return sum <= k_last ? std::optional(static_cast<std::uint16_t>(sum)) : std::nullopt;
}

std::uint16_t Wire::port_of(System const& system, family::Service const& service) const {
    if (system.https_port == 0 || service.door != "https") return port_of(service);
    return static_cast<std::uint16_t>(system.https_port + port_offset);
}

std::string const& certificate_name(System const& system) { return system.host_name.empty() ? system.address : system.host_name; }

namespace {

bool is_pinned(System const& system, pki::Certificate const& leaf) {
    return std::ranges::any_of(system.pins, [&leaf](std::string const& pin) {
        return iequals(pin, leaf.fingerprint()) || iequals(pin, leaf.public_key_sha256());
    });
}

/// IEEE 802.1AR: the chain ends at the vendor, and the subject names the unit. While its serial number is not known yet, the
/// account has to confirm it (Observer).
bool is_factory_identity(std::vector<pki::Certificate> const& presented, System const& system, pki::Anchors const& vendors, UtcTime at) {
    auto const serial = factory_serial_number(presented, vendors, at);
    return !serial.empty() && (system.serial_number.empty() || iequals(serial, system.serial_number));
}

net::http::Client::Settings common_settings(Wire const& wire, System const& system, std::string const& address, net::Scheme scheme,
                                            std::uint16_t port) {
    net::http::Client::Settings settings;
    settings.origin.scheme = scheme;
    settings.origin.host = certificate_name(system);
    settings.origin.port = port;
    settings.address = address;
    settings.clock = wire.clock;
    settings.bind_address = wire.bind_address;
    settings.connect = wire.connect;
    settings.exchange = wire.exchange;
    settings.user_agent = "Countersign manager";
    return settings;
}

}  // namespace

std::string factory_serial_number(std::vector<pki::Certificate> const& presented, pki::Anchors const& vendors, UtcTime at) {
    if (vendors.empty() || presented.empty()) return {};
    auto serial = presented.front().subject_serial_number();
    if (serial.empty()) return {};
    bool const good = pki::verify_chain({.presented = presented, .anchors = vendors, .purpose = pki::Purpose::any, .at = at}).verified();
    return good ? serial : std::string();
}

ChannelTrust judge(std::vector<pki::Certificate> const& presented, std::vector<pki::Finding> const& findings, System const& system,
                   TrustBase const& trust, UtcTime at) {
    if (presented.empty()) return ChannelTrust::none;
    if (std::ranges::find(findings, pki::Finding::Kind::revoked, &pki::Finding::kind) != findings.end()) return ChannelTrust::none;
    bool const fine = std::ranges::none_of(findings, [](auto const& one) { return one.severity == pki::Severity::failure; });
    if (fine && !trust.estate.empty()) return ChannelTrust::verified;
    // A person who compared the certificate knows more than the vendor, who says of any unit that it is one of theirs.
    if (is_pinned(system, presented.front())) return ChannelTrust::pinned;
    return is_factory_identity(presented, system, trust.factory, at) ? ChannelTrust::factory_identity : ChannelTrust::none;
}

bool is_bound_to_unit(System const& system) { return system.https_proven && !system.serial_number.empty(); }

net::http::Client secure_client(Wire const& wire, System const& system, std::string const& address, ServiceObservation const& seen,
                                TrustBase const& trust) {
    auto settings = common_settings(wire, system, address, net::Scheme::https, seen.port);
    if (seen.trust == ChannelTrust::verified)
        settings.policy = net::tls::VerifyChain{
            .anchors = trust.estate, .expected_name = certificate_name(system), .revocation = {trust.revocation, wire.revocation}};
    else
        // A factory identity is bound to the very certificate whose serial number was compared.
        settings.policy = net::tls::Pinned{{seen.presented.empty() ? std::string() : seen.presented.front().fingerprint()}};
    return net::http::Client(std::move(settings));
}

net::http::Client plain_client(Wire const& wire, System const& system, std::string const& address, std::uint16_t port) {
    return net::http::Client(common_settings(wire, system, address, net::Scheme::http, port));
}

family::Service const* https_service(family::Family const& family) {
    auto place = std::ranges::find(family.services, "https", &family::Service::door);
    return place == family.services.end() ? nullptr : &*place;
}

family::Service const* http_service(family::Family const& family) {
    auto place = std::ranges::find(family.services, "http", &family::Service::door);
    return place == family.services.end() ? nullptr : &*place;
}

bool managed_over_ssh(family::Family const& family) {
    auto const* service = family.management_service();
    return service != nullptr && service->door == "ssh";
}

ChannelTrust attainable(family::Family const& family, ChannelTrust least) {
    return managed_over_ssh(family) ? std::min(least, ChannelTrust::pinned) : least;
}

bool speaks_tls(family::Service const& service) {
    return service.door == "https" || (service.transport == "tcp" && service.secure && service.needs_certificate);
}

SecureOnly effective_mode(System const& system, Policy const& policy) {
    bool const known_incapable = !system.software.empty() && !system.secure_only_capable;
    return known_incapable ? SecureOnly::off : policy.secure_only;
}

}  // namespace countersign::manager
