#include "base/text.hpp"
#include "manager/api/routes.hpp"
#include "manager/estate/new_system.hpp"
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

/// What a PATCH may change. A new password or pin is a person's statement and is recorded as such.
net::Task<http::Response> change_system(Doors doors, http::Request request) {
    auto system = co_await find(doors.manager, request.parameters["id"]);
    if (!system) co_return http::problem(system.error());
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    auto name = reader.text("name"), host_name = reader.text("host_name"), address = reader.text("address"), user = reader.text("user");
    auto track_by = reader.text("track_by"), password = reader.text("password", 1024);
    auto pins = reader.texts("pins");
    auto folder = reader.number("folder", 1, std::numeric_limits<std::int64_t>::max());
    if (host_name && !host_name->empty() && !is_host_name(*host_name)) reader.problem("host_name", "it is not a host name");
    if (address && !address->empty() && !is_ip_address(*address)) reader.problem("address", "it is not an IP address");
    if (track_by && !parse_track_by(*track_by)) reader.problem("track_by", "address or host_name is expected");
    bool nothing_left = host_name.value_or(system->host_name).empty() && address.value_or(system->address).empty();
    if (nothing_left) reader.problem("host_name", "a host name or an address is needed");
    if (pins)
        for (auto& pin : *pins) {
            if (auto normal = normal_pin(pin))
                pin = *std::move(normal);
            else
                reader.problem("pins", k_what_pins_are);
        }
    if (folder)
        if (auto there = co_await doors.manager->store().folders().get(*folder); !there)
            reader.problem("folder", "there is no such folder");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto changed = co_await doors.manager->store().update_system(
        system->id,
        [name, host_name, address, user, track_by, pins, folder](System& value) {
            if (name) value.name = *name;
            if (host_name) value.host_name = *host_name;
            if (address) value.address = *address;
            if (user) value.user = *user;
            if (track_by) value.track_by = *parse_track_by(*track_by);
            if (pins) value.pins = *pins;
            if (folder) value.folder = *folder;
            return std::string("connection settings changed");
        },
        request.user);
    // The password comes last: a name that is taken refuses the whole change.
    if (changed && password) {
        auto done =
            co_await doors.manager->store().set_password(system->id, SecretText(*std::move(password)), PasswordOrigin::given, request.user);
        changed = done ? co_await doors.manager->store().get_system(system->id) : Result<System>(fail(std::move(done).error()));
    }
    if (changed) doors.manager->publish({"system", system->id});
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
