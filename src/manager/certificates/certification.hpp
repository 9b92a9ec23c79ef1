#pragma once

/// What the manager does with certificates beyond issuing them: the inventory, revocation, renewal, and new keys after a compromise
/// (REQ MGR-13).

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
        /// These are to be enforced now, but for what campaigns have in hand; recorded as `actor`.
        std::function<net::Task<Result<void>>(std::vector<SystemId>, std::string actor)> enforce;
        /// There are other authorities: everybody is to know them.
        std::function<net::Task<Result<void>>()> authorities_changed = {};
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
    /// New keys and certificates for systems; the old ones are revoked, where a reason is given, as soon as the new ones are proven.
    /// MGR-153 when nothing is served that is meant. The systems.
    net::Task<Result<std::vector<SystemId>>> rekey(InventoryStore::Rekey wanted, std::string actor);

private:
    Links links_;
    Sighted sighted_;
    RevocationDesk revocation_;
    OfflineRoot offline_root_;
    RenewalCalendar calendar_;
    Renewals renewals_;
};

}  // namespace countersign::manager
