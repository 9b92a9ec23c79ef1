#pragma once

/// How systems come in by themselves (REQ MGR-1, MGR-12): announced ones are added at their first call, unknown ones wait on a list for
/// an administrator. A call is anonymous and proves nothing: it makes a line on a bounded list, or adds a system that somebody announced
/// and that is then looked at as any other. No password is given away by it: it goes over HTTPS, to a unit that showed who it is.

#include "manager/manager.hpp"
#include "manager/store/arrival_store.hpp"

#include <map>
#include <mutex>

namespace countersign::manager {

/// What a person says when announcing a system.
struct Announcement {
    std::string mac_address;
    std::string serial_number;
    std::string name;
    std::string host_name;
    std::string family;
    std::string folder;
    std::string user;
    std::optional<SecretText> password;
    ConnectionSettings connection;
};

/// What a person says when accepting a system that waits.
struct Acceptance {
    std::string name;
    std::string host_name;
    std::string family;
    std::string folder;
    std::string user;  ///< empty: as its folder says, else the family's
    std::optional<SecretText> password;
    ConnectionSettings connection;
};

/// Bounds what anonymous callers can cost: at most this many unknown calls are looked at in a second, from one address and in all.
class CallLimiter {
public:
    bool allow(std::string const& source, std::chrono::steady_clock::time_point now);

private:
    struct Budget {
        double left = 0;
        std::chrono::steady_clock::time_point at{};
    };
    static bool take(Budget& budget, double per_second, double burst, std::chrono::steady_clock::time_point now);
    std::mutex mutex_;
    Budget all_{};
    std::map<std::string, Budget> sources_;
};

class Arrivals {
public:
    /// Adds a system as Manager::add_system does.
    using Add = std::function<net::Task<Result<System>>(NewSystem, ConnectionSettings, std::string actor)>;
    Arrivals(Store& store, family::Families families, Add add, std::function<void(Event)> publish);
    net::Task<Result<void>> load();

    /// A call of a system that the directory does not know, or knows by an announcement only.
    net::Task<Result<void>> called(UnknownCaller said, std::string event);
    /// This system stands for an announcement that its unit has not confirmed yet.
    [[nodiscard]] bool is_unconfirmed(SystemId id) const;

    /// GEN-001, GEN-002, FAM-002, MGR-081; all at once.
    net::Task<Result<Preregistration>> announce(Announcement wanted, std::string actor);
    net::Task<Result<Preregistration>> get(ArrivalId id);
    net::Task<Result<std::vector<Preregistration>>> list(ArrivalId after, std::size_t limit);
    net::Task<Result<void>> withdraw(ArrivalId id, std::string actor);
    /// The waiting system becomes a system of the estate, at the address that it called from.
    net::Task<Result<System>> accept(ArrivalId id, Acceptance how, std::string actor);

private:
    net::Task<Result<void>> take_in(Preregistration announced, UnknownCaller said);
    net::Task<Result<FolderId>> folder_at(std::string path, std::string actor);
    net::Task<Result<void>> move(Preregistration announced, UnknownCaller said);
    net::Task<Result<Preregistration>> with_confirmation(Preregistration announced);
    std::string family_of(UnknownCaller const& said, ConnectionSettings const& connection) const;

    Store& store_;
    family::Families families_;
    Add add_;
    std::function<void(Event)> publish_;
    CallLimiter limiter_;
    mutable std::mutex mutex_;
    std::map<SystemId, ArrivalId> unconfirmed_;
};

/// GEN-001 for settings that cannot be kept persistent: unknown to the family, or the policy's business.
Result<void> check_persistent(std::map<std::string, std::string> const& settings, family::Families const& families,
                              std::string const& family);

}  // namespace countersign::manager
