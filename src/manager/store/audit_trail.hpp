#pragma once

/// Keeps the chain of the audit trail. The newest hash stands beside the connection (Database::audit_tip) and follows its transactions and
/// savepoints: a record that is rolled back leaves the chain as it was. Before each commit it is sealed into the database.
/// What is written goes on from the sealed head and not from the last record that is found: a trail whose end was cut off while
/// nobody looked stays broken at that place for good.

#include "host/audit_chain.hpp"
#include "host/crypto.hpp"
#include "manager/store/audit_store.hpp"
#include "manager/store/commit_queue.hpp"

namespace countersign::manager::store {

class AuditTrail {
public:
    AuditTrail(host::Sealer const& sealer, Clock const& clock) : sealer_(sealer), clock_(clock) {}
    /// What the queue does with each transaction that writes.
    CommitQueue::Hooks hooks();

private:
    /// Another program (countersign-manager reset-administrator) may have written meanwhile: then its head counts.
    void begun(Database& database);
    void committing(Database& database);

    host::Sealer const& sealer_;
    Clock const& clock_;
    // The queue's thread alone uses these.
    bool under_way_ = false;             ///< a transaction that writes
    std::optional<AuditTip> before_;     ///< as it found it
    std::optional<std::string> sealed_;  ///< as it stands in the database, to our knowledge
    std::int64_t sealed_count_ = -1;
};

class SqliteAudit final : public AuditStore {
public:
    SqliteAudit(CommitQueue& queue, host::Sealer const& sealer) : queue_(queue), sealer_(sealer) {}
    net::Task<Result<std::vector<ChainedRecord>>> list(std::int64_t after, std::size_t limit) override;
    net::Task<Result<host::AuditHead>> head() override;

private:
    CommitQueue& queue_;
    host::Sealer const& sealer_;
};

/// Records above `after`, for those who are on the store's thread or have no store.
std::vector<ChainedRecord> load_audit(Database& database, std::int64_t after, std::size_t limit);
/// MGR-131.
Result<host::AuditHead> load_audit_head(Database& database, host::Sealer const& sealer);
/// Of a schema that just got its chain: hashes for the records that there are, and the first head. In the migration's transaction.
void begin_audit_chain(Database& database);
void seal_first_audit_head(Database& database, host::Sealer const& sealer);

}  // namespace countersign::manager::store
