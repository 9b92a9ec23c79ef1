#include "base/text.hpp"
#include "manager/store/sqlite_statistics.hpp"
#include "manager/store/system_query.hpp"

#include <algorithm>
#include <chrono>

namespace countersign::manager::store {
namespace {

/// In program_values: a line a day, "2026-11-21 0 1 2 3 4", the oldest first.
constexpr std::string_view k_history = "level_history";
constexpr std::size_t k_most_days = 800;
constexpr std::int64_t k_day = 86400;
constexpr std::int64_t k_days_ahead = 400;

std::string day_of(UtcTime moment) { return to_string(moment).substr(0, 10); }
std::string day_of(std::int64_t number) { return day_of(UtcTime(std::chrono::seconds(number * k_day))); }

LevelCounts levels_now(Database& database) {
    LevelCounts out{};
    for (auto const& row : database.select({"level", "count(*)"}, "FROM systems GROUP BY level"))
        out.at(static_cast<std::size_t>(row.integer(0))) = row.number(1);
    return out;
}

std::optional<EstateOverview::Day> read_day(std::string_view line) {
    auto const words = split(line, ' ');
    if (words.size() != 6) return std::nullopt;
    EstateOverview::Day out{.day = std::string(words.front())};
    for (std::size_t i = 0; i < out.levels.size(); ++i) out.levels.at(i) = parse_number<std::int64_t>(words[i + 1]).value_or(0);
    return out;
}

/// What was kept, with `today` as its last day.
std::vector<EstateOverview::Day> history(Database& database, EstateOverview::Day today) {
    std::vector<EstateOverview::Day> out;
    auto const row = database.select_one({"value"}, "FROM program_values WHERE name = :name", {value(k_history)});
    auto const text = row ? row->text(0) : std::string();
    for (auto line : split(text, '\n'))
        if (auto day = read_day(line); day && day->day < today.day) out.push_back(*std::move(day));
    out.push_back(std::move(today));
    if (out.size() > k_most_days) out.erase(out.begin(), out.end() - k_most_days);
    return out;
}

std::vector<EstateOverview::TicketAge> tickets_by_age(Database& database, UtcTime now) {
    using std::chrono::days;
    std::vector<EstateOverview::TicketAge> out;
    // From and until, in days; tickets of the future, which a clock that was set back leaves, count as new.
    constexpr std::array<std::pair<std::string_view, std::pair<int, int>>, 4> ages = {
        {{"day", {-100000, 1}}, {"week", {1, 7}}, {"month", {7, 30}}, {"older", {30, 100000}}}};
    for (auto const& [age, span] : ages) {
        for (auto const& row : database.select({"severity", "count(*)"},
                                               "FROM tickets WHERE state = 'open' AND (snoozed_until IS NULL OR snoozed_until <= :now) AND "
                                               "opened <= :young AND opened > :old GROUP BY severity ORDER BY severity",
                                               {value(now), value(now - days(span.first)), value(now - days(span.second))}))
            out.push_back({std::string(age), row.text(0), row.number(1)});
    }
    return out;
}

std::int64_t number(Database& database, std::string const& rest, std::vector<Value> values = {}) {
    auto const row = database.select_one({"count(*)"}, rest, std::move(values));
    return row ? row->number(0) : 0;
}

}  // namespace

net::Task<Result<SystemCounts>> SqliteStatistics::count_systems(SystemFilter filter) {
    return backing_.read([filter = std::move(filter)](Database& database) -> Result<SystemCounts> {
        Query query;
        query.add("FROM systems WHERE 1 = 1");
        for (auto const& one : restrictions_of(database.engine(), filter)) query.add(" AND " + one.test, one.test_values);
        SystemCounts out;
        for (auto const& row : database.select({"family", "level", "count(*)"},
                                               query.sql() + " GROUP BY family, level ORDER BY family, level", query.values())) {
            out.levels.at(static_cast<std::size_t>(row.integer(1))) += row.number(2);
            if (out.families.empty() || out.families.back().first != row.text(0)) out.families.emplace_back(row.text(0), 0);
            out.families.back().second += row.number(2);
        }
        return out;
    });
}

net::Task<Result<EstateOverview>> SqliteStatistics::overview() {
    return backing_.read([this](Database& database) -> Result<EstateOverview> {
        auto const now = backing_.now();
        auto const today = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count() / k_day;
        EstateOverview out;
        out.levels = levels_now(database);
        out.capable_below_4 = number(database, "FROM systems WHERE secure_only_capable = 1 AND level BETWEEN 1 AND 3");
        out.history = history(database, {.day = day_of(now), .levels = out.levels});
        out.certificates_ended = number(database, "FROM systems WHERE certificate_expires < :now", {value(now)});
        for (auto const& row : database.select({"certificate_expires / 86400", "count(*)"},
                                               "FROM systems WHERE certificate_expires >= :now AND certificate_expires < :end "
                                               "GROUP BY certificate_expires / 86400 ORDER BY certificate_expires / 86400",
                                               {value(now), value((today + k_days_ahead) * k_day)}))
            out.certificates.push_back({day_of(row.number(0)), row.number(1)});
        out.tickets = tickets_by_age(database, now);
        out.waiting_systems = number(database, "FROM waiting_systems WHERE rejected = 0");
        return out;
    });
}

net::Task<Result<void>> SqliteStatistics::note_levels() {
    return backing_.write([this](Database& database) -> Result<void> {
        std::string text;
        for (auto const& one : history(database, {.day = day_of(backing_.now()), .levels = levels_now(database)})) {
            text += one.day;
            for (auto const count : one.levels) text += " " + std::to_string(count);
            text += "\n";
        }
        database.execute(
            "INSERT INTO program_values (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            {value(k_history), value(text)});
        return {};
    });
}

}  // namespace countersign::manager::store
