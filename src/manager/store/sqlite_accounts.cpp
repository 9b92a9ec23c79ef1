#include "manager/store/sqlite_accounts.hpp"

namespace countersign::manager::store {

net::Task<Result<std::int64_t>> SqliteAccounts::count() {
    return backing_.read(
        [](Database& database) -> Result<std::int64_t> { return database.select_one({"count(*)"}, "FROM accounts")->number(0); });
}

}  // namespace countersign::manager::store
