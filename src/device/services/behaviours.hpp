#pragma once

/// The functions behind commands, by the names that family files use (family::known_behaviours).

#include "device/unit.hpp"

namespace countersign::device {

/// restart, set_password, feedback_register, feedback_deregister, report_status, list_services.
void register_behaviours(Environment& environment);

}  // namespace countersign::device
