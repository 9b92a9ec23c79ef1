#pragma once

/// Accounts of people: who may come in, and as what.

#include "net/task.hpp"

#include <cstdint>

namespace countersign::manager {

class AccountStore {
public:
    virtual ~AccountStore() = default;
    virtual net::Task<Result<std::int64_t>> count() = 0;
};

}  // namespace countersign::manager
