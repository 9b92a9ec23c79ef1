#pragma once

/// The FTP door (RFC 959): log-in, and the unit's files (device/files) to read. They are not taken here: a private key or a setting would
/// go in clear. Only passive transfers: a server that connects to where a client says can be made to attack others (the bounce attack, RFC
/// 2577). Everything goes in clear: Level 1 (REQ LVL-2).

#include "device/unit.hpp"
#include "net/stream.hpp"

#include <memory>

namespace countersign::device {

struct FtpLimits {
    net::Milliseconds login{60'000};
    net::Milliseconds idle{5 * 60'000};
    net::Milliseconds data_connection{10'000};  ///< from the command to the connection that carries its data
    net::Milliseconds transfer{60'000};
    int attempts = 3;
    std::size_t connections = 16;
};

/// One control connection from its beginning to its end. Closes at once when `unit` is null.
net::Task<> run_ftp_session(std::shared_ptr<Unit> unit, std::string service, std::shared_ptr<net::Stream> stream, FtpLimits limits);

/// A DoorOpener. NET-014.
Result<std::unique_ptr<Door>> open_ftp_door(Unit& unit, family::Service const& service, net::Endpoint where);

}  // namespace countersign::device
