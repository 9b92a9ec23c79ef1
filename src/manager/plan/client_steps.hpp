#pragma once

/// The steps of a plan that are about the certificate which a system has for its calls alone (docs/identities.md). Used by make_plan only.
/// Their channel is up to the caller.

#include "manager/plan/plan.hpp"

#include <optional>

namespace countersign::manager {

/// The system has a certificate for its calls alone, or is to have one: the policy wants two and its family can have them, or what others
/// issued for its server is not good for calls.
bool wants_two(PlanInput const& input);
/// Why the system keeps one certificate although the policy wants two, a sentence; empty: it has two, or one is wanted.
std::string why_one_certificate(PlanInput const& input);
/// When an installed certificate for its calls works. Only with two identities.
family::CertificateEffect client_effect(PlanInput const& input);

/// Nothing when the one that it has is good, or one certificate is wanted.
std::optional<Step> step_to_install_client(PlanInput const& input);
/// `replaced`: a step before installs another one.
std::optional<Step> step_to_prove_client(PlanInput const& input, bool replaced);
/// Back to one, after the server's certificate was proven. What people installed for its calls stays.
std::optional<Step> step_to_remove_client(PlanInput const& input);

}  // namespace countersign::manager
