#include "manager/store/migrations.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "manager/store/audit_trail.hpp"
#include "manager/store/authority_schema.hpp"
#include "manager/store/change_feed.hpp"
#include "manager/store/connection_schema.hpp"
#include "manager/store/first_schema.hpp"
#include "manager/store/history_schema.hpp"
#include "manager/store/identity_schema.hpp"
#include "manager/store/inventory_schema.hpp"
#include "manager/store/key_schema.hpp"
#include "manager/store/request_schema.hpp"
#include "manager/store/running_schema.hpp"
#include "manager/store/system_query.hpp"

#include "countersign/errors/sto.hpp"

#include <soci/error.h>

namespace countersign::manager::store {
namespace {

/// "CSgn" in SQLite's header field for the kind of file: keeps us from writing into somebody else's database.
constexpr std::int64_t k_application_id = 0x4353676E;

/// 14: the manager's own certificate, roots of others, and what was seen of each system's part in both (REQ MGR-7). An empty document is
/// the internal authority's certificate; NULL in system_trust: not known yet; trusted: one fingerprint a line.
Statements const k_own_certificates = {
    R"(CREATE TABLE own_certificates (
        slot TEXT PRIMARY KEY CHECK (slot IN ('active', 'staged', 'previous', 'request')),
        document TEXT NOT NULL,
        sealed_key TEXT NOT NULL,
        root TEXT NOT NULL,
        since INTEGER NOT NULL,
        actor TEXT NOT NULL))",
    R"(CREATE TABLE foreign_roots (
        fingerprint TEXT PRIMARY KEY,
        certificate TEXT NOT NULL,
        added INTEGER NOT NULL,
        added_by TEXT NOT NULL,
        withdrawn INTEGER NOT NULL))",
    R"(CREATE TABLE system_trust (
        system INTEGER PRIMARY KEY REFERENCES systems (id) ON DELETE CASCADE,
        served_root TEXT,
        trusted TEXT,
        verifies INTEGER))",
    "CREATE INDEX system_trust_served ON system_trust (served_root)",
    "ALTER TABLE systems ADD COLUMN last_call_certificate TEXT NOT NULL DEFAULT ''",
};

/// 15: each record of the trail holds its hash, and the newest one is kept sealed (audit_trail.hpp).
Statements const k_audit_chain = {
    "ALTER TABLE audit ADD COLUMN hash TEXT NOT NULL DEFAULT ''",
    "CREATE TABLE audit_head (id INTEGER PRIMARY KEY CHECK (id = 1), sealed TEXT NOT NULL)",
};

/// 17: what accounts may do, who made a token and what it may do, and where a session came from. What there was before was all-powerful.
Statements const k_people = {
    "ALTER TABLE accounts ADD COLUMN full_name TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE accounts ADD COLUMN role TEXT NOT NULL DEFAULT 'administrator'",
    "ALTER TABLE accounts ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE accounts ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE accounts ADD COLUMN created INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE accounts ADD COLUMN last_login INTEGER",
    "ALTER TABLE accounts ADD COLUMN last_address TEXT NOT NULL DEFAULT ''",
    "UPDATE accounts SET created = changed",
    "ALTER TABLE sessions ADD COLUMN created INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sessions ADD COLUMN address TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE sessions ADD COLUMN method TEXT NOT NULL DEFAULT 'password'",
    "CREATE INDEX sessions_user ON sessions (user_name)",
    "ALTER TABLE tokens ADD COLUMN owner TEXT REFERENCES accounts (user_name) ON DELETE CASCADE",
    "ALTER TABLE tokens ADD COLUMN role TEXT NOT NULL DEFAULT 'administrator'",
    "ALTER TABLE tokens ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX tokens_owner ON tokens (owner)",
};

/// Nothing to change, but programs from before let the database number the records of the trail: on a database whose records this one
/// has numbered they would give numbers twice. They refuse a newer schema.
Statements const k_numbered_records;

std::vector<Statements const*> all_steps() {
    auto steps = first_steps();
    for (auto const* later :
         {&k_own_certificates, &k_audit_chain, &inventory_schema(), &k_people, &authority_schema(), &running_schema(), &request_schema(),
          &identity_schema(), &k_numbered_records, &key_schema(), &history_schema(), &connection_schema()})
        steps.push_back(later);
    return steps;
}

