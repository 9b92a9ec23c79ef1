#pragma once

/// A secure door that may show another certificate than its system's: one that has ended, is for another name, or comes from an
/// authority that nobody knows. Who asks its system for the certificate hears of the right one, as with a real mistake of that
/// kind in front of it.

#include "device/unit.hpp"

#include <memory>

namespace countersign::device {

class FaultBook;

/// Doors of services without certificates are passed through.
DoorOpener with_faults(DoorOpener opener, std::shared_ptr<FaultBook> faults);

}  // namespace countersign::device
