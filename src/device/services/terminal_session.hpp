#pragma once

/// A person or a program at a terminal, from the first prompt to `bye`: log-in as the family's rules say, by password or by challenge,
/// then the dataport. Telnet, Telnet challenge and the serial console are this with another line in between.

#include "device/services/terminal_codec.hpp"
#include "device/unit.hpp"
#include "net/stream.hpp"

#include <memory>
#include <string>

namespace countersign::device {

struct TerminalLimits {
    net::Milliseconds login{60'000};  ///< from the beginning to the right password
    net::Milliseconds idle{15 * 60'000};
    int attempts = 3;
    std::size_t connections = 16;
};

/// `challenge`: the password itself never goes over the line (challenge.hpp).
enum class LoginKind { password, challenge };

/// One session from its beginning to its end. The stream stays open; false when it broke.
net::Task<bool> run_terminal_session(std::shared_ptr<Unit> unit, std::string service, std::shared_ptr<net::Stream> stream,
                                     std::shared_ptr<TerminalCodec> codec, LoginKind login, TerminalLimits limits);

}  // namespace countersign::device
