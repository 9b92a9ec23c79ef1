#include "manager/store/sqlite_lists.hpp"

#include "manager/store/system_query.hpp"

namespace countersign::manager::store {

net::Task<Result<std::vector<SystemId>>> SqliteLists::select(SystemFilter filter) {
    return backing_.read([filter = std::move(filter)](Database& database) -> Result<std::vector<SystemId>> {
        auto condition = condition_of(filter);
        std::vector<SystemId> out;
        for (auto const& row : database.select({"id"}, "FROM systems WHERE " + condition.sql + " ORDER BY id", std::move(condition.values)))
            out.push_back(row.number(0));
        return out;
    });
}

}  // namespace countersign::manager::store
