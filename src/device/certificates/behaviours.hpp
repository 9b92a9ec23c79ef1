#pragma once

/// The commands about certificates, by the names that family files use (docs/families.md, "Certificates").

#include "device/unit.hpp"

namespace countersign::device {

void register_certificate_behaviours(Environment& environment);

}  // namespace countersign::device
