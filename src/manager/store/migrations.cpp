#include "manager/store/migrations.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "manager/store/audit_trail.hpp"
#include "manager/store/authority_schema.hpp"
#include "manager/store/inventory_schema.hpp"
#include "manager/store/running_schema.hpp"
#include "manager/store/system_query.hpp"

#include "countersign/errors/sto.hpp"

#include <soci/error.h>

#include <array>

namespace countersign::manager::store {
namespace {

/// "CSgn" in SQLite's header field for the kind of file: keeps us from writing into somebody else's database.
constexpr std::int64_t k_application_id = 0x4353676E;

/// SQLite runs one statement of a text; each step is therefore a list.
using Statements = std::vector<std::string_view>;

/// 1: systems, policy, small values, the trail. Times are seconds since 1970, NULL where there is none. Host names are kept
/// in lower case, so that the unique index compares as DNS does.
Statements const k_systems = {
    R"(CREATE TABLE systems (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        family TEXT NOT NULL,
        host_name TEXT NOT NULL,
        address TEXT NOT NULL,
        track_by TEXT NOT NULL CHECK (track_by IN ('address', 'host_name')),
        pins TEXT NOT NULL,
        user_name TEXT NOT NULL,
        password_origin TEXT NOT NULL CHECK (password_origin IN ('factory', 'given', 'managed')),
        https_proven INTEGER NOT NULL,
        serial_number TEXT NOT NULL,
        mac_address TEXT NOT NULL,
        software TEXT NOT NULL,
        secure_only_capable INTEGER NOT NULL,
        reachability TEXT NOT NULL CHECK (reachability IN ('unknown', 'reachable', 'unreachable')),
        level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 4),
        observed_at INTEGER,
        certificate_expires INTEGER,
        certificate_fingerprint TEXT NOT NULL,
        last_call_at INTEGER,
        last_call TEXT NOT NULL,
        created INTEGER NOT NULL,
        sealed_password TEXT,
        sealed_candidate TEXT))",
    "CREATE UNIQUE INDEX systems_host_name ON systems (host_name) WHERE host_name <> ''",
    "CREATE UNIQUE INDEX systems_address ON systems (address) WHERE address <> ''",
    "CREATE INDEX systems_serial_number ON systems (serial_number) WHERE serial_number <> ''",
    "CREATE INDEX systems_mac_address ON systems (mac_address) WHERE mac_address <> ''",
    "CREATE INDEX systems_name ON systems (name)",
    R"(CREATE TABLE assessments (
        system INTEGER PRIMARY KEY REFERENCES systems (id) ON DELETE CASCADE,
        document TEXT NOT NULL,
        service_lines TEXT NOT NULL))",
    "CREATE TABLE policy (id INTEGER PRIMARY KEY CHECK (id = 1), document TEXT NOT NULL)",
    "CREATE TABLE program_values (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE secrets (name TEXT PRIMARY KEY, sealed TEXT NOT NULL)",
    R"(CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        detail TEXT NOT NULL))",
};

/// 2: what our authority issued, what waits to be put in place, and whose factory identities are believed. Issued
/// certificates outlive the system they were made for: they are still valid.
Statements const k_certificates = {
    R"(CREATE TABLE issued (
        serial TEXT PRIMARY KEY,
        subject TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        purpose TEXT NOT NULL,
        system INTEGER NOT NULL,
        not_before INTEGER NOT NULL,
        not_after INTEGER NOT NULL,
        revoked INTEGER))",
    "CREATE INDEX issued_system ON issued (system)",
    R"(CREATE TABLE pending_certificates (
        system INTEGER PRIMARY KEY REFERENCES systems (id) ON DELETE CASCADE,
        certificate TEXT NOT NULL,
        sealed_key TEXT NOT NULL))",
    R"(CREATE TABLE factory_anchors (
        fingerprint TEXT PRIMARY KEY,
        vendor TEXT NOT NULL,
        certificate TEXT NOT NULL))",
};

