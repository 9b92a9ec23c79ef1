#include "manager/store/sqlite_folders.hpp"

#include "base/text.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {

Result<std::string> check_folder_name(std::string_view text) {
    auto const invalid = [](std::string_view detail) { return fail(errors::gen::invalid_input, {{"field", "name"}, {"detail", detail}}); };
    std::string name(trim(text));
    if (name.empty()) return invalid("a folder has a name");
    if (name.size() > k_longest_folder_name) return invalid("at most " + std::to_string(k_longest_folder_name) + " bytes");
    if (name == "." || name == "..") return invalid("\"" + name + "\" is no name");
    bool const control = std::ranges::any_of(name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (control || !is_utf8(name)) return invalid("it holds control characters or is not UTF-8");
    if (name.contains('/')) return invalid("\"/\" stands between the names of a path");
    return name;
}

Result<std::string> normal_folder_path(std::string_view text) {
    std::string path;
    std::size_t depth = 0;
    for (auto part : split(trim(text), '/')) {
        if (trim(part).empty()) continue;
        auto name = check_folder_name(part);
        if (!name) return fail(errors::gen::invalid_input, {{"field", "folder"}, {"detail", name.error().parameter("detail")}});
        path += "/" + *name;
        if (++depth > k_deepest_folder)
            return fail(errors::gen::invalid_input,
                        {{"field", "folder"}, {"detail", "at most " + std::to_string(k_deepest_folder) + " folders, one in another"}});
    }
    return path.empty() ? "/" : path;
}

namespace store {
namespace {

/// What the nearest folder says that says something: of those that are on the way, the longest path.
constexpr std::string_view k_issuer =
    "(SELECT d.issuer FROM folder_defaults AS d JOIN folders AS up ON up.id = d.folder WHERE d.issuer IS NOT NULL AND (up.parent IS NULL "
    "OR "
    "up.id = folders.id OR substr(folders.path, 1, length(up.path) + 1) = up.path || '/') ORDER BY length(up.path) DESC LIMIT 1)";
std::vector<std::string_view> const k_columns = {
    "id", "ifnull(parent, 0)", "name", "path", "(SELECT count(*) FROM systems WHERE systems.folder = folders.id)", "created", k_issuer};

Folder folder_of(Row const& row) {
    return {.id = row.number(0),
            .parent = row.number(1),
            .name = row.text(2),
            .path = row.text(3),
            .systems = row.number(4),
            .created = row.time(5),
            .issuer = parse_issuer(row.text(6)).value_or(Issuer::internal)};
}

std::string path_in(Folder const& parent, std::string const& name) { return (parent.id == k_root_folder ? "" : parent.path) + "/" + name; }

/// MGR-020.
Result<void> check_free(Database& database, std::string const& path, FolderId self) {
    auto other = load_folder_at(database, path);
    if (!other || other->id == self) return {};
    return fail(errors::mgr::folder_exists, {{"folder", path}, {"id", std::to_string(other->id)}});
}

std::vector<Folder> children_of(Database& database, FolderId id) {
    std::vector<Folder> out;
    for (auto const& row : database.select(k_columns, "FROM folders WHERE parent = :parent ORDER BY id", {value(id)}))
        out.push_back(folder_of(row));
    return out;
}

/// GEN-001 when a folder below would get too deep.
Result<void> set_paths(Database& database, FolderId id, std::string const& path) {
    if (static_cast<std::size_t>(std::ranges::count(path, '/')) > k_deepest_folder)
        return fail(errors::gen::invalid_input,
                    {{"field", "folder"}, {"detail", "at most " + std::to_string(k_deepest_folder) + " folders, one in another"}});
    database.execute("UPDATE folders SET path = :path WHERE id = :id", {value(path), value(id)});
    for (auto const& child : children_of(database, id)) CS_CHECK(set_paths(database, child.id, path + "/" + child.name));
    return {};
}

/// Renames and moves. `folder` as it was.
Result<void> put(Database& database, Folder const& folder, Folder const& parent, std::string const& name) {
    auto const path = path_in(parent, name);
    CS_CHECK(check_free(database, path, folder.id));
    database.execute("UPDATE folders SET parent = :parent, name = :name WHERE id = :id", {value(parent.id), value(name), value(folder.id)});
    return set_paths(database, folder.id, path);
}

Failure root_stays() { return fail(errors::mgr::root_folder_stays); }
Failure into_itself(Folder const& folder, Folder const& target) {
    return fail(errors::mgr::folder_into_itself, {{"folder", folder.path}, {"target", target.path}});
}

}  // namespace

Result<Folder> load_folder(Database& database, FolderId id) {
    auto row = database.select_one(k_columns, "FROM folders WHERE id = :id", {value(id)});
    if (!row) return fail(errors::gen::not_found, {{"what", "folder"}, {"name", std::to_string(id)}});
    return folder_of(*row);
}

std::optional<Folder> load_folder_at(Database& database, std::string const& path) {
    auto row = database.select_one(k_columns, "FROM folders WHERE path = :path", {value(path)});
    return row ? std::optional(folder_of(*row)) : std::nullopt;
}

bool is_below(Database& database, FolderId folder, FolderId top) {
    while (folder != 0 && folder != top) {
        auto row = database.select_one({"ifnull(parent, 0)"}, "FROM folders WHERE id = :id", {value(folder)});
        folder = row ? row->number(0) : 0;
    }
    return folder == top;
}

net::Task<Result<std::vector<Folder>>> SqliteFolders::list(std::optional<std::string> after, std::size_t limit) {
    return backing_.read([after = std::move(after), limit](Database& database) -> Result<std::vector<Folder>> {
        std::vector<Value> values;
        if (after) values.push_back(value(*after));
        values.push_back(value(static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, 1000))));
        std::vector<Folder> out;
        auto rest = "FROM folders " + std::string(after ? "WHERE path > :after " : "") + "ORDER BY path LIMIT :limit";
        for (auto const& row : database.select(k_columns, rest, std::move(values))) out.push_back(folder_of(row));
        return out;
    });
}

