#pragma once

/// What is looked at on the manager's own machine, with its data folder and without its API, to
/// examine the data of a manager that does not run. It may run beside a running manager.

#include "base/result.hpp"
#include "host/audit_chain.hpp"
#include "manager/store/place.hpp"

#include <filesystem>
#include <optional>

namespace countersign::manager {

struct AuditVerdict {
    std::int64_t records = 0;  ///< that hold
    host::AuditHead head;
    std::optional<host::AuditBreak> first_bad;
};

/// Reads the whole trail of a data folder and changes nothing. FIL-001 (no database or key there), STO-001, STO-002, STO-003,
/// MGR-130 (older than the chain), MGR-131.
Result<AuditVerdict> verify_audit(StorePlace const& place);

}  // namespace countersign::manager
