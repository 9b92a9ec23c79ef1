#include "manager/store/sqlite_history.hpp"

#include "base/text.hpp"
#include "manager/store/system_query.hpp"

#include "countersign/errors/sto.hpp"

#include <boost/json.hpp>

#include <algorithm>

namespace countersign::manager::store {
namespace {

namespace json = boost::json;

std::string document_of(std::vector<SystemChange> const& changes) {
    json::array out;
    for (auto const& one : changes) out.push_back(json::array{one.kind, one.name, one.before, one.after});
    return json::serialize(out);
}

Result<std::vector<SystemChange>> parse(std::string_view document) {
    auto const broken = [] { return fail(errors::sto::query_failed, {{"detail", "the history of a system cannot be read"}}); };
    boost::system::error_code failed;
    auto const value = json::parse(document, failed);
    auto const* list = failed ? nullptr : value.if_array();
    if (list == nullptr) return broken();
    std::vector<SystemChange> out;
    for (auto const& one : *list) {
        auto const* parts = one.if_array();
        if (parts == nullptr || parts->size() != 4 || !std::ranges::all_of(*parts, [](auto const& part) { return part.is_string(); }))
            return broken();
        auto const part = [parts](std::size_t at) { return std::string((*parts)[at].get_string()); };
        out.push_back({part(0), part(1), part(2), part(3)});
    }
    return out;
}

}  // namespace

void keep_changes(Database& database, SystemId system, UtcTime at, std::vector<SystemChange> const& changes) {
    if (changes.empty()) return;
    database.execute("INSERT INTO system_changes (system, at, document) VALUES (:system, :at, :document)",
                     {value(system), value(at), value(document_of(changes))});
    // The newest of those that are one too many, if there is one.
    auto const last = database.select_one({"id"}, "FROM system_changes WHERE system = :system ORDER BY id DESC LIMIT 1 OFFSET :kept",
                                          {value(system), value(static_cast<std::int64_t>(k_looks_kept))});
    if (last)
        database.execute("DELETE FROM system_changes WHERE system = :system AND id <= :last", {value(system), value(last->number(0))});
}

net::Task<Result<std::vector<ChangedLook>>> SqliteHistory::of_system(SystemId system, std::int64_t before, std::size_t limit) {
    return backing_.read([system, before, limit](Database& database) -> Result<std::vector<ChangedLook>> {
        if (!database.select_one({"id"}, "FROM systems WHERE id = :id", {value(system)})) return no_such_system(system);
        std::vector<Value> values{value(system)};
        if (before > 0) values.push_back(value(before));
        values.push_back(value(static_cast<std::int64_t>(std::clamp<std::size_t>(limit, 1, 1000))));
        std::vector<ChangedLook> out;
        for (auto const& row : database.select({"id", "at", "document"},
                                               std::string("FROM system_changes WHERE system = :system ") +
                                                   (before > 0 ? "AND id < :before " : "") + "ORDER BY id DESC LIMIT :limit",
                                               std::move(values))) {
            CS_TRY(auto changes, parse(row.text(2)));
            out.push_back({.id = row.number(0), .at = row.time(1), .changes = std::move(changes)});
        }
        return out;
    });
}

}  // namespace countersign::manager::store
