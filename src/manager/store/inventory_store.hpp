#pragma once

/// Every certificate that the manager issued or saw: served by a system, shown by a caller, its own, authorities and roots (REQ MGR-13).
/// A part of Store. Rows are never removed: what was issued stays known for as long as somebody may ask for its revocation.

#include "manager/store/certificate_store.hpp"
#include "pki/certificate.hpp"

#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

/// Where a certificate is in its life. `expired` is no state that is stored: the clock says it.
enum class CertificateState {
    issued,   ///< by the internal authority, and not seen anywhere yet; also its own authorities
    pending,  ///< on its way to a system
    served,   ///< seen on the wire, or shown by a caller, when the system was last looked at
    trusted,  ///< a root of the estate
    replaced,
    unused,  ///< once seen, and nothing took its place: the system or the root was removed, or the service shows none any more
    revoked,
    expired
};
std::string_view to_string(CertificateState value);
std::optional<CertificateState> parse_certificate_state(std::string_view text);

/// The purpose of a certificate that a system has for its calls alone.
inline constexpr std::string_view k_client_purpose = "system_client";

/// Who made the key of a certificate or a request.
inline constexpr std::string_view k_made_by_system = "system";
inline constexpr std::string_view k_made_by_manager = "manager";

/// Of a system that has two certificates.
enum class Side { server, client };

struct InventoryEntry {
    std::int64_t id = 0;
    std::string fingerprint;  ///< SHA-256, lower-case hexadecimal
    std::string serial;
    std::string subject;
    std::vector<std::string> names;
    std::string issuer_subject;
    std::string issuer;   ///< fingerprint of its issuer; empty: not known
    std::string purpose;  ///< "system" (of its server, or of both sides), "system_client" (of its calls alone), "manager", "root",
                          ///< "authority", "responder"; "by_hand": an answer to a request; "seen": issued by somebody else
    SystemId system = 0;  ///< it was issued for, or first seen at; 0: none
    std::string system_name;
    std::string key;       ///< "EC 256"; empty: not known
    std::string key_made;  ///< who made the key: "system", "manager"; empty: not known here
    UtcTime not_before{}, not_after{};
    CertificateState state = CertificateState::issued;
    UtcTime first_seen{}, last_seen{};
    std::optional<UtcTime> revoked;
    int reason = 0;           ///< CRLReason, when revoked
    std::string replaced_by;  ///< fingerprint
    std::optional<UtcTime> renew_at;
    std::string pem;              ///< empty: issued before the inventory was kept, and not seen since
    bool to_be_replaced = false;  ///< a person asked for a new key in its place (InventoryStore::rekey)
};

struct InventoryFilter {
    std::string text;    ///< words, each a part of names, subject, serial number or fingerprint
    std::string issuer;  ///< fingerprint
    std::optional<SystemId> system;
    std::optional<CertificateState> state;
    std::optional<UtcTime> expires_before;
    std::optional<UtcTime> expires_after;  ///< then or later
    bool latest_first = false;             ///< by its end
    std::size_t limit = 100;               ///< at most 1,000
};
struct InventoryPage {
    std::vector<InventoryEntry> entries;
    std::string next;  ///< cursor; empty: the last page
};

struct CertificateUse {
    SystemId system = 0;      ///< 0: the manager itself
    std::string system_name;  ///< empty: it was removed
    std::string service;      ///< id of the family's service; "client" when the system showed it as a caller
    UtcTime since{};
    std::optional<UtcTime> until;  ///< nothing: it is used now
};
struct InventoryDetails {
    InventoryEntry entry;
    std::vector<CertificateUse> uses;       ///< newest first, 100 at most
    std::vector<pki::Certificate> issuers;  ///< from its own on, as far as they are known
    NamedSystems trusted_by;                ///< systems whose trust list holds it
};

