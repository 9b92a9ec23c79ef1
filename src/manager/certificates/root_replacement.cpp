#include "manager/certificates/root_replacement.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "manager/certificates/named_in_a_sentence.hpp"
#include "manager/store/shared_store.hpp"
#include "manager/store/ticket_desk.hpp"
#include "manager/tickets/catalogue.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

constexpr net::Milliseconds k_interval{60000};
/// Many systems report at once: one look for all of them.
constexpr net::Milliseconds k_gather{300};
constexpr net::Milliseconds k_grace{2000};
/// Systems that are asked in one look; the next ones in the next.
constexpr std::size_t k_most_asked = 500;
/// A phase that takes longer is told of, whatever it waits for.
constexpr std::chrono::days k_long{1};
constexpr std::string_view k_ticket_subject = "root replacement";

std::vector<SystemId> numbers_of(NamedSystems const& systems) {
    std::vector<SystemId> out;
    for (auto const& one : systems.first) out.push_back(one.id);
    return out;
}

ReplacementPhase next_of(ReplacementPhase phase) {
    return phase == ReplacementPhase::distribute ? ReplacementPhase::change : ReplacementPhase::withdraw;
}

std::string_view what_is_missing(ReplacementPhase phase) {
    switch (phase) {
        case ReplacementPhase::distribute: return "did not take the new root yet";
        case ReplacementPhase::change: return "show a certificate below the old root";
        case ReplacementPhase::withdraw: return "trust the old root still";
    }
    return "";
}

/// Less than two fifths of its life is left: what it signs would soon be cut to its end.
bool is_ending(pki::Certificate const& certificate, UtcTime now) {
    return (certificate.not_after() - now) * 5 < (certificate.not_after() - certificate.not_before()) * 2;
}

}  // namespace

net::Task<Result<RootReplacement::State>> RootReplacement::state_of(KeptReplacement kept, std::size_t most) {
    auto const all = signing_side(links_.authority).hierarchies();
    auto& store = links_.store.certificates();
    State out{.kept = kept,
              .old_root = all->root_of(kept.from)->kept.certificate,
              .new_root = all->root_of(kept.to)->kept.certificate,
              .waiting_for = {},
              .manager_waits = false};
    switch (kept.phase) {
        case ReplacementPhase::distribute: {
            CS_CO_TRY(out.waiting_for, co_await store.lacking(out.new_root.fingerprint(), {}, most));
            break;
        }
        case ReplacementPhase::change: {
            CS_CO_TRY(out.waiting_for, co_await store.authorities().users_of(all->fingerprints_of(kept.from), most));
            out.manager_waits = !kept.manager_moved;
            break;
        }
        case ReplacementPhase::withdraw: {
            CS_CO_TRY(out.waiting_for, co_await store.authorities().holding(out.old_root.fingerprint(), most));
            break;
        }
    }
    co_return out;
}

net::Task<Result<std::optional<RootReplacement::State>>> RootReplacement::show() {
    CS_CO_TRY(auto const kept, co_await links_.store.certificates().authorities().replacement());
    if (!kept) co_return std::nullopt;
    CS_CO_TRY(auto state, co_await state_of(*kept, k_most_named_systems));
    co_return std::optional<State>(std::move(state));
}

net::Task<Result<void>> RootReplacement::everybody() {
    CS_CO_CHECK(co_await signing_side(links_.authority).reload());
    CS_CO_CHECK(co_await links_.authorities_changed());
    links_.announce("policy", 0);
    co_return Result<void>();
}

net::Task<Result<RootReplacement::State>> RootReplacement::begin(KeyPlaces keys, std::string actor) {
    auto const turn = co_await changes_.acquire(0);
    auto& side = signing_side(links_.authority);
    auto const from = side.hierarchies()->root().kept.hierarchy;
    CS_CO_TRY(auto fresh, co_await side.make_hierarchy(std::move(keys)));
    fresh.front().state = AuthorityState::next;
    for (auto& one : fresh) one.state = AuthorityState::next;
    CS_CO_TRY(auto const kept,
              co_await links_.store.certificates().authorities().begin_replacement(std::move(fresh), from, std::move(actor)));
    log::info("authority.replacement_begun", {{"from", from}, {"to", kept.to}});
    CS_CO_CHECK(co_await everybody());
    runs_ = true;
    wake_.raise();
    co_return co_await state_of(kept, k_most_named_systems);
}

