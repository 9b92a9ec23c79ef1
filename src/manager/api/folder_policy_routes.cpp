#include "base/gather.hpp"
#include "base/text.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/selection.hpp"
#include "manager/certificates/profile_limits.hpp"
#include "manager/estate/directory.hpp"
#include "manager/estate/folder_exceptions.hpp"
#include "manager/estate/new_system.hpp"
#include "manager/renew/hours.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/folder_store.hpp"
#include "manager/store/replacement_store.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <boost/json.hpp>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

json::object to_json(PolicyException const& one, UtcTime now) {
    return {{"id", one.id},
            {"folder", one.folder},
            {"folder_path", one.folder_path},
            {"kind", to_string(one.kind)},
            {"value", one.value},
            {"reason", one.reason},
            {"owner", one.owner},
            {"ends", to_string(one.ends)},
            {"counts", one.ends > now},
            {"created", to_string(one.created)},
            {"created_by", one.created_by}};
}

json::array to_json(std::vector<PolicyException> const& list) {
    auto const now = SystemClock().now();
    json::array out;
    for (auto const& one : list) out.push_back(to_json(one, now));
    return out;
}

net::Task<Result<FolderId>> folder_of(Doors doors, http::Request request) {
    auto const key = request.parameters["id"];
    auto id = parse_number<FolderId>(key);
    if (!id) co_return fail(errors::gen::not_found, {{"what", "folder"}, {"name", key}});
    CS_CO_TRY(auto folder, co_await doors.manager->store().folders().get(*id));
    co_return folder.id;
}

net::Task<Result<System>> system_of(Doors doors, http::Request request) {
    auto const key = request.parameters["id"];
    if (auto id = parse_number<SystemId>(key)) co_return co_await doors.manager->store().get_system(*id);
    CS_CO_TRY(auto found, co_await doors.manager->store().find_system(key));
    if (!found) co_return fail(errors::gen::not_found, {{"what", "system"}, {"name", key}});
    co_return *std::move(found);
}

// --- exceptions ---

net::Task<http::Response> list_exceptions(Doors doors, http::Request request) {
    std::optional<FolderId> folder;
    if (auto const text = request.query["folder"]; !text.empty()) {
        auto found = co_await read_folder(doors.manager, text);
        if (!found) co_return http::problem(found.error());
        folder = *found;
    }
    auto list = co_await doors.manager->store().folder_policy().list_exceptions(folder);
    co_return answer_or_problem(list,
                                [](std::vector<PolicyException> const& value) { return json::object{{"exceptions", to_json(value)}}; });
}

net::Task<http::Response> add_one(Doors doors, http::Request request) {
    auto folder = co_await folder_of(doors, request);
    if (!folder) co_return http::problem(folder.error());
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    PolicyException wanted{.folder = *folder};
    auto const mode = reader.text("mode");
    auto const service = reader.text("service");
    if (!mode == !service) reader.problem("mode", "either mode or service is needed");
    wanted.kind = service ? ExceptionKind::keep_service : ExceptionKind::mode;
    wanted.value = mode ? *mode : service.value_or("");
    for (auto const* field : {"reason", "owner", "ends"}) reader.required(field);
    wanted.reason = reader.text("reason").value_or("");
    wanted.owner = reader.text("owner").value_or("");
    if (auto const ends = reader.text("ends")) {
        // A day alone means its end.
        auto time = parse_utc_time(ends->size() == 10 ? *ends + "T23:59:59Z" : *ends);
        if (time)
            wanted.ends = *time;
        else
            reader.problem("ends", "a day such as 2027-01-31, or a time such as 2027-01-31T12:00:00Z, is expected");
    }
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto made = co_await add_exception(doors.manager, std::move(wanted), request.user);
    co_return answer_or_problem(made, [](PolicyException const& value) { return to_json(value, SystemClock().now()); }, 201);
}

