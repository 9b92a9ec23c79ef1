#pragma once

/// The certification repository as behaviours of commands: what its pages do, for programs (REQ RMX-1 to RMX-4, RMX-9;
/// docs/families.md, "Certificates").

#include "device/unit.hpp"

namespace countersign::device {

void register_repository_behaviours(Environment& environment);

}  // namespace countersign::device
