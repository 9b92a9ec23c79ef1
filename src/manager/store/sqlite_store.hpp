#pragma once

/// The Store over CommitQueue. Its functions are split by topic over systems.cpp, jobs.cpp, tickets.cpp, certificates.cpp, access.cpp
/// and sqlite_store.cpp; each hands one body to the queue and is no coroutine itself.

#include "manager/store/audit_trail.hpp"
#include "manager/store/backing.hpp"
#include "manager/store/sqlite_accounts.hpp"
#include "manager/store/sqlite_arrivals.hpp"
#include "manager/store/sqlite_campaigns.hpp"
#include "manager/store/sqlite_certificates.hpp"
#include "manager/store/sqlite_folder_policy.hpp"
#include "manager/store/sqlite_folders.hpp"
#include "manager/store/sqlite_history.hpp"
#include "manager/store/sqlite_inventory.hpp"
#include "manager/store/sqlite_lists.hpp"
#include "manager/store/sqlite_network.hpp"
#include "manager/store/sqlite_notifications.hpp"
#include "manager/store/sqlite_phonebooks.hpp"
#include "manager/store/sqlite_replacements.hpp"
#include "manager/store/sqlite_requests.hpp"
#include "manager/store/sqlite_statistics.hpp"
#include "manager/store/sqlite_tickets.hpp"
#include "manager/store/store.hpp"
#include "manager/store/store_sharing.hpp"

#include <map>

namespace countersign::manager::store {

class SqliteStore final : public Store {
public:
    SqliteStore(std::unique_ptr<Database> database, host::Sealer sealer, std::shared_ptr<Clock const> clock,
                std::unique_ptr<SharedPlace> place)
        : sealer_(std::move(sealer)),
          clock_(std::move(clock)),
          sharing_(backing_, std::move(place)),
          queue_(std::move(database), trail_.hooks()) {}

    ~SqliteStore() override { sharing_.stop(); }
    SqliteStore(SqliteStore const&) = delete;
    SqliteStore& operator=(SqliteStore const&) = delete;

    net::Task<Result<void>> read_together(Work work) override { return queue_.together(Access::read, std::move(work)); }
    net::Task<Result<void>> write_together(Work work) override { return queue_.together(Access::write, std::move(work)); }

    AuditStore& audit_trail() override { return audit_; }
    AccountStore& accounts() override { return accounts_; }
    HistoryStore& history() override { return history_; }
    StatisticsStore& statistics() override { return statistics_; }
    SharedStore& shared() override { return sharing_; }
    FolderStore& folders() override { return folders_; }
    ListStore& lists() override { return lists_; }
    TicketDesk& tickets() override { return tickets_; }
    NotificationStore& notifications() override { return notifications_; }
    CampaignStore& campaigns() override { return campaigns_; }
    FolderPolicyStore& folder_policy() override { return folder_policy_; }
    ReplacementStore& replacements() override { return replacements_; }
    CertificateStore& certificates() override { return certificates_; }
    InventoryStore& inventory() override { return inventory_; }
    RequestStore& requests() override { return requests_; }
    NetworkStore& network() override { return network_; }
    ArrivalStore& arrivals() override { return arrivals_; }
    PhonebookStore& phonebooks() override { return phonebooks_; }

