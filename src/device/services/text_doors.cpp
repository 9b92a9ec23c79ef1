#include "device/services/text_doors.hpp"

#include "device/services/ftp_session.hpp"
#include "device/services/snmp_door.hpp"
#include "device/services/ssh_door.hpp"
#include "device/services/telnet_session.hpp"

namespace countersign::device {

void register_text_doors(Environment& environment) {
    environment.doors["telnet"] = open_telnet_door;
    environment.doors["telnet_challenge"] = open_telnet_challenge_door;
    environment.doors["ftp"] = open_ftp_door;
    environment.doors["snmp"] = open_snmp_door;
    environment.doors["ssh"] = open_ssh_door;
}

}  // namespace countersign::device
