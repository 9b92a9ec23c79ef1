#pragma once

/// Several managers on one PostgreSQL database (REQ MGR-13): what they tell each other, and who does what only one may do. With SQLite
/// there is one manager: it leads, and nobody tells it anything.

#include "manager/estate/model.hpp"
#include "net/task.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace countersign::manager {

/// Something that another manager changed or heard.
struct SharedChange {
    /// "system" (its row), "known" (what callers are recognised by, also when it was added or removed), "job", "ticket" (`id`: the
    /// system), "channel", "campaign", "policy", "settings" (what managers keep in memory of themselves and of the authority), "call"
    /// (a system called; `detail`: "https" or "http"), "all" (the connection was lost for a time: anything), "lead" (this manager leads
    /// from now on).
    std::string kind;
    std::int64_t id = 0;
    std::string detail;
};

class SharedStore {
public:
    virtual ~SharedStore() = default;
    /// Whether others may work on the same database.
    [[nodiscard]] virtual bool is_shared() const = 0;
    /// Whether this manager does the work that is done once for all: queueing the regular jobs, moving campaigns, telling tickets,
    /// renewals. Exactly one leads as long as any is connected; when it ends another does within seconds. Any thread.
    [[nodiscard]] virtual bool leads() const = 0;
    /// Begins to listen. `owner` is this manager's name at its leases, by which others see that it lives. `listener` is called on a thread
    /// of the store's, never after the store's end, and must not wait.
    virtual void watch(std::string owner, std::function<void(SharedChange)> listener) = 0;
    /// Tells the other managers, as soon as it is committed. Nothing with SQLite.
    virtual net::Task<Result<void>> tell(std::string kind, std::int64_t id, std::string detail) = 0;
    /// Frees the jobs of managers that have not been connected for some seconds; they count as lost. How many.
    virtual net::Task<Result<int>> free_jobs_of_lost() = 0;
    /// Ends the time in which no other manager may start on this database: an empty one gets one authority, not two.
    virtual net::Task<Result<void>> started() = 0;
};

}  // namespace countersign::manager
