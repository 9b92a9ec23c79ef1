#pragma once

/// Checks of what a person says when adding a system or changing the policy. Pure; all problems at once.

#include "family/family.hpp"
#include "manager/manager.hpp"

namespace countersign::manager {

/// GEN-001, GEN-002, FAM-002; several: GEN-006. Texts come back trimmed, names in lower case.
Result<NewSystem> check_new_system(NewSystem system, family::Families const& families);

/// GEN-001, CRT-018; several: GEN-006.
Result<Policy> check_policy(Policy policy);

}  // namespace countersign::manager
