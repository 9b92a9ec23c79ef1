#pragma once

/// The certificate that a system shows when it calls, where that is another one than its server shows (docs/identities.md). What is known
/// of it is a plain value, and everything decided from it is pure.

#include "family/family.hpp"
#include "manager/estate/model.hpp"
#include "manager/observe/observation.hpp"

#include <optional>
#include <string>

namespace countersign::manager {

struct ClientSide {
    std::string installed;                        ///< SHA-256 of what the system has for its calls; empty: nothing, or the factory's
    std::optional<pki::Certificate> certificate;  ///< the installed one, when it was issued for this by the internal authority
    bool replace = false;                         ///< it was revoked, its renewal is due, its root goes, or a person wants a new key
    bool wait = false;                            ///< no renewal now: it waits for its hours
    std::string awaited;                          ///< SHA-256 of one that is on its way and was not proven; empty: none
    int renew_days_before = 0;                    ///< of the policy, whatever the server side's renewal waits for
    bool server_of_ours = false;                  ///< the internal authority issued what HTTPS serves
};

/// The policy wants two identities, and this software of the system's family can have them.
bool has_two_identities(family::Family const& family, Policy const& policy, System const& system, std::optional<Account> const& account);
/// The software that counts: as the account says, else as it was known last.
std::string const& software_of(System const& system, std::optional<Account> const& account);

/// Why the system needs another certificate for its calls; empty: the one that it has is good. One of others is, as long as it is shown
/// and verifies (`contact`).
std::string client_fault(ClientSide const& side, System const& system, ContactEvidence const& contact, UtcTime now);
/// Why what HTTPS serves has not the usages that the policy wants; empty: it has, or others issued it.
std::string usage_fault(ClientSide const& side, pki::Certificate const& served, bool two);
/// The system's newest call over HTTPS showed what it has for its calls.
bool shows_client_certificate(ClientSide const& side, ContactEvidence const& contact);

}  // namespace countersign::manager
