#include "manager/store/sqlite_network.hpp"

#include <boost/json.hpp>

#include <array>
#include <utility>

namespace countersign::manager {
namespace {

constexpr std::array<std::pair<PlainDoor, std::string_view>, 3> k_doors{
    {{PlainDoor::open, "open"}, {PlainDoor::forbidden, "forbidden"}, {PlainDoor::redirect, "redirect"}}};
constexpr std::array<std::pair<Connectivity, std::string_view>, 3> k_connectivity{
    {{Connectivity::lan, "lan"}, {Connectivity::public_internet, "public"}, {Connectivity::behind_firewall, "behind_firewall"}}};

template <class Enum, std::size_t N>
std::string_view name_in(std::array<std::pair<Enum, std::string_view>, N> const& names, Enum wanted) {
    for (auto const& [value, name] : names)
        if (value == wanted) return name;
    return "";
}

template <class Enum, std::size_t N>
std::optional<Enum> find_in(std::array<std::pair<Enum, std::string_view>, N> const& names, std::string_view text) {
    for (auto const& [value, name] : names)
        if (name == text) return value;
    return std::nullopt;
}

}  // namespace

std::string_view to_string(PlainDoor value) { return name_in(k_doors, value); }
std::string_view to_string(Connectivity value) { return name_in(k_connectivity, value); }
std::optional<PlainDoor> parse_plain_door(std::string_view text) { return find_in(k_doors, text); }
std::optional<Connectivity> parse_connectivity(std::string_view text) { return find_in(k_connectivity, text); }

namespace store {
namespace {

namespace json = boost::json;

constexpr std::string_view k_key = "network";

json::object read_object(std::string const& document) {
    boost::system::error_code failed;
    auto parsed = json::parse(document, failed);
    return failed || !parsed.is_object() ? json::object() : parsed.get_object();
}

std::string text_in(json::object const& object, std::string_view name) {
    auto const* found = object.if_contains(name);
    return found && found->is_string() ? std::string(found->get_string()) : std::string();
}

bool flag_in(json::object const& object, std::string_view name, bool otherwise) {
    auto const* found = object.if_contains(name);
    return found && found->is_bool() ? found->get_bool() : otherwise;
}

}  // namespace

std::string to_document(std::map<std::string, std::string> const& settings) {
    json::object object;
    for (auto const& [name, value] : settings) object[name] = value;
    return json::serialize(object);
}

std::map<std::string, std::string> parse_settings(std::string const& document) {
    std::map<std::string, std::string> out;
    for (auto const& [name, value] : read_object(document))
        if (value.is_string()) out.emplace(name, value.get_string());
    return out;
}

net::Task<Result<NetworkSettings>> SqliteNetwork::get_network() {
    return backing_.read([](Database& database) -> Result<NetworkSettings> {
        NetworkSettings settings;
        auto row = database.select_one({"value"}, "FROM program_values WHERE name = :name", {value(k_key)});
        if (!row) return settings;
        auto const object = read_object(row->text(0));
        settings.plain_http = parse_plain_door(text_in(object, "plain_http")).value_or(PlainDoor::open);
        settings.override_dns = flag_in(object, "override_dns", false);
        settings.public_host_name = text_in(object, "public_host_name");
        settings.scan_snmp = flag_in(object, "scan_snmp", true);
        return settings;
    });
}

net::Task<Result<void>> SqliteNetwork::set_network(NetworkSettings settings, std::string actor) {
    return backing_.write([this, settings = std::move(settings), actor = std::move(actor)](Database& database) -> Result<void> {
        auto document = json::serialize(json::object{{"plain_http", to_string(settings.plain_http)},
                                                     {"override_dns", settings.override_dns},
                                                     {"public_host_name", settings.public_host_name},
                                                     {"scan_snmp", settings.scan_snmp}});
        database.execute(
            "INSERT INTO program_values (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            {value(k_key), value(document)});
        backing_.record(database, actor, "network.change", "network", document);
        return {};
    });
}

net::Task<Result<ConnectionSettings>> SqliteNetwork::get_connection(SystemId id) {
    return backing_.read([id](Database& database) -> Result<ConnectionSettings> {
        ConnectionSettings settings;
        auto row = database.select_one({"connectivity", "persistent"}, "FROM connections WHERE system = :system", {value(id)});
        if (!row) return settings;
        settings.connectivity = parse_connectivity(row->text(0)).value_or(Connectivity::lan);
        settings.persistent = parse_settings(row->text(1));
        return settings;
    });
}

net::Task<Result<NetworkStore::Link>> SqliteNetwork::get_link(SystemId id) {
    constexpr std::string_view has_phonebook =
        "EXISTS (WITH RECURSIVE up (id, parent) AS (SELECT folders.id, folders.parent FROM folders WHERE folders.id = systems.folder UNION "
        "ALL SELECT folders.id, folders.parent FROM folders JOIN up ON folders.id = up.parent) SELECT 1 FROM phonebook_assignments WHERE "
        "kind = 'all' OR (kind = 'system' AND target = systems.id) OR (kind = 'folder' AND target IN (SELECT id FROM up)))";
    return backing_.read([id, has_phonebook](Database& database) -> Result<Link> {
        auto row = database.select_one({"connectivity", "persistent", has_phonebook},
                                       "FROM systems LEFT JOIN connections ON connections.system = systems.id WHERE systems.id = :system",
                                       {value(id)});
        if (!row) return no_such_system(id);
        return Link{.connection = {.connectivity = parse_connectivity(row->text(0)).value_or(Connectivity::lan),
                                   .persistent = parse_settings(row->text(1))},
                    .phonebook = row->flag(2)};
    });
}

net::Task<Result<void>> SqliteNetwork::set_connection(SystemId id, ConnectionSettings settings, std::string actor) {
    return backing_.write([this, id, settings = std::move(settings), actor = std::move(actor)](Database& database) -> Result<void> {
        if (!database.select_one({"id"}, "FROM systems WHERE id = :id", {value(id)})) return no_such_system(id);
        auto document = to_document(settings.persistent);
        database.execute(
            "INSERT INTO connections (system, connectivity, persistent) VALUES (:system, :connectivity, :persistent) ON CONFLICT (system) "
            "DO UPDATE SET connectivity = excluded.connectivity, persistent = excluded.persistent",
            {value(id), value(to_string(settings.connectivity)), value(document)});
        backing_.record(database, actor, "system.connection", subject_of(id),
                        std::string(to_string(settings.connectivity)) + ", persistent settings " + document);
        return {};
    });
}

}  // namespace store
}  // namespace countersign::manager
