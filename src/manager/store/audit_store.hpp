#pragma once

/// The audit trail with its hash chain (docs/audit.md), the oldest first: for whoever verifies or keeps it elsewhere.

#include "host/audit_chain.hpp"
#include "manager/store/store.hpp"

namespace countersign::manager {

struct ChainedRecord {
    AuditRecord record;
    std::string hash;  ///< 64 hexadecimal digits
};

inline host::AuditLink link_of(AuditRecord const& record) {
    return {.id = record.id,
            .at = record.at.time_since_epoch().count(),
            .actor = record.actor,
            .action = record.action,
            .subject = record.subject,
            .detail = record.detail};
}

class AuditStore {
public:
    virtual ~AuditStore() = default;
    /// Records above `after`, ascending; at most `limit` (1 to 1,000).
    virtual net::Task<Result<std::vector<ChainedRecord>>> list(std::int64_t after, std::size_t limit) = 0;
    /// The newest record as the sealed head says. MGR-131 when there is none, or it was sealed with another key.
    virtual net::Task<Result<host::AuditHead>> head() = 0;
};

}  // namespace countersign::manager
