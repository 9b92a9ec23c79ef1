#include "manager/store/sqlite_replacements.hpp"

#include "manager/store/sqlite_requests.hpp"
#include "manager/store/system_query.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::manager::store {
namespace {

std::optional<Replacement> load(Database& database, SystemId system) {
    auto row = database.select_one({"serial_number", "mac_address", "fingerprint", "evidence", "seen"},
                                   "FROM replacements WHERE system = :system", {value(system)});
    if (!row) return std::nullopt;
    return Replacement{.system = system,
                       .serial_number = row->text(0),
                       .mac_address = row->text(1),
                       .fingerprint = row->text(2),
                       .evidence = row->text(3),
                       .seen = row->time(4)};
}

}  // namespace

net::Task<Result<std::optional<Replacement>>> SqliteReplacements::find(SystemId system) {
    return backing_.read([system](Database& database) -> Result<std::optional<Replacement>> { return load(database, system); });
}

net::Task<Result<void>> SqliteReplacements::note(Replacement seen) {
    return backing_.write([this, seen = std::move(seen)](Database& database) -> Result<void> {
        auto const known = load(database, seen.system);
        bool const same = known && known->serial_number == seen.serial_number && known->mac_address == seen.mac_address &&
                          known->fingerprint == seen.fingerprint;
        if (same) return {};
        database.execute(
            "INSERT INTO replacements (system, serial_number, mac_address, fingerprint, evidence, seen) "
            "VALUES (:system, :serial, :mac, :fingerprint, :evidence, :seen) ON CONFLICT (system) DO UPDATE SET "
            "serial_number = excluded.serial_number, mac_address = excluded.mac_address, fingerprint = excluded.fingerprint, "
            "evidence = excluded.evidence, seen = excluded.seen",
            {value(seen.system), value(seen.serial_number), value(seen.mac_address), value(seen.fingerprint), value(seen.evidence),
             value(seen.seen)});
        backing_.record(database, "manager", "system.replacement.seen", subject_of(seen.system), seen.evidence);
        return {};
    });
}

net::Task<Result<void>> SqliteReplacements::forget(SystemId system) {
    return backing_.write([this, system](Database& database) -> Result<void> {
        if (database.execute("DELETE FROM replacements WHERE system = :system", {value(system)}) > 0)
            backing_.record(database, "manager", "system.replacement.gone", subject_of(system), "the system that is known answers again");
        return {};
    });
}

net::Task<Result<System>> SqliteReplacements::accept(SystemId id, std::optional<Unit> named, std::string actor) {
    return backing_.write([this, id, named = std::move(named), actor = std::move(actor)](Database& database) -> Result<System> {
        auto before = database.select_one(system_columns(), "FROM systems WHERE id = :id", {value(id)});
        if (!before) return no_such_system(id);
        auto const old = system_of(*before);
        auto seen = load(database, id);
        if (named) seen = Replacement{.system = id, .serial_number = named->serial_number, .mac_address = named->mac_address};
        if (!seen) return fail(errors::mgr::no_replacement, {{"system", old.name}});
        Value candidate;
        auto const sealed = database.select_one({"sealed_password"}, "FROM systems WHERE id = :id", {value(id)});
        if (!sealed->is_null(0)) {
            CS_TRY(auto const password, backing_.sealer().open(sealed->text(0), password_context(id)));
            candidate = value(backing_.sealer().seal(password, candidate_context(id)));
        }
        database.execute(
            "UPDATE systems SET serial_number = :serial, mac_address = :mac, sealed_password = NULL, sealed_candidate = :candidate, "
            "password_origin = 'factory', https_proven = 0, pins = '', certificate_fingerprint = '', certificate_expires = NULL, "
            "software = '', secure_only_capable = 0, level = 0, trial = '', last_call_at = NULL, last_call = '', last_call_certificate = "
            "'' WHERE id = :id",
            {value(seen->serial_number), value(seen->mac_address), std::move(candidate), value(id)});
        database.execute("DELETE FROM pending_certificates WHERE system = :id", {value(id)});
        (void)retire_request(database, backing_.now(), id, "another unit came in the place of the system", actor);
        database.execute("DELETE FROM pending_client_certificates WHERE system = :id", {value(id)});
        database.execute("DELETE FROM system_trust WHERE system = :id", {value(id)});
        database.execute("DELETE FROM replacements WHERE system = :id", {value(id)});
        backing_.record(database, actor, "system.replacement.accept", subject_of(id),
                        "serial number " + old.serial_number + " -> " + seen->serial_number + ", MAC address " + old.mac_address + " -> " +
                            seen->mac_address);
        return system_of(*database.select_one(system_columns(), "FROM systems WHERE id = :id", {value(id)}));
    });
}

}  // namespace countersign::manager::store
