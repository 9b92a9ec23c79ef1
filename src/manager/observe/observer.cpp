#include "manager/observe/observer.hpp"

#include "base/text.hpp"
#include "dialect/snmp.hpp"
#include "family/generic.hpp"
#include "manager/assess/configured.hpp"
#include "net/survey/old_versions.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"
#include "countersign/errors/tru.hpp"

#include <algorithm>
#include <chrono>

namespace countersign::manager {

namespace {

/// The community that systems have at factory defaults. One that was changed does not answer us: that is what it is for.
constexpr std::string_view k_community = "public";
/// What a port takes changes with its software and settings, and asking costs a connection.
constexpr std::chrono::hours k_old_versions_hold{24};
/// Ports of one system that are looked at together.
constexpr std::size_t k_ports_at_once = 16;

bool can_be_seen(family::Service const& service) {
    if (service.port == 0) return false;
    return service.transport == "tcp" || (service.transport == "udp" && service.door == "snmp");
}

std::vector<family::Service const*> services_to_see(family::Family const& family, Observer::Extent extent) {
    std::vector<family::Service const*> found;
    for (auto const& service : family.services)
        if (can_be_seen(service) && (extent == Observer::Extent::everything || service.door == "http" || service.door == "https" ||
                                     &service == family.management_service()))
            found.push_back(&service);
    return found;
}

net::Task<net::PortState> ask_snmp(net::Endpoint where, std::string bind_address, net::Milliseconds deadline, Observer::Snmp way) {
    namespace snmp = dialect::snmp;
    if (way == Observer::Snmp::knock) {
        auto const knocked = co_await net::ask_udp(std::move(where), std::string(1, '\0'), std::move(bind_address), deadline);
        if (!knocked && knocked.error().id() == errors::net::connection_refused) co_return net::PortState::refused;
        co_return knocked ? net::PortState::open : net::PortState::silent;
    }
    snmp::Message question{.community = std::string(k_community), .request_id = 1, .bindings = {{snmp::system_name_oid(), snmp::Null{}}}};
    auto answer = co_await net::ask_udp(std::move(where), snmp::write_message(question), std::move(bind_address), deadline);
    if (answer) co_return net::PortState::open;
    if (answer.error().id() == errors::net::connection_refused) co_return net::PortState::refused;
    co_return answer.error().id() == errors::net::unreachable ? net::PortState::unreachable : net::PortState::silent;
}

/// Why nothing answers, as an error: the best of what the ports showed.
Error nothing_answers(Observation const& observation) {
    auto const peer = observation.called;
    for (auto const& service : observation.services) {
        if (service.state == net::PortState::refused) return Error(errors::net::connection_refused, {{"peer", peer}});
        if (service.state == net::PortState::unreachable)
            return Error(errors::net::unreachable, {{"peer", peer}, {"detail", "no route, or the address does not exist"}});
    }
    return Error(errors::net::timed_out, {{"peer", peer}, {"limit", "the deadline"}, {"step", "connect"}});
}

std::string summary(std::vector<pki::Finding> const& findings) {
    pki::Verdict verdict;
    verdict.findings = findings;
    return verdict.summary();
}

/// The peer is a unit of the vendor, but perhaps another one than the system.
bool is_any_unit(System const& system, ServiceObservation const& https) {
    return https.trust == ChannelTrust::factory_identity && !is_bound_to_unit(system);
}

/// HTTPS is open, but whoever answers could not be identified.
Error not_trusted(System const& system, SecureOnly mode, ServiceObservation const& https) {
    if (https.trust == ChannelTrust::factory_identity)
        return Error(errors::mgr::no_secure_channel,
                     {{"system", certificate_name(system)},
                      {"detail", "it shows the factory certificate of unit " + https.presented.front().subject_serial_number() +
                                     ", and nobody said yet that this is the unit; compare its fingerprint and pin it: " +
                                     https.presented.front().fingerprint()}});
    if (!https.tls_error.empty()) return Error(errors::net::tls_failed, {{"peer", certificate_name(system)}, {"detail", https.tls_error}});
    Error unverified(errors::tru::verification_failed, {{"peer", certificate_name(system)}, {"detail", summary(https.findings)}});
    if (mode == SecureOnly::verify) return unverified;
    Error error(errors::mgr::no_secure_channel, {{"system", certificate_name(system)}, {"detail", summary(https.findings)}});
    error.because(std::move(unverified));
    return error;
}

/// Some products leave the factory with an empty password. A family without a driver of its own may name none.
bool has_factory_password(family::Family const& family) {
    bool const generic = family.ssh || family.hook;
    return !generic || !family.login.factory_password.empty();
}

struct Attempt {
    Opened as;
    SecretText password;
    FolderCredential const* folder = nullptr;
};

/// In the order in which they are tried. Over HTTP, and to a unit that may be another one, nothing but what may be lost.
std::vector<Attempt> attempts(Observer::Question const& question, ChannelChoice const& choice) {
    auto const& factory = question.family->login.factory_password;
    std::vector<Attempt> list;
    auto const& current = question.passwords.current;
    bool const sure = choice.secure && !is_any_unit(question.system, *choice.service);
    bool const accepted_risk = !choice.secure && effective_mode(question.system, question.policy) == SecureOnly::off &&
                               question.system.password_origin != PasswordOrigin::managed;
    if (current && (sure || accepted_risk)) list.push_back({Opened::current, current->duplicate()});
    if (sure && question.passwords.candidate) list.push_back({Opened::candidate, question.passwords.candidate->duplicate()});
    bool const own_key = question.family->ssh && question.family->ssh->public_key;
    if (has_factory_password(*question.family) && (!current || current->reveal() != factory))
        list.push_back({Opened::factory, SecretText(factory)});
    for (auto const& one : question.defaults)
        if (sure && list.size() < k_most_tries) list.push_back({Opened::folder, one.password.duplicate(), &one});
    // A system that lets in the manager's own key, or whose hook knows a way of its own, needs no password.
    if (list.empty() && sure && (own_key || question.family->hook)) list.push_back({Opened::current, SecretText()});
    return list;
}

net::http::Credentials credentials_for(Observer::Question const& question, Attempt& attempt) {
    auto user = question.system.user.empty() ? question.family->login.user : question.system.user;
    if (attempt.folder && !attempt.folder->user.empty()) user = attempt.folder->user;
    return {user, std::move(attempt.password)};
}

/// A factory identity whose serial number was not known before is believed only if the unit itself says the same.
bool confirms_identity(System const& system, ServiceObservation const& service, Account const& account) {
    if (service.trust != ChannelTrust::factory_identity || !system.serial_number.empty()) return true;
    return iequals(service.presented.front().subject_serial_number(), account.serial_number);
}

}  // namespace

Observer::Question Observer::Question::duplicate() const {
    Question copy{.system = system,
                  .family = family,
                  .policy = policy,
                  .trust = trust,
                  .contact = contact,
                  .connection = connection,
                  .phonebook = phonebook,
                  .may_speak_snmp = may_speak_snmp,
                  .old_tls = old_tls,
                  .old_versions = old_versions,
                  .elsewhere = elsewhere};
    if (passwords.current) copy.passwords.current = passwords.current->duplicate();
    if (passwords.candidate) copy.passwords.candidate = passwords.candidate->duplicate();
    for (auto const& one : defaults) copy.defaults.push_back(one.duplicate());
    return copy;
}

Observer::Snmp Observer::Question::snmp() const {
    return may_speak_snmp && effective_mode(system, policy) == SecureOnly::off ? Snmp::speak : Snmp::knock;
}

net::Task<Observer::Place> Observer::locate(System system) {
    Place place;
    bool const by_name = !system.host_name.empty() && (system.track_by == TrackBy::host_name || system.address.empty());
    place.called = by_name ? system.host_name : system.address;
    if (!system.host_name.empty()) {
        auto addresses = co_await wire_.resolver->resolve(system.host_name);
        if (addresses && !addresses->empty())
            place.resolved = addresses->front();
        else if (by_name)
            place.error = addresses ? Error(errors::net::unknown_host, {{"name", system.host_name}}) : std::move(addresses).error();
    }
    place.address = by_name ? place.resolved : system.address;
    co_return place;
}

net::Task<ServiceObservation> Observer::look_at(family::Service const& service, System system, std::string address, TrustBase trust,
                                                Snmp snmp) {
    return look_and_keep(service, std::move(system), std::move(address), std::move(trust), snmp, nullptr, HostKey::when_pinned);
}

net::Task<ServiceObservation> Observer::look_and_keep(family::Service const& service, System system, std::string address, TrustBase trust,
                                                      Snmp snmp, Kept* kept, HostKey host_key) {
    ServiceObservation seen{.service = service.id, .port = wire_.port_of(system, service)};
    bool const asked = host_key == HostKey::always || !ssh_pins(system).empty();
    if (service.door == "ssh" && service.transport == "tcp" && wire_.direct && asked) {
        co_await look_at_host_key(std::move(system), std::move(address), seen);
        co_return seen;
    }
    net::Endpoint where{std::move(address), seen.port};
    if (service.transport == "udp") {
        seen.state = co_await ask_snmp(std::move(where), wire_.bind_address, wire_.snmp, snmp);
        co_return seen;
    }
    auto const now = wire_.clock->now();
    net::ProbeRequest request{.where = std::move(where), .bind_address = wire_.bind_address, .at = now, .deadline = wire_.connect};
    if (speaks_tls(service)) {
        request.server_name = certificate_name(system);
        request.tls = net::tls::AcceptAny{trust.estate, {trust.revocation, wire_.revocation}};
        request.keep = kept != nullptr;
    }
    auto report = co_await net::probe(std::move(request));
    seen.state = report.state;
    if (report.tls_error) seen.tls_error = report.tls_error->message();
    if (report.tls) {
        seen.tls_version = report.tls->version;
        seen.presented = std::move(report.tls->presented);
        seen.findings = std::move(report.tls->verdict.findings);
        seen.trust = judge(seen.presented, seen.findings, system, trust, now);
        if (auto const& chain = report.tls->verdict.chain; seen.trust == ChannelTrust::verified && !chain.empty()) {
            seen.root = chain.back().subject();
            seen.root_sha256 = chain.back().fingerprint();
        }
    }
    if (kept != nullptr && report.kept) kept->emplace(*std::move(report.kept));
    co_return seen;
}

net::Task<std::optional<ServiceObservation>> Observer::look_at_port(family::Service const& service, std::uint16_t port, System system,
                                                                    std::string address, TrustBase trust, Snmp snmp) {
    auto moved = service;
    moved.port = port;
    if (!can_be_seen(moved) || !wire_.shifted(port)) co_return std::nullopt;
    co_return co_await look_and_keep(moved, std::move(system), std::move(address), std::move(trust), snmp, nullptr, HostKey::when_pinned);
}

net::Task<> Observer::look_elsewhere(Question const& question, std::string address, Extent extent, Snmp snmp, Observation& observation) {
    if (!observation.account) co_return;
    Configured const settings(*question.family, observation);
    std::vector<std::pair<family::Service const*, std::uint16_t>> moved;
    for (auto const* service : services_to_see(*question.family, extent))
        if (auto const port = settings.other_port(*service, question.system)) moved.emplace_back(service, *port);
    std::vector<std::optional<ServiceObservation>> seen(moved.size());
    co_await net::for_each_bounded(
        moved.size(), k_ports_at_once,
        // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): for_each_bounded keeps it until all are done
        [this, &moved, &seen, &question, &address, snmp](std::size_t index) -> net::Task<> {
            auto const& [service, port] = moved[index];
            seen[index] = co_await look_at_port(*service, port, question.system, address, question.trust, snmp);
        });
    for (auto& one : seen)
        if (one) observation.elsewhere.push_back(*std::move(one));
}

namespace {

/// A port that speaks TLS, or tries to.
bool is_asked_for_old_versions(family::Family const& family, ServiceObservation const& seen) {
    auto const* service = family.find_service(seen.service);
    return service != nullptr && speaks_tls(*service) && seen.state == net::PortState::open;
}

/// As OpenSSL and everybody else writes it.
std::string version_name(net::survey::Version version) {
    switch (version) {
        case net::survey::Version::ssl3: return "SSLv3";
        case net::survey::Version::tls1_0: return "TLSv1";
        case net::survey::Version::tls1_1: return "TLSv1.1";
        case net::survey::Version::tls1_2: return "TLSv1.2";
        case net::survey::Version::tls1_3: return "TLSv1.3";
    }
    return "TLSv1.3";
}

}  // namespace

net::Task<> Observer::look_for_old_versions(Question const& question, std::string address, Observation& observation) {
    std::vector<ServiceObservation*> ports;
    for (auto* list : {&observation.services, &observation.elsewhere})
        for (auto& seen : *list)
            if (is_asked_for_old_versions(*question.family, seen)) ports.push_back(&seen);
    auto const software = observation.account ? observation.account->software : question.system.software;
    for (auto* seen : ports) {
        auto const certificate = seen->presented.empty() ? std::string() : seen->presented.front().fingerprint();
        auto const known = std::ranges::find_if(
            question.old_tls, [seen](OldTls const& one) { return one.service == seen->service && one.port == seen->port; });
        bool const holds = question.old_versions == OldVersions::seldom && known != question.old_tls.end() &&
                           known->certificate == certificate && known->software == software &&
                           observation.at - known->asked < k_old_versions_hold;
        OldTls found{
            .service = seen->service, .port = seen->port, .asked = observation.at, .certificate = certificate, .software = software};
        if (holds) {
            found = *known;
        } else {
            auto const versions = co_await net::survey::find_old_versions({.where = {address, seen->port},
                                                                           .server_name = certificate_name(question.system),
                                                                           .deadline = wire_.connect,
                                                                           .bind_address = wire_.bind_address});
            // Not reached any more: nothing is known, and it is asked at the next look.
            if (!versions) continue;
            for (auto const version : *versions) found.versions.push_back(version_name(version));
        }
        seen->old_versions = found.versions;
        observation.old_tls.push_back(std::move(found));
    }
}

/// A host key that is pinned makes us sure of whom SSH belongs to; where none is pinned, it is shown to the person who is to pin it.
net::Task<> Observer::look_at_host_key(System system, std::string address, ServiceObservation& seen) {
    auto const pins = ssh_pins(system);
    net::SshPeer peer{
        .where = {std::move(address), seen.port}, .bind_address = wire_.bind_address, .host_keys = pins, .connect = wire_.connect};
    auto shown = co_await wire_.direct->ssh->look_at(std::move(peer));
    seen.state = net::PortState::open;
    if (!shown) {
        auto const& error = shown.error();
        bool const silent = error.id() == errors::net::timed_out && error.parameter("step") == "connect";
        if (error.id() == errors::net::connection_refused)
            seen.state = net::PortState::refused;
        else if (error.id() == errors::net::unreachable)
            seen.state = net::PortState::unreachable;
        else if (silent)
            seen.state = net::PortState::silent;
        else
            seen.tls_error = error.message();
        co_return;
    }
    seen.host_key = *std::move(shown);
    if (std::ranges::find(pins, seen.host_key) != pins.end()) seen.trust = ChannelTrust::pinned;
}

net::Task<Sighting> Observer::observe(Question question, Extent extent) {
    Sighting sighting;
    auto& observation = sighting.observation;
    observation.at = wire_.clock->now();
    observation.contact = question.contact;
    auto place = co_await locate(question.system);
    if (!question.elsewhere.empty()) place.address = question.elsewhere;
    observation.called = place.called;
    observation.resolved_address = place.resolved;
    if (place.address.empty()) {
        observation.account_error = place.error.value_or(Error(errors::net::unknown_host, {{"name", place.called}}));
        co_return sighting;
    }
    auto const services = services_to_see(*question.family, extent);
    observation.services.resize(services.size());
    auto const snmp = question.snmp();
    Kept kept;
    auto const* https = https_service(*question.family);
    co_await net::for_each_bounded(
        services.size(), k_ports_at_once,
        // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): for_each_bounded keeps it until all are done
        [this, &services, &observation, &question, &place, snmp, https, &kept](std::size_t index) -> net::Task<> {
            auto const* service = services[index];
            observation.services[index] =
                co_await look_and_keep(*service, question.system, place.address, question.trust, snmp, service == https ? &kept : nullptr,
                                       service == question.family->management_service() ? HostKey::always : HostKey::when_pinned);
        });
    co_await log_in(question, place.address, sighting, std::move(kept));
    co_await look_elsewhere(question, place.address, extent, snmp, observation);
    if (extent == Extent::everything) co_await look_for_old_versions(question, place.address, observation);
    co_return sighting;
}

namespace {

Result<ChannelChoice> choose_ssh(System const& system, Observation const& observation, family::Service const& service) {
    auto const* seen = observation.find(service.id);
    if (seen == nullptr || seen->state != net::PortState::open) return fail(nothing_answers(observation));
    if (seen->trust >= ChannelTrust::pinned) return ChannelChoice{true, seen};
    if (seen->host_key.empty())
        return fail(errors::net::connection_lost,
                    {{"peer", certificate_name(system)}, {"detail", "no exchange of keys: " + seen->tls_error}});
    auto const pins = ssh_pins(system);
    if (pins.empty())
        return fail(errors::mgr::ssh_host_key_unknown, {{"system", certificate_name(system)}, {"fingerprint", seen->host_key}});
    return fail(errors::mgr::ssh_host_key_changed,
                {{"system", certificate_name(system)}, {"fingerprint", seen->host_key}, {"pinned", join(pins, ", ")}});
}

}  // namespace

Result<ChannelChoice> choose_channel(family::Family const& family, System const& system, Policy const& policy,
                                     Observation const& observation) {
    if (managed_over_ssh(family)) return choose_ssh(system, observation, *family.management_service());
    auto const mode = effective_mode(system, policy);
    auto const* https_known = https_service(family);
    // A hook is run with the secrets that a verified or pinned peer may have, or not at all.
    auto const* http_known = family.hook ? nullptr : http_service(family);
    auto const* https = https_known ? observation.find(https_known->id) : nullptr;
    auto const* http = http_known ? observation.find(http_known->id) : nullptr;
    bool const http_open = http && http->state == net::PortState::open;
    if (https && https->state == net::PortState::open) {
        bool const nothing_to_lose = system.password_origin == PasswordOrigin::factory;
        if (https->trust >= ChannelTrust::pinned && (nothing_to_lose || !is_any_unit(system, *https))) return ChannelChoice{true, https};
        if (mode == SecureOnly::off && !system.https_proven && http_open) return ChannelChoice{false, http};
        return fail(not_trusted(system, mode, *https));
    }
    if (!http_open) return fail(nothing_answers(observation));
    if (system.https_proven || (mode != SecureOnly::off && system.password_origin != PasswordOrigin::factory))
        return fail(errors::mgr::http_not_allowed, {{"system", certificate_name(system)}});
    return ChannelChoice{false, http};
}

std::shared_ptr<DirectPeer const> Observer::direct_peer(System const& system, std::string const& address,
                                                        ServiceObservation const& seen) const {
    auto peer = std::make_shared<DirectPeer>();
    peer->ways = wire_.direct;
    peer->system = system;
    peer->address = address;
    peer->service = seen.service;
    peer->port = seen.port;
    if (!seen.presented.empty()) peer->certificate = seen.presented.front().fingerprint();
    peer->ssh = {.where = {address, seen.port}, .bind_address = wire_.bind_address, .connect = wire_.connect};
    if (!seen.host_key.empty() && seen.trust >= ChannelTrust::pinned) peer->ssh.host_keys = {seen.host_key};
    return peer;
}

net::Task<> Observer::log_in(Question const& question, std::string address, Sighting& sighting, Kept kept) {
    auto& observation = sighting.observation;
    auto choice = choose_channel(*question.family, question.system, question.policy, observation);
    // Where somebody called from, nothing is said to a peer that may be another unit.
    if (choice && !question.elsewhere.empty() && (!choice->secure || is_any_unit(question.system, *choice->service)))
        choice = fail(errors::mgr::no_secure_channel,
                      {{"system", certificate_name(question.system)}, {"detail", "nothing proves that it is at " + question.elsewhere}});
    if (!choice) {
        observation.account_error = std::move(choice).error();
        co_return;
    }
    auto const& service = *choice->service;
    bool const over_kept =
        choice->secure && kept && https_service(*question.family) && service.service == https_service(*question.family)->id;
    bool const over_ssh = managed_over_ssh(*question.family);
    Channel channel{.client = choice->secure && !over_ssh ? secure_client(wire_, question.system, address, service, question.trust)
                                                          : plain_client(wire_, question.system, address, service.port),
                    .secure = choice->secure,
                    .trust = choice->secure ? service.trust : ChannelTrust::none,
                    .peer = certificate_name(question.system),
                    .clock = wire_.clock};
    if (wire_.direct && (question.family->ssh || question.family->hook)) channel.direct = direct_peer(question.system, address, service);
    if (over_kept) channel.client.adopt(*std::move(kept));
    kept.reset();
    auto driver = make_driver(question.family, std::move(channel));
    if (!driver) {
        observation.account_error = std::move(driver).error();
        co_return;
    }
    for (auto& attempt : attempts(question, *choice)) {
        // No password at all is no better than one that everybody knows.
        bool factory = has_factory_password(*question.family) &&
                       (attempt.password.empty() || attempt.password.reveal() == question.family->login.factory_password);
        (*driver)->use_credentials(credentials_for(question, attempt));
        auto account = co_await (*driver)->read_account();
        if (!account) {
            bool const refused = account.error().id() == errors::net::login_refused;
            observation.account_error = std::move(account).error();
            if (refused && attempt.folder) sighting.refused.push_back(attempt.folder->id);
            if (refused) continue;
            co_return;
        }
        if (!confirms_identity(question.system, service, *account)) {
            observation.account_error = Error(errors::mgr::no_secure_channel,
                                              {{"system", certificate_name(question.system)},
                                               {"detail", "its factory certificate names another serial number than the system itself"}});
            co_return;
        }
        // Which password it was says nothing when none was looked at.
        if ((*driver)->opened_by_key()) {
            attempt.as = Opened::current;
            attempt.folder = nullptr;
            factory = false;
        }
        observation.account_error.reset();
        observation.account = std::move(*account);
        observation.account_channel = (*driver)->trust();
        observation.factory_password = factory;
        sighting.opened = attempt.as;
        if (attempt.folder) sighting.used = attempt.folder->duplicate();
        sighting.driver = std::move(*driver);
        co_return;
    }
}

}  // namespace countersign::manager
