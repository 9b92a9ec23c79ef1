/// What is installed for an identity: shown, replaced, taken back.

#include "base/text.hpp"
#include "device/certificates/unit_certificates.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

bool has_fingerprint(pki::Certificate const& certificate, std::string_view fingerprint) {
    auto const bytes = from_hex(trim(fingerprint));
    if (!bytes) return false;
    auto const text = to_hex(*bytes);
    return text == certificate.fingerprint() || text == certificate.fingerprint_sha1();
}

Result<HeldIdentity*> UnitCertificates::find(std::string_view identity) const {
    if (auto* found = state_.find_identity(identity)) return found;
    return fail(errors::gen::not_found, {{"what", "certificate identity"}, {"name", identity}});
}

std::string UnitCertificates::host_name_of(family::Identity const& identity) const {
    auto name = identity.host_name.empty() ? std::string() : state_.prospect(state_.tree.stored_values()).canonical(identity.host_name);
    return name.empty() ? state_.spec.host_name : name;
}

UploadNeeds UnitCertificates::needs_of(HeldIdentity const& identity) const {
    return {.now = state_.clock->now(),
            .server = !identity.what->client_only,
            .client_too = identity.what->client_too || identity.what->client_only,
            .host_name = host_name_of(*identity.what),
            .service = identity.what->title,
            .vendor = state_.family->vendor,
            .pending = identity.pending ? &identity.pending->key : nullptr};
}

Result<void> UnitCertificates::try_out(CertificatePair const& pair) const {
    auto usable = net::tls::ServerContext::create({.chain = pair.chain,
                                                   .key = pair.key,
                                                   .profile = state_.tls_profile(),
                                                   .clients = net::tls::ServerContext::ClientCertificates::ignored,
                                                   .client_anchors = {},
                                                   .client_revocation = {},
                                                   .staple = {}});
    if (usable) return {};
    return fail(Error(errors::crt::cannot_be_served, {{"detail", usable.error().message()}}).at("certificate"));
}

Result<CertificateInfo> UnitCertificates::info(std::string_view identity) const {
    CS_TRY(auto const* held, find(identity));
    CertificateInfo info;
    info.chain = held->installed->chain;
    info.factory = held->factory;
    info.key_matches = true;  // nothing else is ever loaded or taken
    for (auto const& [id, open] : state_.doors)
        if (open.what.service->needs_certificate && held->served && &state_.identity_of(*open.what.service) == held)
            info.served_fingerprint = held->served->chain.front().fingerprint();
    info.restart_pending = state_.running != Running::off && held->restart_pending();
    info.can_roll_back = held->can_roll_back;
    auto const& shared = rules().shared_keys;
    info.shared_key = std::ranges::find(shared, held->leaf().public_key_sha256()) != shared.end();
    return info;
}

Outcome UnitCertificates::outcome_of(HeldIdentity const& identity) const {
    Outcome outcome;
    outcome.restart_needed = state_.running != Running::off && identity.restart_pending();
    return outcome;
}

void UnitCertificates::refused(Error const& error, Actor const& actor) {
    state_.report("certificate.refused", {{"reason", std::string(error.entry().code)}, {"door", actor.door}, {"peer", actor.peer}});
}

Result<Outcome> UnitCertificates::installed_changed(HeldIdentity& identity) {
    identity.can_roll_back = identity.repository.has_previous();
    auto const effect = identity.what->effect_in(state_.spec.software, rules().effect);
    if (effect == family::CertificateEffect::now && state_.running != Running::off) state_.serve_installed(identity);
    return outcome_of(identity);
}

Result<Outcome> UnitCertificates::take(HeldIdentity& identity, CertificatePair pair, Actor const& actor) {
    CS_CHECK(identity.repository.install(pair));
    identity.installed = std::move(pair);
    identity.factory = false;
    auto const fingerprint = identity.leaf().fingerprint();
    // The request is answered: its key serves now.
    if (identity.pending && identity.pending->key.public_key_sha256() == identity.leaf().public_key_sha256()) {
        CS_CHECK(identity.repository.remove_request());
        identity.pending.reset();
    }
    state_.report("certificate.installed", {{"fingerprint", fingerprint},
                                            {"subject", identity.leaf().subject()},
                                            {"identity", identity.what->id},
                                            {"door", actor.door},
                                            {"peer", actor.peer}});
    CS_TRY(auto outcome, installed_changed(identity));
    outcome.certificates.push_back(fingerprint);
    return outcome;
}

