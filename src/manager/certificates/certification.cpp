#include "manager/certificates/certification.hpp"

#include "manager/store/campaign_store.hpp"
#include "manager/store/folder_policy_store.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/tru.hpp"

namespace countersign::manager {
namespace {

constexpr int k_key_compromise = 1;  // RFC 5280 section 5.3.1

}  // namespace

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
      renewals_({.store = links_.store,
                 .calendar = calendar_,
                 .clock = links_.clock,
                 .enforce = [this](std::vector<SystemId> systems) { return links_.enforce(std::move(systems), "manager"); },
                 .announce =
                     [this](std::string kind, std::int64_t id) {
                         if (links_.announce) links_.announce(std::move(kind), id);
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

std::string_view to_string(Certification::NotNow value) {
    switch (value) {
        case Certification::NotNow::campaign: return "campaign";
        case Certification::NotNow::mode_off: return "mode_off";
        case Certification::NotNow::not_ours: return "not_ours";
    }
    return "";
}

/// The new ones would be worth as little as the old ones.
net::Task<Result<void>> Certification::check_issuer(InventoryStore::Rekey wanted) {
    if (wanted.issuer.empty() || wanted.then_revoke != k_key_compromise) co_return Result<void>();
    CS_CO_TRY(auto const found, co_await links_.store.inventory().find(wanted.issuer));
    auto const all = signing_side(links_.authority).hierarchies();
    auto const& issuing = all->issuing();
    if (issuing.fingerprint == found.entry.fingerprint || all->root().fingerprint == found.entry.fingerprint)
        co_return fail(errors::tru::same_issuer_again, {{"authority", issuing.subject}});
    co_return Result<void>();
}

net::Task<Result<std::optional<Certification::NotNow>>> Certification::why_not_now(System system) {
    CS_CO_TRY(auto const policy, co_await links_.store.folder_policy().effective_policy(system.folder));
    CS_CO_TRY(auto const goal, co_await links_.store.campaigns().find_goal(system.id));
    auto const mode = goal && !goal->hold ? goal->mode : policy.secure_only;
    if (mode == SecureOnly::off) co_return NotNow::mode_off;
    if (mode == SecureOnly::verify || system.certificate_fingerprint.empty() || policy.issuer != Issuer::internal) co_return std::nullopt;
    auto const served = co_await links_.store.inventory().find(system.certificate_fingerprint);
    bool const ours = served && (served->entry.purpose == "system" || served->entry.purpose == "by_hand");
    co_return ours ? std::nullopt : std::optional(NotNow::not_ours);
}

net::Task<Result<Certification::Rekeyed>> Certification::rekey(InventoryStore::Rekey wanted, std::string actor) {
    auto const what = wanted.issuer.empty() ? std::to_string(wanted.systems.size()) + " asked for" : "below " + wanted.issuer;
    CS_CO_CHECK(co_await check_issuer(wanted));
    CS_CO_TRY(auto const meant, co_await links_.store.inventory().rekey(std::move(wanted), actor));
    if (meant.empty()) co_return fail(errors::mgr::nothing_to_rekey, {{"what", what}});
    CS_CO_TRY(auto const busy, co_await links_.store.campaigns().under_way());
    Rekeyed out;
    for (auto const id : meant) {
        auto const system = co_await links_.store.get_system(id);
        if (!system) continue;
        if (auto const one = busy.find(id); one != busy.end()) {
            out.held.push_back({id, system->name, NotNow::campaign, one->second});
            continue;
        }
        CS_CO_TRY(auto const why, co_await why_not_now(*system));
        if (why)
            out.held.push_back({id, system->name, *why, 0});
        else
            out.systems.push_back(id);
    }
    if (!out.systems.empty()) CS_CO_CHECK(co_await links_.enforce(out.systems, std::move(actor)));
    co_return out;
}

}  // namespace countersign::manager
