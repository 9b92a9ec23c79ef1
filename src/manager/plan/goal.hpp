#pragma once

/// What the policy asks of one system, and what stands in its way before the first step. Used by make_plan only.

#include "manager/assess/configured.hpp"
#include "manager/plan/plan.hpp"

#include <string>
#include <vector>

namespace countersign::manager {

/// The level a mode leads to (REQ MGR-3).
int goal_level(SecureOnly mode);

/// A setting as the policy wants it.
struct Wanted {
    std::string canonical;
    std::string value;
};

/// DNS, domain and time, as far as the policy gives them and the system lacks them. Name servers that a system has stay; its
/// time source becomes the policy's, because certificates are judged by it.
std::vector<Wanted> wanted_basics(PlanInput const& input, Configured const& settings);
/// What a system lacks to find the manager by its host name: name servers. Nothing when it does not call, or calls an address.
std::vector<Wanted> wanted_to_find_manager(PlanInput const& input, Configured const& settings);
/// Where the system's clients call and over what: the manager's host name, with the scheme of the mode.
std::vector<Wanted> wanted_clients(PlanInput const& input, Configured const& settings);

/// All switches of verification, that of all clients and those that some have of their own, are `wanted` ("on" or "off"). A family may
/// verify incoming calls as well: more than is asked for is left alone.
bool is_verification(PlanInput const& input, Configured const& settings, std::string_view wanted);
/// Those that are not yet as wanted.
std::vector<Wanted> wanted_verification(PlanInput const& input, Configured const& settings, std::string_view wanted);

/// What a system that can only be served when it calls is given with the answer: nothing secret, and nothing that could cut it off
/// (it does not learn to verify before it has our roots, which it cannot be given in this way).
std::vector<Wanted> wanted_when_calling(PlanInput const& input);

/// Everything that must be true before the plan can begin, all at once. Empty: it can.
std::vector<Error> find_blockers(PlanInput const& input, Configured const& settings);
/// The system, its settings and the policy leave this alone; empty: it is within Secure-Only.
std::string why_left_alone(PlanInput const& input);

}  // namespace countersign::manager