Result<CheckedUpload> UnitCertificates::checked_upload(HeldIdentity const& identity, Upload const& upload) const {
    CS_TRY(auto checked, check_upload(upload, rules(), needs_of(identity)));
    if (checked.pair) CS_CHECK(try_out(*checked.pair));
    return checked;
}

Result<Certificates::Checked> UnitCertificates::check(Upload const& upload, std::string_view identity) const {
    CS_TRY(auto const* held, find(identity));
    CS_TRY(auto checked, checked_upload(*held, upload));
    return Checked{.chain = checked.pair ? std::move(checked.pair->chain) : std::vector<pki::Certificate>(),
                   .trust = std::move(checked.trust)};
}

Result<std::string> UnitCertificates::host_name(std::string_view identity) const {
    CS_TRY(auto const* held, find(identity));
    return host_name_of(*held->what);
}

Result<Outcome> UnitCertificates::install(Upload upload, std::string_view identity, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    CS_TRY(auto* held, find(identity));
    auto checked = checked_upload(*held, upload);
    if (!checked) {
        refused(checked.error(), actor);
        return fail(std::move(checked).error());
    }
    Outcome outcome;
    if (!checked->trust.empty()) {
        auto roots = std::move(checked->trust);
        if (rules().append_roots)
            for (auto const& there : state_.trust.roots())
                if (std::ranges::find(roots, there) == roots.end()) roots.push_back(there);
        CS_TRY(outcome, store_trust(std::move(roots), "trust.installed", actor));
    }
    if (checked->pair) {
        CS_TRY(auto taken, take(*held, *std::move(checked->pair), actor));
        taken.warnings = std::move(outcome.warnings);
        outcome = std::move(taken);
    }
    return outcome;
}

/// A service that needs a pair of its own would be left without one (REQ MCU-3).
Result<void> UnitCertificates::not_needed(HeldIdentity const& identity) const {
    auto const after = state_.prospect(state_.tree.stored_values());
    for (auto const& service : state_.family->services) {
        auto const* setting = state_.family->find_canonical(service.mode_setting);
        if (setting == nullptr || setting->check != "certificate_needed" || &state_.identity_of(service) != &identity) continue;
        if (iequals(after.canonical(setting->canonical), "on")) return fail(errors::dev::certificate_needed, {{"service", setting->path}});
    }
    return {};
}

Result<Outcome> UnitCertificates::remove(std::string_view identity, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    CS_TRY(auto* held, find(identity));
    if (held->factory) return fail(errors::gen::not_found, {{"what", "custom certificate"}, {"name", "of this system"}});
    CS_CHECK(not_needed(*held));
    CS_TRY(auto factory, held->repository.load_factory());
    CS_CHECK(state_.check_pair_after(*held, false, state_.clock->now() <= factory.chain.front().not_after()));
    CS_CHECK(held->repository.remove_custom());
    held->installed = std::move(factory);
    held->factory = true;
    state_.report("certificate.deleted", {{"identity", held->what->id}, {"door", actor.door}, {"peer", actor.peer}});
    return installed_changed(*held);
}

Result<Outcome> UnitCertificates::roll_back(std::string_view identity, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    CS_TRY(auto* held, find(identity));
    CS_TRY(auto previous, held->repository.load_previous());
    if (!previous) return fail(errors::gen::not_found, {{"what", "previous certificate"}, {"name", "of this system"}});
    bool const to_factory = !previous->pair;
    if (to_factory) {
        CS_CHECK(not_needed(*held));
        CS_TRY(previous->pair, held->repository.load_factory());
        CS_CHECK(state_.check_pair_after(*held, false, state_.clock->now() <= previous->pair->chain.front().not_after()));
    } else {
        auto const now = state_.clock->now();
        auto const& leaf = previous->pair->chain.front();
        if (leaf.not_after() < now)
            return fail(errors::crt::expired, {{"subject", leaf.subject()}, {"not_after", countersign::to_string(leaf.not_after())}});
        CS_CHECK(try_out(*previous->pair));
    }
    CS_CHECK(held->repository.roll_back());
    held->installed = std::move(previous->pair);
    held->factory = to_factory;
    state_.report("certificate.rolled_back",
                  {{"fingerprint", held->leaf().fingerprint()}, {"identity", held->what->id}, {"door", actor.door}, {"peer", actor.peer}});
    CS_TRY(auto outcome, installed_changed(*held));
    outcome.certificates.push_back(held->leaf().fingerprint());
    return outcome;
}

}  // namespace countersign::device
