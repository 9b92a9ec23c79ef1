#include "manager/store/running_schema.hpp"

namespace countersign::manager::store {

/// 19: accounts of a directory ("directory"; all others are "local"), tokens that reach one folder alone, failed log-ins, which a restart
/// must not forget, and the hours in which a folder's certificates are renewed (one window a line; NULL: as the folder above).
Statements const& running_schema() {
    static Statements const steps = {
        "ALTER TABLE accounts ADD COLUMN origin TEXT NOT NULL DEFAULT 'local'",
        // A token ends with its folder: without one it would reach everything.
        "ALTER TABLE tokens ADD COLUMN folder INTEGER REFERENCES folders (id) ON DELETE CASCADE",
        "CREATE INDEX tokens_folder ON tokens (folder)",
        R"(CREATE TABLE log_in_failures (
        guard_key TEXT PRIMARY KEY,
        tries INTEGER NOT NULL,
        last INTEGER NOT NULL,
        locked_until INTEGER NOT NULL))",
        "ALTER TABLE folder_defaults ADD COLUMN renewal_windows TEXT",
    };
    return steps;
}

}  // namespace countersign::manager::store
