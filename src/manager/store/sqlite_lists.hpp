#pragma once

#include "manager/store/backing.hpp"
#include "manager/store/list_store.hpp"

namespace countersign::manager::store {

class SqliteLists final : public ListStore {
public:
    explicit SqliteLists(Backing& backing) : backing_(backing) {}
    net::Task<Result<std::vector<SystemId>>> select(SystemFilter filter) override;

private:
    Backing& backing_;
};

}  // namespace countersign::manager::store
