#pragma once

/// Numbers of the whole estate for those who watch the manager (docs/operation.md): counted at one moment, in one look at the database.

#include "manager/estate/model.hpp"
#include "net/task.hpp"

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace countersign::manager {

struct SystemFilter;  // store/store.hpp

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

/// Systems by level, from 0 (not known yet) to 4.
using LevelCounts = std::array<std::int64_t, 5>;

struct SystemCounts {
    LevelCounts levels{};
    Statistics::Counts families;  ///< by id; empty: not recognised yet
};

/// What the first page of the interface shows, at one moment.
struct EstateOverview {
    struct Day {
        std::string day;  ///< "2026-11-21", UTC
        LevelCounts levels{};
    };
    struct Ends {
        std::string day;
        std::int64_t count = 0;  ///< systems whose certificate ends on it
    };
    struct TicketAge {
        std::string age;  ///< day, week, month, older
        std::string severity;
        std::int64_t count = 0;
    };
    LevelCounts levels{};
    std::int64_t capable_below_4 = 0;  ///< of Secure-Only
    std::vector<Day> history;          ///< the oldest first; the last is today
    std::int64_t certificates_ended = 0;
    std::vector<Ends> certificates;  ///< of the days to come, 400 at most
    std::vector<TicketAge> tickets;  ///< open and not snoozed
    std::int64_t waiting_systems = 0;
};

class StatisticsStore {
public:
    virtual ~StatisticsStore() = default;
    virtual net::Task<Result<Statistics>> count_all() = 0;
    /// `limit` and `after` do not count.
    virtual net::Task<Result<SystemCounts>> count_systems(SystemFilter filter) = 0;
    virtual net::Task<Result<EstateOverview>> overview() = 0;
    /// Keeps the levels as they are now as those of today, for 800 days.
    virtual net::Task<Result<void>> note_levels() = 0;
};

}  // namespace countersign::manager
