#pragma once

/// Everything the manager remembers, in SQLite (WAL) or PostgreSQL. One connection on a thread of its own; callers from any loop wait
/// for their turn as coroutines. Each call is one transaction: it happened whole and is durable when it returns, or not at
/// all. Migrations are numbered and only go forward (STO-003 when the file is newer than the program).
///
/// Secrets come in and go out as Secret<T> and are sealed at rest with the Sealer of the data directory.
///
/// A Store is destroyed before the Runtime whose coroutines call it; calls that still wait are carried out first. When a call
/// fails with STO-002 nothing of it was kept.

#include "host/crypto.hpp"
#include "manager/assess/assess.hpp"
#include "manager/estate/model.hpp"
#include "manager/plan/plan.hpp"
#include "net/task.hpp"
#include "pki/certificate.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

namespace store {
struct PostgresqlAddress;  // store/postgresql_address.hpp
}

/// Passwords that may open a system, tried in this order. `candidate` was stored before it was sent to the system, so that
/// a crash between the two loses nothing.
struct SystemPasswords {
    std::optional<SecretText> current;
    std::optional<SecretText> candidate;
};

/// A certificate made for a system by our authority and not yet proven in place. Reused after a crash: never issued twice.
struct PendingCertificate {
    pki::Certificate certificate;
    std::optional<pki::PrivateKey> key;  ///< nothing: the system made it, and keeps it
    std::optional<UtcTime> renew_at{};   ///< chosen when it was issued; known while it is stored
    std::string key_note{};              ///< why the manager made the key of a system that makes its own; for the record, not given back
};

/// Which systems are meant: for lists, and as the selection of whatever works on many. What is not set does not restrict.
struct SystemFilter {
    /// Words, each of which is a part of the name, host name, address, serial number, MAC address, family, software or folder.
    std::string text;
    std::optional<int> level;  ///< 0: not known yet
    std::string family;
    std::size_t limit = 100;         ///< of list_systems: at most 1,000
    SystemId after = 0;              ///< ids above this
    std::optional<FolderId> folder;  ///< the folder and all below it
    std::optional<Reachability> reachability;
    std::optional<bool> secure_only_capable;
    std::optional<bool> has_ticket;  ///< an open one
    std::optional<TrackBy> track_by;
    std::optional<UtcTime> certificate_expires_before;
    std::optional<UtcTime> certificate_expires_after;  ///< then or later
};

struct IssuedCertificate {
    std::string serial;
    std::string subject;
    std::string fingerprint;
    std::string purpose;  ///< "system", "manager"
    SystemId system = 0;  ///< 0: the manager's own
    UtcTime not_before{};
    UtcTime not_after{};
    std::optional<UtcTime> revoked;
    std::optional<pki::Certificate> certificate{};  ///< for the inventory (store/inventory_store.hpp); not given back by list_issued
    std::optional<UtcTime> renew_at{};              ///< when it is to be replaced by itself
};

/// Who did what. Each record is a link of a hash chain (store/audit_store.hpp).
struct AuditRecord {
    std::int64_t id = 0;
    UtcTime at{};
    std::string actor;    ///< "admin", "token:ci", "manager"
    std::string action;   ///< "system.add", "policy.change", "step.done" ...
    std::string subject;  ///< "system 12"
    std::string detail;
};

class AuditStore;         // store/audit_store.hpp
class AccountStore;       // store/account_store.hpp
class CertificateStore;   // store/certificate_store.hpp
class NetworkStore;       // store/network_store.hpp
class ArrivalStore;       // store/arrival_store.hpp
class PhonebookStore;     // store/phonebook_store.hpp
class FolderStore;        // store/folder_store.hpp
class ListStore;          // store/list_store.hpp
class TicketDesk;         // store/ticket_desk.hpp
class NotificationStore;  // store/notification_store.hpp
class CampaignStore;      // store/campaign_store.hpp
class FolderPolicyStore;  // store/folder_policy_store.hpp
class ReplacementStore;   // store/replacement_store.hpp
class InventoryStore;     // store/inventory_store.hpp
class RequestStore;       // store/request_store.hpp
class HistoryStore;       // store/history_store.hpp
class StatisticsStore;    // store/statistics_store.hpp
class SharedStore;        // store/shared_store.hpp

class Store {
public:
    /// STO-001, STO-003. Makes the file and its schema when there is none.
    static Result<std::unique_ptr<Store>> open(std::filesystem::path const& file, host::Sealer sealer, std::shared_ptr<Clock const> clock);
    /// The same on PostgreSQL, which several managers may share (store/postgresql_address.hpp). Besides STO-004, STO-005, STO-006
    /// (secrets there were sealed with another key), GEN-006.
    static Result<std::unique_ptr<Store>> connect(store::PostgresqlAddress const& address, host::Sealer sealer,
                                                  std::shared_ptr<Clock const> clock);
    virtual ~Store() = default;

