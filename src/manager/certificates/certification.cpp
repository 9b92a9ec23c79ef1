#include "manager/certificates/certification.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::manager {

Certification::Certification(Links links)
    : links_(std::move(links)),
      sighted_(links_.store),
      revocation_({.store = links_.store,
                   .authority = signing_side(links_.authority),
                   .pool = links_.runtime.blocking(),
                   .clock = links_.clock,
                   .authorities_changed = links_.authorities_changed}),
      offline_root_({.store = links_.store,
                     .authority = links_.authority,
                     .pool = links_.runtime.blocking(),
                     .clock = links_.clock,
                     .authorities_changed = links_.authorities_changed}),
      calendar_(links_.clock),
      renewals_({.store = links_.store, .calendar = calendar_, .clock = links_.clock, .enforce = [this](std::vector<SystemId> systems) {
                     return links_.enforce(std::move(systems), "manager");
                 }}) {
    signing_side(links_.authority).use_calendar([this](pki::Certificate const& fresh) { return calendar_.choose(fresh); });
}

net::Task<Result<void>> Certification::load() {
    CS_CO_TRY(auto planned, co_await links_.store.inventory().planned_renewals());
    calendar_.replace(std::move(planned));
    co_return co_await revocation_.load();
}

net::Task<Result<void>> Certification::note_own(std::vector<pki::Certificate> chain) {
    co_return co_await links_.store.inventory().note_served(0, "https", std::move(chain));
}

net::Task<Result<InventoryEntry>> Certification::revoke(std::string fingerprint, int reason, std::string actor) {
    CS_CO_TRY(auto const before, co_await links_.store.inventory().find(std::move(fingerprint)));
    CS_CO_TRY(auto revoked, co_await revocation_.revoke(before.entry.fingerprint, reason, actor));
    CS_CO_TRY(auto const found, co_await links_.store.inventory().find(revoked.fingerprint));
    std::vector<SystemId> systems;
    // It was on its way there, and another one is made now.
    if (before.entry.state == CertificateState::pending && before.entry.system != 0) systems.push_back(before.entry.system);
    for (auto const& use : found.uses)
        if (use.system != 0 && !use.until) systems.push_back(use.system);
    if (!systems.empty()) CS_CO_CHECK(co_await links_.enforce(std::move(systems), std::move(actor)));
    co_return revoked;
}

net::Task<Result<std::vector<SystemId>>> Certification::rekey(InventoryStore::Rekey wanted, std::string actor) {
    auto const what = wanted.issuer.empty() ? std::to_string(wanted.systems.size()) + " asked for" : "below " + wanted.issuer;
    CS_CO_TRY(auto systems, co_await links_.store.inventory().rekey(std::move(wanted), actor));
    if (systems.empty()) co_return fail(errors::mgr::nothing_to_rekey, {{"what", what}});
    CS_CO_CHECK(co_await links_.enforce(systems, std::move(actor)));
    co_return systems;
}

}  // namespace countersign::manager