/// For revocation lists and the responder.
struct CertificateStanding {
    bool known = false;
    std::optional<UtcTime> revoked;
    int reason = 0;
};
struct RevokedCertificate {
    std::string serial;
    UtcTime at;
    int reason = 0;
};

/// A certificate whose time to be renewed has come.
struct DueRenewal {
    std::string fingerprint;
    SystemId system = 0;
    UtcTime not_before{}, not_after{};
    UtcTime renew_at{};
    int attempts = 0;
};

class InventoryStore {
public:
    virtual ~InventoryStore() = default;

    /// `after`: of the page before; empty: the first. GEN-001 for a cursor that is none of this order.
    virtual net::Task<Result<InventoryPage>> page(InventoryFilter filter, std::string after) = 0;
    /// By SHA-256 in any form, or its first 8 digits and more. GEN-003; GEN-001 when several begin so.
    virtual net::Task<Result<InventoryDetails>> find(std::string fingerprint) = 0;

    /// A service of the system shows this chain (leaf first) since now; what it showed before is replaced by it. Nothing is written when
    /// that is known. An empty chain: it shows none any more.
    virtual net::Task<Result<void>> note_served(SystemId system, std::string service, std::vector<pki::Certificate> chain) = 0;
    /// Roots of the estate and authorities of the manager, all of them: what is not there any more is not trusted any more. The first one
    /// is whose certificates bear no issuer in rows from before the inventory.
    struct Authority {
        pki::Certificate certificate;
        std::string purpose;  ///< "root", "authority", "seen" (a root of others)
    };
    virtual net::Task<Result<void>> note_authorities(std::vector<Authority> authorities) = 0;

    /// GEN-003; MGR-150 when it was not issued here, MGR-151 when it is revoked already. What was revoked.
    virtual net::Task<Result<InventoryEntry>> revoke(std::string fingerprint, int reason, std::string actor) = 0;
    /// Of one issuer: those that have not ended, oldest first.
    virtual net::Task<Result<std::vector<RevokedCertificate>>> revoked_of(std::string issuer) = 0;
    virtual net::Task<Result<CertificateStanding>> standing(std::string issuer, std::string serial) = 0;

    /// Renewals that are planned from now on, by the hour since 1970: the calendar of whoever chooses the next.
    virtual net::Task<Result<std::map<std::int64_t, int>>> planned_renewals() = 0;
    /// Those whose time has come and whose system serves them, or shows them in its calls alone, most urgent first.
    virtual net::Task<Result<std::vector<DueRenewal>>> due_renewals(std::size_t most) = 0;
    /// When it is to be tried again.
    virtual net::Task<Result<void>> put_off_renewal(std::string fingerprint, UtcTime until) = 0;
    /// It waits for its hours: no try is counted.
    virtual net::Task<Result<void>> hold_renewal(std::string fingerprint, UtcTime until) = 0;
    /// The system's served certificate that is to be replaced now, by its renewal or because a person asked for it.
    struct ToReplace {
        std::string fingerprint;
        UtcTime not_before{}, not_after{};
        bool at_once = false;  ///< it was revoked, or a person asked: it waits for no hours
    };
    virtual net::Task<Result<std::optional<ToReplace>>> to_replace(SystemId system, Side side = Side::server) = 0;
    /// The certificates that systems serve are to be replaced now, whatever their time, and what is on its way to them is given up: pairs
    /// that no system showed yet, and requests in hand. `then_revoke`: the reason with which all of them are revoked as soon as the new
    /// one is proven. What is known of `systems`, or of all below the issuer. The systems; GEN-003, GEN-001 for the issuer.
    struct Rekey {
        std::vector<SystemId> systems;
        std::string issuer;  ///< SHA-256 or its first 8 digits and more; all authorities below it count. Not empty: `systems` does not
        std::optional<int> then_revoke;
    };
    virtual net::Task<Result<std::vector<SystemId>>> rekey(Rekey wanted, std::string actor) = 0;
};

}  // namespace countersign::manager