/// 3: jobs. The partial unique index is what makes "one of a kind per system" true under any race.
Statements const k_jobs = {
    R"(CREATE TABLE jobs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('observe', 'enforce')),
        system INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
        state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'waiting')),
        attempt INTEGER NOT NULL DEFAULT 0,
        owner TEXT NOT NULL DEFAULT '',
        leased_until INTEGER,
        not_before INTEGER NOT NULL,
        created INTEGER NOT NULL,
        started INTEGER,
        finished INTEGER,
        step INTEGER NOT NULL DEFAULT 0,
        steps INTEGER NOT NULL DEFAULT 0,
        progress TEXT NOT NULL DEFAULT '',
        error_code TEXT NOT NULL DEFAULT '',
        error_text TEXT NOT NULL DEFAULT ''))",
    "CREATE UNIQUE INDEX jobs_active ON jobs (system, kind) WHERE state IN ('queued', 'running', 'waiting')",
    "CREATE INDEX jobs_due ON jobs (not_before, id) WHERE state IN ('queued', 'waiting')",
    "CREATE INDEX jobs_running ON jobs (leased_until) WHERE state = 'running'",
    "CREATE INDEX jobs_system ON jobs (system, id)",
};

/// 4: tickets, at most one open of a type per system (REQ MGR-6).
Statements const k_tickets = {
    R"(CREATE TABLE tickets (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        system INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
        type TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
        text TEXT NOT NULL,
        remedy TEXT NOT NULL,
        opened INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        closed INTEGER,
        times_seen INTEGER NOT NULL))",
    "CREATE UNIQUE INDEX tickets_open ON tickets (system, type) WHERE state = 'open'",
    "CREATE INDEX tickets_system ON tickets (system, id)",
};

/// 5: who may come in. Only hashes of passwords, tokens and sessions are kept.
Statements const k_access = {
    "CREATE TABLE accounts (user_name TEXT PRIMARY KEY, password_hash TEXT NOT NULL, changed INTEGER NOT NULL)",
    R"(CREATE TABLE tokens (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL,
        hash TEXT NOT NULL UNIQUE,
        created INTEGER NOT NULL,
        expires INTEGER))",
    R"(CREATE TABLE sessions (
        hash TEXT PRIMARY KEY,
        user_name TEXT NOT NULL REFERENCES accounts (user_name) ON DELETE CASCADE,
        expires INTEGER NOT NULL))",
};

/// 6: the change that is on trial at a system.
Statements const k_trials = {"ALTER TABLE systems ADD COLUMN trial TEXT NOT NULL DEFAULT ''"};

/// 7: folders. `path` is made from the names ("/", "/Europe/Berlin") and kept, because lists sort and search by it. SQLite adds no
/// column that refers to another table and has a value: triggers stand in.
Statements const k_folders = {
    R"(CREATE TABLE folders (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        parent INTEGER REFERENCES folders (id),
        name TEXT NOT NULL,
        path TEXT NOT NULL COLLATE NOCASE UNIQUE,
        created INTEGER NOT NULL))",
    "CREATE INDEX folders_parent ON folders (parent)",
    "INSERT INTO folders (id, parent, name, path, created) VALUES (1, NULL, '', '/', strftime('%s', 'now'))",
    "ALTER TABLE systems ADD COLUMN folder INTEGER NOT NULL DEFAULT 1",
    "CREATE INDEX systems_folder ON systems (folder)",
    R"(CREATE TRIGGER systems_folder_added BEFORE INSERT ON systems
        WHEN NOT EXISTS (SELECT 1 FROM folders WHERE id = NEW.folder) BEGIN SELECT RAISE(ABORT, 'no such folder'); END)",
    R"(CREATE TRIGGER systems_folder_changed BEFORE UPDATE OF folder ON systems
        WHEN NOT EXISTS (SELECT 1 FROM folders WHERE id = NEW.folder) BEGIN SELECT RAISE(ABORT, 'no such folder'); END)",
    R"(CREATE TRIGGER folders_removed BEFORE DELETE ON folders
        WHEN OLD.id = 1 OR EXISTS (SELECT 1 FROM systems WHERE folder = OLD.id)
        BEGIN SELECT RAISE(ABORT, 'the folder is not empty'); END)",
};

