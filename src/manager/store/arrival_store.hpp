#pragma once

/// Systems that are not in the estate yet: announced before they exist (REQ MGR-12), and those that called and nobody knows. A part
/// of Store.

#include "base/secret.hpp"
#include "manager/store/network_store.hpp"
#include "net/task.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

using ArrivalId = std::int64_t;

/// MAC addresses are kept as 12 hexadecimal digits in lower case, serial numbers in upper case.
struct Preregistration {
    ArrivalId id = 0;
    std::string mac_address;
    std::string serial_number;
    std::string name;
    std::string host_name;
    std::string family;  ///< empty: recognised at its first call
    std::string folder;  ///< path; empty: where systems stand that are in no folder
    std::string user;
    ConnectionSettings connection;
    bool has_password = false;  ///< one is kept, sealed; else the family's factory password
    SystemId system = 0;        ///< the system that it became; 0: it has not called yet
    /// The unit itself said after log-in that this is its serial number or MAC address. Before, another call may take its place.
    bool confirmed = false;
    UtcTime created{};
    std::optional<UtcTime> called;
};

/// What a caller that nobody knows said of itself. Nothing of it is proven.
struct UnknownCaller {
    std::string serial_number;
    std::string mac_address;
    std::string system_name;
    std::string product;
    std::string software;
    std::string source_address;    ///< where the call came from
    std::string reported_address;  ///< which address it says it has
    bool https = false;
};

struct WaitingSystem {
    ArrivalId id = 0;
    UnknownCaller said;
    UtcTime first_seen{};
    UtcTime last_seen{};
    int calls = 1;
    bool rejected = false;
};

class ArrivalStore {
public:
    virtual ~ArrivalStore() = default;

    /// MGR-081 when the MAC address or serial number is announced already.
    virtual net::Task<Result<ArrivalId>> add_preregistration(Preregistration wanted, std::optional<SecretText> password,
                                                             std::string actor) = 0;
    virtual net::Task<Result<Preregistration>> get_preregistration(ArrivalId id) = 0;  ///< GEN-003
    /// Ids above `after`, at most `limit`.
    virtual net::Task<Result<std::vector<Preregistration>>> list_preregistrations(ArrivalId after, std::size_t limit) = 0;
    virtual net::Task<Result<void>> remove_preregistration(ArrivalId id, std::string actor) = 0;
    /// By MAC address, then by serial number.
    virtual net::Task<Result<std::optional<Preregistration>>> find_preregistration(std::string mac_address, std::string serial_number) = 0;
    virtual net::Task<Result<std::optional<SecretText>>> get_preregistered_password(ArrivalId id) = 0;
    /// The system called and became `system`.
    virtual net::Task<Result<void>> note_preregistered_call(ArrivalId id, SystemId system, std::string address) = 0;
    virtual net::Task<Result<void>> confirm_preregistration(ArrivalId id) = 0;
    /// The announced unit that this system stands for and whose identity was not confirmed yet.
    virtual net::Task<Result<std::optional<Preregistration>>> unconfirmed_preregistration_of(SystemId system) = 0;

    /// What the lists may hold: more is not written down.
    struct WaitingLimits {
        std::size_t all = 1000;
        std::size_t per_source = 10;
        std::chrono::days kept{30};  ///< since the last call
    };
    enum class Noted { fresh, again, rejected, full };
    /// Calls are those of one system when they come from one address with one serial number, or else one MAC address.
    virtual net::Task<Result<Noted>> note_unknown_caller(UnknownCaller said, WaitingLimits limits) = 0;
    virtual net::Task<Result<WaitingSystem>> get_waiting(ArrivalId id) = 0;  ///< GEN-003
    virtual net::Task<Result<std::vector<WaitingSystem>>> list_waiting(bool rejected, ArrivalId after, std::size_t limit) = 0;
    /// Kept, so that its next call does not bring it back.
    virtual net::Task<Result<void>> reject_waiting(ArrivalId id, std::string actor) = 0;
    virtual net::Task<Result<void>> remove_waiting(ArrivalId id, std::string actor, std::string why) = 0;
};

}  // namespace countersign::manager
