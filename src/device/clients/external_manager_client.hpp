#pragma once

/// The client of the external manager (REQ CLI-1): tells the manager that the system is there, when it booted, and that it still is.
///
/// The manager answers with more than an interval (docs/decisions/0030):
/// - settings and commands are carried out only when the call went over HTTPS with verification in effect, so that the manager
///   proved who it is. Else whoever answers on that address could change anything, and they are left alone: a manager that cannot prove
///   itself uses the system's own doors, after log-in;
/// - documents (status, configuration; no passwords) are posted, at most 8 an answer, to the manager's own scheme, name and port and to
///   nowhere else: an answer cannot make the system talk to a third party.
///
/// When the manager does not answer, its alternate is called, where the family has one, and then the first again.

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

/// A CompanionMaker: the same calls to the external services (REQ CLI-1), over HTTP or HTTPS as set. It says who it is ("Beat") and shows
/// whether they answer (facts `client.external_services.status` and `.diagnosis`); nothing of the answer but the interval is taken. Null
/// for families whose external services have no address of their own.
std::unique_ptr<Companion> make_external_services_client(std::shared_ptr<Unit> unit);

}  // namespace countersign::device
