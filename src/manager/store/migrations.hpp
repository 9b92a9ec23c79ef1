#pragma once

/// The schema as numbered steps that only go forward. What was released is never edited; a change is a new step.

#include "manager/store/database.hpp"

namespace countersign::manager::store {

/// The number of the newest step this program knows.
int newest_schema();

/// Brings the schema to `target` (the newest unless a test wants an older one), all missing steps in one transaction.
/// STO-001 when the file belongs to another program, STO-003 when it is newer than this program, STO-002.
Result<void> migrate(Database& database, UtcTime now, int target = newest_schema());

}  // namespace countersign::manager::store
