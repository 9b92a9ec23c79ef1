#pragma once

/// What looks at a system found changed, newest first. A part of Store; written with the look itself (Store::record_assessment).

#include "manager/assess/changes.hpp"
#include "net/task.hpp"

#include <cstdint>
#include <vector>

namespace countersign::manager {

/// Of one system; older ones are forgotten.
inline constexpr std::size_t k_looks_kept = 500;

struct ChangedLook {
    std::int64_t id = 0;  ///< of later looks it is larger
    UtcTime at{};
    std::vector<SystemChange> changes;
};

class HistoryStore {
public:
    virtual ~HistoryStore() = default;
    /// Cursor: ids below `before`; 0: from the newest one. At most `limit` (1 to 1,000). GEN-003.
    virtual net::Task<Result<std::vector<ChangedLook>>> of_system(SystemId system, std::int64_t before, std::size_t limit) = 0;
};

}  // namespace countersign::manager
