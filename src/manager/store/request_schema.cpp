#include "manager/store/request_schema.hpp"

namespace countersign::manager::store {

/// Of a system's requests at most one is in hand: open, or answered and not installed. `names`: one a line. `sealed_key` is empty when the
/// key is not needed any more. `chain`: the answer as PEM, leaf first. `issuer` of a folder is NULL: as the folder above.
Statements const& request_schema() {
    static Statements const steps = {
        R"(CREATE TABLE certificate_requests (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        system INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
        state TEXT NOT NULL CHECK (state IN ('open', 'answered', 'superseded')),
        subject TEXT NOT NULL,
        names TEXT NOT NULL,
        key_type TEXT NOT NULL,
        public_key TEXT NOT NULL UNIQUE,
        request TEXT NOT NULL,
        sealed_key TEXT NOT NULL,
        reason TEXT NOT NULL,
        made INTEGER NOT NULL,
        downloaded INTEGER,
        answered INTEGER,
        answered_by TEXT NOT NULL DEFAULT '',
        certificate TEXT NOT NULL DEFAULT '',
        chain TEXT NOT NULL DEFAULT '',
        issuer_subject TEXT NOT NULL DEFAULT '',
        not_after INTEGER,
        installed INTEGER,
        superseded INTEGER,
        note TEXT NOT NULL DEFAULT ''))",
        "CREATE UNIQUE INDEX certificate_requests_in_hand ON certificate_requests (system) WHERE state = 'open' OR (state = 'answered' "
        "AND installed IS NULL)",
        "CREATE INDEX certificate_requests_state ON certificate_requests (state, id)",
        "CREATE INDEX certificate_requests_system ON certificate_requests (system, id)",
        "ALTER TABLE folder_defaults ADD COLUMN issuer TEXT CHECK (issuer IN ('internal', 'by_hand'))",
    };
    return steps;
}

}  // namespace countersign::manager::store
