#include "manager/assess/client_side.hpp"

#include "manager/assess/readiness.hpp"
#include "manager/renew/decide.hpp"

namespace countersign::manager {

std::string const& software_of(System const& system, std::optional<Account> const& account) {
    return account && !account->software.empty() ? account->software : system.software;
}

bool has_two_identities(family::Family const& family, Policy const& policy, System const& system, std::optional<Account> const& account) {
    return policy.identities == Identities::two && family.client_identity(software_of(system, account)) != nullptr;
}

std::string client_fault(ClientSide const& side, System const& system, ContactEvidence const& contact, UtcTime now) {
    if (side.installed.empty()) return "It has no certificate of its own for its calls";
    if (!side.certificate)
        return shows_client_certificate(side, contact)
                   ? std::string()
                   : "What it has for its calls (SHA-256 " + side.installed.substr(0, 16) + " ...) is not the manager's, and was not shown";
    auto const& own = *side.certificate;
    if (own.not_after() <= now) return "The certificate for its calls ended at " + to_string(own.not_after());
    if (!own.allows_client_auth() || own.allows_server_auth()) return "The certificate for its calls has not the usage of a client alone";
    if (!pki::matches_name(own, system.host_name)) return "The certificate for its calls is not for " + system.host_name;
    if (side.replace)
        return "Its renewal is due, or it is to be replaced by a new key (countersign inventory show " + own.fingerprint().substr(0, 16) +
               ")";
    if (side.wait || own.not_after() - now >= latest_renewal(own.not_before(), own.not_after(), side.renew_days_before)) return {};
    return "The certificate for its calls ends in " + std::to_string(days_until(own.not_after(), now)) + " days";
}

std::string usage_fault(ClientSide const& side, pki::Certificate const& served, bool two) {
    if (!side.server_of_ours) return {};
    if (two && served.allows_client_auth()) return "It may be used for calls, too; the policy wants two certificates";
    if (!two && !served.allows_client_auth()) return "It may not be used for calls; the policy wants one certificate";
    return {};
}

bool shows_client_certificate(ClientSide const& side, ContactEvidence const& contact) {
    return contact.https && !side.installed.empty() && contact.certificate == side.installed;
}

}  // namespace countersign::manager
