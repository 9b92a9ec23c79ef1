#include "manager/plan/renewal.hpp"

#include "manager/assess/readiness.hpp"
#include "manager/plan/client_steps.hpp"
#include "manager/renew/decide.hpp"

#include <algorithm>

namespace countersign::manager {

bool Renewal::server_is_due() const {
    if (in_.policy.renew_days_before != k_replace_now || served_leaf(in_.observation) == nullptr || in_.system.host_name.empty())
        return false;
    if (in_.policy.secure_only == SecureOnly::verify) return true;
    // Without the other one, a certificate for its server alone would leave it nothing to call with.
    bool const calls_with_it = wants_two(in_) && !in_.client.certificate;
    bool const ours = in_.client.server_of_ours || in_.policy.issuer == Issuer::by_hand;
    return in_.policy.secure_only == SecureOnly::on && ours && !calls_with_it;
}

bool Renewal::client_is_due() const {
    return in_.policy.secure_only != SecureOnly::off && in_.client.certificate.has_value() && in_.client.replace;
}

bool Renewal::only_what_is_due() const { return limits_.certificates_only || in_.policy.secure_only != SecureOnly::verify; }

bool Renewal::comes_first() const {
    if (!is_due() || !in_.observation.account || !https_verified(in_.system, in_.observation)) return false;
    if (in_.policy.issuer == Issuer::by_hand && !client_is_due() && !in_.by_hand.answer) return false;
    return trusts_issuer();
}

bool Renewal::trusts_issuer() const {
    auto const& trusted = in_.observation.account->trust_fingerprints;
    auto const has = [&trusted](std::string const& root) { return !root.empty() && std::ranges::find(trusted, root) != trusted.end(); };
    // The one below which is issued comes first (InternalCa::roots).
    if (in_.policy.issuer == Issuer::internal || client_is_due())
        return !in_.estate_roots.empty() && has(in_.estate_roots.front().fingerprint());
    // The authority that people ask is the one that they asked before.
    return has(served_https(in_.observation)->root_sha256);
}

}  // namespace countersign::manager
