#include "base/log.hpp"
#include "base/text.hpp"
#include "device/repository/factory.hpp"
#include "device/repository/trust_cache.hpp"
#include "device/repository/upload_check.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

std::string fingerprints(std::vector<pki::Certificate> const& certificates) {
    std::string out;
    for (auto const& certificate : certificates) {
        if (!out.empty()) out += ' ';
        out += certificate.fingerprint();
    }
    return out;
}

}  // namespace

/// A pair that was damaged from outside must not lock anybody out: the factory pair serves instead, and a damaged
/// factory pair is made anew. Both are told.
Result<void> Unit::State::load_certificates() {
    auto roots = repository.load_trust();
    if (roots)
        set_trust(*std::move(roots));
    else
        log::error("trust.damaged", roots.error(), {{"unit", spec.serial}});
    if (repository.has_custom()) {
        auto custom = repository.load_custom();
        if (custom) {
            installed = *std::move(custom);
            installed_is_factory = false;
            return {};
        }
        log::error("certificate.damaged", custom.error(), {{"unit", spec.serial}});
        journal.append(clock->now(), "certificate.damaged", {{"detail", custom.error().message()}});
    }
    auto factory = repository.load_factory();
    if (!factory) {
        log::error("certificate.factory_damaged", factory.error(), {{"unit", spec.serial}});
        journal.append(clock->now(), "certificate.factory_damaged", {{"detail", factory.error().message()}});
        CS_TRY(auto made, environment->factory->make_pair(*family, spec, environment->clock->now()));
        CS_CHECK(repository.store_factory(made));
        factory = std::move(made);
    }
    installed = *std::move(factory);
    installed_is_factory = true;
    return {};
}

bool Unit::State::certificate_usable() const { return installed && clock->now() <= installed->chain.front().not_after(); }

Result<std::shared_ptr<net::tls::ServerContext const>> Unit::State::server_context() {
    if (!context) {
        if (!served) return fail(errors::dev::certificate_needed, {{"service", "HTTPS"}});
        CS_TRY(context, net::tls::ServerContext::create({.chain = served->chain,
                                                         .key = served->key,
                                                         .profile = tls_profile(),
                                                         .clients = net::tls::ServerContext::ClientCertificates::ignored,
                                                         .client_anchors = {}}));
    }
    return context;
}

void Unit::State::serve_installed() {
    served = installed;
    context.reset();
    auto fresh = server_context();
    if (!fresh) {
        log::error("certificate.not_served", fresh.error(), {{"unit", spec.serial}});
        return;
    }
    for (auto& [id, open] : doors)
        if (open.what.service->needs_certificate) open.door->replace_identity(*fresh);
}

void Unit::State::set_trust(std::vector<pki::Certificate> roots) {
    if (roots.empty())
        trust = pki::Anchors();
    else
        trust = environment->trust ? environment->trust->share(roots) : pki::Anchors(std::move(roots));
}

Result<std::shared_ptr<net::tls::ServerContext const>> Unit::server_context() { return state_->server_context(); }

std::vector<pki::Certificate> const& Unit::trust() const { return state_->trust.roots(); }

CertificateInfo Unit::certificate() const {
    CertificateInfo info;
    info.chain = state_->installed->chain;
    info.factory = state_->installed_is_factory;
    info.key_matches = true;  // nothing else is ever loaded or taken
    for (auto const& [id, open] : state_->doors)
        if (open.what.service->needs_certificate && state_->served) info.served_fingerprint = state_->served->chain.front().fingerprint();
    info.restart_pending =
        state_->running != Running::off && state_->served && !(state_->served->chain.front() == state_->installed->chain.front());
    return info;
}

Result<Outcome> Unit::install(Upload upload, Actor actor) {
    CS_CHECK(check_may_change(actor));
    auto const& rules = state_->family->certificate;
    auto checked = check_upload(upload, rules, now());
    if (!checked) {
        report("certificate.refused", {{"reason", std::string(checked.error().entry().code)}, {"door", actor.door}, {"peer", actor.peer}});
        return fail(std::move(checked).error());
    }
    Outcome outcome;
    if (!checked->trust.empty()) {
        auto roots = std::move(checked->trust);
        if (rules.append_roots)
            for (auto const& held : state_->trust.roots())
                if (std::ranges::find(roots, held) == roots.end()) roots.push_back(held);
        CS_CHECK(state_->repository.store_trust(roots));
        state_->set_trust(std::move(roots));
        report("trust.installed", {{"count", std::to_string(trust().size())},
                                   {"fingerprints", fingerprints(trust())},
                                   {"door", actor.door},
                                   {"peer", actor.peer}});
    }
    if (checked->pair) {
        CS_CHECK(state_->repository.install(*checked->pair));
        state_->installed = std::move(checked->pair);
        state_->installed_is_factory = false;
        outcome.certificates.push_back(state_->installed->chain.front().fingerprint());
        report("certificate.installed", {{"fingerprint", outcome.certificates.front()},
                                         {"subject", state_->installed->chain.front().subject()},
                                         {"door", actor.door},
                                         {"peer", actor.peer}});
        if (rules.effect == family::CertificateEffect::now) state_->serve_installed();
        outcome.restart_needed = certificate().restart_pending;
    }
    return outcome;
}

Result<Outcome> Unit::delete_certificate(Actor actor) {
    CS_CHECK(check_may_change(actor));
    if (state_->installed_is_factory) return fail(errors::gen::not_found, {{"what", "custom certificate"}, {"name", ""}});
    // A service that needs a pair of its own would be left without one (REQ MCU-3).
    auto after = state_->prospect(state_->tree.stored_values());
    for (auto const& setting : state_->family->settings)
        if (setting.check == "certificate_needed" && iequals(after.canonical(setting.canonical), "on"))
            return fail(errors::dev::certificate_needed, {{"service", setting.path}});
    CS_TRY(auto factory, state_->repository.load_factory());
    CS_CHECK(state_->check_pair_after(false, now() <= factory.chain.front().not_after()));
    CS_CHECK(state_->repository.remove_custom());
    state_->installed = std::move(factory);
    state_->installed_is_factory = true;
    report("certificate.deleted", {{"door", actor.door}, {"peer", actor.peer}});
    if (state_->family->certificate.effect == family::CertificateEffect::now) state_->serve_installed();
    Outcome outcome;
    outcome.restart_needed = certificate().restart_pending;
    return outcome;
}

Result<Outcome> Unit::delete_trust_store(Actor actor) {
    CS_CHECK(check_may_change(actor));
    if (state_->trust.empty()) return fail(errors::gen::not_found, {{"what", "trust store"}, {"name", ""}});
    CS_CHECK(state_->repository.remove_trust());
    state_->set_trust({});
    report("trust.deleted", {{"door", actor.door}, {"peer", actor.peer}});
    Outcome outcome;
    if (auto verify = verify_state(); verify.asked)
        outcome.warnings.push_back(Error(errors::dev::verification_preconditions_missing, {{"missing", join(verify.missing, ", ")}}));
    return outcome;
}

std::string Unit::banner() const {
    bool asks = state_->family->certificate.effect == family::CertificateEffect::restart_banner && certificate().restart_pending;
    return asks ? state_->family->certificate.banner : std::string();
}

}  // namespace countersign::device