/// 8: people's work on tickets, their history, and tickets of the manager itself (no system). SQLite cannot take a NOT NULL away from
/// a column, so the table is made anew. `snoozed_until` is part of the index, as lists ask for it.
Statements const k_ticket_work = {
    R"(CREATE TABLE tickets_now (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        system INTEGER REFERENCES systems (id) ON DELETE CASCADE,
        type TEXT NOT NULL,
        subject TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
        severity TEXT NOT NULL CHECK (severity IN ('notice', 'warning', 'critical')),
        rung INTEGER NOT NULL DEFAULT 0,
        text TEXT NOT NULL,
        remedy TEXT NOT NULL,
        opened INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        closed INTEGER,
        times_seen INTEGER NOT NULL,
        assignee TEXT NOT NULL DEFAULT '',
        acknowledged_by TEXT NOT NULL DEFAULT '',
        acknowledged INTEGER,
        snoozed_until INTEGER,
        snoozed_by TEXT NOT NULL DEFAULT '',
        held INTEGER NOT NULL DEFAULT 0))",
    R"(INSERT INTO tickets_now (id, system, type, state, severity, text, remedy, opened, updated, closed, times_seen)
        SELECT id, system, type, state, CASE WHEN type IN ('enforcement_failed', 'certificate_expiring') THEN 'warning' ELSE 'critical' END,
               text, remedy, opened, updated, closed, times_seen FROM tickets)",
    "DROP TABLE tickets",
    "ALTER TABLE tickets_now RENAME TO tickets",
    "CREATE UNIQUE INDEX tickets_open ON tickets (ifnull(system, 0), type, subject) WHERE state = 'open'",
    "CREATE INDEX tickets_system ON tickets (system, id)",
    "CREATE INDEX tickets_state ON tickets (state, snoozed_until, id)",
    R"(CREATE TABLE ticket_events (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        ticket INTEGER NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        kind TEXT NOT NULL,
        severity TEXT NOT NULL,
        text TEXT NOT NULL))",
    "CREATE INDEX ticket_events_ticket ON ticket_events (ticket, id)",
};

/// 9: channels of notifications, and what each of them still has to tell. A row of the outbox is written in the transaction of the
/// change that it tells of, and goes when it was taken. `document` is the message as data, as things were at that moment.
Statements const k_notifications = {
    R"(CREATE TABLE channels (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL CHECK (kind IN ('email', 'webhook', 'syslog')),
        enabled INTEGER NOT NULL,
        filter TEXT NOT NULL,
        settings TEXT NOT NULL,
        sealed_secret TEXT,
        created INTEGER NOT NULL,
        failures INTEGER NOT NULL DEFAULT 0,
        not_before INTEGER NOT NULL DEFAULT 0,
        last_sent INTEGER,
        last_failed INTEGER,
        error_code TEXT NOT NULL DEFAULT '',
        error_text TEXT NOT NULL DEFAULT '',
        dropped INTEGER NOT NULL DEFAULT 0))",
    R"(CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        channel INTEGER NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
        created INTEGER NOT NULL,
        document TEXT NOT NULL))",
    "CREATE INDEX outbox_channel ON outbox (channel, id)",
};

/// 10: campaigns. The partial unique index is what keeps a system out of a second campaign under any race. Members outlive their
/// system: a report names them still. `settings` is a document; `canonical` is a setting or a mark (campaign/campaign.hpp).
Statements const k_campaigns = {
    "ALTER TABLE jobs ADD COLUMN purpose TEXT NOT NULL DEFAULT 'enforce'",
    "ALTER TABLE jobs ADD COLUMN campaign INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE jobs ADD COLUMN most_attempts INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE jobs ADD COLUMN losses INTEGER NOT NULL DEFAULT 0",
    R"(CREATE TABLE campaigns (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        settings TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'cancelled', 'done')),
        reason TEXT NOT NULL DEFAULT '',
        wave INTEGER NOT NULL,
        waves INTEGER NOT NULL,
        accepted_failures INTEGER NOT NULL DEFAULT 0,
        digest TEXT NOT NULL,
        created INTEGER NOT NULL,
        created_by TEXT NOT NULL,
        finished INTEGER))",
    R"(CREATE TABLE campaign_systems (
        campaign INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
        system INTEGER NOT NULL,
        name TEXT NOT NULL,
        family TEXT NOT NULL,
        wave INTEGER NOT NULL,
        state TEXT NOT NULL,
        open INTEGER NOT NULL DEFAULT 1,
        job INTEGER NOT NULL DEFAULT 0,
        from_level INTEGER NOT NULL DEFAULT 0,
        level INTEGER NOT NULL DEFAULT 0,
        started INTEGER,
        finished INTEGER,
        confirm_by INTEGER,
        error_code TEXT NOT NULL DEFAULT '',
        error_text TEXT NOT NULL DEFAULT '',
        note TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (campaign, system)) WITHOUT ROWID)",
    "CREATE UNIQUE INDEX campaign_systems_open ON campaign_systems (system) WHERE open = 1",
    "CREATE INDEX campaign_systems_wave ON campaign_systems (campaign, wave, state)",
    "CREATE INDEX campaign_systems_state ON campaign_systems (campaign, state)",
    R"(CREATE TABLE campaign_changes (
        campaign INTEGER NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
        system INTEGER NOT NULL,
        canonical TEXT NOT NULL,
        old_value TEXT NOT NULL,
        PRIMARY KEY (campaign, system, canonical)) WITHOUT ROWID)",
    R"(CREATE TABLE system_goals (
        system INTEGER PRIMARY KEY REFERENCES systems (id) ON DELETE CASCADE,
        mode TEXT NOT NULL CHECK (mode IN ('off', 'on', 'verify')),
        hold INTEGER NOT NULL,
        trial_seconds INTEGER NOT NULL,
        campaign INTEGER NOT NULL))",
};