    /// What `work` asks of this store, and of its topics, happens as one call: one transaction, one turn, one wait for the disk. All of it
    /// sees one state, and all of it is kept or nothing. `work` awaits nothing but this store. It runs on the store's thread, perhaps when
    /// its caller is gone, and may be carried out twice: it owns all that it uses, and changes nothing but that and the store. A part that
    /// fails after it changed something fails the whole.
    using Work = std::function<net::Task<Result<void>>()>;
    virtual net::Task<Result<void>> read_together(Work work) = 0;
    virtual net::Task<Result<void>> write_together(Work work) = 0;

    virtual CampaignStore& campaigns() = 0;
    /// The audit trail with its chain.
    virtual AuditStore& audit_trail() = 0;
    virtual AccountStore& accounts() = 0;
    virtual HistoryStore& history() = 0;
    virtual StatisticsStore& statistics() = 0;
    /// Other managers on the same database.
    virtual SharedStore& shared() = 0;

    // Systems
    virtual net::Task<Result<SystemId>> add_system(System system, std::optional<SecretText> password, std::string actor) = 0;  ///< MGR-001
    virtual net::Task<Result<System>> get_system(SystemId id) = 0;                                                             ///< GEN-003
    virtual net::Task<Result<std::optional<System>>> find_system(std::string name_or_host_or_address_or_serial) = 0;
    virtual net::Task<Result<std::vector<System>>> list_systems(SystemFilter filter) = 0;
    virtual net::Task<Result<std::vector<SystemId>>> all_system_ids() = 0;
    /// Reads, changes, writes in one transaction. `change` returns the audit line, or empty for none. It runs on the store's
    /// thread and must not wait. What it does to `id` and `created` is ignored. MGR-001 when the new name or address is taken.
    virtual net::Task<Result<System>> update_system(SystemId id, std::function<std::string(System&)> change, std::string actor) = 0;
    virtual net::Task<Result<void>> remove_system(SystemId id, std::string actor) = 0;
    virtual net::Task<Result<SystemPasswords>> get_passwords(SystemId id) = 0;
    virtual net::Task<Result<void>> set_candidate_password(SystemId id, SecretText password) = 0;
    /// The candidate opened the system: it becomes current, origin managed.
    virtual net::Task<Result<void>> promote_candidate_password(SystemId id) = 0;
    virtual net::Task<Result<void>> set_password(SystemId id, SecretText password, PasswordOrigin origin, std::string actor) = 0;
    /// Newest observation's results: level, reachability, expiry ..., the assessment for the system's page. Only what an
    /// observation finds out is taken from `system`; connection settings that a person changed meanwhile stay. A family is set
    /// when none was known, and `https_proven` is only ever raised.
    virtual net::Task<Result<void>> record_assessment(System system, Assessment assessment, std::vector<std::string> service_lines) = 0;
    virtual net::Task<Result<std::optional<Assessment>>> get_assessment(SystemId id) = 0;
    virtual net::Task<Result<std::vector<std::string>>> get_service_lines(SystemId id) = 0;
    /// A call from the system arrived.
    virtual net::Task<Result<void>> record_contact(SystemId id, ContactEvidence contact, std::string event) = 0;
    virtual net::Task<Result<ContactEvidence>> get_contact(SystemId id) = 0;

    // By topic, in headers of their own
    virtual FolderStore& folders() = 0;
    virtual ListStore& lists() = 0;
    virtual FolderPolicyStore& folder_policy() = 0;
    virtual ReplacementStore& replacements() = 0;
    virtual CertificateStore& certificates() = 0;
    virtual InventoryStore& inventory() = 0;
    /// Requests to authorities that are asked by hand.
    virtual RequestStore& requests() = 0;
    virtual NetworkStore& network() = 0;
    virtual ArrivalStore& arrivals() = 0;
    virtual PhonebookStore& phonebooks() = 0;

    // Policy and settings
    virtual net::Task<Result<Policy>> get_policy() = 0;
    virtual net::Task<Result<void>> set_policy(Policy policy, std::string actor) = 0;
    virtual net::Task<Result<std::optional<std::string>>> get_value(std::string key) = 0;  ///< small settings of the program itself
    virtual net::Task<Result<void>> set_value(std::string key, std::string value) = 0;
    virtual net::Task<Result<std::optional<SecretText>>> get_secret(std::string key) = 0;
    virtual net::Task<Result<void>> set_secret(std::string key, SecretText value) = 0;

    // Certificates
    virtual net::Task<Result<std::optional<PendingCertificate>>> get_pending_certificate(SystemId id) = 0;
    /// Records the certificate as issued and as pending for the system, in one transaction with its audit record.
    virtual net::Task<Result<void>> set_pending_certificate(SystemId id, PendingCertificate pending) = 0;
    virtual net::Task<Result<void>> clear_pending_certificate(SystemId id) = 0;
    virtual net::Task<Result<void>> record_issued(IssuedCertificate certificate) = 0;
    virtual net::Task<Result<std::vector<IssuedCertificate>>> list_issued(SystemId id) = 0;  ///< 0: all
    /// Vendor authorities whose factory identities are believed, PEM.
    virtual net::Task<Result<void>> add_factory_anchor(std::string vendor, pki::Certificate certificate, std::string actor) = 0;
    virtual net::Task<Result<std::vector<pki::Certificate>>> factory_anchors() = 0;

