#pragma once

/// The client of the external manager (REQ CLI-1): tells the manager that the system is there, when it booted, and that it still is.
///
/// The manager answers with more than an interval: settings and commands for the system to carry out. They are NOT carried out.
/// The call is anonymous: the manager cannot know who asks, and the system, while verification is off, cannot know who
/// answers. Whoever answers on that address could change anything. What a manager wants of a system it says over the system's
/// own doors, after log-in.

#include "device/unit.hpp"
#include "net/address.hpp"

#include <memory>
#include <optional>

namespace countersign::device {

/// Where the manager is by the effective settings; nothing when there is none: the family has no such client, it is switched off, its
/// address is empty or the one that stands for "none". GEN-001 for an address that is neither a host name nor an IP address.
Result<std::optional<net::Url>> external_manager_url(Unit const& unit);

/// A CompanionMaker. Null for families without an external manager.
std::unique_ptr<Companion> make_external_manager_client(std::shared_ptr<Unit> unit);

}  // namespace countersign::device
