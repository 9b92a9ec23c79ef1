/// The certificate that a system shows when it calls, apart from its server's: installed, proven by a call, taken out of use
/// (docs/identities.md).

#include "base/log.hpp"
#include "manager/enforce/work.hpp"

#include "countersign/errors/mgr.hpp"

namespace countersign::manager {
namespace {

/// The path of the manager with a slash in front or without: both mean the same place, and every system that posts changes of its
/// settings, or registers anew when it is told another place, calls. Empty: the family has no such setting, or the system no value.
std::string other_spelling(family::Family const& family, Account const& account) {
    auto const* client = family.find_client("external_manager");
    if (client == nullptr || client->path.empty() || !family.can_write(client->path)) return {};
    auto const known = account.settings.find(client->path);
    if (known == account.settings.end() || known->second.empty()) return {};
    return known->second.starts_with('/') ? known->second.substr(1) : "/" + known->second;
}

/// Nothing is different afterwards. Systems call by themselves every few minutes only.
net::Task<Result<void>> ask_for_a_call(Driver* driver, family::FamilyPtr family, Account account) {
    if (driver == nullptr) co_return Result<void>();
    if (auto const url = account.settings.find("client.feedback.url"); url != account.settings.end() && !url->second.empty())
        CS_CO_CHECK(co_await driver->register_feedback(url->second));
    auto const other = other_spelling(*family, account);
    if (other.empty()) co_return Result<void>();
    auto const path = family->find_client("external_manager")->path;
    auto const own = account.settings.at(path);
    CS_CO_CHECK(co_await driver->apply({{path, other, own}}));
    co_return co_await driver->apply({{path, own, other}});
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
        CS_CO_CHECK(co_await work->driver()->install_client_certificate(authority_.chain_of(pending->certificate), *pending->key));
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
    CS_CO_CHECK(co_await ask_for_a_call(work->driver(), work->survey.family, *work->account()));
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
    co_return co_await ask_for_a_call(work->driver(), work->survey.family, *work->account());
}

}  // namespace countersign::manager
