#pragma once

/// Which of a system's certificates are to be replaced now because their time has come, they were revoked, or a person asked for a new
/// key; and whether that comes before everything else (REQ MGR-16). Pure. The inventory said it before: Policy::renew_days_before is
/// k_replace_now, or ClientSide::replace is set.

#include "manager/plan/plan.hpp"

namespace countersign::manager {

/// What a plan is not to do, whatever the policy wants.
struct PlanLimits {
    bool certificates_only = false;  ///< a campaign holds the system: what is to be replaced is, and nothing else is touched
    bool one_trial = false;          ///< what is changed goes back as one: a campaign waits for its confirmation
};
Plan make_plan(PlanInput const& input, PlanLimits limits);

class Renewal {
public:
    Renewal(PlanInput const& input, PlanLimits limits) : in_(input), limits_(limits) {}

    /// What HTTPS serves. With Secure-Only on, only one of ours: a first certificate comes with verification.
    [[nodiscard]] bool server_is_due() const;
    /// The one that the system has for its calls.
    [[nodiscard]] bool client_is_due() const;
    [[nodiscard]] bool is_due() const { return server_is_due() || client_is_due(); }
    /// Nothing else about certificates is planned: faults of others wait for verification, or for the end of a campaign.
    [[nodiscard]] bool only_what_is_due() const;
    /// It is due, the system is spoken to as always, and trusts the root of the one that it gets: no other step is needed for it.
    [[nodiscard]] bool comes_first() const;

private:
    [[nodiscard]] bool trusts_issuer() const;

    PlanInput const& in_;
    PlanLimits limits_;
};

}  // namespace countersign::manager
