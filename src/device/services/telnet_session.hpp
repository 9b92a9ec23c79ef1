#pragma once

/// The Telnet door: log-in as the guides describe it (a prompt for the password; families that look at the user name ask for that
/// first), then the dataport. Everything goes in clear: Level 1 (REQ LVL-2).

#include "device/unit.hpp"
#include "net/stream.hpp"

#include <memory>

namespace countersign::device {

struct TelnetLimits {
    net::Milliseconds login{60'000};  ///< from the connection to the right password
    net::Milliseconds idle{15 * 60'000};
    int attempts = 3;
    std::size_t connections = 16;
};

/// One connection from its beginning to its end. Closes at once when `unit` is null.
net::Task<> run_telnet_session(std::shared_ptr<Unit> unit, std::string service, std::shared_ptr<net::Stream> stream, TelnetLimits limits);

/// A DoorOpener. NET-014.
Result<std::unique_ptr<Door>> open_telnet_door(Unit& unit, family::Service const& service, net::Endpoint where);

}  // namespace countersign::device
