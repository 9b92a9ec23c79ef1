#pragma once

/// One look at a system with all that belongs to it: what is known is loaded, the system is observed and assessed, the results
/// are stored, tickets follow. Enforcement, the regular observation and the API all look in this way.

#include "manager/certificates/internal_ca.hpp"
#include "manager/certificates/sighted.hpp"
#include "manager/estate/directory.hpp"
#include "manager/observe/observer.hpp"
#include "manager/store/certificate_store.hpp"
#include "manager/store/folder_policy_store.hpp"

#include <functional>
#include <mutex>
#include <set>

namespace countersign::manager {

/// Says that something changed: "system", "job", "ticket", "policy", and its number.
using Announce = std::function<void(std::string kind, std::int64_t id)>;

struct Survey {
    System system;                                ///< with the results in it
    Reachability before = Reachability::unknown;  ///< as it was known
    family::FamilyPtr family;
    Policy policy;
    TrustBase trust;
    Sighting sighting;
    Assessment assessment;
    ConnectionSettings connection{};
    bool phonebook = false;  ///< a phone book of ours is assigned to the system
    ByHand by_hand{};        ///< read when the policy's issuer is by_hand
    ClientSide client{};
    Observer::Snmp snmp = Observer::Snmp::knock;  ///< how it may be asked
};

class Surveyor {
public:
    Surveyor(Store& store, InternalCa& authority, Observer& observer, Directory& directory, family::Families families,
             std::shared_ptr<Clock const> clock, Announce announce);

    /// Which name systems of this connectivity are told to call; else the policy's.
    using NameTold = std::function<std::string(Policy const&, Connectivity)>;
    void use_names(NameTold names) { name_told_ = std::move(names); }
    /// See ByHand::days_before.
    void use_request_days(int days) { request_days_ = days; }

    /// Whether the network settings let SNMP be spoken; without it, they do.
    void use_watching(std::function<bool()> may_speak_snmp) { may_speak_snmp_ = std::move(may_speak_snmp); }

    /// What the Observer needs to know of one system, as it is now. GEN-003, FAM-002.
    net::Task<Result<Observer::Question>> question(SystemId id);
    /// Observes, assesses, records and settles the tickets. An Error only when our own store fails; a system that cannot be
    /// reached is a result. `ends`: the job whose work this is; it has succeeded with what was seen, in one transaction.
    /// `old_versions`: now where a person asked for the look.
    net::Task<Result<Survey>> survey(SystemId id, std::optional<JobId> ends = {},
                                     Observer::OldVersions old_versions = Observer::OldVersions::seldom);
    /// The account as it was read last says that the system checks whom it calls.
    /// Nothing when none was read in this life of the program.
    [[nodiscard]] std::optional<bool> verification_effective(SystemId id) const;
    void note_verification(SystemId id, bool effective);
    /// Another manager worked on it since.
    void forget_verification(SystemId id);
    /// The system called over HTTPS before anybody knew whether it verifies us: decided by the next account that is read.
    void note_unjudged_call(SystemId id);
    /// A call from the system's own address said whose it is. Anonymous: it counts only while the system cannot be logged in to.
    void note_claim(SystemId id, std::string serial_number, std::string mac_address);

private:
    /// What a look brought, decided before any of it is stored.
    struct Findings;
    net::Task<Result<void>> record(Survey& survey, std::optional<JobId> ends);
    static net::Task<Result<void>> store_findings(Store& store, std::shared_ptr<Findings> findings);
    static net::Task<Result<void>> keep_password(Store& store, std::shared_ptr<Findings> findings);
    void remember(Survey const& survey, Findings const& findings);
    std::optional<SystemTrust> news_of_trust(Survey const& survey) const;
    void judge_contact(Survey& survey, Findings& findings);
    void judge_unit(Survey& survey, Findings& findings);
    net::Task<Result<family::FamilyPtr>> family_of(System& system);
    TrustBase trust(std::vector<pki::Certificate> vendors);

    Store& store_;
    InternalCa& authority_;
    Observer& observer_;
    Directory& directory_;
    family::Families families_;
    std::shared_ptr<Clock const> clock_;
    Announce announce_;
    NameTold name_told_;
    std::function<bool()> may_speak_snmp_;
    int request_days_ = k_request_days;
    Sighted sighted_{store_};

    mutable std::mutex mutex_;
    /// By the estate's roots and the vendors': building OpenSSL stores is not free.
    struct KnownTrust {
        std::vector<pki::Certificate> roots, vendors;
        TrustBase base;
    };
    std::optional<KnownTrust> trust_cache_;
    std::map<SystemId, SystemTrust> noted_trust_;      ///< as it was stored last in this life
    std::map<SystemId, std::vector<OldTls>> old_tls_;  ///< as they were found last; read once from the newest assessment
    std::map<SystemId, bool> verification_;
    std::set<SystemId> unjudged_calls_;
    struct Claim {
        std::string serial_number, mac_address;
    };
    std::map<SystemId, Claim> claims_;
    std::set<SystemId> known_units_;                      ///< whose own unit answered in this life, with nothing else noted
    std::map<SystemId, std::set<std::int64_t>> refused_;  ///< credentials of folders that are not tried again
};

/// "https 443 open TLSv1.3 verified": one line for each service, for the system's page.
std::vector<std::string> describe_services(Observation const& observation);

}  // namespace countersign::manager
