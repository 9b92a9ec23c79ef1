#pragma once

/// What other managers on the same database do, carried into this one's memory (REQ MGR-13): who calls, which systems there are, the
/// settings that are kept in memory, and what people watch live. Changes are taken in their order, one at a time.

#include "manager/enforce/contact_board.hpp"
#include "manager/estate/directory.hpp"
#include "manager/observe/survey.hpp"
#include "manager/store/shared_store.hpp"
#include "manager/store/store.hpp"

#include <atomic>
#include <deque>
#include <mutex>

namespace countersign::manager {

struct Event;

class Peers : public std::enable_shared_from_this<Peers> {
public:
    struct Links {
        net::Runtime& runtime;
        Store& store;
        Directory& directory;
        Surveyor& surveyor;
        ContactBoard& contacts;
        net::KeyedLock& locks;
        std::function<void(Event)> publish;                     ///< to who listens to this manager
        std::function<void()> look_for_work;                    ///< jobs may be due, campaigns may go on, messages may wait
        std::function<net::Task<Result<void>>()> reload;        ///< everything that is kept in memory, but for the directory
        std::function<net::Task<Result<void>>()> read_systems;  ///< the directory
    };
    explicit Peers(Links links) : links_(std::move(links)) {}

    /// Begins to listen, as `name`. `owner` keeps alive what this works with. Nothing when the database is not shared.
    void start(std::string name, std::shared_ptr<void const> owner);
    void stop();
    /// A system called this manager: the one that works on it may be another.
    net::Task<Result<void>> tell_call(SystemId id, bool https);

private:
    net::Task<> serve();
    net::Task<Result<void>> take(SharedChange change);
    net::Task<Result<void>> know(SystemId id);
    net::Task<Result<void>> heard_call(SystemId id, bool https);

    Links links_;
    std::atomic<bool> stopping_ = false;
    net::Signal wake_;
    std::mutex mutex_;
    std::deque<SharedChange> waiting_;
};

}  // namespace countersign::manager