/// 11: lists of 100,000 systems. One index for each order (sqlite_lists.cpp names the same expressions), and the text of each system for
/// search by parts of words. That of new systems is written by who adds them (index_text): a trigger would make FTS5 write a segment for
/// each row of a long list. Saved views.
Statements const k_lists = {
    "ALTER TABLE systems ADD COLUMN address_key TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX systems_by_name ON systems (name COLLATE NOCASE)",
    "CREATE INDEX systems_by_host_name ON systems (host_name)",
    "CREATE INDEX systems_by_address ON systems (address_key)",
    "CREATE INDEX systems_by_family ON systems (family)",
    "CREATE INDEX systems_by_software ON systems (software COLLATE NOCASE)",
    "CREATE INDEX systems_by_level ON systems (level)",
    "CREATE INDEX systems_by_reachability ON systems (reachability)",
    "CREATE INDEX systems_by_capable ON systems (secure_only_capable)",
    "CREATE INDEX systems_by_track_by ON systems (track_by)",
    "CREATE INDEX systems_by_serial_number ON systems (serial_number)",
    "CREATE INDEX systems_by_mac_address ON systems (mac_address)",
    "CREATE INDEX systems_by_expiry ON systems (ifnull(certificate_expires, 9223372036854775807))",
    "CREATE INDEX systems_expiring ON systems (certificate_expires) WHERE certificate_expires IS NOT NULL",
    "CREATE INDEX systems_by_observed ON systems (ifnull(observed_at, 0))",
    "CREATE INDEX systems_by_call ON systems (ifnull(last_call_at, 0))",
    "CREATE INDEX systems_by_created ON systems (created)",
    "CREATE VIRTUAL TABLE systems_text USING fts5(words, tokenize = 'trigram')",
    R"(INSERT INTO systems_text (rowid, words) SELECT id, name || char(10) || host_name || char(10) || address || char(10) ||
        serial_number || char(10) || mac_address || char(10) || family || char(10) || software FROM systems)",
    R"(CREATE TRIGGER systems_text_removed AFTER DELETE ON systems BEGIN DELETE FROM systems_text WHERE rowid = OLD.id; END)",
    R"(CREATE TRIGGER systems_text_changed AFTER UPDATE ON systems
        WHEN NEW.name <> OLD.name OR NEW.host_name <> OLD.host_name OR NEW.address <> OLD.address OR
            NEW.serial_number <> OLD.serial_number OR NEW.mac_address <> OLD.mac_address OR NEW.family <> OLD.family OR
            NEW.software <> OLD.software BEGIN
        UPDATE systems_text SET words = NEW.name || char(10) || NEW.host_name || char(10) || NEW.address || char(10) ||
            NEW.serial_number || char(10) || NEW.mac_address || char(10) || NEW.family || char(10) || NEW.software
            WHERE rowid = NEW.id; END)",
    R"(CREATE TABLE saved_views (
        user_name TEXT NOT NULL,
        name TEXT NOT NULL COLLATE NOCASE,
        document TEXT NOT NULL,
        PRIMARY KEY (user_name, name)))",
};

