#pragma once

/// Is the manager itself ready for the mode that is asked for (REQ MGR-7, MGR-15)? One host name inside and outside, known to
/// DNS, and a clock that is right.

#include "manager/manager.hpp"
#include "manager/observe/wire.hpp"

namespace countersign::manager {

/// MGR-007 with every point that is not fulfilled as a cause.
net::Task<Result<void>> check_own_readiness(Wire wire, ManagerSettings settings, Policy policy);

}  // namespace countersign::manager
