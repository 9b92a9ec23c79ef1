#pragma once

/// What systems call (REQ MGR-9, MGR-12): boot, register, heartbeat and feedback. A call is anonymous, but for a certificate that it
/// shows: it makes the manager look again, and says how a system calls where that is sure enough to be believed.

#include "manager/certificates/sighted.hpp"
#include "manager/enforce/contact_board.hpp"
#include "manager/estate/arrivals.hpp"
#include "manager/estate/directory.hpp"
#include "manager/estate/moves.hpp"
#include "manager/manager.hpp"
#include "manager/observe/survey.hpp"
#include "net/sync.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <mutex>

namespace countersign::manager {

class SystemCalls {
public:
    struct Links {
        Store& store;
        Directory& directory;
        Surveyor& surveyor;
        Arrivals& arrivals;
        Moves& moves;
        ContactBoard& contacts;
        Sighted& sighted;
        net::KeyedLock& locks;
        std::shared_ptr<Clock const> clock;
        family::Families families;
        std::function<net::Task<Result<void>>(SystemId, bool https)> tell_others;  ///< other managers of the estate
        std::function<void()> wake_jobs;
        Announce announce;
    };
    explicit SystemCalls(Links links) : links_(std::move(links)) {}

    /// Manager::system_called and Manager::settings_for.
    /// `owner` is kept alive by what a call begins.
    net::Task<Result<void>> called(Manager::SystemCall call, std::shared_ptr<void const> owner);
    net::Task<Result<Manager::Given>> settings_for(Manager::SystemCall call);

private:
    bool may_look_again(SystemId id);
    struct Known;
    net::Task<Result<Known>> known_of(SystemId id);
    static net::Task<Result<void>> read_known(Store& store, SystemId id, std::shared_ptr<Known> known);
    [[nodiscard]] System as_called(System system, Manager::SystemCall const& call, bool called_over_https) const;
    [[nodiscard]] System as_believed(Known const& known, Manager::SystemCall const& call) const;
    net::Task<Result<void>> keep_software(Known const& known, Manager::SystemCall const& call);

    Links links_;
    std::mutex mutex_;
    std::map<SystemId, std::chrono::steady_clock::time_point> looked_;  ///< when an anonymous call last made us look
};

}  // namespace countersign::manager
