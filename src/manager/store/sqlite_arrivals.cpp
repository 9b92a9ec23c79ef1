#include "manager/store/sqlite_arrivals.hpp"

#include "base/text.hpp"
#include "manager/store/sqlite_network.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager::store {
namespace {

std::vector<std::string_view> const k_announced = {"id",
                                                   "mac_address",
                                                   "serial_number",
                                                   "name",
                                                   "host_name",
                                                   "family",
                                                   "folder",
                                                   "user_name",
                                                   "connectivity",
                                                   "persistent",
                                                   "sealed_password IS NOT NULL",
                                                   "system",
                                                   "confirmed",
                                                   "created",
                                                   "called"};

Preregistration announced(Row const& row) {
    Preregistration out{.id = row.number(0),
                        .mac_address = row.text(1),
                        .serial_number = row.text(2),
                        .name = row.text(3),
                        .host_name = row.text(4),
                        .family = row.text(5),
                        .folder = row.text(6),
                        .user = row.text(7),
                        .connection = {},
                        .has_password = row.flag(10),
                        .system = row.number(11),
                        .confirmed = row.flag(12),
                        .created = row.time(13),
                        .called = row.optional_time(14)};
    out.connection.connectivity = parse_connectivity(row.text(8)).value_or(Connectivity::lan);
    out.connection.persistent = parse_settings(row.text(9));
    return out;
}

std::vector<std::string_view> const k_waiting = {"id",        "serial_number", "mac_address",      "system_name", "product",
                                                 "software",  "address",       "reported_address", "https",       "first_seen",
                                                 "last_seen", "calls",         "rejected"};

WaitingSystem waiting(Row const& row) {
    return {.id = row.number(0),
            .said = {.serial_number = row.text(1),
                     .mac_address = row.text(2),
                     .system_name = row.text(3),
                     .product = row.text(4),
                     .software = row.text(5),
                     .source_address = row.text(6),
                     .reported_address = row.text(7),
                     .https = row.flag(8)},
            .first_seen = row.time(9),
            .last_seen = row.time(10),
            .calls = row.integer(11),
            .rejected = row.flag(12)};
}

std::string name_of(Preregistration const& one) { return one.mac_address.empty() ? one.serial_number : one.mac_address; }

/// What makes two calls those of one system. Its source is a part of it: who calls in another's name has a line of his own, and takes
/// nobody's place.
std::string identity_of(UnknownCaller const& said) {
    auto const from = " from " + said.source_address;
    if (!said.serial_number.empty()) return "serial " + said.serial_number + from;
    if (!said.mac_address.empty()) return "mac " + said.mac_address + from;
    return "address" + from;
}

std::string subject_of_announced(ArrivalId id) { return "preregistration " + std::to_string(id); }
std::string subject_of_waiting(ArrivalId id) { return "waiting system " + std::to_string(id); }
std::string password_context(ArrivalId id) { return "preregistration " + std::to_string(id) + " password"; }
Value limit_value(std::size_t limit) { return value(static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, 1000))); }

Failure no_such(std::string_view what, ArrivalId id) {
    return fail(errors::gen::not_found, {{"what", what}, {"name", std::to_string(id)}});
}

}  // namespace

net::Task<Result<ArrivalId>> SqliteArrivals::add_preregistration(Preregistration wanted, std::optional<SecretText> password,
                                                                 std::string actor) {
    return backing_.write([this, wanted = std::move(wanted), password = std::move(password),
                           actor = std::move(actor)](Database& database) mutable -> Result<ArrivalId> {
        auto other = database.select_one(
            {"id"},
            "FROM preregistrations WHERE (:mac <> '' AND mac_address = :mac_again) OR (:serial <> '' AND serial_number = :serial_again)",
            {value(wanted.mac_address), value(wanted.mac_address), value(wanted.serial_number), value(wanted.serial_number)});
        if (other) return fail(errors::mgr::announced_already, {{"name", name_of(wanted)}, {"id", other->text(0)}});
        database.execute(
            "INSERT INTO preregistrations (mac_address, serial_number, name, host_name, family, folder, user_name, connectivity, "
            "persistent, "
            "confirmed, created) VALUES (:mac, :serial, :name, :host, :family, :folder, :user, :connectivity, :persistent, 0, :created)",
            {value(wanted.mac_address), value(wanted.serial_number), value(wanted.name), value(wanted.host_name), value(wanted.family),
             value(wanted.folder), value(wanted.user), value(to_string(wanted.connection.connectivity)),
             value(to_document(wanted.connection.persistent)), value(backing_.now())});
        auto const id = database.last_id();
        if (password)
            database.execute("UPDATE preregistrations SET sealed_password = :sealed WHERE id = :id",
                             {value(backing_.sealer().seal(*password, password_context(id))), value(id)});
        backing_.record(database, actor, "preregistration.add", subject_of_announced(id), name_of(wanted) + " " + wanted.host_name);
        return id;
    });
}

