#include "manager/enforce/enforcer.hpp"

#include "base/log.hpp"
#include "manager/assess/readiness.hpp"
#include "manager/drivers/web_driver.hpp"
#include "manager/enforce/work.hpp"
#include "manager/renew/hours.hpp"
#include "manager/store/campaign_store.hpp"
#include "manager/tickets/ticket_rules.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::manager {

namespace {

/// A plan is made again after it was carried out. More rounds than this mean that the system does not keep what it is told.
constexpr int k_rounds = 4;

std::string subject(SystemId id) { return "system " + std::to_string(id); }

/// With what the inventory says of the certificate that is served: its renewal is due, it was revoked, or a person wants a new key.
/// `survey` outlives the call.
net::Task<Result<void>> look(Store& store, Surveyor& surveyor, SystemId id, UtcTime now, Survey& survey) {
    auto* const out = &survey;
    auto* const kept = &store;
    CS_CO_TRY(*out, co_await surveyor.survey(id));
    co_return co_await apply_renewal(*kept, id, out->policy, served_leaf(out->sighting.observation), now);
}

}  // namespace

Enforcer::Enforcer(Store& store, InternalCa& authority, Observer& observer, Surveyor& surveyor, ContactBoard& contacts,
                   std::shared_ptr<Clock const> clock, Announce announce, Settings settings)
    : store_(store),
      authority_(authority),
      observer_(observer),
      surveyor_(surveyor),
      contacts_(contacts),
      clock_(std::move(clock)),
      announce_(std::move(announce)),
      settings_(std::move(settings)) {}

Plan Enforcer::Work::planned(Enforcer const& by, Survey const& survey, PlanLimits limits) {
    return make_plan({.family = *survey.family,
                      .system = survey.system,
                      .observation = survey.sighting.observation,
                      .assessment = survey.assessment,
                      .policy = survey.policy,
                      .estate_roots = by.authority_.roots(),
                      .external_manager_path = by.settings_.external_manager_path,
                      .now = by.clock_->now(),
                      .persistent = survey.connection.persistent,
                      .phonebook = survey.phonebook,
                      .withdrawn_roots = by.authority_.withdrawn(),
                      .by_hand = survey.by_hand,
                      .client = survey.client},
                     limits);
}

Plan Enforcer::plan(Survey const& survey) const { return Work::planned(*this, survey, {}); }

namespace {

/// A campaign has the system, or took back what it had done there. `store` outlives the call.
net::Task<Result<bool>> is_held(Store& store, SystemId id) {
    auto* const kept = &store;
    CS_CO_TRY(auto const taken, co_await kept->campaigns().campaigns_of({id}));
    CS_CO_TRY(auto const goal, co_await kept->campaigns().find_goal(id));
    co_return !taken.empty() || (goal && goal->hold);
}

}  // namespace

net::Task<Result<Enforcement>> Enforcer::run(Job job) {
    auto work = std::make_shared<Work>();
    work->job = job.id;
    work->purpose = job.purpose;
    work->campaign = job.campaign;
    work->contact_mark = contacts_.mark(job.system);
    work->limits.one_trial = job.purpose == JobPurpose::prove;
    // Its goal, and what was taken back, are the campaign's business; that no certificate ends is everybody's.
    if (job.purpose == JobPurpose::enforce && job.campaign == 0) {
        CS_CO_TRY(work->limits.certificates_only, co_await is_held(store_, job.system));
    }
    CS_CO_CHECK(co_await look(store_, surveyor_, job.system, clock_->now(), work->survey));
    work->plan = Work::planned(*this, work->survey, work->limits);
    if (job.purpose == JobPurpose::confirm) co_return co_await confirm(work);
    if (job.purpose == JobPurpose::roll_back) co_return co_await roll_back(work);
    co_return co_await enforce(work);
}

net::Task<Result<Enforcement>> Enforcer::enforce(WorkPtr work) {
    for (int round = 0; round < k_rounds; ++round) {
        if (round > 0) {
            CS_CO_CHECK(co_await look(store_, surveyor_, work->system().id, clock_->now(), work->survey));
            work->plan = Work::planned(*this, work->survey, work->limits);
        }
        CS_CO_TRY(bool const given_up, co_await give_up_lost_request(work));
        if (given_up) work->plan = Work::planned(*this, work->survey, work->limits);
        // Nothing was looked into but certificates: tickets of other things stay as they are.
        bool const nothing_due = work->plan.steps.empty() && work->plan.blockers.empty() && work->plan.waits.empty();
        if (work->limits.certificates_only && round == 0 && nothing_due) co_return Enforcement{};
        if (work->seen().behind_firewall) co_return co_await leave_to_its_call(work);
        // What a campaign leaves on trial stays there until somebody confirms it.
        if (work->purpose == JobPurpose::prove)
            std::erase_if(work->plan.steps, [](Step const& step) { return step.kind == StepKind::confirm_trial; });
        work->restart_asked = work->account() && work->account()->restart_pending;
        if (!work->plan.blockers.empty()) {
            CS_CO_TRY(auto ended, co_await end(work, gather(work->plan.blockers)));
            ended.unreachable = work->system().reachability == Reachability::unreachable;
            ended.not_let_in = !ended.unreachable && !work->account();
            co_return ended;
        }
        if (work->plan.steps.empty()) {
            CS_CO_CHECK(co_await settle_waiting(work));
            co_return co_await end(work, std::nullopt);
        }
        auto done = co_await run_steps(work);
        if (!done) co_return co_await end(work, std::move(done).error());
    }
    auto const& missing = work->plan.steps.front();
    co_return co_await end(work, Error(errors::mgr::not_proven, {{"step", missing.what},
                                                                 {"system", certificate_name(work->system())},
                                                                 {"detail", "it was done and is asked for again"}}));
}

