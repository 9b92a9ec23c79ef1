#pragma once

/// What a system shows of itself over SNMP: the system group of MIB-2, and below an enterprise number what docs/mibs/COUNTERSIGN-MIB.txt
/// describes: certificates with the days that are left, and alarms.

#include "device/unit.hpp"
#include "dialect/snmp.hpp"

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace countersign::device {

/// The object of our MIB with these numbers: {2, 1, 1, 5, 1} is csCertificateDaysLeft.1.
dialect::snmp::Oid mib_oid(std::initializer_list<std::uint32_t> numbers);

/// Everything, in order, at this moment.
std::vector<dialect::snmp::Binding> snmp_table(Unit const& unit);

/// The enterprise number of the family's vendor; 0 when it is not known.
std::uint32_t enterprise_of(Unit const& unit);

/// Whole days until `end`, rounded down; negative afterwards.
std::int32_t days_until(UtcTime end, UtcTime now);

}  // namespace countersign::device
