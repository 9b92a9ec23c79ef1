#include "manager/estate/network.hpp"

#include "base/text.hpp"
#include "manager/certificates/own_certificate.hpp"
#include "manager/drivers/web_driver.hpp"
#include "manager/store/campaign_store.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/notification_store.hpp"
#include "manager/store/place.hpp"
#include "manager/store/statistics_store.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace countersign::manager {
namespace {

constexpr std::size_t k_page = 1000;
constexpr std::size_t k_most_shown = 1000;
constexpr std::size_t k_most_named = 10;

/// Seed 004, "Limitations of Restricting Cisco TMS to Secure-Only", as far as they are true of this manager.
std::vector<std::string> limitations() {
    return {
        "Only systems that are capable of Secure-Only can call the manager; the others cannot tell it anything any more, nor search its "
        "phone books.",
        "Systems that are managed over protocols that are not secure look usable, and are not secure; do not use them.",
        "Whoever opens the http address gets an error page (or, with redirect, is sent to the https address); tell people the new address.",
        "Finding systems that nobody knows is hindered: a system at factory defaults calls over HTTP and is not heard.",
        "Pre-registration of systems at factory defaults does not work. It works when HTTPS is set for the external manager in the system "
        "before (xconfiguration externalmanager protocol: https).",
        "A system whose HTTPS is off is added over HTTP, and logged in to with the factory password alone (it is no secret); one with "
        "another password must have HTTPS switched on before the manager can log in.",
        "Whatever else calls the manager over HTTP must be set to HTTPS; only revocation lists, OCSP and the authority's certificates stay "
        "there.",
        "Scans ask over HTTPS only, and no system is watched over SNMP.",
    };
}

Error invalid(std::string_view field, std::string_view detail) {
    return Error(errors::gen::invalid_input, {{"field", field}, {"detail", detail}});
}

Error not_with_secure_only(std::string_view what) { return Error(errors::mgr::not_with_secure_only, {{"what", what}}); }

bool is_restricted(PlainDoor door) { return door != PlainDoor::open; }

std::string own_address(std::string const& listening) {
    if (listening == "0.0.0.0") return "127.0.0.1";
    return listening == "::" ? "::1" : listening;
}

}  // namespace

Network::Network(Store& store, InternalCa& authority, family::Families families, Wire wire, ManagerSettings settings)
    : store_(store), authority_(authority), families_(std::move(families)), wire_(std::move(wire)), settings_(std::move(settings)) {}

net::Task<Result<void>> Network::load() {
    CS_CO_TRY(auto settings, co_await store_.network().get_network());
    std::scoped_lock lock(mutex_);
    now_ = std::move(settings);
    co_return Result<void>();
}

NetworkSettings Network::now() const {
    std::scoped_lock lock(mutex_);
    return now_;
}

std::string Network::name_for(Policy const& policy, Connectivity connectivity) const {
    auto const settings = now();
    if (settings.override_dns && settings_.address != "0.0.0.0" && settings_.address != "::") return settings_.address;
    if (connectivity != Connectivity::lan && !settings.public_host_name.empty()) return settings.public_host_name;
    return policy.manager_host_name;
}

/// A conversation with ourselves as a stranger has it: through our own port, verified by our own roots.
net::Task<Result<void>> Network::prove_own_https() {
    net::http::Client::Settings client;
    client.origin = {.scheme = net::Scheme::https,
                     .host = settings_.host_name,
                     .port = static_cast<std::uint16_t>(settings_.https_port + settings_.port_offset)};
    client.address = own_address(settings_.address);
    client.policy = net::tls::VerifyChain{.anchors = pki::Anchors(authority_.roots()), .expected_name = settings_.host_name};
    client.clock = wire_.clock;
    net::http::Client self(std::move(client));
    auto answer = co_await self.get("/ca.pem");
    if (!answer) {
        Error unproven(errors::mgr::own_https_not_proven, {{"detail", answer.error().message()}});
        unproven.because(std::move(answer).error());
        co_return fail(std::move(unproven));
    }
    co_return Result<void>();
}

namespace {

std::size_t sum_of(LevelCounts const& counts) {
    return static_cast<std::size_t>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
}

}  // namespace

net::Task<Result<OwnLevel>> Network::level() {
    auto const settings = now();
    CS_CO_TRY(auto const policy, co_await store_.get_policy());
    OwnDoors doors{.https_port = static_cast<std::uint16_t>(settings_.https_port + settings_.port_offset),
                   .http_port = static_cast<std::uint16_t>(settings_.http_port + settings_.port_offset),
                   .http_open = settings.plain_http == PlainDoor::open,
                   .http_redirects = settings.plain_http == PlainDoor::redirect,
                   .mode = policy.secure_only,
                   .speaks_snmp = settings.scan_snmp};
    if (auto const proven = co_await prove_own_https(); !proven) doors.https_not_proven = proven.error().message();
    CS_CO_TRY(auto const all, co_await store_.statistics().count_systems({}));
    CS_CO_TRY(auto const others, co_await store_.statistics().count_systems({.secure_only_capable = false}));
    doors.systems = sum_of(all.levels);
    doors.not_capable = sum_of(others.levels);
    CS_CO_TRY(auto const exceptions, co_await store_.folder_policy().list_exceptions(std::nullopt));
    auto const at = wire_.clock->now();
    for (auto const& one : exceptions)
        if (one.kind == ExceptionKind::mode && one.ends > at && parse_secure_only(one.value).value_or(SecureOnly::off) < policy.secure_only)
            ++doors.excepted;
    if (!settings_.database.empty()) doors.database = place_of(settings_).name();
    CS_CO_TRY(auto const channels, co_await store_.notifications().list(0, k_most_named));
    for (auto const& one : channels) doors.channels.push_back(one.name);
    co_return assess_manager(doors);
}

