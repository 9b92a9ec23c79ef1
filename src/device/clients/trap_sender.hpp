#pragma once

/// SNMP traps (REQ SVC-4): a system that started, a log-in over SNMP that failed, alarms raised and cleared, certificates that come to
/// their end, to every configured receiver. Sent only while an SNMP service is open. What each holds stands in
/// docs/mibs/COUNTERSIGN-MIB.txt.
///
/// Settings: `snmp.trap.receiver.1` to `.3` (host name or address, port 162), `snmp.trap.version` (`v1`, `v2c`, `v3`; without it v2c, or v3
/// when there is no community but a user), the community of `snmp.community.read`, the user of snmp_user.hpp. Traps are not
/// acknowledged: what cannot be sent is an event "trap.failed" and gone.

#include "device/unit.hpp"

#include <memory>

namespace countersign::device {

/// A CompanionMaker. Null for families without a receiver.
std::unique_ptr<Companion> make_trap_sender(std::shared_ptr<Unit> unit);

}  // namespace countersign::device
