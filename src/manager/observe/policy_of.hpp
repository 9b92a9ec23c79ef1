#pragma once

/// Which policy counts for one system now. What a system is told, what is asked of it, and how its calls are judged must be the same.

#include "manager/store/store.hpp"

namespace countersign::manager {

/// The estate's policy with the exceptions of the system's folder, or the goal to which a campaign takes the system. Store errors only.
net::Task<Result<Policy>> policy_of(Store& store, System const& system);

}  // namespace countersign::manager
