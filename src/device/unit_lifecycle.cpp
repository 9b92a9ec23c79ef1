#include "base/log.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

std::map<std::string, Unit::State::Wanted> Unit::State::wanted_doors(Prospect const& prospect) const {
    std::map<std::string, Wanted> wanted;
    for (auto const& service : family->services) {
        if (!prospect.has_door(service) || !prospect.service_on(service)) continue;
        auto port = static_cast<std::uint32_t>(prospect.port(service)) + environment->port_offset;
        wanted.emplace(service.id, Wanted{&service, {spec.address, static_cast<std::uint16_t>(port)}});
    }
    return wanted;
}

Result<std::map<std::string, Unit::State::OpenDoor>> Unit::State::open_missing(Unit& unit, std::map<std::string, Wanted> const& wanted) {
    std::map<std::string, OpenDoor> opened;
    for (auto const& [id, what] : wanted) {
        if (auto held = doors.find(id); held != doors.end() && held->second.what == what) continue;
        auto const& opener = environment->doors.find(what.service->door)->second;
        auto door = opener(unit, *what.service, what.where);
        if (!door) return fail(std::move(door).error().at(what.service->title));
        opened.emplace(id, OpenDoor{what, *std::move(door)});
    }
    return opened;
}

std::pair<std::map<std::string, Unit::State::Wanted>, Result<std::map<std::string, Unit::State::OpenDoor>>> Unit::State::open_all(
    Unit& unit) {
    tree.make_effective();
    flags.make_effective();
    for (auto& identity : identities) identity.serve();
    auto wanted = wanted_doors(prospect(tree.effective_values()));
    auto opened = open_missing(unit, wanted);
    return {std::move(wanted), std::move(opened)};
}

void Unit::State::close_door(OpenDoor open) {
    auto door = std::shared_ptr<Door>(std::move(open.door));
    // The answer to the request that closes the door still goes out through it.
    net::spawn(executor, [door, grace = environment->door_grace] { return door->close(grace); }, "door.close");
}

void Unit::State::adopt(std::map<std::string, OpenDoor> opened, std::map<std::string, Wanted> const& wanted) {
    for (auto held = doors.begin(); held != doors.end();) {
        auto still = wanted.find(held->first);
        if (still != wanted.end() && still->second == held->second.what) {
            ++held;
            continue;
        }
        report("service.closed", {{"service", held->first}});
        close_door(std::move(held->second));
        held = doors.erase(held);
    }
    for (auto& [id, open] : opened) {
        report("service.opened", {{"service", id}, {"where", to_string(open.what.where)}});
        doors.emplace(id, std::move(open));
    }
}

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
    if (state_->restore_pending())
        if (auto loaded = state_->load(); !loaded) co_return fail(std::move(loaded).error().at(state_->spec.name));
    auto [wanted, opened] = state_->open_all(*this);
    // What is on trial may be why: a system that stays away could neither be confirmed nor undone.
    if (!opened && state_->trial.give_up("the services could not be opened")) std::tie(wanted, opened) = state_->open_all(*this);
    if (!opened) co_return fail(std::move(opened).error().at(state_->spec.name));
    ++state_->boots;
    // With a full disk the count of boots is lost, not the doors: nobody could come in and make room.
    if (auto saved = state_->save(); !saved) log::error("unit.boots_not_kept", saved.error(), {{"unit", state_->spec.serial}});
    state_->running = Running::running;
    state_->booted_at = std::chrono::steady_clock::now();
    report("boot", {{"count", std::to_string(state_->boots)}});
    state_->adopt(*std::move(opened), wanted);
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
    while (state_->generation == generation) {
        auto booted = co_await boot();
        if (booted) co_return;
        // Somebody else has the port for a moment; a system that stays away for good helps nobody.
        log::error("unit.boot_failed", booted.error(), {{"unit", state_->spec.serial}});
        generation = state_->generation;
        co_await net::sleep_for(state_->environment->boot_retry);
    }
}

void Unit::request_shutdown(Actor actor) {
    if (state_->running == Running::running)
        state_->running = Running::shutdown_asked;
    else if (state_->running == Running::shutdown_asked) {
        state_->running = Running::shut_down;
        report("shutdown", {{"door", actor.door}, {"peer", actor.peer}});
    }
}

std::map<std::string, net::Endpoint> Unit::open_services() const {
    std::map<std::string, net::Endpoint> out;
    for (auto const& [id, open] : state_->doors) out.emplace(id, open.door->local());
    return out;
}

}  // namespace countersign::device