net::Task<Result<Preregistration>> SqliteArrivals::get_preregistration(ArrivalId id) {
    return backing_.read([id](Database& database) -> Result<Preregistration> {
        auto row = database.select_one(k_announced, "FROM preregistrations WHERE id = :id", {value(id)});
        if (!row) return no_such("pre-registered system", id);
        return announced(*row);
    });
}

net::Task<Result<std::vector<Preregistration>>> SqliteArrivals::list_preregistrations(ArrivalId after, std::size_t limit) {
    return backing_.read([after, limit](Database& database) -> Result<std::vector<Preregistration>> {
        std::vector<Preregistration> out;
        for (auto const& row : database.select(k_announced, "FROM preregistrations WHERE id > :after ORDER BY id LIMIT :limit",
                                               {value(after), limit_value(limit)}))
            out.push_back(announced(row));
        return out;
    });
}

net::Task<Result<void>> SqliteArrivals::remove_preregistration(ArrivalId id, std::string actor) {
    return backing_.write([this, id, actor = std::move(actor)](Database& database) -> Result<void> {
        if (database.execute("DELETE FROM preregistrations WHERE id = :id", {value(id)}) == 0) return no_such("pre-registered system", id);
        backing_.record(database, actor, "preregistration.remove", subject_of_announced(id), "");
        return {};
    });
}

net::Task<Result<std::optional<Preregistration>>> SqliteArrivals::find_preregistration(std::string mac_address, std::string serial_number) {
    return backing_.read(
        [mac = std::move(mac_address), serial = std::move(serial_number)](Database& database) -> Result<std::optional<Preregistration>> {
            if (!mac.empty()) {
                auto row = database.select_one(k_announced, "FROM preregistrations WHERE mac_address = :mac", {value(mac)});
                if (row) return announced(*row);
            }
            if (serial.empty()) return std::nullopt;
            auto row = database.select_one(k_announced, "FROM preregistrations WHERE serial_number = :serial", {value(serial)});
            return row ? std::optional(announced(*row)) : std::nullopt;
        });
}

net::Task<Result<std::optional<SecretText>>> SqliteArrivals::get_preregistered_password(ArrivalId id) {
    return backing_.read([this, id](Database& database) -> Result<std::optional<SecretText>> {
        auto row = database.select_one({"sealed_password"}, "FROM preregistrations WHERE id = :id", {value(id)});
        if (!row) return no_such("pre-registered system", id);
        if (row->is_null(0)) return std::nullopt;
        CS_TRY(auto secret, backing_.sealer().open(row->text(0), password_context(id)));
        return std::optional<SecretText>(std::move(secret));
    });
}

net::Task<Result<void>> SqliteArrivals::note_preregistered_call(ArrivalId id, SystemId system, std::string address) {
    return backing_.write([this, id, system, address = std::move(address)](Database& database) -> Result<void> {
        auto changed = database.execute("UPDATE preregistrations SET system = :system, called = :now WHERE id = :id",
                                        {value(system), value(backing_.now()), value(id)});
        if (changed == 0) return no_such("pre-registered system", id);
        backing_.record(database, "manager", "preregistration.called", subject_of_announced(id), subject_of(system) + ", from " + address);
        return {};
    });
}

net::Task<Result<void>> SqliteArrivals::confirm_preregistration(ArrivalId id) {
    return backing_.write([this, id](Database& database) -> Result<void> {
        auto changed = database.execute("UPDATE preregistrations SET confirmed = 1 WHERE id = :id AND confirmed = 0", {value(id)});
        if (changed > 0) backing_.record(database, "manager", "preregistration.confirmed", subject_of_announced(id), "");
        return {};
    });
}