net::Task<Result<Folder>> SqliteFolders::get(FolderId id) {
    return backing_.read([id](Database& database) { return load_folder(database, id); });
}

net::Task<Result<std::optional<Folder>>> SqliteFolders::find(std::string text) {
    return backing_.read([text = std::move(text)](Database& database) -> Result<std::optional<Folder>> {
        CS_TRY(auto path, normal_folder_path(text));
        return load_folder_at(database, path);
    });
}

Result<Folder> SqliteFolders::insert(Database& database, Folder const& parent, std::string const& name, std::string_view actor) const {
    auto const path = path_in(parent, name);
    CS_CHECK(normal_folder_path(path));  // its depth
    CS_CHECK(check_free(database, path, 0));
    database.execute("INSERT INTO folders (parent, name, path, created) VALUES (:parent, :name, :path, :created)",
                     {value(parent.id), value(name), value(path), value(backing_.now())});
    auto const id = database.last_id();
    backing_.record(database, actor, "folder.add", subject_of_folder(id), path);
    return load_folder(database, id);
}

net::Task<Result<Folder>> SqliteFolders::add(FolderId parent, std::string text, std::string actor) {
    return backing_.write([this, parent, text = std::move(text), actor = std::move(actor)](Database& database) -> Result<Folder> {
        CS_TRY(auto name, check_folder_name(text));
        CS_TRY(auto const above, load_folder(database, parent));
        return insert(database, above, name, actor);
    });
}

Result<Folder> SqliteFolders::ensure_in(Database& database, std::string_view text, std::string_view actor) const {
    CS_TRY(auto path, normal_folder_path(text));
    CS_TRY(auto folder, load_folder(database, k_root_folder));
    for (auto name : split(path, '/')) {
        if (name.empty()) continue;
        if (auto known = load_folder_at(database, path_in(folder, std::string(name)))) {
            folder = std::move(*known);
        } else {
            CS_TRY(folder, insert(database, folder, std::string(name), actor));
        }
    }
    return folder;
}

net::Task<Result<Folder>> SqliteFolders::ensure(std::string text, std::string actor) {
    return backing_.write(
        [this, text = std::move(text), actor = std::move(actor)](Database& database) { return ensure_in(database, text, actor); });
}

net::Task<Result<Folder>> SqliteFolders::change(FolderId id, Change change, std::string actor) {
    return backing_.write([this, id, change = std::move(change), actor = std::move(actor)](Database& database) -> Result<Folder> {
        CS_TRY(auto const before, load_folder(database, id));
        if (id == k_root_folder) return root_stays();
        auto name = before.name;
        if (change.name) {
            CS_TRY(name, check_folder_name(*change.name));
        }
        CS_TRY(auto const parent, load_folder(database, change.parent.value_or(before.parent)));
        if (is_below(database, parent.id, id)) return into_itself(before, parent);
        CS_CHECK(put(database, before, parent, name));
        CS_TRY(auto after, load_folder(database, id));
        if (after.path != before.path)
            backing_.record(database, actor, "folder.change", subject_of_folder(id), before.path + " -> " + after.path);
        return after;
    });
}

net::Task<Result<void>> SqliteFolders::remove(FolderId id, std::optional<FolderId> move_to, std::string actor) {
    return backing_.write([this, id, move_to, actor = std::move(actor)](Database& database) -> Result<void> {
        CS_TRY(auto const folder, load_folder(database, id));
        if (id == k_root_folder) return root_stays();
        auto const children = children_of(database, id);
        if (move_to) {
            CS_TRY(auto const target, load_folder(database, *move_to));
            if (is_below(database, target.id, id)) return into_itself(folder, target);
            // Out of the way of a child with the same name.
            database.execute("UPDATE folders SET path = :path WHERE id = :id", {value("//" + std::to_string(id)), value(id)});
            for (auto const& child : children) CS_CHECK(put(database, child, target, child.name));
            database.execute("UPDATE systems SET folder = :target WHERE folder = :id", {value(target.id), value(id)});
        } else if (folder.systems > 0 || !children.empty()) {
            return fail(
                errors::mgr::folder_not_empty,
                {{"folder", folder.path}, {"systems", std::to_string(folder.systems)}, {"folders", std::to_string(children.size())}});
        }
        database.execute("DELETE FROM folders WHERE id = :id", {value(id)});
        auto const moved = move_to ? ", its contents moved to folder " + std::to_string(*move_to) : std::string();
        backing_.record(database, actor, "folder.remove", subject_of_folder(id), folder.path + moved);
        return {};
    });
}

net::Task<Result<void>> SqliteFolders::move_systems(std::vector<SystemId> systems, FolderId id, std::string actor) {
    return backing_.write([this, systems = std::move(systems), id, actor = std::move(actor)](Database& database) -> Result<void> {
        CS_TRY(auto const folder, load_folder(database, id));
        for (auto system : systems) {
            auto changed = database.execute("UPDATE systems SET folder = :folder WHERE id = :id", {value(id), value(system)});
            if (changed == 0) return no_such_system(system);
            backing_.record(database, actor, "system.move", subject_of(system), folder.path);
        }
        return {};
    });
}

}  // namespace store
}  // namespace countersign::manager
