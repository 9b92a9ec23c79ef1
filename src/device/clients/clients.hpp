#pragma once

/// What a running system calls by itself.

#include "device/unit.hpp"

namespace countersign::device {

/// Registers the client of the external manager, the senders of feedback and of traps, and the search of the corporate directory.
void register_clients(Environment& environment);

}  // namespace countersign::device