net::Task<Result<std::optional<Preregistration>>> SqliteArrivals::unconfirmed_preregistration_of(SystemId system) {
    return backing_.read([system](Database& database) -> Result<std::optional<Preregistration>> {
        auto row = database.select_one(k_announced, "FROM preregistrations WHERE system = :system AND confirmed = 0", {value(system)});
        return row ? std::optional(announced(*row)) : std::nullopt;
    });
}

net::Task<Result<ArrivalStore::Noted>> SqliteArrivals::note_unknown_caller(UnknownCaller said, WaitingLimits limits) {
    return backing_.write([this, said = std::move(said), limits](Database& database) -> Result<Noted> {
        auto const now = backing_.now();
        auto const identity = identity_of(said);
        if (auto known = database.select_one({"id", "rejected"}, "FROM waiting_systems WHERE identity = :identity", {value(identity)})) {
            database.execute("UPDATE waiting_systems SET last_seen = :now, calls = calls + 1 WHERE id = :id",
                             {value(now), value(known->number(0))});
            return known->flag(1) ? Noted::rejected : Noted::again;
        }
        database.execute("DELETE FROM waiting_systems WHERE last_seen < :oldest",
                         {value(now - std::chrono::duration_cast<std::chrono::seconds>(limits.kept))});
        auto const count = [&database](std::string_view rest, std::vector<Value> values) {
            return static_cast<std::size_t>(database.select_one({"count(*)"}, rest, std::move(values))->number(0));
        };
        if (count("FROM waiting_systems", {}) >= limits.all ||
            count("FROM waiting_systems WHERE address = :address", {value(said.source_address)}) >= limits.per_source)
            return Noted::full;
        database.execute(
            "INSERT INTO waiting_systems (identity, serial_number, mac_address, system_name, product, software, address, reported_address, "
            "https, first_seen, last_seen, calls, rejected) VALUES (:identity, :serial, :mac, :name, :product, :software, :address, "
            ":reported, :https, :first, :last, 1, 0)",
            {value(identity), value(said.serial_number), value(said.mac_address), value(said.system_name), value(said.product),
             value(said.software), value(said.source_address), value(said.reported_address), value(std::int64_t{said.https ? 1 : 0}),
             value(now), value(now)});
        return Noted::fresh;
    });
}

net::Task<Result<WaitingSystem>> SqliteArrivals::get_waiting(ArrivalId id) {
    return backing_.read([id](Database& database) -> Result<WaitingSystem> {
        auto row = database.select_one(k_waiting, "FROM waiting_systems WHERE id = :id", {value(id)});
        if (!row) return no_such("waiting system", id);
        return waiting(*row);
    });
}

net::Task<Result<std::vector<WaitingSystem>>> SqliteArrivals::list_waiting(bool rejected, ArrivalId after, std::size_t limit) {
    return backing_.read([rejected, after, limit](Database& database) -> Result<std::vector<WaitingSystem>> {
        std::vector<WaitingSystem> out;
        for (auto const& row :
             database.select(k_waiting, "FROM waiting_systems WHERE rejected = :rejected AND id > :after ORDER BY id LIMIT :limit",
                             {value(std::int64_t{rejected ? 1 : 0}), value(after), limit_value(limit)}))
            out.push_back(waiting(row));
        return out;
    });
}

net::Task<Result<void>> SqliteArrivals::reject_waiting(ArrivalId id, std::string actor) {
    return backing_.write([this, id, actor = std::move(actor)](Database& database) -> Result<void> {
        if (database.execute("UPDATE waiting_systems SET rejected = 1 WHERE id = :id", {value(id)}) == 0)
            return no_such("waiting system", id);
        backing_.record(database, actor, "waiting.reject", subject_of_waiting(id), "");
        return {};
    });
}

net::Task<Result<void>> SqliteArrivals::remove_waiting(ArrivalId id, std::string actor, std::string why) {
    return backing_.write([this, id, actor = std::move(actor), why = std::move(why)](Database& database) -> Result<void> {
        if (database.execute("DELETE FROM waiting_systems WHERE id = :id", {value(id)}) == 0) return no_such("waiting system", id);
        backing_.record(database, actor, "waiting.remove", subject_of_waiting(id), why);
        return {};
    });
}

}  // namespace countersign::manager::store
