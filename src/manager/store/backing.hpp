#pragma once

/// What the store's topics share: the queue of the database's thread, sealing, the clock and the trail. A topic is a class of its
/// own behind a small interface (folders, lists ...); it lives as long as the store and outlives the queue's thread.

#include "host/crypto.hpp"
#include "manager/estate/model.hpp"
#include "manager/store/commit_queue.hpp"

#include <string>
#include <string_view>

namespace countersign::manager::store {

class Backing {
public:
    Backing(CommitQueue& queue, host::Sealer const& sealer, Clock const& clock) : queue_(queue), sealer_(sealer), clock_(clock) {}

    template <class Body>
    auto read(Body body) {
        return queue_.run(Access::read, std::move(body));
    }
    /// See Access::rows: no record of the trail.
    template <class Body>
    auto rows(Body body) {
        return queue_.run(Access::rows, std::move(body));
    }
    template <class Body>
    auto write(Body body) {
        return queue_.run(Access::write, std::move(body));
    }
    /// The record of a change, in the transaction of the change.
    void record(Database& database, std::string_view actor, std::string_view action, std::string_view subject,
                std::string_view detail) const;
    [[nodiscard]] UtcTime now() const { return clock_.now(); }
    [[nodiscard]] host::Sealer const& sealer() const { return sealer_; }

private:
    CommitQueue& queue_;
    host::Sealer const& sealer_;
    Clock const& clock_;
};

/// A record of the trail with its link of the chain (audit_trail.hpp), for functions that work inside of somebody's transaction.
void add_audit_record(Database& database, UtcTime now, std::string_view actor, std::string_view action, std::string_view subject,
                      std::string_view detail);

/// "system 12"
inline std::string subject_of(SystemId id) { return "system " + std::to_string(id); }
inline Failure no_such_system(SystemId id) { return fail(errors::gen::not_found, {{"what", "system"}, {"name", std::to_string(id)}}); }
/// The part of a LIKE pattern that stands for `text` itself; use with ESCAPE '\'.
std::string escape_like(std::string_view text);

}  // namespace countersign::manager::store
