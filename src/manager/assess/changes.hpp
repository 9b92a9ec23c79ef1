#pragma once

/// What one look at a system found otherwise than the look before it: what a person wants to read who asks since when a system is
/// as it is. Pure.

#include "manager/assess/assess.hpp"
#include "manager/estate/model.hpp"

#include <string>
#include <vector>

namespace countersign::manager {

struct SystemChange {
    /// "level", "reachability", "certificate", "software", "capable", "service", "client", "readiness", "root_trusted".
    std::string kind;
    std::string name;    ///< of the service, client or readiness item; of a root its SHA-256. Else empty
    std::string before;  ///< in words; empty: there was none, or it was not known
    std::string after;
    bool operator==(SystemChange const&) const = default;
};

/// At most this many of one look; the first ones count most.
inline constexpr std::size_t k_most_changes_of_a_look = 100;

/// Services are compared while the level is known on both sides; coming back from a time when it was not, all that is open is named.
/// Clients, readiness and trusted roots are compared where the system's settings were read both times.
std::vector<SystemChange> changes_between(Assessment const& before, Assessment const& after);
/// What the list of systems shows of both.
std::vector<SystemChange> changes_between(System const& before, System const& after);

}  // namespace countersign::manager
