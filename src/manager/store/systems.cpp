#include "base/text.hpp"
#include "manager/assess/changes.hpp"
#include "manager/store/assessment_json.hpp"
#include "manager/store/sqlite_history.hpp"
#include "manager/store/sqlite_store.hpp"
#include "manager/store/system_query.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <functional>

namespace countersign::manager::store {
namespace {

/// How a field of System and its column become each other. One list serves SELECT, INSERT and UPDATE.
struct Column {
    std::string_view name;
    Value (*get)(System const&);
    void (*set)(System&, Row const&, std::size_t);
};

template <std::string System::* Field>
constexpr Column text_column(std::string_view name) {
    return {name, [](System const& system) { return value(system.*Field); },
            [](System& system, Row const& row, std::size_t i) { system.*Field = row.text(i); }};
}

template <bool System::* Field>
constexpr Column flag_column(std::string_view name) {
    return {name, [](System const& system) { return value(std::int64_t{system.*Field ? 1 : 0}); },
            [](System& system, Row const& row, std::size_t i) { system.*Field = row.flag(i); }};
}

template <std::optional<UtcTime> System::* Field>
constexpr Column time_column(std::string_view name) {
    return {name, [](System const& system) { return value(system.*Field); },
            [](System& system, Row const& row, std::size_t i) { system.*Field = row.optional_time(i); }};
}

/// The CHECK constraints of the schema keep other texts out.
template <auto Field, auto Parse>
constexpr Column enum_column(std::string_view name) {
    return {name, [](System const& system) { return value(to_string(system.*Field)); },
            [](System& system, Row const& row, std::size_t i) { system.*Field = Parse(row.text(i)).value_or(system.*Field); }};
}

constexpr Column k_columns[] = {
    text_column<&System::name>("name"),
    text_column<&System::family>("family"),
    text_column<&System::host_name>("host_name"),
    text_column<&System::address>("address"),
    enum_column<&System::track_by, parse_track_by>("track_by"),
    {"https_port", [](System const& system) { return value(std::int64_t{system.https_port}); },
     [](System& system, Row const& row, std::size_t i) { system.https_port = static_cast<std::uint16_t>(row.integer(i)); }},
    {"pins", [](System const& system) { return value(join(system.pins, " ")); },
     [](System& system, Row const& row, std::size_t i) {
         auto text = row.text(i);
         for (auto word : words(text)) system.pins.emplace_back(word);
     }},
    text_column<&System::user>("user_name"),
    enum_column<&System::password_origin, parse_password_origin>("password_origin"),
    flag_column<&System::https_proven>("https_proven"),
    text_column<&System::serial_number>("serial_number"),
    text_column<&System::mac_address>("mac_address"),
    text_column<&System::software>("software"),
    flag_column<&System::secure_only_capable>("secure_only_capable"),
    enum_column<&System::reachability, parse_reachability>("reachability"),
    {"level", [](System const& system) { return value(std::int64_t{system.level}); },
     [](System& system, Row const& row, std::size_t i) { system.level = row.integer(i); }},
    time_column<&System::observed_at>("observed_at"),
    time_column<&System::certificate_expires>("certificate_expires"),
    text_column<&System::certificate_fingerprint>("certificate_fingerprint"),
    time_column<&System::last_call_at>("last_call_at"),
    text_column<&System::last_call>("last_call"),
    text_column<&System::trial>("trial"),
    {"address_key", [](System const& system) { return value(address_key(system.address)); }, [](System&, Row const&, std::size_t) {}},
    {"folder", [](System const& system) { return value(system.folder); },
     [](System& system, Row const& row, std::size_t i) { system.folder = row.number(i); }},
    {"created", [](System const& system) { return value(system.created); },
     [](System& system, Row const& row, std::size_t i) { system.created = row.time(i); }},
};

std::optional<System> load(Database& database, SystemId id) {
    auto row = database.select_one(system_columns(), "FROM systems WHERE id = :id", {value(id)});
    return row ? std::optional(system_of(*row)) : std::nullopt;
}

/// Writes what differs, and nothing else: SQLite writes every index whose column is named, even when its value stays.
void update(Database& database, System const& before, System const& after) {
    std::string changes;
    std::vector<Value> values;
    for (auto const& column : k_columns) {
        auto wanted = column.get(after);
        if (wanted == column.get(before)) continue;
        if (!changes.empty()) changes += ", ";
        changes += std::string(column.name) + " = :" + std::string(column.name);
        values.push_back(std::move(wanted));
    }
    if (values.empty()) return;
    values.push_back(value(after.id));
    database.execute("UPDATE systems SET " + changes + " WHERE id = :id", std::move(values));
}

/// One word for how the system called us last; the page shows it and get_contact reads it back.
std::string_view name_of(ContactEvidence const& contact) {
    if (!contact.https) return "http";
    return contact.verified_us ? "https verified" : "https";
}

/// "level 2 -> 4, reachable", or empty when nothing that people care for changed.
std::string describe_change(System const& before, System const& after) {
    std::string out;
    if (before.level != after.level) out = "level " + std::to_string(before.level) + " -> " + std::to_string(after.level);
    if (before.reachability != after.reachability) {
        if (!out.empty()) out += ", ";
        out += to_string(after.reachability);
    }
    if (before.certificate_fingerprint != after.certificate_fingerprint) {
        if (!out.empty()) out += ", ";
        out += "certificate " + (after.certificate_fingerprint.empty() ? std::string("none") : after.certificate_fingerprint);
    }
    return out;
}

/// A first look has nothing to be compared with, nor has one after a document that cannot be read.
void note_history(Database& database, System const& before, System const& after, Assessment const& assessment,
                  std::string const& document) {
    auto const row = database.select_one({"document"}, "FROM assessments WHERE system = :system", {value(after.id)});
    if (!row) return;
    auto changes = changes_between(before, after);
    if (row->text(0) != document)
        if (auto const old = parse_assessment(row->text(0)))
            for (auto& one : changes_between(*old, assessment)) changes.push_back(std::move(one));
    keep_changes(database, after.id, after.observed_at.value_or(UtcTime{}), changes);
}

void take_observed(System& stored, System const& seen) {
    if (stored.family.empty()) stored.family = seen.family;
    stored.serial_number = seen.serial_number;
    stored.mac_address = seen.mac_address;
    stored.software = seen.software;
    stored.secure_only_capable = seen.secure_only_capable;
    stored.reachability = seen.reachability;
    stored.level = seen.level;
    stored.observed_at = seen.observed_at;
    stored.certificate_expires = seen.certificate_expires;
    stored.certificate_fingerprint = seen.certificate_fingerprint;
    stored.https_proven = stored.https_proven || seen.https_proven;
}

}  // namespace

void normalise(System& system) {
    system.host_name = to_lower(trim(system.host_name));
    system.address = to_lower(trim(system.address));
}

Result<void> check_unique(Database& database, System const& system) {
    // One question for each: together they would be answered by a walk through all systems.
    auto check = [&database, &system](std::string_view rest, std::string const& name) -> Result<void> {
        auto const other = database.select_one({"id"}, rest, {value(name), value(system.id)});
        if (!other) return {};
        return fail(errors::mgr::duplicate_system, {{"name", name}, {"id", std::to_string(other->number(0))}});
    };
    CS_CHECK(check("FROM systems WHERE host_name = :name AND host_name <> '' AND id <> :id", system.host_name));
    return check("FROM systems WHERE address = :address AND address <> '' AND id <> :id", system.address);
}

SystemId insert_system(Database& database, System const& system) {
    std::string names;
    std::string places;
    std::vector<Value> values;
    for (auto const& column : k_columns) {
        if (!names.empty()) names += ", ", places += ", ";
        names += column.name;
        places += ':' + std::string(column.name);
        values.push_back(column.get(system));
    }
    database.execute("INSERT INTO systems (" + names + ") VALUES (" + places + ")", std::move(values));
    return database.last_id();
}

std::string password_context(SystemId id) { return "system " + std::to_string(id) + " password"; }
std::string candidate_context(SystemId id) { return "system " + std::to_string(id) + " candidate password"; }

std::vector<std::string_view> const& system_columns() {
    static std::vector<std::string_view> const names = [] {
        std::vector<std::string_view> out{"id"};
        for (auto const& column : k_columns) out.push_back(column.name);
        return out;
    }();
    return names;
}

System system_of(Row const& row) {
    System system;
    system.id = row.number(0);
    for (std::size_t i = 0; i < std::size(k_columns); ++i) k_columns[i].set(system, row, i + 1);
    return system;
}

net::Task<Result<SystemId>> SqliteStore::add_system(System system, std::optional<SecretText> password, std::string actor) {
    return write([this, system = std::move(system), password = std::move(password),
                  actor = std::move(actor)](Database& database) mutable -> Result<SystemId> {
        system.id = 0;
        normalise(system);
        if (system.created == UtcTime()) system.created = now();
        CS_CHECK(check_unique(database, system));
        auto id = insert_system(database, system);
        index_text(database, id, id);
        if (password) {
            database.execute("UPDATE systems SET sealed_password = :sealed WHERE id = :id",
                             {value(sealer_.seal(*password, password_context(id))), value(id)});
        }
        record(database, actor, "system.add", subject_of(id), system.name + " " + system.host_name + " " + system.address);
        return id;
    });
}

net::Task<Result<System>> SqliteStore::get_system(SystemId id) {
    return read([id](Database& database) -> Result<System> {
        auto system = load(database, id);
        if (!system) return no_such_system(id);
        return std::move(*system);
    });
}

net::Task<Result<std::optional<System>>> SqliteStore::find_system(std::string text) {
    return read([text = std::move(text)](Database& database) -> Result<std::optional<System>> {
        if (text.empty()) return std::nullopt;
        // A host name or address is unique; a name or serial number need not be: then the oldest.
        for (std::string_view where : {"host_name = lower(:text)", "address = lower(:text)", "name = :text", "serial_number = :text"}) {
            auto rest = "FROM systems WHERE " + std::string(where) + " ORDER BY id LIMIT 1";
            if (auto row = database.select_one(system_columns(), rest, {value(text)})) return system_of(*row);
        }
        return std::nullopt;
    });
}

net::Task<Result<std::vector<System>>> SqliteStore::list_systems(SystemFilter filter) {
    return read([filter = std::move(filter)](Database& database) -> Result<std::vector<System>> {
        Query query;
        query.add("FROM systems WHERE systems.id > ?", {value(filter.after)});
        for (auto const& one : restrictions_of(database.engine(), filter)) query.add(" AND " + one.test, one.test_values);
        query.add(" ORDER BY systems.id LIMIT ?", {value(static_cast<std::int64_t>(std::clamp<std::size_t>(filter.limit, 1, 1000)))});
        std::vector<System> out;
        for (auto const& row : database.select(system_columns(), query.sql(), query.values())) out.push_back(system_of(row));
        return out;
    });
}

net::Task<Result<std::vector<SystemId>>> SqliteStore::all_system_ids() {
    return read([](Database& database) -> Result<std::vector<SystemId>> {
        std::vector<SystemId> out;
        for (auto const& row : database.select({"id"}, "FROM systems ORDER BY id")) out.push_back(row.number(0));
        return out;
    });
}

net::Task<Result<System>> SqliteStore::update_system(SystemId id, std::function<std::string(System&)> change, std::string actor) {
    return write([this, id, change = std::move(change), actor = std::move(actor)](Database& database) -> Result<System> {
        auto system = load(database, id);
        if (!system) return no_such_system(id);
        auto const before = *system;
        auto line = change(*system);
        system->id = id;
        system->created = before.created;
        normalise(*system);
        CS_CHECK(check_unique(database, *system));
        update(database, before, *system);
        if (!line.empty()) record(database, actor, "system.change", subject_of(id), line);
        return std::move(*system);
    });
}

net::Task<Result<void>> SqliteStore::remove_system(SystemId id, std::string actor) {
    return write([this, id, actor = std::move(actor)](Database& database) -> Result<void> {
        auto system = load(database, id);
        if (!system) return no_such_system(id);
        close_tickets_of(database, id, now());
        database.execute("DELETE FROM systems WHERE id = :id", {value(id)});
        record(database, actor, "system.remove", subject_of(id), system->name + " " + system->host_name + " " + system->address);
        return {};
    });
}

net::Task<Result<SystemPasswords>> SqliteStore::get_passwords(SystemId id) {
    return read([this, id](Database& database) -> Result<SystemPasswords> {
        auto row = database.select_one({"sealed_password", "sealed_candidate"}, "FROM systems WHERE id = :id", {value(id)});
        if (!row) return no_such_system(id);
        SystemPasswords out;
        if (!row->is_null(0)) {
            CS_TRY(out.current, sealer_.open(row->text(0), password_context(id)));
        }
        if (!row->is_null(1)) {
            CS_TRY(out.candidate, sealer_.open(row->text(1), candidate_context(id)));
        }
        return out;
    });
}

net::Task<Result<void>> SqliteStore::set_candidate_password(SystemId id, SecretText password) {
    return write([this, id, password = std::move(password)](Database& database) -> Result<void> {
        auto changed = database.execute("UPDATE systems SET sealed_candidate = :sealed WHERE id = :id",
                                        {value(sealer_.seal(password, candidate_context(id))), value(id)});
        if (changed == 0) return no_such_system(id);
        record(database, "manager", "system.password.prepare", subject_of(id), "a new password was made and is not in use yet");
        return {};
    });
}

net::Task<Result<void>> SqliteStore::promote_candidate_password(SystemId id) {
    return write([this, id](Database& database) -> Result<void> {
        auto row = database.select_one({"sealed_candidate"}, "FROM systems WHERE id = :id", {value(id)});
        if (!row) return no_such_system(id);
        if (row->is_null(0)) return fail(errors::gen::not_found, {{"what", "candidate password of"}, {"name", subject_of(id)}});
        CS_TRY(auto password, sealer_.open(row->text(0), candidate_context(id)));
        database.execute(
            "UPDATE systems SET sealed_password = :sealed, sealed_candidate = NULL, password_origin = 'managed' WHERE id = :id",
            {value(sealer_.seal(password, password_context(id))), value(id)});
        record(database, "manager", "system.password.change", subject_of(id), "managed");
        return {};
    });
}

net::Task<Result<void>> SqliteStore::set_password(SystemId id, SecretText password, PasswordOrigin origin, std::string actor) {
    return write([this, id, origin, password = std::move(password), actor = std::move(actor)](Database& database) -> Result<void> {
        // A candidate stays: it may be the one that the system took a moment ago.
        auto changed = database.execute("UPDATE systems SET sealed_password = :sealed, password_origin = :origin WHERE id = :id",
                                        {value(sealer_.seal(password, password_context(id))), value(to_string(origin)), value(id)});
        if (changed == 0) return no_such_system(id);
        record(database, actor, "system.password.change", subject_of(id), to_string(origin));
        return {};
    });
}

net::Task<Result<void>> SqliteStore::record_assessment(System system, Assessment assessment, std::vector<std::string> service_lines) {
    return write([this, system = std::move(system), assessment = std::move(assessment),
                  service_lines = std::move(service_lines)](Database& database) -> Result<void> {
        auto stored = load(database, system.id);
        if (!stored) return no_such_system(system.id);
        auto before = *stored;
        take_observed(*stored, system);
        update(database, before, *stored);
        // With another certificate it may call in another way, too: what it showed before says nothing any more. But for one that it has
        // for its calls alone.
        if (before.certificate_fingerprint != stored->certificate_fingerprint)
            database.execute(
                "UPDATE systems SET last_call_certificate = '' WHERE id = :id AND last_call_certificate NOT IN (SELECT "
                "fingerprint FROM inventory WHERE purpose = 'system_client' AND system = :same AND system <> 0)",
                {value(system.id), value(system.id)});
        auto document = to_document(assessment);
        note_history(database, before, *stored, assessment, document);
        database.execute(
            "INSERT INTO assessments (system, document, service_lines) VALUES (:system, :document, :lines) "
            "ON CONFLICT (system) DO UPDATE SET document = excluded.document, service_lines = excluded.service_lines "
            "WHERE assessments.document <> excluded.document OR assessments.service_lines <> excluded.service_lines",
            {value(system.id), value(std::move(document)), value(to_document(service_lines))});
        // Observations come every few minutes: only what they change is worth a line in the trail.
        if (auto line = describe_change(before, *stored); !line.empty())
            record(database, "manager", "system.observed", subject_of(system.id), line);
        return {};
    });
}

net::Task<Result<std::optional<Assessment>>> SqliteStore::get_assessment(SystemId id) {
    return read([id](Database& database) -> Result<std::optional<Assessment>> {
        auto row = database.select_one({"document"}, "FROM assessments WHERE system = :system", {value(id)});
        if (!row) return std::nullopt;
        CS_TRY(auto assessment, parse_assessment(row->text(0)));
        return std::optional<Assessment>(std::move(assessment));
    });
}

net::Task<Result<std::vector<std::string>>> SqliteStore::get_service_lines(SystemId id) {
    return read([id](Database& database) -> Result<std::vector<std::string>> {
        auto row = database.select_one({"service_lines"}, "FROM assessments WHERE system = :system", {value(id)});
        if (!row) return std::vector<std::string>();
        return parse_lines(row->text(0));
    });
}

net::Task<Result<void>> SqliteStore::record_contact(SystemId id, ContactEvidence contact, std::string event) {
    return write([this, id, contact, event = std::move(event)](Database& database) -> Result<void> {
        auto row = database.select_one({"last_call"}, "FROM systems WHERE id = :id", {value(id)});
        if (!row) return no_such_system(id);
        auto how = name_of(contact);
        database.execute("UPDATE systems SET last_call_at = :at, last_call = :how, last_call_certificate = :certificate WHERE id = :id",
                         {value(contact.at ? *contact.at : now()), value(how), value(contact.certificate), value(id)});
        if (row->text(0) != how) record(database, "manager", "system.called", subject_of(id), event + " over " + std::string(how));
        return {};
    });
}

net::Task<Result<ContactEvidence>> SqliteStore::get_contact(SystemId id) {
    return read([id](Database& database) -> Result<ContactEvidence> {
        auto row = database.select_one({"last_call_at", "last_call", "last_call_certificate"}, "FROM systems WHERE id = :id", {value(id)});
        if (!row) return no_such_system(id);
        auto how = row->text(1);
        return ContactEvidence{row->optional_time(0), how.starts_with("https"), how == "https verified", row->text(2)};
    });
}

}  // namespace countersign::manager::store
