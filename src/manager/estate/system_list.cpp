#include "manager/estate/system_list.hpp"

#include "base/text.hpp"
#include "dialect/csv.hpp"
#include "manager/drivers/web_driver.hpp"
#include "manager/estate/directory.hpp"
#include "manager/estate/new_system.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/folder_store.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <unordered_map>

namespace countersign::manager {
namespace csv = dialect::csv;
namespace {

constexpr std::array<std::string_view, 14> k_columns = {"name",   "host_name",  "address",      "mac",       "serial",
                                                        "family", "folder",     "track_by",     "user",      "password",
                                                        "pins",   "https_port", "connectivity", "persistent"};

Error at_line(std::size_t line, std::string_view column, std::string_view detail) {
    return Error(errors::mgr::bad_list_line, {{"line", std::to_string(line)}, {"column", column}, {"detail", detail}});
}

class ListReader {
public:
    ListReader(csv::Table const& table, family::Families const& families) : table_(table), families_(families) {}

    CheckedList read() {
        for (auto const& record : table_.records) take(record);
        return std::move(out_);
    }

private:
    std::string field(csv::Record const& record, std::string_view column) const {
        auto const index = table_.column(column);
        return index ? std::string(trim(record.fields[*index])) : std::string();
    }

    void take(csv::Record const& record) {
        auto const before = out_.problems.size();
        auto problem = [&](std::string_view column, std::string_view detail) {
            out_.problems.push_back(at_line(record.line, column, detail));
        };
        NewSystem fresh{.name = field(record, "name"),
                        .host_name = field(record, "host_name"),
                        .address = field(record, "address"),
                        .family = field(record, "family"),
                        .user = field(record, "user"),
                        .serial_number = field(record, "serial"),
                        .mac_address = field(record, "mac")};
        auto const pins = field(record, "pins");
        for (auto pin : words(pins)) fresh.pins.emplace_back(pin);
        // A password may begin or end with blanks: it is taken as it stands.
        if (auto const index = table_.column("password"); index && !record.fields[*index].empty())
            fresh.password = SecretText(record.fields[*index]);
        AddedSystem added{.line = record.line};
        read_rest(record, added, fresh, problem);
        auto checked = check_new_system(std::move(fresh), families_);
        if (!checked) {
            for (auto const& one : all_of(checked.error()))
                problem(column_of(one), one.parameter("detail").empty() ? one.message() : one.parameter("detail"));
            return;
        }
        auto& system = added.system;
        system.host_name = checked->host_name;
        // Behind a firewall the address is that of the firewall, and of everything else behind it.
        bool const reachable = checked->connection.connectivity != Connectivity::behind_firewall;
        system.address = reachable ? checked->address : std::string();
        system.serial_number = checked->serial_number;
        system.mac_address = checked->mac_address;
        system.track_by = checked->track_by.value_or(system.address.empty() ? TrackBy::host_name : TrackBy::address);
        check_twice(record.line, "host_name", system.host_name, hosts_);
        check_twice(record.line, "address", system.address, addresses_);
        check_twice(record.line, "serial", to_lower(system.serial_number), serials_);
        check_twice(record.line, "mac", plain_mac(system.mac_address), macs_);
        if (out_.problems.size() != before) return;
        finish(added, *std::move(checked));
    }

    template <class Problem>
    void read_rest(csv::Record const& record, AddedSystem& added, NewSystem& fresh, Problem const& problem) const {
        if (auto const folder = field(record, "folder"); !folder.empty()) {
            if (auto path = normal_folder_path(folder))
                added.folder = *std::move(path);
            else
                problem("folder", path.error().parameter("detail"));
        }
        if (auto const track = field(record, "track_by"); !track.empty()) {
            fresh.track_by = parse_track_by(to_lower(track));
            if (!fresh.track_by) problem("track_by", k_ways_to_track);
            added.says_track_by = true;
        }
        if (auto const port = field(record, "https_port"); !port.empty()) {
            auto const number = parse_number<std::uint16_t>(port);
            if (!number) problem("https_port", "a number from 0 to 65535 is expected; 0: the family's");
            fresh.https_port = number.value_or(0);
        }
        if (auto const connectivity = field(record, "connectivity"); !connectivity.empty()) {
            auto const parsed = parse_connectivity(to_lower(connectivity));
            if (!parsed) problem("connectivity", "lan, public or behind_firewall is expected");
            fresh.connection.connectivity = parsed.value_or(Connectivity::lan);
        }
        auto const persistent = field(record, "persistent");
        for (auto one : split(persistent, ';')) {
            if (trim(one).empty()) continue;
            auto const sign = one.find('=');
            if (sign == std::string_view::npos || trim(one.substr(0, sign)).empty())
                problem("persistent", "setting=value is expected, not " + std::string(one));
            else
                fresh.connection.persistent[std::string(trim(one.substr(0, sign)))] = std::string(trim(one.substr(sign + 1)));
        }
    }

    void finish(AddedSystem& added, NewSystem checked) {
        auto& system = added.system;
        system.name = std::move(checked.name);
        if (system.name.empty())
            system.name = system.host_name.empty() ? system.address : std::string(split(system.host_name, '.').front());
        if (system.name.empty()) system.name = system.serial_number.empty() ? system.mac_address : system.serial_number;
        system.https_port = checked.https_port;
        added.connection = std::move(checked.connection);
        system.family = checked.family;
        system.pins = std::move(checked.pins);
        system.user = std::move(checked.user);
        bool factory = !checked.password;
        if (!system.family.empty())
            if (auto family = families_.get(system.family))
                factory = factory || checked.password->reveal() == (*family)->login.factory_password;
        if (!factory) {
            system.password_origin = PasswordOrigin::given;
            added.password = std::move(checked.password);
        }
        out_.systems.push_back(std::move(added));
    }

