#include "base/text.hpp"
#include "manager/estate/directory.hpp"
#include "manager/store/sqlite_folders.hpp"
#include "manager/store/sqlite_lists.hpp"
#include "manager/store/sqlite_network.hpp"
#include "manager/store/system_query.hpp"

#include "countersign/errors/mgr.hpp"

#include <set>
#include <unordered_map>

namespace countersign::manager::store {
namespace {

using Known = std::unordered_map<std::string, SystemId>;

/// Everything by which a system of the list could be known already.
struct KnownSystems {
    Known host_names, addresses, serial_numbers, mac_addresses;
};

KnownSystems load_known(Database& database) {
    KnownSystems out;
    for (auto const& row : database.select({"id", "host_name", "address", "serial_number", "mac_address"}, "FROM systems")) {
        auto note = [id = row.number(0)](Known& known, std::string key) {
            if (!key.empty()) known.emplace(std::move(key), id);
        };
        note(out.host_names, row.text(1));
        note(out.addresses, row.text(2));
        note(out.serial_numbers, to_lower(row.text(3)));
        note(out.mac_addresses, plain_mac(row.text(4)));
    }
    return out;
}

Error at_line(std::size_t line, std::string_view column, std::string_view detail) {
    return Error(errors::mgr::bad_list_line, {{"line", std::to_string(line)}, {"column", column}, {"detail", detail}});
}

void look_for(std::size_t line, std::string_view column, Known const& known, std::string const& key, std::vector<Error>& out) {
    if (key.empty()) return;
    auto const found = known.find(key);
    if (found != known.end()) out.push_back(at_line(line, column, "known already as system " + std::to_string(found->second)));
}

void add_connection(Database& database, SystemId id, ConnectionSettings const& connection) {
    database.execute("INSERT INTO connections (system, connectivity, persistent) VALUES (:system, :connectivity, :persistent)",
                     {value(id), value(to_string(connection.connectivity)), value(to_document(connection.persistent))});
}

}  // namespace

net::Task<Result<std::vector<Error>>> SqliteLists::find_conflicts(std::shared_ptr<std::vector<AddedSystem> const> systems,
                                                                  Folders folders) {
    return backing_.read([systems = std::move(systems), folders](Database& database) -> Result<std::vector<Error>> {
        auto const known = load_known(database);
        std::set<std::string> missing;
        std::set<std::string> there;
        std::vector<Error> out;
        for (auto const& one : *systems) {
            auto const& system = one.system;
            auto const& folder = one.folder;
            auto const line = one.line;
            look_for(line, "host_name", known.host_names, system.host_name, out);
            look_for(line, "address", known.addresses, system.address, out);
            look_for(line, "serial", known.serial_numbers, to_lower(system.serial_number), out);
            look_for(line, "mac", known.mac_addresses, plain_mac(system.mac_address), out);
            if (folder.empty() || folders == Folders::may_be_made || there.contains(folder)) continue;
            if (!missing.contains(folder) && load_folder_at(database, folder))
                there.insert(folder);
            else
                missing.insert(folder);
            if (missing.contains(folder))
                out.push_back(at_line(line, "folder", folder + " does not exist, and folders are not to be made"));
        }
        return out;
    });
}

net::Task<Result<std::vector<SystemId>>> SqliteLists::add_all(std::shared_ptr<std::vector<AddedSystem> const> systems, std::string actor) {
    return backing_.write(
        [this, systems = std::move(systems), actor = std::move(actor)](Database& database) -> Result<std::vector<SystemId>> {
            std::unordered_map<std::string, FolderId> folders;
            std::vector<SystemId> out;
            out.reserve(systems->size());
            for (auto const& one : *systems) {
                auto const& folder = one.folder;
                auto system = one.system;
                system.id = 0;
                system.created = backing_.now();
                normalise(system);
                if (!folder.empty()) {
                    auto [place, fresh] = folders.try_emplace(folder, 0);
                    if (fresh) {
                        CS_TRY(auto made, folders_.ensure_in(database, folder, actor));
                        place->second = made.id;
                    }
                    system.folder = place->second;
                }
                CS_CHECK(check_unique(database, system));
                auto const id = insert_system(database, system);
                if (one.password)
                    database.execute("UPDATE systems SET sealed_password = :sealed WHERE id = :id",
                                     {value(backing_.sealer().seal(*one.password, password_context(id))), value(id)});
                if (one.connection != ConnectionSettings()) add_connection(database, id, one.connection);
                backing_.record(
                    database, actor, "system.add", subject_of(id),
                    system.name + " " + system.host_name + " " + system.address + ", line " + std::to_string(one.line) + " of a list");
                database.execute(
                    "INSERT INTO jobs (kind, system, state, not_before, created) VALUES ('observe', :system, 'queued', :due, :created)",
                    {value(id), value(backing_.now()), value(backing_.now())});
                out.push_back(id);
            }
            // Numbers of one transaction follow each other.
            if (!out.empty()) index_text(database, out.front(), out.back());
            return out;
        });
}

}  // namespace countersign::manager::store
