/// Taking back what a campaign changed at a system, and confirming what it left on trial.

#include "manager/campaign/selection_plan.hpp"
#include "manager/drivers/web_driver.hpp"
#include "manager/enforce/work.hpp"
#include "manager/store/campaign_store.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <algorithm>

namespace countersign::manager {

namespace {

Error not_let_in(Observation const& seen, System const& system) {
    if (seen.account_error) return *seen.account_error;
    return Error(errors::net::unreachable, {{"peer", certificate_name(system)}});
}

/// The value to go back to, so that HTTPS stays on: the way in is never closed.
std::string value_to_go_back_to(family::Family const& family, SettingChange const& change) {
    auto const* https = family.find_service("https");
    if (https == nullptr || https->mode_setting != change.canonical) return change.old_value;
    return family.switched(*https, change.canonical, change.old_value, true);
}

}  // namespace

net::Task<Result<void>> Enforcer::note_change(WorkPtr work, std::string_view mark, std::string old_value) {
    if (work->campaign == 0 || work->purpose == JobPurpose::roll_back) co_return Result<void>();
    std::vector<MemberChange> changes{{.canonical = std::string(mark), .old_value = std::move(old_value)}};
    co_return co_await store_.campaigns().note_changes(work->campaign, work->system().id, std::move(changes));
}

net::Task<Result<void>> Enforcer::note_settings(WorkPtr work, std::vector<SettingChange> settings) {
    if (work->campaign == 0 || work->purpose == JobPurpose::roll_back) co_return Result<void>();
    std::vector<MemberChange> changes;
    for (auto const& setting : settings)
        changes.push_back({.canonical = setting.canonical, .old_value = value_to_go_back_to(*work->survey.family, setting)});
    co_return co_await store_.campaigns().note_changes(work->campaign, work->system().id, std::move(changes));
}

net::Task<Result<Enforcement>> Enforcer::without_account(WorkPtr work) {
    CS_CO_TRY(auto ended, co_await end(work, not_let_in(work->seen(), work->system())));
    ended.unreachable = work->system().reachability == Reachability::unreachable;
    ended.not_let_in = !ended.unreachable;
    co_return ended;
}

net::Task<Result<Enforcement>> Enforcer::confirm(WorkPtr work) {
    if (!work->account()) co_return co_await without_account(work);
    auto const name = certificate_name(work->system());
    if (work->system().trial.empty()) {
        // Nothing is on trial: its family has no trials, an earlier life confirmed, or it went back by itself.
        bool const stays = work->plan.steps.empty() && work->plan.blockers.empty();
        co_return co_await end(work, stays ? std::nullopt : std::optional(Error(errors::mgr::trial_over, {{"system", name}})));
    }
    Step step{.kind = StepKind::confirm_trial, .what = "Confirm the changes"};
    CS_CO_CHECK(co_await store_.record_progress(work->job, 0, 1, step.what));
    auto done = co_await confirm_trial(work, step);
    CS_CO_CHECK(
        co_await store_.audit("manager", done ? "step.done" : "step.failed", "system " + std::to_string(work->system().id), step.what));
    if (!done) co_return co_await end(work, std::move(done).error());
    ++work->steps_done;
    CS_CO_TRY(work->survey, co_await surveyor_.survey(work->system().id));
    co_return co_await end(work, std::nullopt);
}

net::Task<Result<void>> Enforcer::end_own_trial(WorkPtr work) {
    if (work->system().trial.empty()) co_return Result<void>();
    bool const goes_on = work->system().is_our_trial(work->account()->trial);
    if (goes_on) {
        CS_CO_CHECK(co_await ensure_channel(work, ChannelTrust::pinned));
        CS_CO_CHECK(co_await work->driver()->cancel_trial());
        CS_CO_CHECK(
            co_await store_.audit("manager", "trial.cancelled", "system " + std::to_string(work->system().id), "the changes were undone"));
    }
    CS_CO_CHECK(co_await remember_trial(work, {}));
    if (!goes_on) co_return Result<void>();
    // Its doors open anew with the old state.
    Poll poll(settings_.restart_timeout);
    while (true) {
        auto again = co_await reconnect(work);
        if (again || poll.expired()) co_return again;
        co_await poll.pause();
    }
}

/// Old values; those that were empty one by one, because not every system takes an empty value.
net::Task<Result<std::vector<std::string>>> Enforcer::write_back(WorkPtr work, std::vector<MemberChange> changes) {
    auto const& family = *work->survey.family;
    Step step{.kind = StepKind::apply_settings, .what = "Write the old values back", .channel = ChannelTrust::pinned};
    std::vector<SettingChange> empty;
    std::vector<std::string> stays;
    for (auto const& change : settings_to_write_back(changes)) {
        auto const& settings = work->account()->settings;
        auto const known = settings.find(change.canonical);
        auto const current = known == settings.end() ? std::string() : known->second;
        auto const& wanted = change.old_value;
        if (current == wanted) continue;
        if (!family.find_canonical(change.canonical))
            stays.push_back("The system goes on calling " + current + ".");
        else if (wanted.empty())
            empty.push_back({change.canonical, wanted, current});
        else
            step.settings.push_back({change.canonical, wanted, current});
    }
    // Verification goes first: with it on, a system takes no address in place of a host name (REQ TRU-4).
    std::ranges::sort(step.settings, {}, [](SettingChange const& change) { return !change.canonical.contains("verify"); });
    CS_CO_CHECK(co_await apply_settings(work, step));
    for (auto const& change : empty) {
        auto done = co_await work->driver()->apply({change});
        if (!done) stays.push_back(change.canonical + " stays " + change.old_value + ": " + done.error().message() + ".");
    }
    Step restarting{.kind = StepKind::restart, .what = "Restart the system", .channel = ChannelTrust::pinned};
    CS_CO_CHECK(co_await restart(work, restarting));
    co_return stays;
}

net::Task<Result<Enforcement>> Enforcer::roll_back(WorkPtr work) {
    if (!work->account()) co_return co_await without_account(work);
    auto const id = work->system().id;
    auto const name = certificate_name(work->system());
    auto const refused = [this, work, name](Error error) {
        Error failed(errors::mgr::not_rolled_back, {{"system", name}, {"detail", error.message()}});
        failed.because(std::move(error));
        return end(work, std::move(failed));
    };
    work->address = (co_await observer_.locate(work->system())).address;
    CS_CO_CHECK(co_await store_.record_progress(work->job, 0, 3, "Taking back what is on trial"));
    bool const was_on_trial = work->system().is_our_trial(work->account()->trial);
    if (auto done = co_await end_own_trial(work); !done) co_return co_await refused(std::move(done).error());
    CS_CO_TRY(auto const changes, co_await store_.campaigns().changes(work->campaign, id));
    CS_CO_CHECK(co_await store_.record_progress(work->job, 1, 3, "Writing the old values back"));
    auto stays = co_await write_back(work, changes);
    if (!stays) co_return co_await refused(std::move(stays).error());
    auto const tracking = std::ranges::find(changes, k_changed_tracking, &MemberChange::canonical);
    if (tracking != changes.end()) {
        auto updated = co_await store_.update_system(
            id,
            [old = parse_track_by(tracking->old_value).value_or(TrackBy::address)](System& system) {
                if (old == TrackBy::address && system.address.empty()) return std::string();
                system.track_by = old;
                return "tracked by " + std::string(to_string(old)) + " again";
            },
            "manager");
        if (!updated) co_return fail(std::move(updated).error());
    }
    CS_CO_CHECK(co_await store_.record_progress(work->job, 2, 3, "Observing again"));
    CS_CO_TRY(work->survey, co_await surveyor_.survey(id));
    if (!work->account()) co_return co_await refused(not_let_in(work->seen(), work->system()));
    Member const member{.system = id, .name = work->system().name};
    auto outlook = rollback_outlook(member, changes, was_on_trial || work->account()->factory_certificate);
    outlook.stays.insert(outlook.stays.end(), stays->begin(), stays->end());
    CS_CO_CHECK(co_await store_.campaigns().note_result(work->campaign, id, join(outlook.stays, " ")));
    CS_CO_CHECK(co_await store_.campaigns().forget_changes(work->campaign, id));
    CS_CO_CHECK(co_await store_.audit("manager", "system.rolled_back", "system " + std::to_string(id), join(outlook.undone, " ")));
    co_return co_await end(work, std::nullopt);
}

}  // namespace countersign::manager
