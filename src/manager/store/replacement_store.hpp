#pragma once

/// Units that were seen in the place of a system that is known: another serial number or MAC address answers. Nothing is done to them
/// until an administrator accepts one.

#include "manager/estate/model.hpp"
#include "net/task.hpp"

#include <optional>
#include <string>

namespace countersign::manager {

struct Replacement {
    SystemId system = 0;
    std::string serial_number;  ///< of the unit that answers; empty when only its MAC address is known
    std::string mac_address;
    std::string fingerprint;  ///< SHA-256 of the certificate that it shows; empty: none was seen
    std::string evidence;     ///< one sentence
    UtcTime seen{};           ///< first
};

class ReplacementStore {
public:
    virtual ~ReplacementStore() = default;

    virtual net::Task<Result<std::optional<Replacement>>> find(SystemId system) = 0;
    /// One of the same unit keeps its time.
    virtual net::Task<Result<void>> note(Replacement replacement) = 0;
    virtual net::Task<Result<void>> forget(SystemId system) = 0;
    struct Unit {
        std::string serial_number, mac_address;
    };
    /// The system is the other unit from now on: the one that was seen, or the one that the administrator names. Pins, certificate and
    /// proofs of the old unit are forgotten; its password is kept as one that may be tried with a peer that is verified or pinned (settings
    /// may have been restored from a backup). Name, addresses and folder stay. GEN-003, MGR-026.
    virtual net::Task<Result<System>> accept(SystemId system, std::optional<Unit> named, std::string actor) = 0;
};

}  // namespace countersign::manager
