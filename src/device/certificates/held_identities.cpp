/// Loading identities, and the TLS contexts of what they serve.

#include "base/log.hpp"
#include "base/text.hpp"
#include "device/certificates/revocation_file.hpp"
#include "device/certificates/unit_certificates.hpp"
#include "device/repository/factory.hpp"
#include "device/repository/trust_cache.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
void Unit::State::tell_damage(std::string const& what, HeldIdentity const& identity, Error const& error) {
    log::error(what, error, {{"unit", spec.serial}, {"identity", identity.what->id}});
    journal.append(clock->now(), what, {{"identity", identity.what->id}, {"detail", error.message()}});
}

/// A pair that was damaged from outside must not lock anybody out: the factory pair serves instead, and a damaged
/// factory pair is made anew. Both are told.
Result<void> Unit::State::load_identity(HeldIdentity& identity) {
    identity.can_roll_back = identity.repository.has_previous();
    identity.revocation = load_revocation(identity.folder);
    identity.cache.reset();
    if (auto pending = identity.repository.load_request())
        identity.pending = *std::move(pending);
    else
        tell_damage("request.damaged", identity, pending.error());
    if (identity.repository.has_custom()) {
        auto custom = identity.repository.load_custom();
        if (custom) {
            identity.installed = *std::move(custom);
            identity.factory = false;
            return {};
        }
        tell_damage("certificate.damaged", identity, custom.error());
    }
    identity.factory = true;
    if (identity.repository.has_factory()) {
        auto factory = identity.repository.load_factory();
        if (factory) {
            identity.installed = *std::move(factory);
            return {};
        }
        tell_damage("certificate.factory_damaged", identity, factory.error());
    }
    CS_TRY(auto made, environment->factory->make_pair(*family, spec, environment->clock->now()));
    CS_CHECK(identity.repository.store_factory(made));
    identity.installed = std::move(made);
    return {};
}

Result<void> Unit::State::load_certificates() {
    auto roots = trust_files.load_roots();
    if (roots)
        set_trust(*std::move(roots));
    else
        log::error("trust.damaged", roots.error(), {{"unit", spec.serial}});
    revocation_lists = trust_files.load_lists();
    stored_pairs = pair_list.load();
    // Loaded again (after a trial, or factory defaults) they stay where they are: what is served goes on, and pointers hold.
    bool const first_time = identities.empty();
    identities.reserve(family->identities.size());
    for (auto const& what : family->identities) {
        // The first one's files stand in the unit's own folder.
        bool const first = &what == &family->identities.front();
        auto where = first ? folder() : folder() / ("identity-" + what.id);
        CS_CHECK(host::ensure_folder(where));
        if (!first) remove_leftovers(where);
        if (first_time)
            identities.push_back({.what = &what,
                                  .repository = CertificateRepository(where, spec.serial, environment->sealer, environment->durability),
                                  .folder = where,
                                  .installed = {},
                                  .served = {},
                                  .contexts = {},
                                  .pending = {},
                                  .revocation = {},
                                  .cache = {}});
        CS_CHECK(load_identity(*find_identity(what.id)));
    }
    // Killed between taking an answer and dropping its request.
    for (auto& identity : identities) {
        if (!identity.pending) continue;
        auto const& key = identity.pending->key.public_key_sha256();
        bool answered = identity.leaf().public_key_sha256() == key;
        for (auto const& pair : stored_pairs) answered = answered || pair.key.public_key_sha256() == key;
        if (!answered) continue;
        CS_CHECK(identity.repository.remove_request());
        identity.pending.reset();
    }
    return {};
}

HeldIdentity const* Unit::State::find_identity(std::string_view id) const {
    if (id.empty()) return &identities.front();
    auto found = std::ranges::find_if(identities, [id](auto const& held) { return held.what->id == id; });
    return found == identities.end() ? nullptr : &*found;
}

