#pragma once

/// The schema as numbered steps that only go forward. What was released is never edited; a change is a new step.

#include "manager/store/database.hpp"

#include <functional>

namespace countersign::manager::store {

/// The number of the newest step this program knows.
int newest_schema();

/// What the file has; 0: nothing of ours.
int schema_of(Database& database);

/// Brings the schema to `target` (the newest unless a test wants an older one), all missing steps in one transaction.
/// STO-001 when the file belongs to another program, STO-003 when it is newer than this program, STO-002.
/// `finish` is called in that transaction with the schema that was found, when it was not the newest: for what SQL alone cannot do.
Result<void> migrate(Database& database, UtcTime now, int target = newest_schema(),
                     std::function<void(Database&, int found)> const& finish = {});

/// From this schema on the audit trail has a chain, and a sealed head.
inline constexpr int k_version_with_audit_chain = 15;

}  // namespace countersign::manager::store