net::Task<http::Response> remove_one(Doors doors, http::Request request) {
    auto const key = request.parameters["id"];
    auto const id = parse_number<std::int64_t>(key);
    if (!id) co_return http::problem(Error(errors::gen::not_found, {{"what", "exception"}, {"name", key}}));
    auto done = co_await end_exception(doors.manager, *id, request.user);
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

net::Task<http::Response> policy_of(Doors doors, http::Request request) {
    auto system = co_await system_of(doors, request);
    if (!system) co_return http::problem(system.error());
    auto policy = co_await doors.manager->store().folder_policy().effective_policy(system->folder);
    co_return answer_or_problem(policy, [](Policy const& value) {
        auto out = api::to_json(value);
        out["exceptions"] = to_json(value.exceptions);
        out["issuer"] = to_string(value.issuer);
        return out;
    });
}

// --- connection settings of new systems ---

json::object to_json(FolderDefaults const& defaults) {
    json::array credentials;
    for (auto const& one : defaults.credentials) credentials.push_back(json::object{{"user", one.user}});
    json::value windows = nullptr;
    if (defaults.renewal_windows) windows = json::array(defaults.renewal_windows->begin(), defaults.renewal_windows->end());
    return {{"track_by", defaults.track_by ? json::value(to_string(*defaults.track_by)) : json::value(nullptr)},
            {"user", defaults.user ? json::value(*defaults.user) : json::value(nullptr)},
            {"credentials", std::move(credentials)},
            {"renewal_windows", std::move(windows)},
            {"issuer", defaults.issuer ? json::value(to_string(*defaults.issuer)) : json::value(nullptr)},
            {"identities", defaults.identities ? json::value(to_string(*defaults.identities)) : json::value(nullptr)}};
}

net::Task<http::Response> show_defaults(Doors doors, http::Request request) {
    auto folder = co_await folder_of(doors, request);
    if (!folder) co_return http::problem(folder.error());
    auto own = co_await doors.manager->store().folder_policy().get_defaults(*folder);
    if (!own) co_return http::problem(own.error());
    auto effective = co_await doors.manager->store().folder_policy().effective_defaults(*folder);
    if (!effective) co_return http::problem(effective.error());
    co_return answer(json::object{{"own", to_json(*own)}, {"effective", to_json(*effective)}});
}

/// The list of credentials, or a problem.
std::vector<FolderCredential> read_credentials(json::value const& value, Reader& reader) {
    std::vector<FolderCredential> out;
    auto wrong = [&reader] {
        reader.problem("credentials", "a list of at most " + std::to_string(k_most_folder_credentials) +
                                          " objects with user (or none) and password, of 1 to 255 bytes, is expected");
        return std::vector<FolderCredential>();
    };
    if (!value.is_array() || value.get_array().size() > k_most_folder_credentials) return wrong();
    for (auto const& item : value.get_array()) {
        if (!item.is_object()) return wrong();
        FolderCredential one;
        for (auto const& [name, field] : item.get_object()) {
            if (!field.is_string() || field.get_string().size() > 255 || !is_utf8(field.get_string())) return wrong();
            if (name == "user")
                one.user = std::string(field.get_string());
            else if (name == "password")
                one.password = SecretText(std::string(field.get_string()));
            else
                return wrong();
        }
        if (one.password.empty()) return wrong();
        out.push_back(std::move(one));
    }
    return out;
}

net::Task<http::Response> change_defaults(Doors doors, http::Request request) {
    auto folder = co_await folder_of(doors, request);
    if (!folder) co_return http::problem(folder.error());
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    // null clears; a field that is not named stays.
    auto const cleared = [&object](std::string_view field) {
        auto const* found = object->if_contains(field);
        return found && found->is_null();
    };
    FolderPolicyStore::DefaultsChange change;
    if (cleared("track_by")) change.track_by.emplace(std::nullopt);
    if (cleared("user")) change.user.emplace(std::nullopt);
    if (cleared("renewal_windows")) change.renewal_windows.emplace(std::nullopt);
    if (cleared("issuer")) change.issuer.emplace(std::nullopt);
    if (cleared("identities")) change.identities.emplace(std::nullopt);
    std::optional<json::value> credentials;
    if (auto const* found = object->if_contains("credentials")) {
        credentials = found->is_null() ? json::value(json::array()) : *found;
        object->erase("credentials");
    }
    Reader reader(*std::move(object));
    if (auto track_by = reader.text("track_by")) {
        auto parsed = parse_track_by(*track_by);
        if (!parsed) reader.problem("track_by", k_ways_to_track);
        change.track_by.emplace(parsed);
    }
    if (auto user = reader.text("user", 100)) change.user.emplace(std::move(user));
    if (auto windows = reader.texts("renewal_windows", k_most_renewal_windows)) {
        if (auto read = parse_renewal_windows(*windows); !read) reader.problem("renewal_windows", read.error().message());
        change.renewal_windows.emplace(*std::move(windows));
    }
    if (auto issuer = reader.text("issuer")) {
        auto const parsed = parse_issuer(*issuer);
        if (!parsed) reader.problem("issuer", "internal or by_hand is expected");
        change.issuer.emplace(parsed);
    }
    if (auto identities = reader.text("identities")) {
        auto const parsed = parse_identities(*identities);
        if (!parsed) reader.problem("identities", "one or two is expected");
        change.identities.emplace(parsed);
    }
    if (credentials) change.credentials = read_credentials(*credentials, reader);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    if (change.identities && *change.identities == Identities::two) {
        auto policy = co_await doors.manager->store().get_policy();
        if (!policy) co_return http::problem(policy.error());
        policy->identities = Identities::two;
        if (auto problems = beyond_profiles(*policy); !problems.empty()) co_return http::problem(gather(std::move(problems)));
    }
    auto done = co_await doors.manager->store().folder_policy().change_defaults(*folder, std::move(change), request.user);
    if (!done) co_return http::problem(done.error());
    co_return co_await show_defaults(doors, std::move(request));
}

// --- units that came in the place of a system ---

net::Task<http::Response> show_replacement(Doors doors, http::Request request) {
    auto system = co_await system_of(doors, request);
    if (!system) co_return http::problem(system.error());
    auto found = co_await doors.manager->store().replacements().find(system->id);
    co_return answer_or_problem(found, [](std::optional<Replacement> const& seen) {
        if (!seen) return json::object{{"replacement", nullptr}};
        return json::object{{"replacement", json::object{{"serial_number", seen->serial_number},
                                                         {"mac_address", seen->mac_address},
                                                         {"certificate_fingerprint", seen->fingerprint},
                                                         {"evidence", seen->evidence},
                                                         {"seen", to_string(seen->seen)}}}};
    });
}

net::Task<http::Response> accept_replacement(Doors doors, http::Request request) {
    auto system = co_await system_of(doors, request);
    if (!system) co_return http::problem(system.error());
    std::optional<ReplacementStore::Unit> named;
    if (!trim(request.body).empty()) {
        auto object = parse_object(request.body);
        if (!object) co_return http::problem(object.error());
        Reader reader(*std::move(object));
        ReplacementStore::Unit unit{reader.text("serial_number", 64).value_or(""), reader.text("mac_address", 64).value_or("")};
        if (!unit.mac_address.empty() && plain_mac(unit.mac_address).empty())
            reader.problem("mac_address", "a MAC address has twelve hexadecimal digits");
        if (auto good = reader.finish(); !good) co_return http::problem(good.error());
        if (!unit.serial_number.empty() || !unit.mac_address.empty()) named = std::move(unit);
    }
    auto accepted = co_await doors.manager->store().replacements().accept(system->id, std::move(named), request.user);
    if (!accepted) co_return http::problem(accepted.error());
    if (auto closed = co_await doors.manager->store().close_ticket(system->id, TicketType::system_replaced); !closed)
        co_return http::problem(closed.error());
    doors.manager->take_up({*accepted});
    auto jobs = co_await doors.manager->enforce({system->id}, request.user);
    // A campaign that has the system in hand goes on with it.
    if (!jobs && jobs.error().id() != errors::mgr::in_campaign) co_return http::problem(jobs.error());
    auto out = api::to_json(*accepted);
    co_return answer(out);
}

}  // namespace

void add_folder_policy_routes(http::Router& router, Doors const& doors) {
    auto route = [&](std::string method, std::string pattern, auto function) {
        router.add({std::move(method), std::move(pattern), 16UL * 1024,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/exceptions", list_exceptions);
    route("POST", "/api/v1/folders/{id}/exceptions", add_one);
    route("DELETE", "/api/v1/exceptions/{id}", remove_one);
    route("GET", "/api/v1/systems/{id}/policy", policy_of);
    route("GET", "/api/v1/folders/{id}/defaults", show_defaults);
    route("PATCH", "/api/v1/folders/{id}/defaults", change_defaults);
    route("GET", "/api/v1/systems/{id}/replacement", show_replacement);
    route("POST", "/api/v1/systems/{id}/replacement/accept", accept_replacement);
}

}  // namespace countersign::manager::api
