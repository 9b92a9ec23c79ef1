#pragma once

/// Numbers of the whole estate for those who watch the manager (docs/operation.md): counted at one moment, in one look at the database.

#include "manager/estate/model.hpp"
#include "net/task.hpp"

#include <string>
#include <utility>
#include <vector>

namespace countersign::manager {

struct Statistics {
    struct Systems {
        std::string family;  ///< empty: not recognised yet
        int level = 0;
        std::string reachability;
        std::int64_t count = 0;
    };
    using Counts = std::vector<std::pair<std::string, std::int64_t>>;  ///< by name, in order; names without any are left out
    std::vector<Systems> systems;
    Counts jobs;          ///< by state; finished ones as far as they are kept
    Counts open_tickets;  ///< by severity
    Counts campaigns;     ///< by state
    /// Certificates that systems served when they were last seen: their ends, as seconds since 1970, in classes.
    std::int64_t certificates_ended = 0;
    std::int64_t certificates_end_in_7_days = 0;   ///< with those that have ended
    std::int64_t certificates_end_in_30_days = 0;  ///< with those before
    std::int64_t certificates = 0;
};

class StatisticsStore {
public:
    virtual ~StatisticsStore() = default;
    virtual net::Task<Result<Statistics>> count_all() = 0;
};

}  // namespace countersign::manager
