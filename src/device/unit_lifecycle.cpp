#include "base/log.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

Error why_none(std::map<std::string, Error> failed) {
    if (failed.size() == 1) return std::move(failed.begin()->second);
    Error several(errors::gen::several_problems);
    for (auto& [id, error] : failed) several.because(std::move(error));
    return several;
}

}  // namespace

void Unit::State::settings_took_effect(Unit const& unit) {
    resolver.reset();
    // They ask the name servers of before.
    for (auto& identity : identities) identity.cache.reset();
    if (running == Running::off || running == Running::restarting) return;
    renew_contexts();
    auto now = prospect(tree.effective_values());
    TimeSync::Settings settings;
    if (now.canonical("time.ntp.mode") != "off") settings.servers = ntp_servers(now);
    settings.port = static_cast<std::uint16_t>(123 + environment->port_offset);
    settings.bind_address = spec.address;
    settings.resolver = unit.resolver();
    settings.interval = environment->ntp_interval;
    auto weak = std::const_pointer_cast<Unit>(unit.shared_from_this());
    time.start(std::move(settings), [held = std::weak_ptr<Unit>(weak)] {
        if (auto target = held.lock()) target->report("time.changed", {{"ntp", target->fact("time.ntp.status").value_or("")}});
    });
    renew_offers();
    flags.check_alarm();
    alarms.check_all();
}

net::Task<Result<void>> Unit::boot() {
    auto self = shared_from_this();
    if (state_->running != Running::off && state_->running != Running::restarting) co_return Result<void>{};
    ++state_->generation;
    bool const by_hand = state_->running == Running::off;
    if (state_->restore_pending())
        if (auto loaded = state_->load(); !loaded) co_return fail(std::move(loaded).error().at(state_->spec.name));
    auto attempt = state_->open_all(*this);
    // What is on trial may be why: a system that stays away could neither be confirmed nor undone.
    if (state_->fails_newly(attempt) && state_->trial.give_up("the services could not be opened")) {
        attempt = {};
        attempt = state_->open_all(*this);
    }
    if (attempt.opened.empty() && !attempt.failed.empty()) co_return fail(why_none(std::move(attempt.failed)).at(state_->spec.name));
    ++state_->boots;
    // With a full disk the count of boots is lost, not the doors: nobody could come in and make room.
    if (auto saved = state_->save(); !saved) log::error("unit.boots_not_kept", saved.error(), {{"unit", state_->spec.serial}});
    state_->running = Running::running;
    state_->booted_at = std::chrono::steady_clock::now();
    // Who orders a restart from the network does not stand before the system.
    state_->switched_on = by_hand ? std::optional(state_->booted_at) : std::nullopt;
    report("boot", {{"count", std::to_string(state_->boots)}});
    state_->adopt_each(*this, std::move(attempt));
    state_->settings_took_effect(*this);
    state_->alarms.start();
    state_->trial.start();
    for (auto const& make : state_->environment->companions)
        if (auto companion = make(self)) state_->companions.push_back(std::move(companion));
    report("boot.done", {{"count", std::to_string(state_->boots)}});
    co_return Result<void>{};
}

net::Task<> Unit::close_everything(Running next, net::Milliseconds grace) {
    auto self = shared_from_this();
    ++state_->generation;
    state_->running = next;
    state_->companions.clear();
    state_->alarms.stop();
    state_->trial.stop();
    state_->time.stop();
    state_->resolver.reset();
    state_->unopened.clear();
    state_->retrying = false;
    auto doors = std::exchange(state_->doors, {});
    for (auto& [id, open] : doors) co_await open.door->close(grace);
}

net::Task<> Unit::power_off() { return close_everything(Running::off, net::Milliseconds(0)); }

void Unit::request_restart(Actor actor) {
    if (state_->running == Running::off || state_->running == Running::restarting) return;
    report("restart.requested", {{"door", actor.door}, {"peer", actor.peer}});
    state_->running = Running::restarting;
    net::spawn(state_->executor, [self = shared_from_this()] { return self->restart(); }, "unit.restart");
}

net::Task<> Unit::restart() {
    auto self = shared_from_this();
    auto generation = state_->generation;
    co_await net::sleep_for(state_->environment->restart_delay);
    if (state_->generation != generation) co_return;
    co_await close_everything(Running::restarting, state_->environment->restart_delay);
    generation = state_->generation;
    co_await net::sleep_for(state_->environment->downtime);
    if (state_->generation == generation) co_await keep_booting();
}

net::Task<> Unit::keep_booting() {
    auto self = shared_from_this();
    std::string told;
    for (;;) {
        auto booted = co_await boot();
        if (booted) co_return;
        // Somebody else has the ports for a moment; a system that stays away for good helps nobody.
        if (auto why = booted.error().message(); why != told) {
            log::error("unit.boot_failed", booted.error(), {{"unit", state_->spec.serial}});
            told = std::move(why);
        }
        auto const generation = state_->generation;
        co_await net::sleep_for(state_->environment->boot_retry);
        if (state_->generation != generation) co_return;
    }
}

bool Unit::in_recovery_window() const {
    return state_->switched_on && std::chrono::steady_clock::now() - *state_->switched_on <= state_->environment->recovery_window;
}

void Unit::request_shutdown(Actor actor) {
    if (state_->running == Running::running)
        state_->running = Running::shutdown_asked;
    else if (state_->running == Running::shutdown_asked) {
        state_->running = Running::shut_down;
        report("shutdown", {{"door", actor.door}, {"peer", actor.peer}});
    }
}

}  // namespace countersign::device