/// 12: what folders say of the systems in them, and units that came in the place of systems. An exception that ended stays as a record.
Statements const k_folder_policy = {
    R"(CREATE TABLE folder_exceptions (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        folder INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('mode', 'keep_service')),
        value TEXT NOT NULL,
        reason TEXT NOT NULL,
        owner TEXT NOT NULL,
        ends INTEGER NOT NULL,
        created INTEGER NOT NULL,
        created_by TEXT NOT NULL,
        end_noted INTEGER NOT NULL DEFAULT 0))",  "CREATE INDEX folder_exceptions_folder ON folder_exceptions (folder)",
    R"(CREATE TABLE folder_defaults (
        folder INTEGER PRIMARY KEY REFERENCES folders (id) ON DELETE CASCADE,
        track_by TEXT,
        user_name TEXT))",
    R"(CREATE TABLE folder_credentials (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        folder INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
        user_name TEXT NOT NULL,
        sealed TEXT NOT NULL))", "CREATE INDEX folder_credentials_folder ON folder_credentials (folder)",
    R"(CREATE TABLE replacements (
        system INTEGER PRIMARY KEY REFERENCES systems (id) ON DELETE CASCADE,
        serial_number TEXT NOT NULL,
        mac_address TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        evidence TEXT NOT NULL,
        seen INTEGER NOT NULL))",
};

/// 13: how systems are reached and what they get again after a boot; systems that are announced, and those that called and wait; phone
/// books. Lists of settings and routes are JSON: they are read and written whole.
Statements const k_arrivals = {
    R"(CREATE TABLE connections (
        system INTEGER PRIMARY KEY REFERENCES systems (id) ON DELETE CASCADE,
        connectivity TEXT NOT NULL CHECK (connectivity IN ('lan', 'public', 'behind_firewall')),
        persistent TEXT NOT NULL))",
    R"(CREATE TABLE preregistrations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        mac_address TEXT NOT NULL,
        serial_number TEXT NOT NULL,
        name TEXT NOT NULL,
        host_name TEXT NOT NULL,
        family TEXT NOT NULL,
        folder TEXT NOT NULL,
        user_name TEXT NOT NULL,
        connectivity TEXT NOT NULL CHECK (connectivity IN ('lan', 'public', 'behind_firewall')),
        persistent TEXT NOT NULL,
        sealed_password TEXT,
        system INTEGER REFERENCES systems (id) ON DELETE SET NULL,
        confirmed INTEGER NOT NULL,
        created INTEGER NOT NULL,
        called INTEGER))",
    "CREATE UNIQUE INDEX preregistrations_mac ON preregistrations (mac_address) WHERE mac_address <> ''",
    "CREATE UNIQUE INDEX preregistrations_serial ON preregistrations (serial_number) WHERE serial_number <> ''",
    "CREATE INDEX preregistrations_system ON preregistrations (system)",
    R"(CREATE TABLE waiting_systems (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        identity TEXT NOT NULL UNIQUE,
        serial_number TEXT NOT NULL,
        mac_address TEXT NOT NULL,
        system_name TEXT NOT NULL,
        product TEXT NOT NULL,
        software TEXT NOT NULL,
        address TEXT NOT NULL,
        reported_address TEXT NOT NULL,
        https INTEGER NOT NULL,
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        calls INTEGER NOT NULL,
        rejected INTEGER NOT NULL))",
    "CREATE INDEX waiting_systems_address ON waiting_systems (address)",
    "CREATE INDEX waiting_systems_last_seen ON waiting_systems (last_seen)",
    R"(CREATE TABLE phonebooks (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL COLLATE NOCASE UNIQUE,
        changed INTEGER NOT NULL))",
    R"(CREATE TABLE phonebook_folders (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        book INTEGER NOT NULL REFERENCES phonebooks (id) ON DELETE CASCADE,
        parent INTEGER NOT NULL,
        name TEXT NOT NULL,
        path TEXT NOT NULL))",
    "CREATE UNIQUE INDEX phonebook_folders_path ON phonebook_folders (book, path)",
    "CREATE INDEX phonebook_folders_parent ON phonebook_folders (book, parent, name)",
    R"(CREATE TABLE phonebook_entries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        book INTEGER NOT NULL REFERENCES phonebooks (id) ON DELETE CASCADE,
        folder INTEGER NOT NULL,
        name TEXT NOT NULL,
        sort_name TEXT NOT NULL,
        numbers TEXT NOT NULL,
        routes TEXT NOT NULL))",
    "CREATE UNIQUE INDEX phonebook_entries_name ON phonebook_entries (book, folder, name)",
    "CREATE INDEX phonebook_entries_sort ON phonebook_entries (book, sort_name, id)",
    "CREATE INDEX phonebook_entries_folder ON phonebook_entries (folder)",
    R"(CREATE TABLE phonebook_assignments (
        book INTEGER NOT NULL REFERENCES phonebooks (id) ON DELETE CASCADE,
        kind TEXT NOT NULL CHECK (kind IN ('all', 'folder', 'system')),
        target INTEGER NOT NULL,
        PRIMARY KEY (book, kind, target)))",
};

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

