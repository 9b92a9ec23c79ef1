/// Commit-confirm towards systems: what an enforcement changes is on trial until everything was proven.

#include "base/log.hpp"
#include "manager/enforce/work.hpp"
#include "manager/store/campaign_store.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {

net::Task<Result<void>> Enforcer::remember_trial(WorkPtr work, std::string id) {
    auto updated = co_await store_.update_system(
        work->system().id,
        [id](System& system) {
            system.trial = id;
            return id.empty() ? std::string("no change is on trial") : std::string("changes are on trial");
        },
        "manager");
    if (!updated) co_return fail(std::move(updated).error());
    work->system().trial = std::move(id);
    co_return Result<void>();
}

net::Task<Result<void>> Enforcer::begin_trial(WorkPtr work, Step step) {
    CS_CO_CHECK(co_await ensure_channel(work, std::max(step.channel, ChannelTrust::pinned)));
    // Written before: should the program end now, the trial is known as ours afterwards.
    CS_CO_CHECK(co_await remember_trial(work, std::string(k_trial_asked_for)));
    std::chrono::seconds const within(work->survey.policy.trial_seconds);
    if (work->campaign != 0) CS_CO_CHECK(co_await store_.campaigns().note_trial(work->campaign, work->system().id, clock_->now() + within));
    CS_CO_CHECK(co_await work->driver()->begin_trial(within));
    auto account = co_await work->driver()->read_account();
    if (!account) co_return fail(std::move(account).error());
    work->seen().account = std::move(*account);
    co_return co_await remember_trial(work, work->account()->trial);
}

net::Task<Result<void>> Enforcer::confirm_trial(WorkPtr work, Step step) {
    CS_CO_CHECK(co_await ensure_channel(work, std::max(step.channel, ChannelTrust::pinned)));
    // It may be over: a number that is no trial's any more is refused, and would not tell why.
    auto account = co_await work->driver()->read_account();
    if (!account) co_return fail(std::move(account).error());
    work->seen().account = std::move(*account);
    if (!work->system().is_our_trial(work->account()->trial)) {
        CS_CO_CHECK(co_await remember_trial(work, {}));
        co_return fail(errors::mgr::trial_over, {{"system", certificate_name(work->system())}});
    }
    CS_CO_CHECK(co_await work->driver()->confirm_trial(work->account()->trial));
    work->account()->trial.clear();
    CS_CO_CHECK(co_await remember_trial(work, {}));
    co_return co_await forget_former_server(work);
}

net::Task<Result<void>> Enforcer::cancel_trial(WorkPtr work) {
    if (work->system().trial.empty()) co_return Result<void>();
    auto cancelled = co_await ensure_channel(work, ChannelTrust::pinned);
    if (cancelled) cancelled = co_await work->driver()->cancel_trial();
    if (!cancelled)
        log::warning("enforce.trial_not_cancelled", {{"system", work->system().id}, {"error", cancelled.error().explanation()}});
    CS_CO_CHECK(co_await store_.audit("manager", cancelled ? "trial.cancelled" : "trial.left",
                                      "system " + std::to_string(work->system().id),
                                      cancelled ? "the changes were undone" : "the system undoes them by itself"));
    if (cancelled) CS_CO_CHECK(co_await remember_trial(work, {}));
    co_return Result<void>();
}

}  // namespace countersign::manager
