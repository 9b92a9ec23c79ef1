#pragma once

/// What a running system calls by itself.

#include "device/unit.hpp"

namespace countersign::device {

/// Registers the client of the external manager and the sender of feedback.
void register_clients(Environment& environment);

}  // namespace countersign::device
