#pragma once

/// The serial console: log-in and dataport on a line that needs physical presence (REQ DPT-1, LVL-6), and therefore the door behind which
/// a password or an access that was lost is recovered. A virtual system's console is a pseudo terminal; data/<serial>/console points
/// to it. A terminal that is plugged in presses Enter and is asked to log in; who leaves without `bye` is logged out after the idle
/// limit, as no serial line tells that the plug was pulled.

#include "device/unit.hpp"

#include <string>

namespace countersign::device {

/// A DoorOpener for `device` ("/dev/ttyS0"), or for a new pseudo terminal when it is empty. NET-014, FIL-002.
DoorOpener serial_door(std::string device);

}  // namespace countersign::device
