#include "base/text.hpp"
#include "manager/api/connection_fields.hpp"
#include "manager/api/routes.hpp"
#include "manager/estate/arrivals.hpp"
#include "manager/estate/network.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

json::array to_json(std::vector<Error> const& errors) {
    json::array out;
    for (auto const& error : errors) out.push_back(api::to_json(error));
    return out;
}

json::object to_json(NetworkSettings const& settings) {
    return {{"plain_http", to_string(settings.plain_http)},
            {"override_dns", settings.override_dns},
            {"public_host_name", settings.public_host_name},
            {"scan_snmp", settings.scan_snmp}};
}

json::object to_json(Restriction const& restriction) {
    json::array limitations(restriction.limitations.begin(), restriction.limitations.end());
    json::array affected;
    for (auto const& one : restriction.affected) affected.push_back(json::object{{"id", one.id}, {"name", one.name}, {"why", one.why}});
    return {{"plain_http", to_string(restriction.plain_http)},
            {"limitations", std::move(limitations)},
            {"systems", std::move(affected)},
            {"systems_in_all", restriction.affected_in_all},
            {"blockers", to_json(restriction.blockers)}};
}

std::string_view needed_for(SecureOnly mode) { return mode == SecureOnly::off ? "advice" : to_string(mode); }

json::object to_json(OwnReadiness const& item) {
    return {{"id", item.id},
            {"text", item.text},
            {"state", to_string(item.state)},
            {"evidence", item.evidence},
            {"remedy", item.remedy},
            {"needed_for", needed_for(item.needed_for)}};
}

net::Task<http::Response> get_network(Doors doors, http::Request request) {
    (void)request;
    co_return answer(to_json(doors.manager->network().now()));
}

net::Task<http::Response> change_network(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    Network::Change change{.plain_http = {},
                           .override_dns = reader.boolean("override_dns"),
                           .public_host_name = reader.text("public_host_name"),
                           .scan_snmp = reader.boolean("scan_snmp"),
                           .confirmed = reader.boolean("accept_limitations").value_or(false)};
    if (auto door = reader.text("plain_http")) {
        change.plain_http = parse_plain_door(*door);
        if (!change.plain_http) reader.problem("plain_http", "open, forbidden or redirect is expected");
    }
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto changed = co_await doors.manager->network().change(std::move(change), request.user);
    if (changed) doors.manager->publish({"policy", 0});
    co_return answer_or_problem(changed, [](NetworkSettings const& value) { return to_json(value); });
}

net::Task<http::Response> restriction(Doors doors, http::Request request) {
    (void)request;
    auto found = co_await doors.manager->network().restriction();
    co_return answer_or_problem(found, [](Restriction const& value) { return to_json(value); });
}

json::object to_json(OwnLevel const& own) {
    json::array rows;
    for (auto const& row : own.protocols) rows.push_back(api::to_json(row));
    return {{"level", own.level}, {"why", own.why}, {"protocols", std::move(rows)}};
}

net::Task<http::Response> own_level(Doors doors, http::Request request) {
    (void)request;
    auto own = co_await doors.manager->network().level();
    co_return answer_or_problem(own, [](OwnLevel const& value) { return to_json(value); });
}

net::Task<http::Response> readiness(Doors doors, http::Request request) {
    (void)request;
    auto policy = co_await doors.manager->store().get_policy();
    if (!policy) co_return http::problem(policy.error());
    auto items = co_await doors.manager->network().readiness(*std::move(policy));
    co_return answer_or_problem(items, [](std::vector<OwnReadiness> const& list) {
        json::array out;
        for (auto const& item : list) out.push_back(to_json(item));
        return json::object{{"readiness", std::move(out)}};
    });
}

json::object to_json(ConnectionSettings const& settings) {
    json::object persistent;
    for (auto const& [name, value] : settings.persistent) persistent[name] = value;
    return {{"connectivity", to_string(settings.connectivity)}, {"persistent", std::move(persistent)}};
}