net::Task<Result<std::optional<RootReplacement::State>>> RootReplacement::advance(bool accepted, std::string actor) {
    {
        auto const turn = co_await changes_.acquire(0);
        CS_CO_TRY(auto const state, co_await show());
        if (!state) co_return fail(errors::mgr::no_root_replacement);
        auto const count = state->waiting_for.in_all;
        if ((count > 0 || state->manager_waits) && !accepted)
            co_return fail(errors::mgr::replacement_waits,
                           {{"phase", to_string(state->kept.phase)},
                            {"count", std::to_string(count)},
                            {"systems", count > 0 ? in_a_sentence(state->waiting_for) : std::string("the manager itself")}});
        CS_CO_CHECK(co_await enter(*state, "accepted without " + std::to_string(count) + " systems: " + in_a_sentence(state->waiting_for),
                                   std::move(actor)));
    }
    wake_.raise();
    co_return co_await show();
}

net::Task<Result<void>> RootReplacement::cancel(std::string actor) {
    auto const turn = co_await changes_.acquire(0);
    CS_CO_CHECK(co_await links_.store.certificates().authorities().cancel_replacement(std::move(actor)));
    CS_CO_CHECK(co_await everybody());
    co_return co_await settle("the replacement was given up");
}

/// What comes after this phase.
net::Task<Result<void>> RootReplacement::enter(State state, std::string detail, std::string actor) {
    auto& store = links_.store.certificates().authorities();
    log::info("authority.replacement_goes_on", {{"after", to_string(state.kept.phase)}, {"detail", detail}});
    if (state.kept.phase == ReplacementPhase::withdraw) {
        CS_CO_CHECK(co_await store.end_replacement(std::move(detail), std::move(actor)));
        CS_CO_CHECK(co_await everybody());
        co_return co_await settle("the root was replaced");
    }
    if (state.kept.phase == ReplacementPhase::change && !state.kept.manager_moved) CS_CO_CHECK(co_await store.note_manager_moved(detail));
    CS_CO_CHECK(co_await store.enter_phase(next_of(state.kept.phase), std::move(detail), std::move(actor)));
    co_return co_await everybody();
}

/// The manager's own certificate, when nobody who checks it lacks the new root.
net::Task<Result<void>> RootReplacement::move_manager(State state) {
    auto const active = links_.own.kept().active;
    std::string detail = "the manager's own certificate is another authority's";
    if (!active || active->is_internal()) {
        CS_CO_TRY(auto const served, co_await links_.own.identity());
        std::vector<std::string> now{served.chain.front().fingerprint(), state.old_root.fingerprint()};
        CS_CO_TRY(auto const lacking,
                  co_await links_.store.certificates().lacking(state.new_root.fingerprint(), std::move(now), k_most_in_a_sentence));
        if (lacking.in_all > 0) {
            log::info("authority.own_certificate_waits", {{"systems", in_a_sentence(lacking)}});
            co_return Result<void>();
        }
        detail = "the manager's own certificate is below the new root from now on";
    }
    CS_CO_CHECK(co_await links_.store.certificates().authorities().note_manager_moved(std::move(detail)));
    co_return co_await everybody();
}

/// Those that were not asked yet in this phase, or came back. What does not succeed is tried again by its job, and by the regular
/// enforcement.
net::Task<Result<void>> RootReplacement::ask(State state, std::vector<SystemId> away) {
    if (asked_in_ != state.kept.phase) asked_.clear();
    asked_in_ = state.kept.phase;
    std::vector<SystemId> systems;
    for (auto const& one : state.waiting_for.first) {
        bool const is_away = std::ranges::find(away, one.id) != away.end();
        bool const came_back = !is_away && away_.erase(one.id) > 0;
        if (is_away) away_.insert(one.id);
        if (systems.size() < k_most_asked && (asked_.insert(one.id).second || came_back)) systems.push_back(one.id);
    }
    if (systems.empty()) co_return Result<void>();
    co_return co_await links_.enforce(std::move(systems), "manager");
}

