#pragma once

/// Telnet, FTP and SNMP, the doors of old.

#include "device/unit.hpp"

namespace countersign::device {

/// Registers the doors "telnet", "ftp" and "snmp".
void register_text_doors(Environment& environment);

}  // namespace countersign::device
