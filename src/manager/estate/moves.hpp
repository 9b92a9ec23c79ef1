#pragma once

/// Systems that are tracked by their MAC address and call from another address than the one that is known (REQ MGR-1).
///
/// A call is anonymous: it makes that address a candidate, and nothing else. The manager looks there, and takes the address over only
/// when the unit there proves who it is: over a channel that is pinned, verified or the unit's own factory identity, and with the serial
/// number, or MAC address, that is known. Nothing is sent before the channel is sure, and nothing at all over HTTP. Until then, and when
/// the proof fails, the old address stays.

#include "manager/estate/arrivals.hpp"
#include "manager/estate/directory.hpp"
#include "manager/observe/survey.hpp"
#include "net/sync.hpp"

#include <functional>
#include <mutex>
#include <set>

namespace countersign::manager {

/// The unit that was seen at the candidate address is this system's, for sure. Pure.
bool proves_to_be(System const& system, Observation const& seen);

class Moves : public std::enable_shared_from_this<Moves> {
public:
    struct Links {
        net::Runtime& runtime;
        Store& store;
        Directory& directory;
        Surveyor& surveyor;
        Observer& observer;
        net::KeyedLock& locks;
        std::function<void()> wake_jobs;
        Announce announce;
    };
    explicit Moves(Links links) : links_(std::move(links)) {}

    /// Looks there in the background; `owner` is kept alive until that ends. Bounded: so many calls of one source, and in all, and one
    /// look at a place at a time.
    void called_from(SystemId id, std::string address, std::shared_ptr<void const> owner);
    /// No further looks; returns when those under way have ended.
    net::Task<> stop();

private:
    net::Task<> run(SystemId id, std::string address, std::shared_ptr<void const> owner);
    net::Task<Result<void>> look(SystemId id, std::string address);
    net::Task<Result<void>> take_over(System system, std::string address, std::string pin);

    Links links_;
    CallLimiter limiter_;
    net::Signal ended_;
    std::mutex mutex_;
    bool stopping_ = false;
    std::set<std::pair<SystemId, std::string>> looking_;
};

}  // namespace countersign::manager
