/// Certificates that an authority is asked for by hand, and what they have in common with those of the internal one.

#include "manager/certificates/by_hand.hpp"

#include "manager/assess/readiness.hpp"
#include "manager/enforce/work.hpp"
#include "manager/observe/wire.hpp"
#include "manager/store/request_store.hpp"
#include "manager/tickets/catalogue.hpp"
#include "manager/tickets/ticket_rules.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::manager {

net::Task<Result<void>> Enforcer::request_certificate(WorkPtr work, Step step) {
    auto const& system = work->system();
    auto const& policy = work->survey.policy;
    CS_CO_TRY(auto asked, co_await ask_for_request(work));
    std::optional<pki::PrivateKey> key;
    if (!asked.request) {
        CS_CO_TRY(auto fresh, settings_.pool == nullptr ? make_system_request(system, policy)
                                                        : co_await net::offload(*settings_.pool, [system, policy] {
                                                              return make_system_request(system, policy);
                                                          }));
        asked.request = std::move(fresh.request);
        key = std::move(fresh.key);
    }
    auto made = co_await store_.requests().make(
        {.system = system.id,
         .request = *std::move(asked.request),
         .key = std::move(key),
         .key_type = policy.key_type,
         .reason = step.why,
         .key_note = std::move(asked.why_not)},
        "another request has taken its place: the system has another name, or its policy another type of key");
    if (!made) co_return fail(std::move(made).error());
    announce_("request", made->id);
    co_return Result<void>();
}

namespace {

/// How bad it is by what is left of the certificate that is served and verifies.
int rung_of(Survey const& survey, UtcTime now) {
    auto const& ladder = ticket_entry(TicketType::answer_awaited).ladder;
    auto const* served = served_leaf(survey.sighting.observation);
    if (served == nullptr || !https_verified(survey.system, survey.sighting.observation)) return 1;
    return std::max(1, reached_rung(ladder, served->not_before(), served->not_after(), now, survey.by_hand.days_before));
}

}  // namespace

net::Task<Result<void>> Enforcer::settle_waiting(WorkPtr work) {
    auto const id = work->system().id;
    TicketVerdict verdict{.type = TicketType::answer_awaited, .what = TicketVerdict::What::close};
    if (!work->plan.waits.empty()) {
        CS_CO_CHECK(co_await store_.record_progress(work->job, work->steps_done, work->steps_done, work->plan.waits));
        auto const& ladder = ticket_entry(verdict.type).ladder;
        verdict.what = TicketVerdict::What::open;
        verdict.rung = rung_of(work->survey, clock_->now());
        verdict.text = certificate_name(work->system()) + " waits for the answer of the authority to certificate request " +
                       std::to_string(work->survey.by_hand.request) + ", made " + to_string(work->survey.by_hand.made) + ": " +
                       ladder.at(static_cast<std::size_t>(verdict.rung) - 1).text;
    } else if (work->survey.policy.issuer == Issuer::internal) {
        // What was begun while another authority was asked is of no use any more.
        CS_CO_TRY(auto const left, co_await store_.requests().in_hand(id));
        if (left) CS_CO_CHECK(co_await store_.requests().retire(id, "its folder has certificates of the internal authority now"));
    }
    CS_CO_TRY(bool const changed, co_await settle_tickets(store_, id, {std::move(verdict)}));
    if (changed) announce_("ticket", id);
    co_return Result<void>();
}

net::Task<Result<Enforcer::Outgoing>> Enforcer::outgoing(WorkPtr work) {
    if (work->survey.policy.issuer == Issuer::internal) {
        CS_CO_TRY(auto pending, co_await pending_certificate(work));
        co_return Outgoing{.chain = authority_.chain_of(pending.certificate), .key = std::move(pending.key)};
    }
    CS_CO_TRY(auto ready, co_await store_.requests().ready(work->system().id));
    // Discarded since the plan was made.
    if (!ready)
        co_return fail(errors::mgr::answer_awaited,
                       {{"system", certificate_name(work->system())}, {"request", std::to_string(work->survey.by_hand.request)}});
    co_return Outgoing{.chain = std::move(ready->chain), .key = std::move(ready->key)};
}

net::Task<Result<std::string>> Enforcer::wanted_certificate(WorkPtr work) {
    if (work->survey.policy.issuer == Issuer::internal) {
        CS_CO_TRY(auto const pending, co_await store_.get_pending_certificate(work->system().id));
        if (pending) co_return pending->certificate.fingerprint();
        // A plan that proves one had one made. Whatever else verifies is not it.
        co_return fail(errors::mgr::not_proven, {{"step", "Check the new certificate from outside"},
                                                 {"system", certificate_name(work->system())},
                                                 {"detail", "it was revoked meanwhile, or a person asked for a new key"}});
    }
    CS_CO_TRY(auto const found, co_await store_.requests().in_hand(work->system().id));
    co_return found && !found->answer.empty() ? found->answer.front().fingerprint() : std::string();
}

net::Task<Result<void>> Enforcer::settle_certificate(WorkPtr work) {
    auto const id = work->system().id;
    // Also what is not to be used any more.
    CS_CO_CHECK(co_await store_.clear_pending_certificate(id));
    if (work->survey.policy.issuer == Issuer::internal) co_return Result<void>();
    CS_CO_TRY(auto const found, co_await store_.requests().in_hand(id));
    if (found && !found->answer.empty()) {
        CS_CO_CHECK(co_await store_.requests().installed(found->request.id));
        announce_("request", found->request.id);
    }
    co_return Result<void>();
}

}  // namespace countersign::manager
