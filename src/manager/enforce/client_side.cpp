/// The certificate that a system shows when it calls, apart from its server's: installed, proven by a call, taken out of use
/// (docs/identities.md).

#include "base/log.hpp"
#include "manager/enforce/work.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::manager {
namespace {

/// Some systems call when they are registered for events, and not again before something happens.
net::Task<Result<void>> ask_for_a_call(Driver* driver, std::string url) {
    if (driver == nullptr || url.empty()) co_return Result<void>();
    co_return co_await driver->register_feedback(std::move(url));
}

std::string feedback_of(Account const& account) {
    auto const found = account.settings.find("client.feedback.url");
    return found == account.settings.end() ? std::string() : found->second;
}

}  // namespace

net::Task<Result<void>> Enforcer::install_client_certificate(WorkPtr work, Step step) {
    CS_CO_CHECK(co_await ensure_channel(work, std::max(step.channel, ChannelTrust::pinned)));
    auto const& system = work->system();
    CS_CO_TRY(auto pending, co_await store_.certificates().get_pending_client(system.id));
    if (!pending || !is_usable(work, pending->certificate, pki::Profile::client)) {
        CS_CO_TRY(pending, co_await authority_.issue_for_system(system, work->survey.policy, pki::Profile::client));
        CS_CO_CHECK(co_await store_.certificates().set_pending_client(system.id, *pending));
    }
    auto& side = work->survey.client;
    auto const fresh = pending->certificate.fingerprint();
    work->contact_mark = contacts_.mark(system.id);
    if (side.installed != fresh) {
        CS_CO_CHECK(co_await note_change(work, k_changed_client_certificate));
        CS_CO_CHECK(co_await work->driver()->install_client_certificate(authority_.chain_of(pending->certificate), pending->key));
        work->former_client = side.installed;
        side.installed = fresh;
    }
    side.awaited = fresh;
    auto const& family = *work->survey.family;
    auto const& software = software_of(system, work->seen().account);
    auto const* identity = family.client_identity(software);
    if (identity != nullptr && identity->effect_in(software, family.certificate.effect) != family::CertificateEffect::now)
        work->restart_asked = true;
    co_return Result<void>();
}

net::Task<Result<void>> Enforcer::prove_client_certificate(WorkPtr work, Step step) {
    auto const id = work->system().id;
    auto const wanted = work->survey.client.installed;
    CS_CO_CHECK(co_await ensure_channel(work, step.channel));
    CS_CO_CHECK(co_await ask_for_a_call(work->driver(), feedback_of(*work->account())));
    auto const end = std::chrono::steady_clock::now() + settings_.contact_timeout;
    ContactEvidence seen;
    while (true) {
        auto const mark = contacts_.mark(id);
        CS_CO_TRY(seen, co_await store_.get_contact(id));
        if (seen.https && seen.certificate == wanted) break;
        auto const left = std::chrono::duration_cast<net::Milliseconds>(end - std::chrono::steady_clock::now());
        if (left.count() <= 0 || !co_await contacts_.wait(id, mark, true, left))
            co_return fail(errors::mgr::client_certificate_not_shown,
                           {{"system", certificate_name(work->system())},
                            {"wanted", wanted},
                            {"shown", seen.certificate.empty() ? std::string("showed none") : "showed " + seen.certificate}});
    }
    work->seen().contact = seen;
    CS_CO_CHECK(co_await store_.certificates().clear_pending_client(id));
    work->survey.client.awaited.clear();
    co_return co_await forget_former(work, std::exchange(work->former_client, {}));
}

/// Systems keep a list of pairs, and it is not endless. One that stays in it is no failure.
net::Task<Result<void>> Enforcer::forget_former(WorkPtr work, std::string former) {
    if (former.empty()) co_return Result<void>();
    auto done = co_await work->driver()->forget_client_certificate(former);
    if (!done)
        log::warning("enforce.pair_not_forgotten",
                     {{"system", work->system().id}, {"sha256", former}, {"error", done.error().explanation()}});
    co_return Result<void>();
}

net::Task<Result<void>> Enforcer::remove_client_certificate(WorkPtr work, Step step) {
    auto const id = work->system().id;
    CS_CO_CHECK(co_await ensure_channel(work, std::max(step.channel, ChannelTrust::pinned)));
    CS_CO_CHECK(co_await note_change(work, k_changed_client_certificate));
    auto& side = work->survey.client;
    work->contact_mark = contacts_.mark(id);
    CS_CO_CHECK(co_await work->driver()->remove_client_certificate(side.installed));
    CS_CO_CHECK(co_await store_.certificates().clear_pending_client(id));
    CS_CO_CHECK(co_await forget_former(work, side.installed));
    side = ClientSide{.renew_days_before = side.renew_days_before, .server_of_ours = side.server_of_ours};
    co_return co_await ask_for_a_call(work->driver(), feedback_of(*work->account()));
}

}  // namespace countersign::manager
