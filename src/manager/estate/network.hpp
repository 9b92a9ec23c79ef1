#pragma once

/// The manager's own doors and names: what its HTTP port answers, what systems are told to call, and whether all of it is ready for
/// Secure-Only (REQ MGR-7, MGR-8, MGR-15). What would lock somebody out is shown first and refused without confirmation; HTTPS is always
/// open, so that the administrator himself is never locked out.

#include "manager/assess/own_level.hpp"
#include "manager/certificates/internal_ca.hpp"
#include "manager/manager.hpp"
#include "manager/observe/wire.hpp"
#include "manager/store/network_store.hpp"

#include <mutex>

namespace countersign::manager {

/// A system that could not call the manager any more if its HTTP port were closed.
struct AffectedSystem {
    SystemId id = 0;
    std::string name;
    std::string why;
};

/// What restricting the manager to HTTPS would mean.
struct Restriction {
    PlainDoor plain_http = PlainDoor::open;  ///< as it is now
    std::vector<std::string> limitations;
    std::vector<AffectedSystem> affected;  ///< the first 1,000
    std::size_t affected_in_all = 0;
    std::vector<Error> blockers;  ///< no confirmation helps
};

/// One point of the manager's own checklist.
struct OwnReadiness {
    enum class State { yes, no, unknown };
    std::string id;
    std::string text;
    State state = State::unknown;
    std::string evidence;
    std::string remedy;           ///< empty when the point is fulfilled
    SecureOnly needed_for{};      ///< `on`: in both modes of Secure-Only; `verify`; `off`: advice
    std::vector<Error> errors{};  ///< why not
};

class Network {
public:
    Network(Store& store, InternalCa& authority, family::Families families, Wire wire, ManagerSettings settings);

    /// Whose certificate the readiness list tells of; once, before it is asked for.
    void use(OwnCertificate& own) { own_ = &own; }
    net::Task<Result<void>> load();
    [[nodiscard]] NetworkSettings now() const;

    struct Change {
        std::optional<PlainDoor> plain_http;
        std::optional<bool> override_dns;
        std::optional<std::string> public_host_name;
        std::optional<bool> scan_snmp;
        bool confirmed = false;  ///< the limitations were shown and accepted
    };
    /// GEN-001, MGR-082 to MGR-085.
    net::Task<Result<NetworkSettings>> change(Change wanted, std::string actor);
    net::Task<Result<Restriction>> restriction();
    /// The manager's own level, with its rows (REQ LVL-4).
    net::Task<Result<OwnLevel>> level();
    /// Every point, in the order of the seeds' lists. `policy` as it is, or as it shall be.
    net::Task<Result<std::vector<OwnReadiness>>> readiness(Policy policy);
    /// MGR-007 with every point that the mode of `policy` needs and that is not fulfilled; MGR-086 when Off would cut off every system.
    net::Task<Result<void>> check_ready_for(Policy policy);
    /// The name (or, with Override DNS, the address) that this system is told to call.
    [[nodiscard]] std::string name_for(Policy const& policy, Connectivity connectivity) const;

private:
    net::Task<Result<void>> prove_own_https();
    net::Task<Result<bool>> is_secure_only_in_use(Policy const& policy);
    [[nodiscard]] std::string why_affected(System const& system) const;

    Store& store_;
    InternalCa& authority_;
    family::Families families_;
    Wire wire_;
    ManagerSettings settings_;
    OwnCertificate* own_ = nullptr;
    mutable std::mutex mutex_;
    NetworkSettings now_;
};

std::string_view to_string(OwnReadiness::State state);

}  // namespace countersign::manager
