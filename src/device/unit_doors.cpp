/// The doors of a unit: which are wanted, how they are opened and closed, and what happens when one cannot be opened.

#include "base/log.hpp"
#include "device/unit_state.hpp"

#include "countersign/errors/dev.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace countersign::device {
namespace {

constexpr std::string_view k_not_open = "service.not_open";

}  // namespace

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
        // Another program has its port: no reason to refuse what has nothing to do with it.
        if (auto known = unopened.find(id); known != unopened.end() && known->second.what == what) continue;
        auto const& opener = environment->doors.find(what.service->door)->second;
        auto door = opener(unit, *what.service, what.where);
        if (!door) return fail(std::move(door).error().at(what.service->title));
        opened.emplace(id, OpenDoor{what, *std::move(door)});
    }
    return opened;
}

Unit::State::Attempt Unit::State::open_each(Unit& unit, std::map<std::string, Wanted> wanted) {
    Attempt attempt{.wanted = std::move(wanted), .opened = {}, .failed = {}};
    for (auto const& [id, what] : attempt.wanted) {
        if (auto held = doors.find(id); held != doors.end() && held->second.what == what) continue;
        auto const& opener = environment->doors.find(what.service->door)->second;
        if (auto door = opener(unit, *what.service, what.where))
            attempt.opened.emplace(id, OpenDoor{what, *std::move(door)});
        else
            attempt.failed.emplace(id, std::move(door).error().at(what.service->title));
    }
    return attempt;
}

Unit::State::Attempt Unit::State::open_all(Unit& unit) {
    tree.make_effective();
    flags.make_effective();
    for (auto& identity : identities) identity.serve();
    return open_each(unit, wanted_doors(prospect(tree.effective_values())));
}

bool Unit::State::fails_newly(Attempt const& attempt) const {
    auto const known = alarms.active();
    return std::ranges::any_of(attempt.failed, [&](auto const& failed) {
        auto const& service = *attempt.wanted.at(failed.first).service;
        return service.management && service.transport != "none" && std::ranges::none_of(known, [&service](Alarm const& alarm) {
                   return alarm.id == k_not_open && alarm.subject == service.title;
               });
    });
}

void Unit::State::adopt_each(Unit& unit, Attempt attempt) {
    for (auto& [id, error] : attempt.failed) {
        auto const& what = attempt.wanted.at(id);
        auto const held = unopened.find(id);
        bool const news = held == unopened.end() || held->second.why != error.message();
        unopened.insert_or_assign(id, Unopened{what, error.message()});
        if (!news) continue;
        log::error("service.not_open", error, {{"unit", spec.serial}, {"service", id}});
        report("service.not_open", {{"service", id}, {"where", to_string(what.where)}, {"detail", error.message()}});
    }
    adopt(std::move(attempt.opened), attempt.wanted);
    if (unopened.empty() || std::exchange(retrying, true)) return;
    net::spawn(
        executor,
        [weak = unit.weak_from_this(), now = generation, interval = environment->boot_retry] { return retry_doors(weak, now, interval); },
        "unit.doors");
}

net::Task<> Unit::State::retry_doors(std::weak_ptr<Unit> unit, std::uint64_t generation, net::Milliseconds interval) {
    for (;;) {
        co_await net::sleep_for(interval);
        auto const held = unit.lock();
        if (!held || held->state_->generation != generation) co_return;
        auto& state = *held->state_;
        if (state.running == Running::off || state.running == Running::restarting) co_return;
        if (!state.unopened.empty()) {
            auto wanted = state.wanted_doors(state.prospect(state.tree.effective_values()));
            state.adopt_each(*held, state.open_each(*held, std::move(wanted)));
        }
        if (state.unopened.empty()) {
            state.retrying = false;
            co_return;
        }
    }
}

void Unit::State::tell_unopened() {
    std::set<std::string> titles;
    for (auto const& [id, closed] : unopened) {
        auto const& title = closed.what.service->title;
        titles.insert(title);
        alarms.raise({.id = std::string(k_not_open),
                      .subject = title,
                      .text = Error(errors::dev::service_not_open, {{"service", title}, {"detail", closed.why}}).message(),
                      .level = "major",
                      .since = {},
                      .days_left = {}});
    }
    for (auto const& alarm : alarms.active())
        if (alarm.id == k_not_open && !titles.contains(alarm.subject)) alarms.clear(alarm.id, alarm.subject);
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
        if (open.what.service->needs_certificate) open.offer = offer_of(*open.what.service);
        doors.emplace(id, std::move(open));
    }
    std::erase_if(unopened, [&](auto const& closed) {
        auto const still = wanted.find(closed.first);
        return doors.contains(closed.first) || still == wanted.end() || still->second != closed.second.what;
    });
    tell_unopened();
}

std::map<std::string, net::Endpoint> Unit::open_services() const {
    std::map<std::string, net::Endpoint> out;
    for (auto const& [id, open] : state_->doors) out.emplace(id, open.door->local());
    return out;
}

std::map<std::string, std::string> Unit::unopened_services() const {
    std::map<std::string, std::string> out;
    for (auto const& [id, closed] : state_->unopened) out.emplace(id, closed.why);
    return out;
}

}  // namespace countersign::device