/// Nothing: it calls over HTTPS, or not at all.
std::string Network::why_affected(System const& system) const {
    auto const family = families_.get(system.family);
    if (family && (*family)->clients.empty()) return {};  // it never calls
    if (!system.software.empty() && !system.secure_only_capable)
        return "software " + system.software + " is not capable of Secure-Only: it calls over HTTP only";
    if (system.last_call == "http")
        return "its last call came over HTTP" + (system.last_call_at ? ", at " + to_string(*system.last_call_at) : "");
    if (!system.last_call_at) return "it has not called over HTTPS yet";
    return {};
}

net::Task<Result<Restriction>> Network::restriction() {
    Restriction out{.plain_http = now().plain_http, .limitations = limitations()};
    CS_CO_TRY(auto const estate, co_await store_.get_policy());
    std::map<FolderId, SecureOnly> modes;
    SystemFilter filter{.limit = k_page};
    while (true) {
        CS_CO_TRY(auto systems, co_await store_.list_systems(filter));
        for (auto const& system : systems) {
            auto const [mode, fresh] = modes.try_emplace(system.folder);
            if (fresh) {
                CS_CO_TRY(auto const there, co_await store_.folder_policy().effective_policy(system.folder));
                mode->second = there.secure_only;
            }
            auto why = mode->second == SecureOnly::off && estate.secure_only != SecureOnly::off
                           ? std::string("an exception of its folder says off: it calls over HTTP")
                           : why_affected(system);
            if (why.empty()) continue;
            ++out.affected_in_all;
            if (out.affected.size() < k_most_shown) out.affected.push_back({system.id, system.name, std::move(why)});
        }
        if (systems.size() < k_page) break;
        filter.after = systems.back().id;
    }
    if (estate.secure_only == SecureOnly::off) out.blockers.emplace_back(errors::mgr::restriction_needs_secure_only);
    if (auto proven = co_await prove_own_https(); !proven) out.blockers.push_back(std::move(proven).error());
    co_return out;
}

/// The mode of the estate, of an exception that has not ended, or what a campaign took a system to.
net::Task<Result<bool>> Network::is_secure_only_in_use(Policy const& policy) {
    if (policy.secure_only != SecureOnly::off) co_return true;
    CS_CO_TRY(auto const exceptions, co_await store_.folder_policy().list_exceptions(std::nullopt));
    auto const at = wire_.clock->now();
    for (auto const& one : exceptions)
        if (one.kind == ExceptionKind::mode && one.value != to_string(SecureOnly::off) && one.ends > at) co_return true;
    co_return co_await store_.campaigns().has_goals_beyond_off();
}

net::Task<Result<NetworkSettings>> Network::change(Change wanted, std::string actor) {
    auto settings = now();
    auto const before = settings;
    if (wanted.plain_http) settings.plain_http = *wanted.plain_http;
    if (wanted.override_dns) settings.override_dns = *wanted.override_dns;
    if (wanted.public_host_name) settings.public_host_name = to_lower(trim(*wanted.public_host_name));
    if (wanted.scan_snmp) settings.scan_snmp = *wanted.scan_snmp;

    std::vector<Error> problems;
    CS_CO_TRY(auto const policy, co_await store_.get_policy());
    auto const& name = settings.public_host_name;
    bool const is_name = is_host_name(name) && !is_ip_address(name);
    if (!name.empty() && !is_name) problems.push_back(invalid("public_host_name", "it is not a host name"));
    CS_CO_TRY(bool const in_use, co_await is_secure_only_in_use(policy));
    if (in_use) {
        if (settings.override_dns) problems.push_back(not_with_secure_only("Override DNS"));
        if (is_name && !iequals(name, policy.manager_host_name))
            problems.push_back(not_with_secure_only("another name for the public network"));
    }
    if (is_restricted(settings.plain_http) && !is_restricted(before.plain_http)) {
        CS_CO_TRY(auto meaning, co_await restriction());
        if (!wanted.confirmed && meaning.blockers.empty() && meaning.affected_in_all > 0) {
            std::vector<std::string> names;
            for (auto const& one : meaning.affected)
                if (names.size() < k_most_named) names.push_back(one.name);
            auto systems = join(names, ", ");
            if (meaning.affected_in_all > names.size())
                systems += " and " + std::to_string(meaning.affected_in_all - names.size()) + " more";
            problems.emplace_back(errors::mgr::restriction_not_confirmed,
                                  std::initializer_list<std::pair<std::string_view, std::string_view>>{
                                      {"count", std::to_string(meaning.affected_in_all)}, {"systems", systems}});
        }
        for (auto& blocker : meaning.blockers) problems.push_back(std::move(blocker));
    }
    if (!problems.empty()) co_return fail(gather(std::move(problems)));
    if (settings == before) co_return settings;
    CS_CO_CHECK(co_await store_.network().set_network(settings, std::move(actor)));
    {
        std::scoped_lock lock(mutex_);
        now_ = settings;
    }
    // The internal authority's certificate is for each name by which systems call.
    if (own_ != nullptr && settings.public_host_name != before.public_host_name) CS_CO_CHECK(co_await own_->serve());
    co_return settings;
}

}  // namespace countersign::manager
