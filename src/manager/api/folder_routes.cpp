#include "base/text.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/selection.hpp"
#include "manager/store/folder_store.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <limits>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

constexpr std::int64_t k_most = std::numeric_limits<std::int64_t>::max();

json::object to_json(Folder const& folder) {
    return {{"id", folder.id},
            {"parent", folder.parent == 0 ? json::value(nullptr) : json::value(folder.parent)},
            {"name", folder.name},
            {"path", folder.path},
            {"systems", folder.systems},
            {"created", to_string(folder.created)},
            {"issuer", to_string(folder.issuer)}};
}

/// The folder of the path's {id}.
net::Task<Result<Folder>> find(Doors doors, http::Request request) {
    auto const key = request.parameters["id"];
    auto id = parse_number<FolderId>(key);
    if (!id) co_return fail(errors::gen::not_found, {{"what", "folder"}, {"name", key}});
    co_return co_await doors.manager->store().folders().get(*id);
}

net::Task<http::Response> list_folders(Doors doors, http::Request request) {
    auto& folders = doors.manager->store().folders();
    if (auto path = request.query["path"]; !path.empty()) {
        auto found = co_await folders.find(path);
        if (!found) co_return http::problem(found.error());
        json::array one;
        if (*found) one.push_back(to_json(**found));
        co_return answer(json::object{{"folders", std::move(one)}, {"next", nullptr}});
    }
    auto const limit = std::clamp<std::size_t>(parse_number<std::size_t>(request.query["limit"]).value_or(100), 1, 1000);
    auto after = request.query["after"];
    auto list = co_await folders.list(after.empty() ? std::nullopt : std::optional(after), limit);
    co_return answer_or_problem(list, [limit](std::vector<Folder> const& page) {
        json::array out;
        for (auto const& folder : page) out.push_back(to_json(folder));
        auto next = page.size() == limit ? json::value(page.back().path) : json::value(nullptr);
        return json::object{{"folders", std::move(out)}, {"next", std::move(next)}};
    });
}

net::Task<http::Response> add_folder(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    auto const path = reader.text("path", 4096);
    auto const name = reader.text("name");
    auto const parent = reader.number("parent", 1, k_most);
    if (!path && !name) reader.required("name");
    if (path && (name || parent)) reader.problem("path", "a path says name and parent already");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto& folders = doors.manager->store().folders();
    auto made =
        path ? co_await folders.ensure(*path, request.user) : co_await folders.add(parent.value_or(k_root_folder), *name, request.user);
    if (made) doors.manager->publish({"folder", made->id});
    co_return answer_or_problem(made, [](Folder const& folder) { return to_json(folder); }, 201);
}

net::Task<http::Response> show_folder(Doors doors, http::Request request) {
    auto folder = co_await find(doors, std::move(request));
    co_return answer_or_problem(folder, [](Folder const& value) { return to_json(value); });
}

net::Task<http::Response> change_folder(Doors doors, http::Request request) {
    auto folder = co_await find(doors, request);
    if (!folder) co_return http::problem(folder.error());
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    FolderStore::Change change{.name = reader.text("name"), .parent = reader.number("parent", 1, k_most)};
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto changed = co_await doors.manager->store().folders().change(folder->id, std::move(change), request.user);
    if (changed) doors.manager->publish({"folder", changed->id});
    co_return answer_or_problem(changed, [](Folder const& value) { return to_json(value); });
}

net::Task<http::Response> remove_folder(Doors doors, http::Request request) {
    auto folder = co_await find(doors, request);
    if (!folder) co_return http::problem(folder.error());
    std::optional<FolderId> move_to;
    if (auto const target = request.query["move_to"]; !target.empty()) {
        auto found = co_await read_folder(doors.manager, target);
        if (!found) co_return http::problem(found.error());
        move_to = *found;
    }
    auto done = co_await doors.manager->store().folders().remove(folder->id, move_to, request.user);
    if (!done) co_return http::problem(done.error());
    doors.manager->publish({"folder", folder->id});
    co_return http::Response{204, {}, {}, {}};
}

net::Task<http::Response> move_systems(Doors doors, http::Request request) {
    auto folder = co_await find(doors, request);
    if (!folder) co_return http::problem(folder.error());
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("systems");
    auto systems = reader.numbers("systems");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto done = co_await doors.manager->store().folders().move_systems(*systems, folder->id, request.user);
    if (!done) co_return http::problem(done.error());
    for (auto id : *systems) doors.manager->publish({"system", id});
    co_return http::Response{204, {}, {}, {}};
}

}  // namespace

void add_folder_routes(http::Router& router, Doors const& doors) {
    constexpr std::size_t k_body = 16UL * 1024;
    constexpr std::size_t k_many_numbers = 2UL * 1024 * 1024;
    auto route = [&](std::string method, std::string pattern, auto function, std::size_t body = k_body) {
        router.add({std::move(method), std::move(pattern), body,
                    [doors, function](http::Request request) { return function(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/folders", list_folders);
    route("POST", "/api/v1/folders", add_folder);
    route("GET", "/api/v1/folders/{id}", show_folder);
    route("PATCH", "/api/v1/folders/{id}", change_folder);
    route("DELETE", "/api/v1/folders/{id}", remove_folder);
    route("POST", "/api/v1/folders/{id}/systems", move_systems, k_many_numbers);
}

}  // namespace countersign::manager::api
