#pragma once

/// Who takes which job, for SQLite and for several managers on PostgreSQL. Inside of somebody's transaction.

#include "manager/estate/model.hpp"
#include "manager/store/database.hpp"

namespace countersign::manager::store {

/// The job that is to be taken next: one whose lease ran out, else the one that is due longest. A system has one running job at a time.
/// With PostgreSQL the row is locked, and jobs that another manager is just taking are passed over (FOR UPDATE SKIP LOCKED).
std::optional<JobId> next_job(Database& database, UtcTime now);

/// Jobs that `owner` holds are queued again; `loss` (0 or 1) is counted. How many.
int release_leases(Database& database, UtcTime now, std::string_view owner, int loss);

}  // namespace countersign::manager::store
