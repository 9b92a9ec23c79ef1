#pragma once

/// The SNMP door: versions 1 and 2c, read-only, the system group, with the community of the settings. Everything goes in clear:
/// Level 1 (REQ LVL-2).

#include "device/unit.hpp"
#include "dialect/snmp.hpp"

#include <memory>
#include <vector>

namespace countersign::device {

/// Datagrams answered in a second, at most: the source of a UDP datagram is easily forged, and an answer must not become
/// somebody else's flood.
inline constexpr double k_snmp_answers_per_second = 200;

/// What the unit shows of itself at this moment, in order.
std::vector<dialect::snmp::Binding> snmp_table(Unit const& unit);

/// A DoorOpener. NET-014.
Result<std::unique_ptr<Door>> open_snmp_door(Unit& unit, family::Service const& service, net::Endpoint where);

}  // namespace countersign::device
