#include "manager/store/inventory_schema.hpp"

namespace countersign::manager::store {

/// Every certificate issued or seen. One index for each way in which lists go along the end of life (sqlite_inventory.cpp). What was
/// issued before has no text; its issuer is filled in at the next start. `held` is when a renewal is tried again. `rekey`: a person asked
/// for a new key; -1: nothing is revoked then, else the reason. Of uses those with `until` NULL hold now.
std::vector<std::string_view> const& inventory_schema() {
    static std::vector<std::string_view> const steps = {
        R"(CREATE TABLE inventory (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        fingerprint TEXT NOT NULL UNIQUE,
        serial TEXT NOT NULL,
        subject TEXT NOT NULL,
        names TEXT NOT NULL,
        issuer_subject TEXT NOT NULL,
        issuer TEXT NOT NULL,
        purpose TEXT NOT NULL,
        system INTEGER NOT NULL,
        key_kind TEXT NOT NULL,
        not_before INTEGER NOT NULL,
        not_after INTEGER NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('issued', 'pending', 'served', 'trusted', 'replaced', 'unused', 'revoked')),
        first_seen INTEGER NOT NULL,
        last_seen INTEGER NOT NULL,
        revoked INTEGER,
        reason INTEGER NOT NULL DEFAULT 0,
        replaced_by TEXT NOT NULL DEFAULT '',
        renew_at INTEGER,
        held INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        rekey INTEGER,
        pem TEXT NOT NULL))",
        "CREATE INDEX inventory_end ON inventory (not_after, id)",
        "CREATE INDEX inventory_state ON inventory (state, not_after, id)",
        "CREATE INDEX inventory_issuer ON inventory (issuer, not_after, id)",
        "CREATE INDEX inventory_issuer_state ON inventory (issuer, state, not_after, id)",
        R"(CREATE INDEX inventory_authorities ON inventory (subject) WHERE purpose IN ('root', 'authority', 'seen authority'))",
        "CREATE INDEX inventory_serial ON inventory (serial)",
        "CREATE INDEX inventory_system ON inventory (system) WHERE system <> 0",
        "CREATE INDEX inventory_rekey ON inventory (replaced_by) WHERE rekey IS NOT NULL",
        "CREATE INDEX inventory_renewal ON inventory (renew_at) WHERE renew_at IS NOT NULL AND state = 'served'",
        "CREATE INDEX inventory_planned ON inventory (renew_at) WHERE renew_at IS NOT NULL AND state IN ('issued', 'pending', 'served')",
        "CREATE VIRTUAL TABLE inventory_text USING fts5(words, tokenize = 'trigram')",
        R"(CREATE TABLE inventory_uses (
        certificate INTEGER NOT NULL REFERENCES inventory (id) ON DELETE CASCADE,
        system INTEGER NOT NULL,
        service TEXT NOT NULL,
        since INTEGER NOT NULL,
        until INTEGER))",
        "CREATE INDEX inventory_uses_certificate ON inventory_uses (certificate)",
        "CREATE UNIQUE INDEX inventory_uses_now ON inventory_uses (system, service) WHERE until IS NULL",
        "CREATE INDEX inventory_uses_system ON inventory_uses (system, certificate)",
        R"(INSERT INTO inventory (fingerprint, serial, subject, names, issuer_subject, issuer, purpose, system, key_kind, not_before,
            not_after, state, first_seen, last_seen, revoked, pem)
        SELECT fingerprint, serial, subject, '', '', '', purpose, system, '', not_before, not_after,
            CASE WHEN revoked IS NULL THEN 'issued' ELSE 'revoked' END, not_before, not_before, revoked, ''
        FROM issued WHERE 1 ON CONFLICT (fingerprint) DO NOTHING)",
        "INSERT INTO inventory_text (rowid, words) SELECT id, subject || char(10) || serial || char(10) || fingerprint FROM inventory",
        R"(CREATE TRIGGER inventory_system_removed AFTER DELETE ON systems BEGIN
        UPDATE inventory SET state = 'unused', renew_at = NULL WHERE state IN ('served', 'pending') AND
            (system = OLD.id OR id IN (SELECT certificate FROM inventory_uses WHERE system = OLD.id AND until IS NULL)) AND
            NOT EXISTS (SELECT 1 FROM inventory_uses WHERE certificate = inventory.id AND until IS NULL AND system <> OLD.id);
        UPDATE inventory_uses SET until = CAST(strftime('%s', 'now') AS INTEGER) WHERE system = OLD.id AND until IS NULL; END)",
    };
    return steps;
}

}  // namespace countersign::manager::store
