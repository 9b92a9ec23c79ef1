#pragma once

/// The readiness checklist of a system (REQ MGR-15): what the chapters of the guides ask for before Level 3 and 4.

#include "manager/assess/assess.hpp"

namespace countersign::manager {

std::vector<ReadinessItem> check_readiness(AssessInput const& input);

/// Days until `end`, rounded down; negative when it is over.
std::int64_t days_until(UtcTime end, UtcTime now);

/// One of them stops a verdict; advice does not.
bool has_failure(std::vector<pki::Finding> const& findings);
/// The HTTPS service as it was seen, when it was open and showed a certificate.
ServiceObservation const* served_https(Observation const& observation);
/// Its certificate; null: none was seen. Borrowed from the observation.
pki::Certificate const* served_leaf(Observation const& observation);
/// What it served verifies for the system's host name against the estate's roots (REQ LVL-2, TRU-3).
bool https_verified(System const& system, Observation const& observation);

}  // namespace countersign::manager
