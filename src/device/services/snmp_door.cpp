#include "device/services/snmp_door.hpp"

#include "device/services/listener_door.hpp"
#include "device/services/snmp_engine.hpp"

#include <utility>

namespace countersign::device {

Result<std::unique_ptr<Door>> open_snmp_door(Unit& unit, family::Service const&, net::Endpoint where) {
    auto engine = std::make_shared<SnmpEngine>(unit.weak_from_this());
    CS_TRY(auto listener,
           net::listen_udp(unit.executor(), std::move(where),
                           [engine](std::string_view datagram, net::Endpoint const& peer) { return engine->answer(datagram, peer); }));
    return std::make_unique<ListenerDoor>(std::move(listener));
}

}  // namespace countersign::device
