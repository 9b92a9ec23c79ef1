#pragma once

/// Where a client of the system calls, by the effective settings that its family file names (REQ CLI-1). What the settings say and
/// nothing else: HTTPS never becomes HTTP.

#include "device/unit.hpp"
#include "net/address.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace countersign::device {

/// The servers of a client, in the order in which they are tried: its own and, where the family has one, the alternate. Empty when
/// there is none: the family has no such client, it is switched off, its address is empty or the one that stands for "none".
/// GEN-001 for an address that is neither a host name nor an IP address and for a protocol that is neither HTTP nor
/// HTTPS, NET-013 for a bad URL.
Result<std::vector<net::Url>> client_targets(Unit const& unit, std::string_view client_id);
/// The first of them.
Result<std::optional<net::Url>> client_target(Unit const& unit, std::string_view client_id);

/// Adds the estate's offset to a port that is the scheme's own: the servers of an estate whose ports are shifted are shifted too.
net::Url with_offset(net::Url url, std::uint16_t offset);

}  // namespace countersign::device
