#pragma once

/// The schema as numbered steps that only go forward. What was released is never edited; a change is a new step.

#include "manager/store/database.hpp"

#include <functional>
#include <string_view>
#include <vector>

namespace countersign::manager::store {

/// One statement of a step. SQLite runs one statement of a text; each step is therefore a list.
struct Statement {
    constexpr Statement(char const* text) : sqlite(text) {}  // NOLINT(google-explicit-constructor): a list of texts is a step
    constexpr Statement(char const* for_sqlite, char const* for_postgresql)
        : sqlite(for_sqlite), postgresql(for_postgresql), translated(false) {}
    std::string_view sqlite;
    std::string_view postgresql;  ///< empty: nothing is to be done there, unless `translated`
    bool translated = true;       ///< PostgreSQL gets the same one (postgresql_text.hpp)
};
using Statements = std::vector<Statement>;

/// The number of the newest step this program knows.
int newest_schema();

/// What the file has; 0: nothing of ours.
int schema_of(Database& database);

/// Brings the schema to `target` (the newest unless a test wants an older one), all missing steps in one transaction.
/// STO-001 when the file belongs to another program, STO-003 when it is newer than this program, STO-002.
/// `finish` is called in that transaction with the schema that was found, when it was not the newest: for what SQL alone cannot do.
Result<void> migrate(Database& database, UtcTime now, int target = newest_schema(),
                     std::function<void(Database&, int found)> const& finish = {});

/// Nothing of anybody's is there.
bool is_empty(Database& database);
/// The steps up to `target` in an empty database, inside of the caller's transaction and without what `finish` of migrate does.
void make_schema(Database& database, int target, UtcTime now);

/// From this schema on the audit trail has a chain, and a sealed head.
inline constexpr int k_version_with_audit_chain = 15;

}  // namespace countersign::manager::store
