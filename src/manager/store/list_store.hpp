#pragma once

/// Systems by selection: what lists, exports and work on many systems are made of.

#include "manager/store/store.hpp"

namespace countersign::manager {

class ListStore {
public:
    virtual ~ListStore() = default;

    /// Every system that the filter means, by number; `limit` and `after` do not count.
    virtual net::Task<Result<std::vector<SystemId>>> select(SystemFilter filter) = 0;
};

}  // namespace countersign::manager