net::Task<http::Response> get_connection(Doors doors, http::Request request) {
    auto system = co_await find_system(doors.manager, request.parameters["id"]);
    if (!system) co_return http::problem(system.error());
    auto settings = co_await doors.manager->store().network().get_connection(system->id);
    co_return answer_or_problem(settings, [](ConnectionSettings const& value) { return to_json(value); });
}

net::Task<http::Response> change_connection(Doors doors, http::Request request) {
    auto system = co_await find_system(doors.manager, request.parameters["id"]);
    if (!system) co_return http::problem(system.error());
    auto settings = co_await doors.manager->store().network().get_connection(system->id);
    if (!settings) co_return http::problem(settings.error());
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    auto const before = settings->connectivity;
    read_connection(reader, *settings);
    if (settings->connectivity == Connectivity::behind_firewall && system->serial_number.empty() && system->mac_address.empty())
        reader.problem("connectivity", "behind a firewall a system is known by its serial number or MAC address, and neither is known yet");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    if (auto good = check_persistent(settings->persistent, doors.manager->families(), system->family); !good)
        co_return http::problem(good.error());
    auto done = co_await doors.manager->store().network().set_connection(system->id, *settings, request.user);
    if (!done) co_return http::problem(done.error());
    doors.manager->publish({"system", system->id});
    if (settings->connectivity != before) {
        auto queued = co_await doors.manager->store().queue_job(JobKind::observe, system->id, request.user);
        if (!queued) co_return http::problem(queued.error());
        doors.manager->take_up({*system});
    }
    co_return answer(to_json(*settings));
}

}  // namespace

net::Task<Result<System>> find_system(std::shared_ptr<Manager> manager, std::string key) {
    if (auto id = parse_number<SystemId>(key)) co_return co_await manager->store().get_system(*id);
    CS_CO_TRY(auto found, co_await manager->store().find_system(key));
    if (!found) co_return fail(errors::gen::not_found, {{"what", "system"}, {"name", key}});
    co_return *std::move(found);
}

std::int64_t after_of(http::Request& request) { return parse_number<std::int64_t>(request.query["after"]).value_or(0); }

std::size_t limit_of(http::Request& request) {
    return std::clamp<std::size_t>(parse_number<std::size_t>(request.query["limit"]).value_or(100), 1, 1000);
}

void read_connection(Reader& reader, ConnectionSettings& settings) {
    if (auto connectivity = reader.text("connectivity")) {
        auto parsed = parse_connectivity(*connectivity);
        if (!parsed) reader.problem("connectivity", "lan, public or behind_firewall is expected");
        settings.connectivity = parsed.value_or(settings.connectivity);
    }
    // "system.name=Boardroom": one text for each, as on the command line.
    if (auto persistent = reader.texts("persistent")) {
        settings.persistent.clear();
        for (auto const& one : *persistent) {
            auto const sign = one.find('=');
            if (sign == std::string::npos || sign == 0)
                reader.problem("persistent", "setting=value is expected, not " + one);
            else
                settings.persistent[std::string(trim(one.substr(0, sign)))] = one.substr(sign + 1);
        }
    }
}

namespace {
/// What systems must know to let the manager in by public key.
net::Task<http::Response> ssh_key(Doors doors, http::Request) {
    co_return answer(json::object{{"public_key", doors.manager->ssh_public_key()}});
}
}  // namespace

void add_network_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function) {
        router.add({std::move(method), std::move(pattern), 32 * 1024,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/network", get_network);
    route("PATCH", "/api/v1/network", change_network);
    route("GET", "/api/v1/network/restriction", restriction);
    route("GET", "/api/v1/network/ssh-key", ssh_key);
    route("GET", "/api/v1/own-level", own_level);
    route("GET", "/api/v1/readiness", readiness);
    route("GET", "/api/v1/systems/{id}/connection", get_connection);
    route("PATCH", "/api/v1/systems/{id}/connection", change_connection);
}

}  // namespace countersign::manager::api