net::Task<Result<void>> RootReplacement::tell(State state, std::vector<SystemId> away) {
    bool const late = links_.clock->now() - state.kept.since > k_long && (state.waiting_for.in_all > 0 || state.manager_waits);
    if (away.empty() && !late) co_return co_await settle("all systems that take part can be reached");
    auto const& entry = ticket_entry(TicketType::root_replacement_waits);
    auto named = state.waiting_for;
    if (!away.empty()) {
        std::erase_if(named.first, [&away](NamedSystem const& one) { return std::ranges::find(away, one.id) == away.end(); });
        named.in_all = named.first.size();
    }
    CS_CO_CHECK(co_await links_.store.tickets().see({.system = 0,
                                                     .type = TicketType::root_replacement_waits,
                                                     .subject = std::string(k_ticket_subject),
                                                     .severity = entry.severity,
                                                     .text = "The replacement of " + state.old_root.subject() + " waits for " +
                                                             std::to_string(state.waiting_for.in_all) + " systems that " +
                                                             std::string(what_is_missing(state.kept.phase)) +
                                                             (away.empty() ? ": " : "; not reached: ") + in_a_sentence(named),
                                                     .remedy = entry.remedy}));
    links_.announce("ticket", 0);
    co_return Result<void>();
}

net::Task<Result<void>> RootReplacement::settle(std::string why) {
    CS_CO_TRY(auto const open,
              co_await links_.store.tickets().list(
                  {.show = TicketFilter::Show::active, .system = SystemId{0}, .type = TicketType::root_replacement_waits}));
    if (open.empty()) co_return Result<void>();
    CS_CO_CHECK(
        co_await links_.store.tickets().settle(0, TicketType::root_replacement_waits, std::string(k_ticket_subject), std::move(why)));
    links_.announce("ticket", 0);
    co_return Result<void>();
}

/// Below the same root: nothing changes at systems. With the root's key elsewhere, or its own on a token (where a person makes the next
/// one), a ticket says so (certificate_watch.cpp).
net::Task<Result<void>> RootReplacement::renew_issuing_in_time() {
    auto& side = signing_side(links_.authority);
    auto const all = side.hierarchies();
    auto const& issuing = all->issuing();
    auto const now = links_.clock->now();
    if (issuing.kept.is_root || !issuing.kept.token.empty() || !all->root().signer || !is_ending(issuing.kept.certificate, now))
        co_return Result<void>();
    // One that would end with the root is no better.
    if (all->root().kept.certificate.not_after() <= issuing.kept.certificate.not_after()) co_return Result<void>();
    CS_CO_TRY(auto made, co_await side.make_issuing({}));
    std::vector<KeptAuthority> fresh;
    fresh.push_back(std::move(made));
    CS_CO_CHECK(co_await links_.store.certificates().authorities().add(std::move(fresh), "manager"));
    co_return co_await everybody();
}

/// One turn: asks, and goes on when nothing is waited for.
net::Task<Result<void>> RootReplacement::look() {
    auto const turn = co_await changes_.acquire(0);
    CS_CO_TRY(auto const kept, co_await links_.store.certificates().authorities().replacement());
    runs_ = kept.has_value();
    if (!kept) co_return co_await renew_issuing_in_time();
    CS_CO_TRY(auto state, co_await state_of(*kept, k_most_named_systems));
    if (state.manager_waits) {
        CS_CO_CHECK(co_await move_manager(state));
        CS_CO_TRY(auto const after, co_await links_.store.certificates().authorities().replacement());
        state.manager_waits = after && !after->manager_moved;
        if (after) state.kept = *after;
    }
    if (state.waiting_for.in_all == 0 && !state.manager_waits) {
        CS_CO_CHECK(co_await enter(state, "nothing is waited for", "manager"));
        wake_.raise();
        co_return Result<void>();
    }
    CS_CO_TRY(auto const away, co_await links_.store.certificates().authorities().unreachable_of(numbers_of(state.waiting_for)));
    CS_CO_CHECK(co_await ask(state, away));
    co_return co_await tell(state, away);
}

net::Task<> RootReplacement::run() {
    while (!stopping_) {
        auto const seen = wake_.count();
        if (!links_.store.shared().leads()) {
            co_await wake_.wait_beyond(seen, k_interval);
            continue;
        }
        if (auto done = co_await look(); !done) log::error("authority.replacement", done.error());
        bool const woken = co_await wake_.wait_beyond(seen, k_interval);
        if (woken && !stopping_) co_await net::sleep_for(k_gather);
    }
    ended_.raise();
}

void RootReplacement::start(std::shared_ptr<void> keep) {
    running_ = true;
    net::spawn(links_.runtime.executor(0), [this, keep = std::move(keep)] { return run(); }, "manager.root_replacement");
}

net::Task<> RootReplacement::stop() {
    stopping_ = true;
    wake_.raise();
    if (running_) co_await ended_.wait_beyond(0, k_grace);
}

}  // namespace countersign::manager
