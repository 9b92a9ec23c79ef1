#pragma once

/// The Telnet doors: a terminal session over TCP. Plain Telnet asks for the password as the guides describe it (families that look at the
/// user name ask for that first): Level 1. Telnet challenge never has the password on the line: Level 2 (REQ LVL-2, SVC-4).

#include "device/services/terminal_session.hpp"
#include "device/unit.hpp"
#include "net/stream.hpp"

#include <memory>

namespace countersign::device {

using TelnetLimits = TerminalLimits;

/// One connection from its beginning to its end. Closes at once when `unit` is null.
net::Task<> run_telnet_session(std::shared_ptr<Unit> unit, std::string service, std::shared_ptr<net::Stream> stream, TelnetLimits limits,
                               LoginKind login = LoginKind::password);

/// DoorOpeners. NET-014.
Result<std::unique_ptr<Door>> open_telnet_door(Unit& unit, family::Service const& service, net::Endpoint where);
Result<std::unique_ptr<Door>> open_telnet_challenge_door(Unit& unit, family::Service const& service, net::Endpoint where);

}  // namespace countersign::device
