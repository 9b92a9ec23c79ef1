#include "manager/api/folder_reach.hpp"

#include "base/text.hpp"
#include "manager/api/selection.hpp"
#include "manager/store/folder_store.hpp"

#include "countersign/errors/acc.hpp"

namespace countersign::manager::api {
namespace {

constexpr std::string_view k_api = "/api/v1";

bool is_within(std::string_view path, std::string_view above) {
    return above == "/" || path == above || (path.starts_with(above) && path.substr(above.size()).starts_with('/'));
}

/// Both folders, or that they are out of reach.
net::Task<bool> reaches(Doors doors, FolderId limit, FolderId folder) {
    auto const above = co_await doors.manager->store().folders().get(limit);
    auto const here = co_await doors.manager->store().folders().get(folder);
    bool const within = above && here && is_within(here->path, above->path);
    co_return within;
}

net::Task<bool> reaches_system(Doors doors, FolderId limit, std::string key) {
    auto& store = doors.manager->store();
    std::optional<System> found;
    if (auto const id = parse_number<SystemId>(key)) {
        if (auto system = co_await store.get_system(*id)) found = *std::move(system);
    } else if (auto named = co_await store.find_system(key); named) {
        found = *std::move(named);
    }
    co_return found&& co_await reaches(doors, limit, found->folder);
}

/// A system may be moved within the reach, and not out of it.
net::Task<bool> stays_within(Doors doors, FolderId limit, std::string body) {
    auto const object = parse_object(body);
    if (!object) co_return true;  // refused by the operation itself
    auto const* folder = object->if_contains("folder");
    if (folder == nullptr || folder->is_null()) co_return true;
    auto const id = folder->is_int64() ? std::optional(folder->get_int64()) : std::nullopt;
    co_return id&& co_await reaches(doors, limit, *id);
}

}  // namespace

net::Task<Result<void>> keep_to_folder(Doors doors, Caller caller, net::http::Request& request) {
    // The request outlives the call: the door waits for the answer.
    auto* const asked = &request;
    auto const out_of_reach = [&caller] { return fail(errors::acc::out_of_reach, {{"who", caller.actor}}); };
    auto path = std::string_view(asked->path).substr(k_api.size());
    if (path == "/session") co_return Result<void>();
    if (path == "/systems" && asked->method == "GET") {
        auto& folder = asked->query["folder"];
        if (folder.empty()) {
            folder = std::to_string(caller.folder);
            co_return Result<void>();
        }
        auto const wanted = co_await read_folder(doors.manager, folder);
        if (!wanted || !co_await reaches(doors, caller.folder, *wanted)) co_return out_of_reach();
        co_return Result<void>();
    }
    constexpr std::string_view systems = "/systems/";
    if (!path.starts_with(systems)) co_return out_of_reach();
    path = path.substr(systems.size());
    if (!co_await reaches_system(doors, caller.folder, std::string(path.substr(0, path.find('/'))))) co_return out_of_reach();
    bool const changes = asked->method == "PATCH" && path.find('/') == std::string_view::npos;
    if (changes && !co_await stays_within(doors, caller.folder, asked->body)) co_return out_of_reach();
    co_return Result<void>();
}

}  // namespace countersign::manager::api
