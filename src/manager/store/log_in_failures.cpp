/// The counts behind lock-outs.

#include "manager/store/sqlite_accounts.hpp"

namespace countersign::manager::store {

net::Task<Result<std::vector<LogInFailures>>> SqliteAccounts::list_failures() {
    return backing_.read([](Database& database) -> Result<std::vector<LogInFailures>> {
        std::vector<LogInFailures> out;
        for (auto const& row : database.select({"guard_key", "tries", "last", "locked_until"}, "FROM log_in_failures ORDER BY guard_key"))
            out.push_back({row.text(0), row.integer(1), row.time(2), row.time(3)});
        return out;
    });
}

net::Task<Result<void>> SqliteAccounts::keep_failures(std::vector<LogInFailures> failures) {
    return backing_.write([failures = std::move(failures)](Database& database) -> Result<void> {
        for (auto const& one : failures)
            database.execute(
                "INSERT INTO log_in_failures (guard_key, tries, last, locked_until) VALUES (:guard_key, :tries, :last, :locked) "
                "ON CONFLICT (guard_key) DO UPDATE SET tries = excluded.tries, last = excluded.last, locked_until = excluded.locked_until",
                {value(one.key), value(std::int64_t{one.tries}), value(one.last), value(one.locked_until)});
        return {};
    });
}

net::Task<Result<void>> SqliteAccounts::forget_failures(std::vector<std::string> keys) {
    return backing_.write([keys = std::move(keys)](Database& database) -> Result<void> {
        for (auto const& key : keys) database.execute("DELETE FROM log_in_failures WHERE guard_key = :guard_key", {value(key)});
        return {};
    });
}

}  // namespace countersign::manager::store
