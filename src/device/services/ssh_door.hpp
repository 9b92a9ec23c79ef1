#pragma once

/// The SSH door: the dataport over an encrypted line, behind a host key of the unit's own, and where the family has them the unit's files
/// (device/files) by SFTP and by scp's old protocol. Log-in follows the family's rules and the unit's lock-out, as at every other door.

#include "device/unit.hpp"

#include <memory>
#include <string>

namespace countersign::device {

/// The unit's host key: read, or made at first need and kept in its folder, sealed. A damaged one is made anew and told in the journal,
/// so that nobody is locked out. FIL-002 when it cannot be kept.
Result<SecretText> ensure_ssh_host_key(Unit& unit);

/// A DoorOpener. NET-014, FIL-002. Tells the fact "service.ssh.host_key": the key's fingerprint.
Result<std::unique_ptr<Door>> open_ssh_door(Unit& unit, family::Service const& service, net::Endpoint where);

}  // namespace countersign::device