HeldIdentity* Unit::State::find_identity(std::string_view id) {
    return const_cast<HeldIdentity*>(std::as_const(*this).find_identity(id));  // NOLINT(cppcoreguidelines-pro-type-const-cast): ours
}

HeldIdentity const& Unit::State::identity_of(family::Service const& service) const {
    auto const* found = find_identity(service.identity);  // the family was checked: it is there
    return found == nullptr ? identities.front() : *found;
}

Result<std::shared_ptr<net::tls::ServerContext const>> Unit::State::server_context(family::Service const& service) {
    auto& identity = *find_identity(service.identity);
    if (!identity.served) return fail(errors::dev::certificate_needed, {{"service", service.title}});
    bool const verifies = prospect(tree.effective_values()).canonical(service.verify_clients) == "on";
    auto profile = tls_profile(service);
    auto& context = identity.contexts[profile + " " + (verifies ? service.verify_clients : std::string())];
    if (!context) {
        using Clients = net::tls::ServerContext::ClientCertificates;
        CS_TRY(context,
               net::tls::ServerContext::create({.chain = identity.served->chain,
                                                .key = identity.served->key,
                                                .profile = std::move(profile),
                                                .clients = verifies ? Clients::required : Clients::ignored,
                                                .client_anchors = verifies ? trust : pki::Anchors(),
                                                .client_revocation = verifies ? revocation_check(identity) : net::tls::RevocationCheck(),
                                                .staple = staple(identity)}));
    }
    return context;
}

std::string Unit::State::offer_of(family::Service const& service) const {
    auto const& served = identity_of(service).served;
    return (served ? served->chain.front().fingerprint() : std::string()) + " " + tls_profile(service);
}

void Unit::State::show_anew(OpenDoor& open) {
    auto const& service = *open.what.service;
    auto fresh = server_context(service);
    if (!fresh) {
        log::error("certificate.not_served", fresh.error(), {{"unit", spec.serial}, {"service", service.id}});
        return;
    }
    open.door->replace_identity(*fresh);
    auto const before = std::exchange(open.offer, offer_of(service));
    if (before != open.offer && trial.current()) open.door->end_connections();
}

void Unit::State::serve_installed(HeldIdentity& identity) {
    identity.serve();
    for (auto& [id, open] : doors)
        if (open.what.service->needs_certificate && &identity_of(*open.what.service) == &identity) show_anew(open);
}

void Unit::State::renew_contexts() {
    for (auto& identity : identities) identity.contexts.clear();
    for (auto& [id, open] : doors) {
        auto const& service = *open.what.service;
        // Roots say who issued a certificate, and name servers where its responder is.
        if (!service.needs_certificate || (service.verify_clients.empty() && !can_staple(identity_of(service)))) continue;
        show_anew(open);
    }
}

void Unit::State::judge_callers_anew() {
    auto const now = prospect(tree.effective_values());
    for (auto& [id, open] : doors)
        if (now.verifies_callers(*open.what.service)) open.door->end_connections();
}

void Unit::State::renew_offers() {
    for (auto& [id, open] : doors) {
        auto const& service = *open.what.service;
        if (!service.needs_certificate || (service.tls_profile.empty() && service.verify_clients.empty())) continue;
        show_anew(open);
    }
}

void Unit::State::set_trust(std::vector<pki::Certificate> roots) {
    if (roots.empty())
        trust = pki::Anchors();
    else
        trust = environment->trust ? environment->trust->share(roots) : pki::Anchors(std::move(roots));
}

net::tls::RevocationCheck Unit::revocation_check(std::string_view identity) const {
    auto* held = state_->find_identity(identity);
    return state_->revocation_check(held == nullptr ? state_->identities.front() : *held);
}

Result<std::shared_ptr<net::tls::ServerContext const>> Unit::server_context(family::Service const& service) {
    return state_->server_context(service);
}

}  // namespace countersign::device
