#include "base/text.hpp"
#include "manager/api/routes.hpp"
#include "manager/estate/new_system.hpp"
#include "manager/estate/system_change.hpp"
#include "manager/store/folder_store.hpp"

#include "countersign/errors/gen.hpp"

#include <limits>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// Systems are addressed by number, name, host name, address or serial number.
net::Task<Result<System>> find(std::shared_ptr<Manager> manager, std::string key) {
    if (auto id = parse_number<SystemId>(key)) co_return co_await manager->store().get_system(*id);
    CS_CO_TRY(auto found, co_await manager->store().find_system(key));
    if (!found) co_return fail(errors::gen::not_found, {{"what", "system"}, {"name", key}});
    co_return *std::move(found);
}

net::Task<http::Response> add_system(Doors doors, http::Request request) {
    auto fresh = read_new_system(request.body);
    if (!fresh) co_return http::problem(fresh.error());
    auto system = co_await doors.manager->add_system(*std::move(fresh), request.user);
    co_return answer_or_problem(system, [](System const& value) { return to_json(value); }, 201);
}

net::Task<http::Response> show_system(Doors doors, http::Request request) {
    auto system = co_await find(doors.manager, request.parameters["id"]);
    if (!system) co_return http::problem(system.error());
    auto assessment = co_await doors.manager->store().get_assessment(system->id);
    if (!assessment) co_return http::problem(assessment.error());
    auto folder = co_await doors.manager->store().folders().get(system->folder);
    if (!folder) co_return http::problem(folder.error());
    auto out = to_json(*system);
    out["folder_path"] = folder->path;
    out["assessment"] = *assessment ? json::value(to_json(**assessment)) : json::value(nullptr);
    co_return answer(out);
}

net::Task<http::Response> change_system(Doors doors, http::Request request) {
    auto system = co_await find(doors.manager, request.parameters["id"]);
    if (!system) co_return http::problem(system.error());
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    ConnectionChange change{.name = reader.text("name"),
                            .host_name = reader.text("host_name"),
                            .address = reader.text("address"),
                            .track_by = {},
                            .https_port = {},
                            .user = reader.text("user"),
                            .password = {},
                            .pins = reader.texts("pins"),
                            .folder = reader.number("folder", 1, std::numeric_limits<std::int64_t>::max())};
    if (auto track_by = reader.text("track_by")) {
        change.track_by = parse_track_by(*track_by);
        if (!change.track_by) reader.problem("track_by", k_ways_to_track);
    }
    if (auto port = reader.number("https_port", 0, 65535)) change.https_port = static_cast<std::uint16_t>(*port);
    if (auto password = reader.text("password", 1024)) change.password = SecretText(*std::move(password));
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto changed = co_await manager::change_system(doors.manager, system->id, std::move(change), request.user);
    co_return answer_or_problem(changed, [](System const& value) { return to_json(value); });
}

net::Task<http::Response> remove_system(Doors doors, http::Request request) {
    auto system = co_await find(doors.manager, request.parameters["id"]);
    if (!system) co_return http::problem(system.error());
    auto done = co_await doors.manager->store().remove_system(system->id, request.user);
    if (!done) co_return http::problem(done.error());
    doors.manager->publish({"system", system->id});
    co_return http::Response{204, {}, {}, {}};
}

net::Task<http::Response> observe(Doors doors, http::Request request) {
    auto system = co_await find(doors.manager, request.parameters["id"]);
    if (!system) co_return http::problem(system.error());
    auto assessment = co_await doors.manager->observe_now(system->id);
    co_return answer_or_problem(assessment, [](Assessment const& value) { return to_json(value); });
}

net::Task<http::Response> plan(Doors doors, http::Request request) {
    auto system = co_await find(doors.manager, request.parameters["id"]);
    if (!system) co_return http::problem(system.error());
    std::optional<SecureOnly> assumed;
    if (auto mode = request.query["secure_only"]; !mode.empty()) {
        assumed = parse_secure_only(mode);
        if (!assumed)
            co_return http::problem(
                Error(errors::gen::invalid_input, {{"field", "secure_only"}, {"detail", "off, on or verify is expected"}}));
    }
    auto made = co_await doors.manager->plan_for(system->id, assumed);
    co_return answer_or_problem(made, [](Plan const& value) { return to_json(value); });
}

json::value or_null(std::optional<std::string> const& text) { return text ? json::value(*text) : json::value(nullptr); }

json::object to_json(ReportedSettings const& reported) {
    json::array settings;
    for (auto const& one : reported.settings)
        settings.push_back(json::object{{"name", one.name},
                                        {"path", one.path},
                                        {"value", or_null(one.value)},
                                        {"wanted", or_null(one.wanted)},
                                        {"why", one.why},
                                        {"kept", or_null(one.kept)}});
    return {{"system", reported.system},
            {"at", to_string(reported.at)},
            {"channel", to_string(reported.channel)},
            {"restart_pending", reported.restart_pending},
            {"settings", std::move(settings)}};
}

net::Task<http::Response> settings(Doors doors, http::Request request) {
    auto system = co_await find(doors.manager, request.parameters["id"]);
    if (!system) co_return http::problem(system.error());
    auto reported = co_await doors.manager->settings_of(system->id);
    co_return answer_or_problem(reported, [](ReportedSettings const& value) { return to_json(value); });
}

net::Task<http::Response> enforce_one(Doors doors, http::Request request) {
    auto system = co_await find(doors.manager, request.parameters["id"]);
    if (!system) co_return http::problem(system.error());
    auto jobs = co_await doors.manager->enforce({system->id}, request.user);
    co_return answer_or_problem(
        jobs, [](std::vector<JobId> const& ids) { return json::object{{"jobs", json::array(ids.begin(), ids.end())}}; }, 202);
}

}  // namespace

void add_system_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function) {
        router.add({std::move(method), std::move(pattern), 16 * 1024,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("POST", "/api/v1/systems", add_system);
    route("GET", "/api/v1/systems/{id}", show_system);
    route("PATCH", "/api/v1/systems/{id}", change_system);
    route("DELETE", "/api/v1/systems/{id}", remove_system);
    route("POST", "/api/v1/systems/{id}/observe", observe);
    route("GET", "/api/v1/systems/{id}/plan", plan);
    route("GET", "/api/v1/systems/{id}/settings", settings);
    route("POST", "/api/v1/systems/{id}/enforce", enforce_one);
}

}  // namespace countersign::manager::api
