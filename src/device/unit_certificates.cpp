/// The unit's own view of its certificates: those of the first identity.

#include "device/certificates/unit_certificates.hpp"

#include <algorithm>

namespace countersign::device {

Certificates& Unit::certificates() { return *state_->certificates; }
Certificates const& Unit::certificates() const { return *state_->certificates; }

CertificatePair const* Unit::pair_in_effect(std::string_view identity) const {
    auto const* held = state_->find_identity(identity);
    return held != nullptr && held->served ? &*held->served : nullptr;
}

std::vector<pki::Certificate> const& Unit::trust() const { return state_->trust.roots(); }

CertificateInfo Unit::certificate() const { return state_->certificates->info({}).value(); }

Result<Outcome> Unit::install(Upload upload, Actor actor) { return state_->certificates->install(std::move(upload), {}, std::move(actor)); }

Result<Outcome> Unit::delete_certificate(Actor actor) { return state_->certificates->remove({}, std::move(actor)); }

Result<Outcome> Unit::delete_trust_store(Actor actor) { return state_->certificates->remove_all_trust(std::move(actor)); }

std::string Unit::banner() const {
    auto const& rules = state_->family->certificate;
    auto asks = [this, &rules](HeldIdentity const& identity) {
        return identity.what->effect_in(state_->spec.software, rules.effect) == family::CertificateEffect::restart_banner &&
               identity.restart_pending();
    };
    bool const up = state_->running != Running::off;
    return up && std::ranges::any_of(state_->identities, asks) ? rules.banner : std::string();
}

}  // namespace countersign::device