    static std::vector<Error> all_of(Error const& error) {
        return error.causes().empty() ? std::vector<Error>{error} : std::vector<Error>(error.causes().begin(), error.causes().end());
    }

    static std::string column_of(Error const& error) {
        auto const field = error.parameter("field");
        if (field == "serial_number" || field == "serial_number or mac_address") return "serial";
        if (field == "mac_address") return "mac";
        if (field.starts_with("persistent")) return "persistent";
        if (error.id() == errors::gen::missing_field && field != "family") return "host_name";
        return field.empty() ? "family" : std::string(field);
    }

    void check_twice(std::size_t line, std::string_view column, std::string const& key,
                     std::unordered_map<std::string, std::size_t>& seen) {
        if (key.empty()) return;
        auto const [place, fresh] = seen.try_emplace(key, line);
        if (!fresh) out_.problems.push_back(at_line(line, column, "the same as in line " + std::to_string(place->second)));
    }

    csv::Table const& table_;
    family::Families const& families_;
    CheckedList out_;
    std::unordered_map<std::string, std::size_t> hosts_, addresses_, serials_, macs_;
};

/// Columns that we do not know: all at once.
Result<void> check_columns(csv::Table const& table) {
    std::vector<Error> problems;
    for (auto const& name : table.header)
        if (std::ranges::find(k_columns, name) == k_columns.end())
            problems.push_back(at_line(
                1, name, "there is no such column; known are " + join(std::vector<std::string>(k_columns.begin(), k_columns.end()), ", ")));
    // Behind a firewall a system is known by its unit alone.
    bool const by_unit = table.column("connectivity") && (table.column("serial") || table.column("mac"));
    if (!table.column("host_name") && !table.column("address") && !by_unit)
        problems.push_back(at_line(1, "host_name", "a column host_name or address is needed"));
    if (problems.empty()) return {};
    return fail(gather(std::move(problems)));
}

/// What the folders say where the lines say nothing. Folders that are made by the list have the settings of those above them.
net::Task<Result<void>> apply_defaults(std::shared_ptr<Manager> manager, std::vector<AddedSystem>& systems) {
    std::map<std::string, FolderDefaults> known;
    for (auto& added : systems) {
        auto place = known.find(added.folder);
        if (place == known.end()) {
            auto path = added.folder;
            std::optional<Folder> folder;
            while (!folder) {
                CS_CO_TRY(folder, co_await manager->store().folders().find(path));
                path.resize(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
            }
            CS_CO_TRY(auto defaults, co_await manager->store().folder_policy().effective_defaults(folder->id));
            place = known.emplace(added.folder, std::move(defaults)).first;
        }
        auto& system = added.system;
        if (system.user.empty()) system.user = place->second.user.value_or("");
        auto const track_by = place->second.track_by;
        if (!added.says_track_by && track_by && can_track(system, *track_by)) system.track_by = *track_by;
    }
    co_return Result<void>();
}

std::size_t line_of(Error const& problem) { return parse_number<std::size_t>(problem.parameter("line")).value_or(0); }

void tell(ImportResult& result, std::vector<Error> problems) {
    std::ranges::sort(problems, {}, line_of);
    result.more_problems = problems.size() > k_most_told ? problems.size() - k_most_told : 0;
    problems.resize(std::min(problems.size(), k_most_told), Error(errors::gen::internal));
    result.problems = std::move(problems);
}

}  // namespace

Result<CheckedList> read_system_list(std::string_view text, family::Families const& families) {
    CS_TRY(auto table, csv::parse_table(text, {.bytes = k_largest_list, .records = k_most_listed + 1, .fields = 30}));
    CS_CHECK(check_columns(table));
    return ListReader(table, families).read();
}

net::Task<Result<ImportResult>> import_systems(std::shared_ptr<Manager> manager, std::string text, ImportOptions options,
                                               std::string actor) {
    CS_CO_TRY(auto list, read_system_list(text, manager->families()));
    CS_CO_TRY(auto const folder, normal_folder_path(options.folder));
    for (auto& added : list.systems)
        if (added.folder.empty()) added.folder = folder;
    using Systems = std::vector<AddedSystem>;
    auto systems = std::make_shared<Systems>(std::move(list.systems));
    auto const folders = options.make_folders ? ListStore::Folders::may_be_made : ListStore::Folders::must_exist;
    CS_CO_TRY(auto conflicts, co_await manager->store().lists().find_conflicts(systems, folders));
    std::set<std::size_t> bad;
    for (auto const& one : list.problems) bad.insert(line_of(one));
    ImportResult result;
    result.lines = systems->size() + bad.size();
    for (auto const& one : conflicts) bad.insert(line_of(one));
    std::erase_if(*systems, [&bad](AddedSystem const& one) { return bad.contains(one.line); });
    auto problems = std::move(list.problems);
    problems.insert(problems.end(), std::make_move_iterator(conflicts.begin()), std::make_move_iterator(conflicts.end()));
    bool const refused = !problems.empty() && !options.partial;
    tell(result, std::move(problems));
    if (refused || systems->empty()) co_return result;
    if (options.dry_run) {
        result.would_add = systems->size();
        co_return result;
    }
    CS_CO_CHECK(co_await apply_defaults(manager, *systems));
    CS_CO_TRY(result.added, co_await manager->store().lists().add_all(systems, std::move(actor)));
    std::vector<System> taken;
    taken.reserve(systems->size());
    for (std::size_t i = 0; i < systems->size(); ++i) {
        taken.push_back((*systems)[i].system);
        taken.back().id = result.added[i];
    }
    manager->take_up(taken);
    co_return result;
}

}  // namespace countersign::manager