std::vector<Statements const*> const k_steps = all_steps();

constexpr int k_version_with_address_keys = 11;

/// SQL cannot read addresses.
void fill_address_keys(Database& database) {
    for (auto const& row : database.select({"id", "address"}, "FROM systems WHERE address <> ''"))
        database.execute("UPDATE systems SET address_key = :key WHERE id = :id", {value(address_key(row.text(1))), value(row.number(0))});
}

/// A database with tables and without our mark belongs to somebody else.
bool is_ours_or_empty(Database& database) {
    if (database.engine() == Engine::postgresql)
        return schema_of(database) != 0 ||
               !database.select_one({"table_name"}, "FROM information_schema.tables WHERE table_schema = current_schema() LIMIT 1");
    auto mark = parse_number<std::int64_t>(database.ask("PRAGMA application_id")).value_or(0);
    if (mark == k_application_id) return true;
    return mark == 0 && !database.select_one({"name"}, "FROM sqlite_master");
}

void apply(Database& database, int from, int target, UtcTime now) {
    bool const foreign = database.engine() == Engine::postgresql;
    if (from == 0) {
        // Types that compare without case, and the index of parts of words.
        if (foreign) database.define("CREATE EXTENSION IF NOT EXISTS citext; CREATE EXTENSION IF NOT EXISTS pg_trgm");
        if (!foreign) database.define("PRAGMA application_id = " + std::to_string(k_application_id));
        database.execute("CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL)");
    }
    for (int version = from + 1; version <= target; ++version) {
        for (auto const& statement : *k_steps.at(static_cast<std::size_t>(version) - 1)) {
            if (foreign && !statement.translated) {
                if (!statement.postgresql.empty()) database.define(statement.postgresql);
            } else if (!statement.sqlite.empty()) {
                database.execute(statement.sqlite);
            }
        }
        if (version == k_version_with_address_keys) fill_address_keys(database);
        if (version == k_version_with_audit_chain) begin_audit_chain(database);
        database.execute("INSERT INTO schema_version (version, applied) VALUES (:version, :applied)",
                         {value(std::int64_t{version}), value(now)});
    }
}

}  // namespace

int schema_of(Database& database) {
    bool const there =
        database.engine() == Engine::postgresql
            ? !database.ask("SELECT to_regclass(quote_ident(current_schema()) || '.schema_version')").empty()
            : database.select_one({"name"}, "FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'").has_value();
    if (!there) return 0;
    return static_cast<int>(parse_number<std::int64_t>(database.ask("SELECT max(version) FROM schema_version")).value_or(0));
}

int newest_schema() { return static_cast<int>(k_steps.size()); }

bool is_empty(Database& database) { return schema_of(database) == 0 && is_ours_or_empty(database); }

void make_schema(Database& database, int target, UtcTime now) { apply(database, 0, target, now); }

Result<void> migrate(Database& database, UtcTime now, int target, std::function<void(Database&, int)> const& finish) {
    try {
        if (!is_ours_or_empty(database))
            return fail(errors::sto::cannot_open, {{"database", "the database"}, {"detail", "it is the database of another program"}});
        // The lock comes first: two programs that start together must not both see the old version.
        database.begin(Access::write);
        auto found = schema_of(database);
        if (found > newest_schema()) {
            database.roll_back();
            return fail(errors::sto::schema_too_new, {{"found", std::to_string(found)}, {"known", std::to_string(newest_schema())}});
        }
        apply(database, found, target, now);
        if (database.engine() == Engine::postgresql) make_change_triggers(database);
        if (finish && found < target) finish(database, found);
        database.commit();
        if (found < target) log::info("store.migrated", {{"from", found}, {"to", target}});
        return {};
    } catch (soci::soci_error const& error) {
        // What was begun is rolled back when the connection closes; the caller does not go on with it.
        return fail(errors::sto::query_failed, {{"detail", error.what()}});
    }
}

}  // namespace countersign::manager::store
