#include "manager/plan/client_steps.hpp"

#include "manager/assess/readiness.hpp"

namespace countersign::manager {
namespace {

bool verifies(PlanInput const& in) { return in.policy.secure_only == SecureOnly::verify; }
/// With Secure-Only on, one that the system has is kept fresh, and no first one is given.
bool keeps_one(PlanInput const& in) { return in.policy.secure_only == SecureOnly::on && in.client.certificate && in.client.replace; }

}  // namespace

bool wants_two(PlanInput const& in) {
    if (has_two_identities(in.family, in.policy, in.system, in.observation.account)) return true;
    // What others issued for its server may not be good for calls: the one that it has for them stays, and is kept fresh.
    auto const* leaf = served_leaf(in.observation);
    return in.client.certificate && leaf != nullptr && !in.client.server_of_ours && !leaf->allows_client_auth();
}

std::string why_one_certificate(PlanInput const& in) {
    if (in.policy.identities != Identities::two || wants_two(in)) return {};
    return "The policy wants two identities. The system keeps one certificate, with both usages: " +
           in.family.why_one_certificate(software_of(in.system, in.observation.account)) + ".";
}

family::CertificateEffect client_effect(PlanInput const& in) {
    auto const& software = software_of(in.system, in.observation.account);
    auto const* identity = in.family.client_identity(software);
    return identity == nullptr ? in.family.certificate.effect : identity->effect_in(software, in.family.certificate.effect);
}

std::optional<Step> step_to_install_client(PlanInput const& in) {
    if ((!verifies(in) && !keeps_one(in)) || !wants_two(in)) return std::nullopt;
    auto fault = client_fault(in.client, in.system, in.observation.contact, in.now);
    if (fault.empty()) return std::nullopt;
    return Step{.kind = StepKind::install_client_certificate,
                .what = "Install a key and certificate for its calls as " + in.system.host_name,
                .why = std::move(fault),
                .undo = "Deactivate the certificate at the system: it shows its server's when it calls.",
                .before = "The channel is verified, pinned or the factory's; the certificate is recorded as pending.",
                .after = "The system has stored the new pair for its calls alone. Its server side is as it was."};
}

std::optional<Step> step_to_prove_client(PlanInput const& in, bool replaced) {
    if ((!verifies(in) && !replaced) || !wants_two(in)) return std::nullopt;
    bool const unproven = (!in.client.awaited.empty() && in.client.awaited == in.client.installed) ||
                          !shows_client_certificate(in.client, in.observation.contact);
    if (!replaced && !unproven) return std::nullopt;
    return Step{.kind = StepKind::prove_client_certificate,
                .what = "Wait for the system to show its certificate when it calls",
                .why = "A certificate for calls counts when the system showed it, not when it is stored",
                .undo = "Nothing to undo.",
                .before = "The system knows the manager as " + in.policy.manager_host_name + ".",
                .after = "The system called over HTTPS and showed the certificate that it has for its calls; it verified."};
}

std::optional<Step> step_to_remove_client(PlanInput const& in) {
    if (!verifies(in) || wants_two(in) || !in.client.certificate) return std::nullopt;
    return Step{.kind = StepKind::remove_client_certificate,
                .what = "Take the certificate for its calls out of use",
                .why = "The policy wants one certificate for both sides",
                .undo = "Activate the pair at the system again.",
                .before = "The certificate that the system serves may be used for calls, too.",
                .after = "The system shows its server's certificate when it calls."};
}

}  // namespace countersign::manager