    net::Task<Result<SystemId>> add_system(System system, std::optional<SecretText> password, std::string actor) override;
    net::Task<Result<System>> get_system(SystemId id) override;
    net::Task<Result<std::optional<System>>> find_system(std::string text) override;
    net::Task<Result<std::vector<System>>> list_systems(SystemFilter filter) override;
    net::Task<Result<std::vector<SystemId>>> all_system_ids() override;
    net::Task<Result<System>> update_system(SystemId id, std::function<std::string(System&)> change, std::string actor) override;
    net::Task<Result<void>> remove_system(SystemId id, std::string actor) override;
    net::Task<Result<SystemPasswords>> get_passwords(SystemId id) override;
    net::Task<Result<void>> set_candidate_password(SystemId id, SecretText password) override;
    net::Task<Result<void>> promote_candidate_password(SystemId id) override;
    net::Task<Result<void>> set_password(SystemId id, SecretText password, PasswordOrigin origin, std::string actor) override;
    net::Task<Result<void>> record_assessment(System system, Assessment assessment, std::vector<std::string> service_lines) override;
    net::Task<Result<std::optional<Assessment>>> get_assessment(SystemId id) override;
    net::Task<Result<std::vector<std::string>>> get_service_lines(SystemId id) override;
    net::Task<Result<void>> record_contact(SystemId id, ContactEvidence contact, std::string event) override;
    net::Task<Result<ContactEvidence>> get_contact(SystemId id) override;
    net::Task<Result<Policy>> get_policy() override;
    net::Task<Result<void>> set_policy(Policy policy, std::string actor) override;
    net::Task<Result<std::optional<std::string>>> get_value(std::string key) override;
    net::Task<Result<void>> set_value(std::string key, std::string text) override;
    net::Task<Result<std::optional<SecretText>>> get_secret(std::string key) override;
    net::Task<Result<void>> set_secret(std::string key, SecretText secret) override;
    net::Task<Result<std::optional<PendingCertificate>>> get_pending_certificate(SystemId id) override;
    net::Task<Result<void>> set_pending_certificate(SystemId id, PendingCertificate pending) override;
    net::Task<Result<void>> clear_pending_certificate(SystemId id) override;
    net::Task<Result<void>> record_issued(IssuedCertificate certificate) override;
    net::Task<Result<std::vector<IssuedCertificate>>> list_issued(SystemId id) override;
    net::Task<Result<void>> add_factory_anchor(std::string vendor, pki::Certificate certificate, std::string actor) override;
    net::Task<Result<std::vector<pki::Certificate>>> factory_anchors() override;
    net::Task<Result<JobId>> queue_job(JobKind kind, SystemId system, std::string actor) override;
    net::Task<Result<std::vector<JobId>>> queue_jobs(JobKind kind, std::vector<SystemId> systems, std::string actor) override;
    net::Task<Result<std::optional<Job>>> lease_job(std::string owner, std::chrono::seconds lease) override;
    net::Task<Result<std::vector<Job>>> lease_jobs(std::string owner, std::chrono::seconds lease, std::size_t most) override;
    net::Task<Result<void>> renew_lease(JobId id, std::string owner, std::chrono::seconds lease) override;
    net::Task<Result<void>> record_progress(JobId id, int step, int steps, std::string progress) override;
    net::Task<Result<void>> finish_job(JobId id, JobState state, std::optional<Error> error, UtcTime not_before) override;
    net::Task<Result<int>> release_leases_of(std::string owner, LeaseEnd end) override;
    net::Task<Result<Job>> get_job(JobId id) override;
    net::Task<Result<std::vector<Job>>> list_jobs(SystemId system, std::optional<JobState> state, std::size_t limit, JobId before) override;
    net::Task<Result<JobCounts>> count_jobs() override;
    net::Task<Result<void>> open_ticket(SystemId system, TicketType type, std::string text, std::string remedy) override;
    net::Task<Result<void>> close_ticket(SystemId system, TicketType type) override;
    net::Task<Result<std::vector<Ticket>>> list_tickets(std::optional<TicketState> state, SystemId system, std::size_t limit) override;
    net::Task<Result<std::optional<std::string>>> get_password_hash(std::string user) override;
    net::Task<Result<void>> add_account(std::string user, std::string hash, std::string actor) override;
    net::Task<Result<void>> set_password_hash(std::string user, std::string hash, std::string actor) override;
    net::Task<Result<std::int64_t>> add_token(std::string name, std::string hash, std::optional<UtcTime> expires,
                                              std::string actor) override;
    net::Task<Result<std::optional<TokenInfo>>> find_token(std::string hash) override;
    net::Task<Result<std::vector<TokenInfo>>> list_tokens() override;
    net::Task<Result<void>> remove_token(std::int64_t id, std::string actor) override;
    net::Task<Result<void>> add_session(std::string hash, std::string user, UtcTime expires) override;
    net::Task<Result<std::optional<std::string>>> find_session(std::string hash) override;
    net::Task<Result<void>> remove_session(std::string hash) override;
    net::Task<Result<void>> audit(std::string actor, std::string action, std::string subject, std::string detail) override;
    net::Task<Result<std::vector<AuditRecord>>> list_audit(std::size_t limit, std::int64_t before) override;

private:
    friend class SqliteCampaigns;
    void record(Database& database, std::string_view actor, std::string_view action, std::string_view subject, std::string_view detail) {
        backing_.record(database, actor, action, subject, detail);
    }
    [[nodiscard]] UtcTime now() const { return clock_->now(); }

    template <class Body>
    auto read(Body body) {
        return queue_.run(Access::read, std::move(body));
    }
    template <class Body>
    auto rows(Body body) {
        return queue_.run(Access::rows, std::move(body));
    }
    template <class Body>
    auto write(Body body) {
        return queue_.run(Access::write, std::move(body));
    }

    Result<std::optional<Job>> lease_one(Database& database, std::string const& owner, std::chrono::seconds lease);
    JobId queue_one(Database& database, JobKind kind, SystemId system, std::string_view actor);

    host::Sealer sealer_;
    std::shared_ptr<Clock const> clock_;
    Backing backing_{queue_, sealer_, *clock_};
    AuditTrail trail_{sealer_, *clock_};
    SqliteAudit audit_{queue_, sealer_};
    SqliteAccounts accounts_{backing_};
    SqliteFolders folders_{backing_};
    SqliteCampaigns campaigns_{*this};
    SqliteLists lists_{backing_, folders_};
    SqliteFolderPolicy folder_policy_{backing_};
    SqliteReplacements replacements_{backing_};
    SqliteCertificates certificates_{backing_};
    SqliteInventory inventory_{backing_};
    SqliteRequests requests_{backing_};
    SqliteHistory history_{backing_};
    SqliteStatistics statistics_{backing_};
    SqliteNetwork network_{backing_};
    SqliteArrivals arrivals_{backing_};
    SqlitePhonebooks phonebooks_{backing_};
    /// By the texts of their rows, so that none is decoded twice. The queue's thread alone uses it.
    std::map<std::string, pki::Certificate> decoded_anchors_;
    SqliteTickets tickets_{backing_};
    SqliteNotifications notifications_{backing_};
    StoreSharing sharing_;
    CommitQueue queue_;  ///< last: its thread uses the others
};

}  // namespace countersign::manager::store
