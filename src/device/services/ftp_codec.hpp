#pragma once

/// The words of FTP (RFC 959, RFC 2428) without a socket: commands in, replies out, names and listings.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::device::ftp {

struct Command {
    std::string verb;      ///< upper case
    std::string argument;  ///< as it stands
};

/// "RETR configuration.xml". The verb has one to four letters; nothing when it has not.
std::optional<Command> parse_command(std::string_view line);
/// "230 Logged in" with its line end.
std::string reply(int code, std::string_view text);
/// 211 with one line per feature (RFC 2389).
std::string features_reply();
/// "227 Entering Passive Mode (127,0,0,1,4,1)". Nothing for an address that is not IPv4: RFC 959 cannot say it.
std::optional<std::string> passive_reply(std::string_view address, std::uint16_t port);
/// "229 Entering Extended Passive Mode (|||1025|)"
std::string extended_passive_reply(std::uint16_t port);
/// Lines end with CR LF in ASCII transfers (RFC 959 section 3.1.1.1).
std::string to_ascii(std::string_view text);

}  // namespace countersign::device::ftp
