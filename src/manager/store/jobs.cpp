#include "manager/store/job_leases.hpp"
#include "manager/store/sqlite_store.hpp"

#include <algorithm>
#include <chrono>

namespace countersign::manager::store {
namespace {

std::vector<std::string_view> const k_job_columns = {
    "id",       "kind", "system", "state",    "attempt",    "owner",      "leased_until", "not_before", "created",       "started",
    "finished", "step", "steps",  "progress", "error_code", "error_text", "purpose",      "campaign",   "most_attempts", "losses"};

/// The CHECK constraints of the schema keep other kinds and states out.
Job job_of(Row const& row) {
    return {.id = row.number(0),
            .kind = parse_job_kind(row.text(1)).value_or(JobKind::observe),
            .system = row.number(2),
            .state = parse_job_state(row.text(3)).value_or(JobState::failed),
            .attempt = row.integer(4),
            .owner = row.text(5),
            .leased_until = row.optional_time(6),
            .not_before = row.time(7),
            .created = row.time(8),
            .started = row.optional_time(9),
            .finished = row.optional_time(10),
            .step = row.integer(11),
            .steps = row.integer(12),
            .progress = row.text(13),
            .error_code = row.text(14),
            .error_text = row.text(15),
            .purpose = parse_job_purpose(row.text(16)).value_or(JobPurpose::enforce),
            .campaign = row.number(17),
            .most_attempts = row.integer(18),
            .losses = row.integer(19)};
}

Failure no_such_job(JobId id) { return fail(errors::gen::not_found, {{"what", "job"}, {"name", std::to_string(id)}}); }

std::string subject_of_job(JobId id) { return "job " + std::to_string(id); }

/// Keeps the newest finished jobs of a system; the trail remembers the others.
void forget_old_jobs(Database& database, SystemId system) {
    constexpr std::int64_t kept = 100;
    database.execute(
        "DELETE FROM jobs WHERE system = :system AND finished IS NOT NULL AND id <= "
        "(SELECT id FROM jobs WHERE system = :same AND finished IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET :kept)",
        {value(system), value(system), value(kept)});
}

/// One line, with what is at the bottom of it: that is where somebody can do something.
std::string with_cause(Error const& error) {
    auto const* deepest = &error;
    while (!deepest->causes().empty()) deepest = &deepest->causes().front();
    return deepest == &error ? error.message() : error.message() + " Because " + deepest->message();
}

}  // namespace

JobId SqliteStore::queue_one(Database& database, JobKind kind, SystemId system, std::string_view actor) {
    auto active = database.select_one({"id", "state"},
                                      "FROM jobs WHERE system = :system AND kind = :kind AND state IN ('queued', 'running', 'waiting')",
                                      {value(system), value(to_string(kind))});
    if (active) {
        if (active->text(1) == "waiting") {
            database.execute("UPDATE jobs SET not_before = :now WHERE id = :id AND not_before > :same",
                             {value(now()), value(active->number(0)), value(now())});
        }
        return active->number(0);
    }
    database.execute("INSERT INTO jobs (kind, system, state, not_before, created) VALUES (:kind, :system, 'queued', :due, :created)",
                     {value(to_string(kind)), value(system), value(now()), value(now())});
    auto id = database.last_id();
    // The regular observation of every system is no news.
    if (kind != JobKind::observe || actor != "manager") record(database, actor, "job.queue", subject_of(system), to_string(kind));
    return id;
}

net::Task<Result<JobId>> SqliteStore::queue_job(JobKind kind, SystemId system, std::string actor) {
    return write([this, kind, system, actor = std::move(actor)](Database& database) -> Result<JobId> {
        if (!database.select_one({"id"}, "FROM systems WHERE id = :id", {value(system)})) return no_such_system(system);
        return queue_one(database, kind, system, actor);
    });
}

net::Task<Result<std::vector<JobId>>> SqliteStore::queue_jobs(JobKind kind, std::vector<SystemId> systems, std::string actor) {
    return write([this, kind, systems = std::move(systems), actor = std::move(actor)](Database& database) -> Result<std::vector<JobId>> {
        std::vector<JobId> out;
        for (auto system : systems) {
            if (!database.select_one({"id"}, "FROM systems WHERE id = :id", {value(system)})) return no_such_system(system);
            out.push_back(queue_one(database, kind, system, actor));
        }
        return out;
    });
}

Result<std::optional<Job>> SqliteStore::lease_one(Database& database, std::string const& owner, std::chrono::seconds lease) {
    auto const id = next_job(database, now());
    if (!id) return std::nullopt;
    database.execute(
        "UPDATE jobs SET owner = :owner, leased_until = :until, attempt = attempt + CASE WHEN state = 'running' THEN 0 ELSE 1 END, "
        "losses = losses + CASE WHEN state = 'running' THEN 1 ELSE 0 END, state = 'running', started = coalesce(started, :now) "
        "WHERE id = :id",
        {value(owner), value(now() + lease), value(now()), value(*id)});
    auto row = database.select_one(k_job_columns, "FROM jobs WHERE id = :id", {value(*id)});
    if (!row) return no_such_job(*id);
    return job_of(*row);
}

net::Task<Result<std::optional<Job>>> SqliteStore::lease_job(std::string owner, std::chrono::seconds lease) {
    return rows([this, owner = std::move(owner), lease](Database& database) { return lease_one(database, owner, lease); });
}

net::Task<Result<std::vector<Job>>> SqliteStore::lease_jobs(std::string owner, std::chrono::seconds lease, std::size_t most) {
    return rows([this, owner = std::move(owner), lease, most](Database& database) -> Result<std::vector<Job>> {
        std::vector<Job> out;
        while (out.size() < most) {
            CS_TRY(auto job, lease_one(database, owner, lease));
            if (!job) break;
            out.push_back(std::move(*job));
        }
        return out;
    });
}

net::Task<Result<void>> SqliteStore::renew_lease(JobId id, std::string owner, std::chrono::seconds lease) {
    return rows([this, id, owner = std::move(owner), lease](Database& database) -> Result<void> {
        auto changed = database.execute("UPDATE jobs SET leased_until = :until WHERE id = :id AND owner = :owner AND state = 'running'",
                                        {value(now() + lease), value(id), value(owner)});
        if (changed == 0) return fail(errors::gen::not_found, {{"what", "lease of " + owner + " on"}, {"name", subject_of_job(id)}});
        return {};
    });
}

net::Task<Result<void>> SqliteStore::record_progress(JobId id, int step, int steps, std::string progress) {
    return rows([id, step, steps, progress = std::move(progress)](Database& database) -> Result<void> {
        auto changed = database.execute("UPDATE jobs SET step = :step, steps = :steps, progress = :progress WHERE id = :id",
                                        {value(std::int64_t{step}), value(std::int64_t{steps}), value(progress), value(id)});
        if (changed == 0) return no_such_job(id);
        return {};
    });
}

net::Task<Result<void>> SqliteStore::finish_job(JobId id, JobState state, std::optional<Error> error, UtcTime not_before) {
    return write([this, id, state, error = std::move(error), not_before](Database& database) -> Result<void> {
        if (state != JobState::succeeded && state != JobState::failed && state != JobState::waiting)
            return fail(errors::gen::internal, {{"detail", "a job cannot finish as " + std::string(to_string(state))}});
        auto row = database.select_one({"kind", "system", "finished"}, "FROM jobs WHERE id = :id", {value(id)});
        if (!row) return no_such_job(id);
        // What ended does not come back to life: what went wrong after that is another matter.
        if (!row->is_null(2)) return {};
        bool ended = state != JobState::waiting;
        database.execute(
            "UPDATE jobs SET state = :state, owner = '', leased_until = NULL, losses = 0, not_before = :due, finished = :finished, "
            "error_code = :code, error_text = :text WHERE id = :id",
            {value(to_string(state)), value(not_before), ended ? value(now()) : Value(),
             value(error ? error->entry().code : std::string_view()), value(error ? with_cause(*error) : std::string()), value(id)});
        auto system = row->number(1);
        // Observations that went well leave their trace in the system's own records.
        if (row->text(0) != "observe" || state == JobState::failed) {
            record(database, "manager", "job." + std::string(to_string(state)), subject_of(system),
                   row->text(0) + (error ? ": " + error->message() : std::string()));
        }
        if (ended) forget_old_jobs(database, system);
        return {};
    });
}

net::Task<Result<int>> SqliteStore::release_leases_of(std::string owner, LeaseEnd end) {
    return rows([this, owner = std::move(owner), end](Database& database) -> Result<int> {
        return release_leases(database, now(), owner, end == LeaseEnd::lost ? 1 : 0);
    });
}

net::Task<Result<Job>> SqliteStore::get_job(JobId id) {
    return read([id](Database& database) -> Result<Job> {
        auto row = database.select_one(k_job_columns, "FROM jobs WHERE id = :id", {value(id)});
        if (!row) return no_such_job(id);
        return job_of(*row);
    });
}

net::Task<Result<std::vector<Job>>> SqliteStore::list_jobs(SystemId system, std::optional<JobState> state, std::size_t limit,
                                                           JobId before) {
    return read([system, state, limit, before](Database& database) -> Result<std::vector<Job>> {
        bool const at_work = state == JobState::queued || state == JobState::running || state == JobState::waiting;
        // Those that are not finished are few beside those that are; people wait for them by this list.
        std::string rest = system == 0 && at_work ? "FROM jobs INDEXED BY jobs_active WHERE state IN ('queued', 'running', 'waiting')"
                                                  : "FROM jobs WHERE 1 = 1";
        std::vector<Value> values;
        if (system != 0) {
            rest += " AND system = :system";
            values.push_back(value(system));
        }
        if (state) {
            rest += " AND state = :state";
            values.push_back(value(to_string(*state)));
        }
        if (before != 0) {
            rest += " AND id < :before";
            values.push_back(value(before));
        }
        rest += " ORDER BY id DESC LIMIT :limit";
        values.push_back(value(static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, 10000))));
        std::vector<Job> out;
        for (auto const& row : database.select(k_job_columns, rest, std::move(values))) out.push_back(job_of(row));
        return out;
    });
}

net::Task<Result<Store::JobCounts>> SqliteStore::count_jobs() {
    return read([](Database& database) -> Result<JobCounts> {
        JobCounts out;
        for (auto const& row : database.select({"state", "count(*)"}, "FROM jobs GROUP BY state")) {
            auto state = parse_job_state(row.text(0));
            if (state == JobState::queued) out.queued = row.integer(1);
            if (state == JobState::running) out.running = row.integer(1);
            if (state == JobState::waiting) out.waiting = row.integer(1);
            if (state == JobState::succeeded) out.succeeded = row.integer(1);
            if (state == JobState::failed) out.failed = row.integer(1);
        }
        return out;
    });
}

}  // namespace countersign::manager::store