std::array<Statements const*, 19> const k_steps = {&k_systems,       &k_certificates,     &k_jobs,          &k_tickets,
                                                   &k_access,        &k_trials,           &k_folders,       &k_ticket_work,
                                                   &k_notifications, &k_campaigns,        &k_lists,         &k_folder_policy,
                                                   &k_arrivals,      &k_own_certificates, &k_audit_chain,   &inventory_schema(),
                                                   &k_people,        &authority_schema(), &running_schema()};

constexpr int k_version_with_address_keys = 11;

/// SQL cannot read addresses.
void fill_address_keys(Database& database) {
    for (auto const& row : database.select({"id", "address"}, "FROM systems WHERE address <> ''"))
        database.execute("UPDATE systems SET address_key = :key WHERE id = :id", {value(address_key(row.text(1))), value(row.number(0))});
}

/// A database with tables and without our mark belongs to somebody else.
bool is_ours_or_empty(Database& database) {
    auto mark = parse_number<std::int64_t>(database.ask("PRAGMA application_id")).value_or(0);
    if (mark == k_application_id) return true;
    return mark == 0 && !database.select_one({"name"}, "FROM sqlite_master");
}

void apply(Database& database, int from, int target, UtcTime now) {
    if (from == 0) {
        database.execute("PRAGMA application_id = " + std::to_string(k_application_id));
        database.execute("CREATE TABLE schema_version (version INTEGER PRIMARY KEY, applied INTEGER NOT NULL)");
    }
    for (int version = from + 1; version <= target; ++version) {
        for (auto statement : *k_steps.at(static_cast<std::size_t>(version) - 1)) database.execute(statement);
        if (version == k_version_with_address_keys) fill_address_keys(database);
        if (version == k_version_with_audit_chain) begin_audit_chain(database);
        database.execute("INSERT INTO schema_version (version, applied) VALUES (:version, :applied)",
                         {value(std::int64_t{version}), value(now)});
    }
}

}  // namespace

int schema_of(Database& database) {
    if (!database.select_one({"name"}, "FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'")) return 0;
    return static_cast<int>(parse_number<std::int64_t>(database.ask("SELECT max(version) FROM schema_version")).value_or(0));
}

int newest_schema() { return static_cast<int>(k_steps.size()); }

Result<void> migrate(Database& database, UtcTime now, int target, std::function<void(Database&, int)> const& finish) {
    try {
        if (!is_ours_or_empty(database))
            return fail(errors::sto::cannot_open, {{"database", "the file"}, {"detail", "it is the database of another program"}});
        // The lock comes first: two programs that start together must not both see the old version.
        database.execute("BEGIN IMMEDIATE");
        auto found = schema_of(database);
        if (found > newest_schema()) {
            database.execute("ROLLBACK");
            return fail(errors::sto::schema_too_new, {{"found", std::to_string(found)}, {"known", std::to_string(newest_schema())}});
        }
        apply(database, found, target, now);
        if (finish && found < target) finish(database, found);
        database.execute("COMMIT");
        if (found < target) log::info("store.migrated", {{"from", found}, {"to", target}});
        return {};
    } catch (soci::soci_error const& error) {
        // What was begun is rolled back when the connection closes; the caller does not go on with it.
        return fail(errors::sto::query_failed, {{"detail", error.what()}});
    }
}

}  // namespace countersign::manager::store
