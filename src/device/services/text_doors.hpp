#pragma once

/// Telnet, FTP and SNMP, the doors of old, and SSH.

#include "device/unit.hpp"

namespace countersign::device {

/// Registers the doors "telnet", "ftp", "snmp" and "ssh".
void register_text_doors(Environment& environment);

}  // namespace countersign::device
