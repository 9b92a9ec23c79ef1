#pragma once

/// What the manager does with certificates beyond issuing them: the inventory, revocation, renewal, and new keys after a compromise
/// (REQ MGR-13).

#include "manager/campaign/campaign.hpp"
#include "manager/certificates/offline_root.hpp"
#include "manager/certificates/revocation_desk.hpp"
#include "manager/certificates/sighted.hpp"
#include "manager/renew/renewals.hpp"
#include "manager/store/inventory_store.hpp"

namespace countersign::manager {

class Certification {
public:
    struct Links {
        Store& store;
        InternalCa& authority;
        net::Runtime& runtime;
        std::shared_ptr<Clock const> clock;
        /// The certificates of these are to be replaced now, but for what campaigns change at this moment; recorded as `actor`.
        std::function<net::Task<Result<void>>(std::vector<SystemId>, std::string actor)> enforce;
        /// There are other authorities: everybody is to know them.
        std::function<net::Task<Result<void>>()> authorities_changed = {};
        std::function<void(std::string kind, std::int64_t id)> announce = {};
    };
    explicit Certification(Links links);

    net::Task<Result<void>> load();
    void start(std::shared_ptr<void> keep) { renewals_.start(links_.runtime, std::move(keep)); }
    net::Task<> stop() { return renewals_.stop(); }

    [[nodiscard]] UtcTime now() const { return links_.clock->now(); }
    [[nodiscard]] InventoryStore& inventory() { return links_.store.inventory(); }
    [[nodiscard]] Sighted& sighted() { return sighted_; }
    [[nodiscard]] RevocationDesk& revocation() { return revocation_; }
    [[nodiscard]] OfflineRoot& offline_root() { return offline_root_; }
    /// The manager's own port serves this chain.
    net::Task<Result<void>> note_own(std::vector<pki::Certificate> chain);

    /// Revokes, see RevocationDesk::revoke. A system that serves it gets another one.
    net::Task<Result<InventoryEntry>> revoke(std::string fingerprint, int reason, std::string actor);
    /// Why a system that is meant gets nothing for now. It gets its new key when that is over.
    enum class NotNow {
        campaign,  ///< a campaign changes it at this moment, or waits for its confirmation
        mode_off,  ///< without Secure-Only the manager installs no certificates
        not_ours   ///< it shows one of somebody else, and gets ours with verification only
    };
    struct Waiting {
        SystemId system = 0;
        std::string name;
        NotNow why{};
        CampaignId campaign = 0;
    };
    struct Rekeyed {
        std::vector<SystemId> systems;  ///< those that get new ones now
        std::vector<Waiting> held;
    };
    /// New keys and certificates for systems; the old ones are revoked, where a reason is given, as soon as the new ones are proven.
    /// MGR-153 when nothing is served that is meant; TRU-004 when an issuer is given up for a compromise and would issue the new ones.
    net::Task<Result<Rekeyed>> rekey(InventoryStore::Rekey wanted, std::string actor);

private:
    net::Task<Result<void>> check_issuer(InventoryStore::Rekey wanted);
    /// Nothing: it can have a new one now.
    net::Task<Result<std::optional<NotNow>>> why_not_now(System system);

    Links links_;
    Sighted sighted_;
    RevocationDesk revocation_;
    OfflineRoot offline_root_;
    RenewalCalendar calendar_;
    Renewals renewals_;
};

std::string_view to_string(Certification::NotNow value);

}  // namespace countersign::manager
