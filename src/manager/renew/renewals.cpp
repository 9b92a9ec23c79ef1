#include "manager/renew/renewals.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "manager/observe/wire.hpp"
#include "manager/renew/decide.hpp"
#include "manager/store/campaign_store.hpp"
#include "manager/store/folder_policy_store.hpp"
#include "manager/store/shared_store.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

constexpr net::Milliseconds k_interval{60000};
constexpr net::Milliseconds k_grace{2000};
/// The calendar is read again: what was given up is planned no more.
constexpr int k_looks_per_calendar = 60;

/// The same for one certificate whenever it is asked: 0..1.
double chance_of(std::string const& fingerprint) {
    constexpr double highest = 255.0;
    auto const bytes = from_hex(fingerprint.substr(0, 2));
    return bytes && !bytes->empty() ? bytes->front() / highest : 0.0;
}

}  // namespace

void Renewals::start(net::Runtime& runtime, std::shared_ptr<void> keep) {
    running_ = true;
    net::spawn(runtime.executor(0), [this, keep = std::move(keep)] { return run(); }, "renewals");
}

net::Task<> Renewals::stop() {
    stopping_ = true;
    stopped_.raise();
    if (running_) co_await ended_.wait_beyond(0, k_grace);
}

net::Task<> Renewals::run() {
    for (int turn = 0; !stopping_; ++turn) {
        if (turn % k_looks_per_calendar == 0) {
            auto planned = co_await links_.store.inventory().planned_renewals();
            if (planned)
                links_.calendar.replace(*std::move(planned));
            else
                log::error("renewals.calendar", planned.error());
        }
        if (!links_.store.shared().leads()) {
            co_await stopped_.wait_beyond(0, k_interval);
            continue;
        }
        if (auto begun = co_await look(); !begun)
            log::error("renewals.look", begun.error());
        else if (*begun > 0)
            log::info("renewals.begun", {{"systems", static_cast<std::int64_t>(*begun)}});
        co_await stopped_.wait_beyond(0, k_interval);
    }
    ended_.raise();
}

/// A window that cannot be read any more holds nothing up. A system that was removed just now waits for nothing.
net::Task<Result<std::vector<Window>>> Renewals::hours_of(SystemId id) {
    auto const system = co_await links_.store.get_system(id);
    if (!system) co_return std::vector<Window>();
    CS_CO_TRY(auto const policy, co_await links_.store.folder_policy().effective_policy(system->folder));
    auto windows = parse_renewal_windows(policy.renewal_windows);
    if (!windows) log::warning("renewals.hours", {{"system", id}, {"error", windows.error().message()}});
    co_return windows ? *std::move(windows) : std::vector<Window>();
}

net::Task<Result<void>> Renewals::tell_held(DueRenewal one, CampaignId campaign) {
    auto const system = co_await links_.store.get_system(one.system);
    if (!system) co_return Result<void>();
    auto const number = std::to_string(campaign);
    CS_CO_CHECK(co_await links_.store.open_ticket(one.system, TicketType::enforcement_failed,
                                                  "The certificate of " + certificate_name(*system) + " is to be renewed and ends at " +
                                                      to_string(one.not_after) + "; campaign " + number + " has the system in hand",
                                                  "Confirm or take back the wave of the system (countersign campaign confirm " + number +
                                                      ", countersign campaign rollback " + number +
                                                      "). The renewal is tried again by itself."));
    if (links_.announce) links_.announce("ticket", one.system);
    co_return Result<void>();
}

net::Task<Result<std::size_t>> Renewals::look() {
    CS_CO_TRY(auto const due, co_await links_.store.inventory().due_renewals(k_most_at_once));
    if (due.empty()) co_return std::size_t{0};
    CS_CO_TRY(auto const under_way, co_await links_.store.campaigns().under_way());
    auto const now = links_.clock->now();
    std::vector<SystemId> systems;
    std::size_t waiting = 0;
    for (auto const& one : due) {
        CS_CO_TRY(auto const hours, co_await hours_of(one.system));
        if (Life const life{one.not_before, one.not_after}; !may_renew(hours, now, life)) {
            ++waiting;
            CS_CO_CHECK(
                co_await links_.store.inventory().hold_renewal(one.fingerprint, next_hours(hours, now, life, chance_of(one.fingerprint))));
            continue;
        }
        // Written before it is begun: a crash in between costs one pause, never a storm.
        CS_CO_CHECK(
            co_await links_.store.inventory().put_off_renewal(one.fingerprint, next_renewal_try(now, one.not_after, one.attempts + 1)));
        // What a campaign changes just now is renewed by it, or when that is over; else a campaign holds no renewal up.
        if (auto const busy = under_way.find(one.system); busy != under_way.end()) {
            CS_CO_CHECK(co_await tell_held(one, busy->second));
        } else if (std::ranges::find(systems, one.system) == systems.end()) {
            systems.push_back(one.system);
        }
    }
    if (waiting > 0) log::info("renewals.held", {{"certificates", static_cast<std::int64_t>(waiting)}});
    auto const count = systems.size();
    if (!systems.empty()) CS_CO_CHECK(co_await links_.enforce(std::move(systems)));
    co_return count;
}

}  // namespace countersign::manager
