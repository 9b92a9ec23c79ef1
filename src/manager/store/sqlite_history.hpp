#pragma once

#include "manager/store/backing.hpp"
#include "manager/store/history_store.hpp"

namespace countersign::manager::store {

class SqliteHistory final : public HistoryStore {
public:
    explicit SqliteHistory(Backing& backing) : backing_(backing) {}
    net::Task<Result<std::vector<ChangedLook>>> of_system(SystemId system, std::int64_t before, std::size_t limit) override;

private:
    Backing& backing_;
};

/// In the transaction of the look. Nothing changed: nothing is written.
void keep_changes(Database& database, SystemId system, UtcTime at, std::vector<SystemChange> const& changes);

}  // namespace countersign::manager::store
