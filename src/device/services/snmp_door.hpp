#pragma once

/// The SNMP door: versions 1, 2c and 3 on one port, read-only (snmp_engine.hpp, snmp_view.hpp). Versions 1 and 2c go in clear: Level 1 (REQ
/// LVL-2).

#include "device/services/snmp_view.hpp"
#include "device/unit.hpp"

#include <memory>

namespace countersign::device {

/// A DoorOpener. NET-014.
Result<std::unique_ptr<Door>> open_snmp_door(Unit& unit, family::Service const& service, net::Endpoint where);

}  // namespace countersign::device
