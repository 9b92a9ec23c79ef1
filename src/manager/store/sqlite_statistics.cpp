#include "manager/store/sqlite_statistics.hpp"

#include <chrono>

namespace countersign::manager::store {
namespace {

Statistics::Counts count_by(Database& database, std::string const& column, std::string const& table, std::string const& which = "") {
    Statistics::Counts out;
    for (auto const& row : database.select({column, "count(*)"}, "FROM " + table + which + " GROUP BY " + column + " ORDER BY " + column))
        out.emplace_back(row.text(0), row.number(1));
    return out;
}

std::int64_t ending_before(Database& database, UtcTime moment) {
    auto const row = database.select_one({"count(*)"}, "FROM systems WHERE certificate_expires < :moment", {value(moment)});
    return row ? row->number(0) : 0;
}

}  // namespace

net::Task<Result<Statistics>> SqliteStatistics::count_all() {
    return backing_.read([this](Database& database) -> Result<Statistics> {
        Statistics out;
        for (auto const& row : database.select({"family", "level", "reachability", "count(*)"},
                                               "FROM systems GROUP BY family, level, reachability ORDER BY family, level, reachability"))
            out.systems.push_back({row.text(0), row.integer(1), row.text(2), row.number(3)});
        out.jobs = count_by(database, "state", "jobs");
        out.open_tickets = count_by(database, "severity", "tickets", " WHERE state = 'open'");
        out.campaigns = count_by(database, "state", "campaigns");
        auto const now = backing_.now();
        out.certificates_ended = ending_before(database, now);
        out.certificates_end_in_7_days = ending_before(database, now + std::chrono::days(7));
        out.certificates_end_in_30_days = ending_before(database, now + std::chrono::days(30));
        auto const all = database.select_one({"count(certificate_expires)"}, "FROM systems");
        out.certificates = all ? all->number(0) : 0;
        return out;
    });
}

}  // namespace countersign::manager::store
