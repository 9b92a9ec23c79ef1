#include "manager/store/job_leases.hpp"

#include "manager/store/change_feed.hpp"

#include <algorithm>
#include <string>

namespace countersign::manager::store {
namespace {

/// No other job of the system is in anybody's hands. A system has a long history and few active jobs: the index is named.
constexpr char const* k_system_is_free =
    "NOT EXISTS (SELECT 1 FROM jobs AS other INDEXED BY jobs_active WHERE other.system = j.system AND other.state IN ('queued', 'running', "
    "'waiting') "
    "AND other.state = 'running' AND other.leased_until >= :held AND other.id <> j.id)";

/// Jobs that are looked at in one go where others take jobs, too.
constexpr char const* k_locked = " LIMIT 16 FOR UPDATE OF j SKIP LOCKED";

/// What ends the program again and again is found by keeping jobs apart: from the third time on they come back at different
/// moments within a growing time, at most a minute, so that most of them end before the next crash.
std::chrono::seconds pause_after_losses(int losses, JobId id) {
    if (losses < 3) return std::chrono::seconds(0);
    auto const longest = std::min<std::int64_t>(60, std::int64_t{1} << std::min(losses, 6));
    constexpr std::int64_t spread = 7919;  // neighbours far from each other
    return std::chrono::seconds(id * spread % longest);
}

/// Of these, the first whose system nobody else is taking a job of at this moment. Locks hold until the transaction ends, and what was
/// committed before a lock was free is seen by the question after it. Such locks belong to the whole database: the schema is part of
/// their number, so that two estates in one database do not wait for each other.
std::optional<JobId> first_free(Database& database, UtcTime now, std::vector<Row> const& candidates) {
    auto const own = "pg_try_advisory_xact_lock(" + std::to_string(static_cast<std::int32_t>(LockClass::system)) +
                     ", hashint8(CAST(:system AS BIGINT)) # hashtext(current_schema()))";
    for (auto const& row : candidates) {
        if (!database.select_one({own}, "", {value(row.number(1))})->flag(0)) continue;
        auto const free = database.select_one({"id"}, std::string("FROM jobs AS j WHERE id = :id AND ") + k_system_is_free,
                                              {value(row.number(0)), value(now)});
        if (free) return row.number(0);
    }
    return std::nullopt;
}

}  // namespace

std::optional<JobId> next_job(Database& database, UtcTime now) {
    bool const alone = database.engine() == Engine::sqlite;
    std::string const end = alone ? " LIMIT 1" : k_locked;
    // Two questions, each answered by the first row of its own index: asked as one, each lease would sort all that is due. What is left
    // of a manager that was killed comes first; it is held by nobody.
    for (auto const& rest : {std::string("FROM jobs AS j WHERE state = 'running' AND leased_until < :now AND ") + k_system_is_free +
                                 " ORDER BY leased_until" + end,
                             std::string("FROM jobs AS j WHERE state IN ('queued', 'waiting') AND not_before <= :now AND ") +
                                 k_system_is_free + " ORDER BY not_before, id" + end}) {
        auto const due = database.select({"id", "system"}, rest, {value(now), value(now)});
        if (due.empty()) continue;
        if (alone) return due.front().number(0);
        if (auto const found = first_free(database, now, due)) return found;
    }
    return std::nullopt;
}

int release_leases(Database& database, UtcTime now, std::string_view owner, int loss) {
    auto const running = database.select({"id", "losses"}, "FROM jobs WHERE state = 'running' AND owner = :owner", {value(owner)});
    for (auto const& row : running) {
        auto const losses = row.integer(1) + loss;
        database.execute(
            "UPDATE jobs SET state = 'queued', owner = '', leased_until = NULL, attempt = CASE WHEN attempt > 0 THEN attempt - 1 ELSE 0 "
            "END, "
            "losses = :losses, not_before = :due WHERE id = :id AND state = 'running'",
            {value(std::int64_t{losses}), value(now + pause_after_losses(loss == 0 ? 0 : losses, row.number(0))), value(row.number(0))});
    }
    return static_cast<int>(running.size());
}

}  // namespace countersign::manager::store