/// It is given its settings with the answer to its call; that it calls as it should is all the proof there is.
net::Task<Result<Enforcement>> Enforcer::leave_to_its_call(WorkPtr work) {
    auto const& contact = work->seen().contact;
    bool const https = effective_mode(work->system(), work->survey.policy) != SecureOnly::off;
    if (contact.at && contact.https == https) co_return co_await end(work, std::nullopt);
    CS_CO_TRY(auto ended, co_await end(work, work->seen().account_error));
    ended.unreachable = true;
    co_return ended;
}

net::Task<Result<Enforcement>> Enforcer::end(WorkPtr work, std::optional<Error> error) {
    Enforcement ended{.error = std::move(error), .steps = work->steps_done};
    if (!ended.error)
        CS_CO_CHECK(co_await settle_tickets(store_, work->system().id,
                                            {TicketVerdict{.type = TicketType::enforcement_failed, .what = TicketVerdict::What::close}}));
    co_return ended;
}

net::Task<Result<void>> Enforcer::run_steps(WorkPtr work) {
    auto place = co_await observer_.locate(work->system());
    work->address = place.address;
    auto const name = certificate_name(work->system());
    auto const total = static_cast<int>(work->plan.steps.size());
    for (int index = 0; index < total; ++index) {
        auto const step = work->plan.steps[static_cast<std::size_t>(index)];
        if (settings_.stopping && settings_.stopping())
            co_return fail(errors::mgr::step_failed, {{"step", step.what}, {"system", name}, {"detail", "the program ends"}});
        CS_CO_CHECK(co_await store_.record_progress(work->job, index, total, step.what));
        announce_("job", work->job);
        auto done = co_await carry_out(work, step);
        if (!done) {
            Error failed(errors::mgr::step_failed, {{"step", step.what}, {"system", name}});
            failed.because(std::move(done).error());
            log::warning("enforce.step_failed", {{"system", work->system().id}, {"step", step.what}, {"error", failed.explanation()}});
            CS_CO_CHECK(co_await store_.audit("manager", "step.failed", subject(work->system().id), step.what));
            CS_CO_CHECK(co_await cancel_trial(work));
            co_return fail(std::move(failed));
        }
        ++work->steps_done;
        CS_CO_CHECK(co_await store_.audit("manager", "step.done", subject(work->system().id), step.what));
    }
    CS_CO_CHECK(co_await store_.record_progress(work->job, total, total, "Observing again"));
    co_return Result<void>();
}

net::Task<Result<void>> Enforcer::carry_out(WorkPtr work, Step step) {
    switch (step.kind) {
        case StepKind::apply_settings: return apply_settings(std::move(work), std::move(step));
        case StepKind::restart: return restart(std::move(work), std::move(step));
        case StepKind::prove_channel: return prove_channel(std::move(work), std::move(step));
        case StepKind::set_password: return set_password(std::move(work), std::move(step));
        case StepKind::install_trust: return install_trust(std::move(work), std::move(step));
        case StepKind::install_certificate: return install_certificate(std::move(work), std::move(step));
        case StepKind::prove_certificate: return prove_certificate(std::move(work), std::move(step));
        case StepKind::track_by_host_name: return track_by_host_name(std::move(work), std::move(step));
        case StepKind::prove_closed: return prove_closed(std::move(work), std::move(step));
        case StepKind::await_contact: return await_contact(std::move(work), std::move(step));
        case StepKind::begin_trial: return begin_trial(std::move(work), std::move(step));
        case StepKind::confirm_trial: return confirm_trial(std::move(work), std::move(step));
        case StepKind::request_certificate: return request_certificate(std::move(work), std::move(step));
        case StepKind::install_client_certificate: return install_client_certificate(std::move(work), std::move(step));
        case StepKind::prove_client_certificate: return prove_client_certificate(std::move(work), std::move(step));
        case StepKind::remove_client_certificate: return remove_client_certificate(std::move(work), std::move(step));
    }
    std::abort();  // every kind is handled above
}

}  // namespace countersign::manager
