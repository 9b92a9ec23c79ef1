/// Keys that systems make themselves (docs/decisions/0062): the system is asked for a request, the manager decides what is signed, and the
/// answer goes back without a key. What is on its way is used again only while the system still has the key.

#include "base/log.hpp"
#include "manager/certificates/system_request.hpp"
#include "manager/enforce/work.hpp"
#include "manager/store/inventory_store.hpp"
#include "manager/store/request_store.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <utility>

namespace countersign::manager {

net::Task<Result<Enforcer::Asked>> Enforcer::ask_for_request(WorkPtr work) {
    if (!work->driver()) CS_CO_CHECK(co_await reconnect(work));
    if (!work->driver()->makes_keys()) co_return Asked{};
    // Whoever could slip a request in would get the system's name.
    CS_CO_CHECK(co_await ensure_channel(work, ChannelTrust::pinned));
    if (!work->driver()->makes_keys()) co_return Asked{};
    auto const& policy = work->survey.policy;
    SystemRequestNeeds needs{.names = names_to_ask_for(work->system()),
                             .key_type = policy.key_type,
                             .shared_keys = work->survey.family->certificate.shared_keys};
    if (auto const served = shown_now(work)) needs.served = *served;
    CS_CO_TRY(auto const type, pki::parse_key_type(policy.key_type));
    auto made = co_await work->driver()->make_request({.names = needs.names, .key_type = type});
    if (!made && !says_it_cannot(made.error())) co_return fail(std::move(made).error());
    Asked asked;
    if (made) {
        CS_CO_TRY(asked.why_not, judge_system_request(*made, needs));
        if (asked.why_not.empty()) asked.request = *std::move(made);
    } else {
        asked.why_not = made.error().message();
    }
    // A new key was asked for, perhaps because the old one is in wrong hands.
    if (asked.request) {
        CS_CO_TRY(bool const known, co_await is_known_key(store_, work->system().id, asked.request->public_key_sha256()));
        if (known)
            co_return fail(errors::mgr::system_request_not_good,
                           {{"system", certificate_name(work->system())}, {"detail", "it has a key that the system had before"}});
    }
    if (!asked.why_not.empty()) {
        log::info("enforce.key_made_here", {{"system", work->system().id}, {"why", asked.why_not}});
        CS_CO_CHECK(co_await store_.record_progress(work->job, work->steps_done, static_cast<int>(work->plan.steps.size()),
                                                    "The manager makes the key: " + asked.why_not));
        announce_("job", work->job);
    }
    co_return asked;
}

std::optional<pki::Certificate> Enforcer::shown_now(WorkPtr const& work) {
    auto const* service = https_service(*work->survey.family);
    auto const* seen = service ? work->seen().find(service->id) : nullptr;
    if (seen == nullptr || seen->presented.empty()) return std::nullopt;
    return seen->presented.front();
}

net::Task<Result<PendingCertificate>> Enforcer::issue_certificate(WorkPtr work) {
    auto const& system = work->system();
    auto const profile = server_profile(work);
    CS_CO_TRY(auto asked, co_await ask_for_request(work));
    auto issued = asked.request ? co_await authority_.sign_for_system(system, work->survey.policy, profile, *std::move(asked.request))
                                : co_await authority_.issue_for_system(system, work->survey.policy, profile);
    if (!issued) co_return fail(std::move(issued).error());
    issued->key_note = std::move(asked.why_not);
    CS_CO_CHECK(co_await store_.set_pending_certificate(system.id, *issued));
    work->issued = issued->certificate.fingerprint();
    co_return std::move(*issued);
}

net::Task<Result<bool>> Enforcer::holds_key(WorkPtr work, pki::Certificate certificate) {
    if (work->account()->certificate_fingerprint == certificate.fingerprint()) co_return true;
    if (!work->driver()->makes_keys()) co_return false;
    auto const pending = co_await work->driver()->pending_key();
    // Nobody can ask it: the answer is given to it, and what it says then tells.
    if (!pending && says_it_cannot(pending.error())) co_return true;
    if (!pending) co_return fail(pending.error());
    co_return *pending == certificate.public_key_sha256();
}

net::Task<Result<void>> Enforcer::hand_over(WorkPtr work, Outgoing next) {
    if (next.key) co_return co_await work->driver()->install_certificate(std::move(next.chain), *std::move(next.key));
    co_return co_await work->driver()->install_answer(std::move(next.chain));
}

net::Task<Result<pki::Certificate>> Enforcer::deliver(WorkPtr work, Outgoing next) {
    auto leaf = next.chain.front();
    bool const of_system = !next.key;
    auto done = co_await hand_over(work, std::move(next));
    if (done) co_return leaf;
    if (!of_system || done.error().id() != errors::mgr::refused_by_system) co_return fail(std::move(done).error());
    CS_CO_TRY(bool const there, co_await work->driver()->holds_answer(leaf));
    // It has all that it needs, and does not want to use it.
    if (there) co_return fail(std::move(done).error());
    if (work->survey.policy.issuer != Issuer::internal) {
        // With the system's words and no cause: what to do about it is here, and people are told what is at the bottom.
        co_return fail(errors::mgr::answer_not_taken, {{"system", certificate_name(work->system())},
                                                       {"request", std::to_string(work->survey.by_hand.request)},
                                                       {"detail", done.error().parameter("detail")}});
    }
    // From an earlier run: the system may have lost the key since. Once more with a new one; what was made a moment ago is just refused.
    if (work->issued == leaf.fingerprint()) co_return fail(std::move(done).error());
    auto const pending = co_await work->driver()->pending_key();
    bool const has_key = pending && *pending == leaf.public_key_sha256();
    if (has_key || (!pending && !says_it_cannot(pending.error()))) co_return fail(std::move(done).error());
    // Where it cannot be asked, a system that refuses for another reason would be issued one at each try.
    if (!pending && !may_guess_lost_key(work->system().id)) co_return fail(std::move(done).error());
    CS_CO_TRY(auto fresh, co_await issue_certificate(work));
    leaf = fresh.certificate;
    CS_CO_CHECK(co_await hand_over(work, {.chain = authority_.chain_of(leaf), .key = std::move(fresh.key)}));
    co_return leaf;
}

bool Enforcer::may_guess_lost_key(SystemId id) {
    constexpr std::chrono::hours k_between{24};
    auto const now = clock_->now();
    std::scoped_lock lock(mutex_);
    auto const [place, first] = guessed_lost_.try_emplace(id, now);
    if (!first && now - place->second < k_between) return false;
    place->second = now;
    return true;
}

net::Task<Result<bool>> Enforcer::give_up_lost_request(WorkPtr work) {
    if (work->survey.policy.issuer == Issuer::internal || work->survey.by_hand.request == 0) co_return false;
    auto* const driver = work->driver();
    // Who is not known to be the system may say anything.
    if (driver == nullptr || driver->trust() < ChannelTrust::pinned || !work->account() || !driver->makes_keys()) co_return false;
    // Another unit has other keys: that is for the person who accepts it.
    if (!work->seen().other_unit.empty()) co_return false;
    auto const id = work->system().id;
    CS_CO_TRY(auto const found, co_await store_.requests().in_hand(id));
    if (!found || found->request.key_made != k_made_by_system) co_return false;
    if (!found->answer.empty() && work->account()->certificate_fingerprint == found->answer.front().fingerprint()) co_return false;
    auto const pending = co_await driver->pending_key();
    // Where it does not say, nothing is given up: people's work hangs on the request.
    if (!pending || *pending == found->request.public_key) co_return false;
    CS_CO_TRY(bool const gone, co_await store_.requests().retire(id, "the system does not have the key of its request any more"));
    if (gone) announce_("request", found->request.id);
    work->survey.by_hand = {.days_before = work->survey.by_hand.days_before};
    co_return gone;
}

/// Answers of the system's own requests stay in its list of pairs, and that is not endless. What the estate did not issue for it stays
/// where it is, and so does what has another use there. One that stays is no failure.
net::Task<Result<void>> Enforcer::forget_former_server(WorkPtr work) {
    // What is on trial may go back to it.
    if (!work->former_server || !work->system().trial.empty()) co_return Result<void>();
    auto const former = *std::exchange(work->former_server, std::nullopt);
    auto const& fingerprint = former.fingerprint();
    if (work->survey.family->find_behaviour("certificate_delete") == nullptr) co_return Result<void>();
    // The list of what is known of the system: the question after one certificate also asks who trusts it.
    auto const id = work->system().id;
    CS_CO_TRY(auto const known, co_await store_.inventory().page({.text = {},
                                                                  .issuer = {},
                                                                  .system = id,
                                                                  .state = {},
                                                                  .expires_before = {},
                                                                  .expires_after = {},
                                                                  .latest_first = true,
                                                                  .limit = 20},
                                                                 {}));
    bool const ours = std::ranges::any_of(known.entries, [&](InventoryEntry const& one) {
        return one.fingerprint == fingerprint && one.system == id && (one.purpose == "system" || one.purpose == "by_hand");
    });
    if (!ours) co_return Result<void>();
    // What it says now: the account of this run is from before the change.
    auto const account = co_await work->driver()->read_account();
    bool const used = !account || account->certificate_fingerprint == fingerprint ||
                      std::ranges::find(account->identities, fingerprint, &InstalledIdentity::fingerprint) != account->identities.end();
    if (used) co_return Result<void>();
    auto const done = co_await work->driver()->forget_certificate(former);
    if (!done) {
        log::debug("enforce.pair_not_forgotten", {{"system", id}, {"sha256", fingerprint}, {"error", done.error().explanation()}});
        co_return Result<void>();
    }
    co_return co_await store_.audit("manager", "system.certificate.forget", "system " + std::to_string(id),
                                    "SHA-256 " + fingerprint + ", which another one has replaced");
}

}  // namespace countersign::manager
