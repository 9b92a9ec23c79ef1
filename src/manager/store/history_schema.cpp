#include "manager/store/history_schema.hpp"

namespace countersign::manager::store {

/// A document is a list of changes, each four texts: kind, name, before, after.
Statements const& history_schema() {
    static Statements const steps = {
        R"(CREATE TABLE system_changes (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        system INTEGER NOT NULL REFERENCES systems (id) ON DELETE CASCADE,
        at INTEGER NOT NULL,
        document TEXT NOT NULL))",
        "CREATE INDEX system_changes_system ON system_changes (system, id)",
    };
    return steps;
}

}  // namespace countersign::manager::store
