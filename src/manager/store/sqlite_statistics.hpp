#pragma once

#include "manager/store/backing.hpp"
#include "manager/store/statistics_store.hpp"

namespace countersign::manager::store {

class SqliteStatistics final : public StatisticsStore {
public:
    explicit SqliteStatistics(Backing& backing) : backing_(backing) {}
    net::Task<Result<Statistics>> count_all() override;
    net::Task<Result<SystemCounts>> count_systems(SystemFilter filter) override;
    net::Task<Result<EstateOverview>> overview() override;
    net::Task<Result<void>> note_levels() override;

private:
    Backing& backing_;
};

}  // namespace countersign::manager::store
