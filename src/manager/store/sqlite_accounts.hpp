#pragma once

#include "manager/store/account_store.hpp"
#include "manager/store/backing.hpp"

namespace countersign::manager::store {

class SqliteAccounts final : public AccountStore {
public:
    explicit SqliteAccounts(Backing& backing) : backing_(backing) {}
    net::Task<Result<std::int64_t>> count() override;

private:
    Backing& backing_;
};

}  // namespace countersign::manager::store
