#pragma once

#include "manager/store/backing.hpp"
#include "manager/store/inventory_store.hpp"

namespace countersign::manager::store {

class SqliteInventory final : public InventoryStore {
public:
    explicit SqliteInventory(Backing& backing) : backing_(backing) {}
    net::Task<Result<InventoryPage>> page(InventoryFilter filter, std::string after) override;
    net::Task<Result<InventoryDetails>> find(std::string fingerprint) override;
    net::Task<Result<void>> note_served(SystemId system, std::string service, std::vector<pki::Certificate> chain) override;
    net::Task<Result<void>> note_authorities(std::vector<Authority> authorities) override;
    net::Task<Result<InventoryEntry>> revoke(std::string fingerprint, int reason, std::string actor) override;
    net::Task<Result<std::vector<RevokedCertificate>>> revoked_of(std::string issuer) override;
    net::Task<Result<CertificateStanding>> standing(std::string issuer, std::string serial) override;
    net::Task<Result<std::map<std::int64_t, int>>> planned_renewals() override;
    net::Task<Result<std::vector<DueRenewal>>> due_renewals(std::size_t most) override;
    net::Task<Result<void>> put_off_renewal(std::string fingerprint, UtcTime until) override;
    net::Task<Result<void>> hold_renewal(std::string fingerprint, UtcTime until) override;
    net::Task<Result<std::optional<ToReplace>>> to_replace(SystemId system, Side side) override;
    net::Task<Result<std::vector<SystemId>>> rekey(Rekey wanted, std::string actor) override;

private:
    Backing& backing_;
};

/// What the inventory keeps of a certificate. Decoding it takes longer than storing it: what is issued is described before it comes to the
/// database's thread.
struct DescribedCertificate {
    explicit DescribedCertificate(pki::Certificate one);
    pki::Certificate certificate;
    std::string fingerprint, serial, subject, names, issuer_subject, key_kind, pem;
    UtcTime not_before, not_after;
};

/// What is new to the inventory, and how it came there.
struct NewCertificate {
    DescribedCertificate const& described;
    std::string_view purpose = "seen";
    SystemId system = 0;
    CertificateState state = CertificateState::issued;
    std::optional<UtcTime> renew_at{};
    bool signed_here = false;  ///< a moment ago, by an authority of this manager
};
/// The row's number; one that is there stays, but for what was not known of it: its text and its issuer.
std::int64_t take_in(Database& database, UtcTime now, NewCertificate const& fresh);
/// A certificate was issued for a system and waits; one that waited before is given up.
void take_in_pending(Database& database, UtcTime now, SystemId system, Side side, DescribedCertificate const& certificate,
                     std::optional<UtcTime> renew_at);
/// An authority that is asked by hand issued this (leaf first); it waits to be installed. One that waited before is given up.
void take_in_answer(Database& database, UtcTime now, SystemId system, std::vector<pki::Certificate> const& chain, UtcTime renew_at);
/// It was proven in place.
void settle_answer(Database& database, UtcTime now, std::string const& fingerprint);
/// The system's pending certificate was proven in place, or given up: the one that it serves now has taken the place of those before.
void settle_pending(Database& database, UtcTime now, SystemId system, Side side);
/// It was revoked, or a person asked for a new key in its place: what was on its way is not to get there any more.
bool is_given_up(Database& database, std::string const& fingerprint);
/// In full, of any form of it or its first 8 digits and more. GEN-003; GEN-001 when several begin so.
Result<std::string> fingerprint_of(Database& database, std::string const& name);
/// What is on its way to a system of this side; and what it is called in the inventory.
std::string_view pending_table(Side side);
std::string_view purpose_of(Side side);

/// The columns of an entry, and what they are read from.
std::vector<std::string_view> const& entry_columns();
InventoryEntry entry_of(Row const& row, UtcTime now);
inline constexpr std::string_view k_from_inventory = "FROM inventory LEFT JOIN systems ON systems.id = inventory.system";

}  // namespace countersign::manager::store