    // Jobs: leased rows
    /// Queues one unless one of that kind is queued, waiting or running for the system already; then that one's id. One that
    /// waits for a later try becomes due now.
    virtual net::Task<Result<JobId>> queue_job(JobKind kind, SystemId system, std::string actor) = 0;
    virtual net::Task<Result<std::vector<JobId>>> queue_jobs(JobKind kind, std::vector<SystemId> systems, std::string actor) = 0;
    /// Takes the next job that is due, or whose lease ran out (then it was lost); nothing when there is none. A system has one running
    /// job at a time. Counts the attempt.
    virtual net::Task<Result<std::optional<Job>>> lease_job(std::string owner, std::chrono::seconds lease) = 0;
    /// Several at once, of as many systems; as many as there are, at most `most`.
    virtual net::Task<Result<std::vector<Job>>> lease_jobs(std::string owner, std::chrono::seconds lease, std::size_t most) = 0;
    /// GEN-003 when the lease is not `owner`'s any more: then the work must stop.
    virtual net::Task<Result<void>> renew_lease(JobId id, std::string owner, std::chrono::seconds lease) = 0;
    virtual net::Task<Result<void>> record_progress(JobId id, int step, int steps, std::string progress) = 0;
    /// succeeded, failed, or waiting (then it is due again at `not_before`). Of finished jobs the newest 100 per system are kept.
    virtual net::Task<Result<void>> finish_job(JobId id, JobState state, std::optional<Error> error, UtcTime not_before) = 0;
    /// How a lease came to its end without the job coming to its own: that is no attempt of the job.
    enum class LeaseEnd {
        given_back,  ///< the program ends in order
        lost         ///< it ended in the middle; counted, and from the third time on the job waits a while, apart from others
    };
    /// At start: leases of `owner`'s earlier life are given back at once.
    virtual net::Task<Result<int>> release_leases_of(std::string owner, LeaseEnd end) = 0;
    virtual net::Task<Result<Job>> get_job(JobId id) = 0;
    virtual net::Task<Result<std::vector<Job>>> list_jobs(SystemId system, std::optional<JobState> state, std::size_t limit,
                                                          JobId before = 0) = 0;
    struct JobCounts {
        int queued = 0, running = 0, waiting = 0, succeeded = 0, failed = 0;
    };
    virtual net::Task<Result<JobCounts>> count_jobs() = 0;

    /// Tickets in full: people's work on them, history, pages and counts (store/ticket_desk.hpp).
    [[nodiscard]] virtual TicketDesk& tickets() = 0;
    /// Where tickets are told, and what is still to be told (store/notification_store.hpp).
    [[nodiscard]] virtual NotificationStore& notifications() = 0;
    // Tickets: at most one open ticket of a type per system. With the severity that the catalogue says.
    virtual net::Task<Result<void>> open_ticket(SystemId system, TicketType type, std::string text, std::string remedy) = 0;
    virtual net::Task<Result<void>> close_ticket(SystemId system, TicketType type) = 0;
    virtual net::Task<Result<std::vector<Ticket>>> list_tickets(std::optional<TicketState> state, SystemId system, std::size_t limit) = 0;

    // Access
    virtual net::Task<Result<std::optional<std::string>>> get_password_hash(std::string user) = 0;
    /// Makes the account. ACC-006 when there is one of that name.
    virtual net::Task<Result<void>> add_account(std::string user, std::string hash, std::string actor) = 0;
    /// Makes the account or changes its password; sessions of an older password end.
    virtual net::Task<Result<void>> set_password_hash(std::string user, std::string hash, std::string actor) = 0;
    struct TokenInfo {
        std::int64_t id = 0;
        std::string name;
        UtcTime created{};
        std::optional<UtcTime> expires;
    };
    virtual net::Task<Result<std::int64_t>> add_token(std::string name, std::string hash, std::optional<UtcTime> expires,
                                                      std::string actor) = 0;
    virtual net::Task<Result<std::optional<TokenInfo>>> find_token(std::string hash) = 0;
    virtual net::Task<Result<std::vector<TokenInfo>>> list_tokens() = 0;
    virtual net::Task<Result<void>> remove_token(std::int64_t id, std::string actor) = 0;
    virtual net::Task<Result<void>> add_session(std::string hash, std::string user, UtcTime expires) = 0;
    virtual net::Task<Result<std::optional<std::string>>> find_session(std::string hash) = 0;  ///< the user, unless expired
    virtual net::Task<Result<void>> remove_session(std::string hash) = 0;

    virtual net::Task<Result<void>> audit(std::string actor, std::string action, std::string subject, std::string detail) = 0;
    virtual net::Task<Result<std::vector<AuditRecord>>> list_audit(std::size_t limit, std::int64_t before) = 0;
};

}  // namespace countersign::manager
