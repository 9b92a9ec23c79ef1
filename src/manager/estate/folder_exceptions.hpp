#pragma once

/// Exceptions of folders from the policy: checked, stored, and carried out.

#include "manager/manager.hpp"

namespace countersign::manager {

/// An exception counts for five years at most: it is to be looked at again.
inline constexpr std::chrono::days k_longest_exception{5 * 366};

/// GEN-001 of mode, service, reason, owner or ends; several: GEN-006; GEN-003: the folder; MGR-007 for mode verify. A change of mode
/// queues enforcement of the folder's systems.
net::Task<Result<PolicyException>> add_exception(std::shared_ptr<Manager> manager, PolicyException wanted, std::string actor);

/// The folder's systems follow the policy again: enforcement is queued. GEN-003.
net::Task<Result<void>> end_exception(std::shared_ptr<Manager> manager, std::int64_t id, std::string actor);

}  // namespace countersign::manager
