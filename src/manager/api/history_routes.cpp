// What looks at a system found changed.

#include "manager/api/connection_fields.hpp"
#include "manager/api/query.hpp"
#include "manager/api/routes.hpp"
#include "manager/store/history_store.hpp"

#include <limits>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

json::object to_json(ChangedLook const& look) {
    json::array changes;
    for (auto const& one : look.changes)
        changes.push_back(json::object{{"kind", one.kind}, {"name", one.name}, {"before", one.before}, {"after", one.after}});
    return {{"id", look.id}, {"at", to_string(look.at)}, {"changes", std::move(changes)}};
}

net::Task<http::Response> history(Doors doors, http::Request request) {
    Query query(request);
    auto const limit = query.limit();
    auto const before = query.number("before", 1, std::numeric_limits<std::int64_t>::max()).value_or(0);
    if (auto good = query.finish(); !good) co_return http::problem(good.error());
    auto const system = co_await find_system(doors.manager, request.parameters["id"]);
    if (!system) co_return http::problem(system.error());
    auto looks = co_await doors.manager->store().history().of_system(system->id, before, limit);
    co_return answer_or_problem(looks, [limit](std::vector<ChangedLook> const& values) {
        json::array out;
        for (auto const& one : values) out.push_back(to_json(one));
        json::value const next = values.size() == limit ? json::value(values.back().id) : json::value(nullptr);
        return json::object{{"looks", std::move(out)}, {"next", next}};
    });
}

}  // namespace

void add_history_routes(http::Router& router, Doors const& doors) {
    router.add(
        {"GET", "/api/v1/systems/{id}/history", 4096, [doors](http::Request request) { return history(doors, std::move(request)); }});
}

}  // namespace countersign::manager::api
