#include "base/text.hpp"
#include "host/crypto.hpp"
#include "manager/assess/configured.hpp"
#include "manager/enforce/work.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>
#include <set>

namespace countersign::manager {

namespace {

/// About 116 bits, and short enough for the password fields of old systems.
constexpr std::size_t k_password_characters = 20;

/// Least trust for anything that is secret or decides whom the system believes.
ChannelTrust at_least_pinned(Step const& step) { return std::max(step.channel, ChannelTrust::pinned); }

bool waits_for_restart(family::Family const& family, SettingChange const& change) {
    auto const* setting = family.find_canonical(change.canonical);
    return setting && setting->effect == family::Effect::restart;
}

}  // namespace

net::Task<Result<void>> Enforcer::apply_settings(WorkPtr work, Step step) {
    CS_CO_CHECK(co_await ensure_channel(work, step.channel));
    auto& settings = work->account()->settings;
    std::erase_if(step.settings, [&settings](SettingChange const& change) {
        auto known = settings.find(change.canonical);
        return known != settings.end() && known->second == change.value;
    });
    if (step.settings.empty()) co_return Result<void>();
    CS_CO_CHECK(co_await note_settings(work, step.settings));
    auto const mark = contacts_.mark(work->system().id);
    auto done = co_await work->driver()->apply(step.settings);
    if (!done) {
        (void)co_await undo_settings(work, std::move(step.settings));
        co_return done;
    }
    work->contact_mark = mark;
    bool verifies_now = false;
    for (auto const& change : step.settings) {
        settings[change.canonical] = change.value;
        work->restart_asked = work->restart_asked || waits_for_restart(*work->survey.family, change);
        if (change.canonical != "client.verify") continue;
        // A system that verifies and lacks what it needs does not call at all: a call from now on is one that checked us, until
        // the next account says otherwise.
        verifies_now = change.value != "off";
        surveyor_.note_verification(work->system().id, verifies_now);
    }
    // Some systems call when they are registered for events and not again before something happens: so they do it once more,
    // and that call shows whether they accept our certificate.
    auto const feedback = settings.find("client.feedback.url");
    if (verifies_now && feedback != settings.end() && !feedback->second.empty())
        co_return co_await work->driver()->register_feedback(feedback->second);
    co_return Result<void>();
}

net::Task<Result<void>> Enforcer::undo_settings(WorkPtr work, std::vector<SettingChange> changes) {
    // A family that takes several requests for one step may have taken some of them.
    for (auto& change : changes) std::swap(change.value, change.old_value);
    auto undone = co_await work->driver()->apply(std::move(changes));
    CS_CO_CHECK(co_await store_.audit("manager", undone ? "step.undone" : "step.undo_failed", "system " + std::to_string(work->system().id),
                                      undone ? "settings were put back" : undone.error().message()));
    co_return undone;
}

net::Task<Result<void>> Enforcer::restart(WorkPtr work, Step step) {
    if (!work->restart_asked) co_return Result<void>();
    CS_CO_CHECK(co_await ensure_channel(work, step.channel));
    auto const& family = *work->survey.family;
    auto const* service = work->driver()->secure() ? family.management_service() : http_service(family);
    net::Endpoint const where{work->address, observer_.wire().port_of(work->system(), *service)};
    auto watch = co_await net::connect_tcp(where, observer_.wire().bind_address, observer_.wire().connect);
    if (!watch) {
        // It is down already, for the restart that an earlier run asked for.
        CS_CO_CHECK(co_await wait_until_up(work));
        work->restart_asked = false;
        CS_CO_CHECK(co_await reconnect(work));
        if (!work->restart_asked) co_return Result<void>();
        watch = co_await net::connect_tcp(where, observer_.wire().bind_address, observer_.wire().connect);
        if (!watch) co_return fail(std::move(watch).error());
    }
    auto const mark = contacts_.mark(work->system().id);
    CS_CO_CHECK(co_await work->driver()->restart());
    work->survey.sighting.driver.reset();
    work->contact_mark = mark;
    CS_CO_CHECK(co_await wait_until_down(std::move(*watch), where));
    CS_CO_CHECK(co_await wait_until_up(work));
    work->restart_asked = false;
    co_return Result<void>();
}

net::Task<Result<void>> Enforcer::prove_channel(WorkPtr work, Step step) {
    auto const least = at_least_pinned(step);
    auto seen = co_await wait_for_https(work, [least](ServiceObservation const& https) { return https.trust >= least; }, step.what);
    if (!seen) co_return fail(std::move(seen).error());
    // The new door counts as proven when it was used: a log-in, not a handshake only.
    if (!work->driver() || work->driver()->trust() < least) CS_CO_CHECK(co_await reconnect(work));
    CS_CO_CHECK(co_await ensure_channel(work, least));
    co_return co_await note_https_proven(work);
}

net::Task<Result<void>> Enforcer::set_password(WorkPtr work, Step step) {
    CS_CO_CHECK(co_await ensure_channel(work, at_least_pinned(step)));
    auto const id = work->system().id;
    CS_CO_CHECK(co_await note_change(work, k_changed_password));
    CS_CO_TRY(auto passwords, co_await store_.get_passwords(id));
    if (!passwords.candidate) {
        passwords.candidate = SecretText(host::random_password(k_password_characters));
        CS_CO_CHECK(co_await store_.set_candidate_password(id, passwords.candidate->duplicate()));
    }
    CS_CO_CHECK(co_await work->driver()->set_password(passwords.candidate->duplicate()));
    auto const& user = work->system().user.empty() ? work->survey.family->login.user : work->system().user;
    work->driver()->use_credentials({user, std::move(*passwords.candidate)});
    auto account = co_await work->driver()->read_account();
    if (!account) co_return fail(std::move(account).error());
    work->seen().account = std::move(*account);
    work->seen().factory_password = false;
    work->system().password_origin = PasswordOrigin::managed;
    co_return co_await store_.promote_candidate_password(id);
}

net::Task<Result<void>> Enforcer::install_trust(WorkPtr work, Step step) {
    CS_CO_CHECK(co_await ensure_channel(work, step.channel));
    auto const roots = authority_.roots();
    std::set<std::string> wanted;
    for (auto const& root : roots) wanted.insert(root.fingerprint());
    auto const& has = work->account()->trust_fingerprints;
    if (std::set<std::string>(has.begin(), has.end()) == wanted) co_return Result<void>();
    CS_CO_CHECK(co_await note_change(work, k_changed_trust));
    std::vector<std::string> withdrawn;
    if (work->survey.family->certificate.append_roots)
        for (auto const& root : authority_.withdrawn())
            if (std::ranges::find(has, root) != has.end()) withdrawn.push_back(root);
    bool const lacks = std::ranges::any_of(wanted, [&has](std::string const& one) { return std::ranges::find(has, one) == has.end(); });
    // First what must be there, then what must not: it never trusts less than the manager needs.
    if (lacks || withdrawn.empty()) CS_CO_CHECK(co_await work->driver()->install_trust(roots));
    if (!withdrawn.empty()) CS_CO_CHECK(co_await work->driver()->withdraw_trust(withdrawn));
    work->account()->trust_fingerprints.assign(wanted.begin(), wanted.end());
    co_return Result<void>();
}

net::Task<Result<void>> Enforcer::install_certificate(WorkPtr work, Step step) {
    CS_CO_CHECK(co_await ensure_channel(work, at_least_pinned(step)));
    CS_CO_TRY(auto next, co_await outgoing(work));
    auto leaf = next.chain.front();
    auto const effect = work->survey.family->certificate.effect;
    if (work->account()->certificate_fingerprint != leaf.fingerprint()) {
        CS_CO_CHECK(co_await note_change(work, k_changed_certificate));
        auto const shown = shown_now(work);
        bool const was_ours =
            !work->account()->factory_certificate && shown && shown->fingerprint() == work->account()->certificate_fingerprint;
        CS_CO_TRY(leaf, co_await deliver(work, std::move(next)));
        if (was_ours) work->former_server = shown;
        work->account()->certificate_fingerprint = leaf.fingerprint();
        work->account()->factory_certificate = false;
    }
    auto const* service = https_service(*work->survey.family);
    auto const* served = service ? work->seen().find(service->id) : nullptr;
    bool const is_served = served && !served->presented.empty() && served->presented.front() == leaf;
    if (effect != family::CertificateEffect::now && !is_served) work->restart_asked = true;
    co_return Result<void>();
}

namespace {

/// The system took the certificate `wanted`; `https` shows which one it serves.
Error goes_on_with_another(ServiceObservation const& https, System const& system, std::string const& wanted, Error error) {
    if (wanted.empty() || https.presented.empty() || https.presented.front().fingerprint() == wanted) return error;
    return Error(errors::mgr::other_certificate_served,
                 {{"system", certificate_name(system)}, {"served", https.presented.front().fingerprint()}, {"wanted", wanted}});
}

}  // namespace

net::Task<Result<void>> Enforcer::prove_certificate(WorkPtr work, Step step) {
    CS_CO_TRY(auto const wanted, co_await wanted_certificate(work));
    auto seen = co_await wait_for_https(
        work,
        [wanted](ServiceObservation const& https) {
            return https.trust == ChannelTrust::verified && (wanted.empty() || https.presented.front().fingerprint() == wanted);
        },
        step.what);
    if (!seen) {
        auto const* service = https_service(*work->survey.family);
        ServiceObservation now;
        if (service != nullptr) now = co_await observer_.look_at(*service, work->system(), work->address, work->survey.trust);
        co_return fail(goes_on_with_another(now, work->system(), wanted, std::move(seen).error()));
    }
    if (!work->driver() || work->driver()->trust() < ChannelTrust::verified) CS_CO_CHECK(co_await reconnect(work));
    CS_CO_CHECK(co_await ensure_channel(work, ChannelTrust::verified));
    CS_CO_CHECK(co_await settle_certificate(work));
    CS_CO_CHECK(co_await forget_former_server(work));
    co_return co_await note_https_proven(work);
}

net::Task<Result<void>> Enforcer::track_by_host_name(WorkPtr work, Step) {
    CS_CO_CHECK(co_await note_change(work, k_changed_tracking, std::string(to_string(work->system().track_by))));
    auto updated = co_await store_.update_system(
        work->system().id,
        [](System& system) {
            system.track_by = TrackBy::host_name;
            return std::string("tracked by host name");
        },
        "manager");
    if (!updated) co_return fail(std::move(updated).error());
    work->system().track_by = TrackBy::host_name;
    auto place = co_await observer_.locate(work->system());
    if (place.error) co_return fail(std::move(*place.error));
    work->address = place.address;
    co_return Result<void>();
}

namespace {

/// A port where a service could be open.
struct DoorPlace {
    family::Service const* service = nullptr;
    std::uint16_t port = 0;
};

/// The family's port, and the one that the settings give it.
std::vector<DoorPlace> places_of(family::Family const& family, System const& system, Observation const& observation,
                                 std::vector<std::string> const& services) {
    Configured const settings(family, observation);
    std::vector<DoorPlace> out;
    for (auto const& name : services) {
        auto const* service = family.find_service(name);
        if (service == nullptr) continue;
        out.push_back({service, service->port});
        if (auto const other = settings.other_port(*service, system)) out.push_back({service, *other});
    }
    return out;
}

}  // namespace

net::Task<Result<void>> Enforcer::prove_closed(WorkPtr work, Step step) {
    auto const& family = *work->survey.family;
    Poll poll(settings_.proof_timeout);
    auto still_open = places_of(family, work->system(), work->seen(), step.services);
    while (!still_open.empty()) {
        std::vector<std::optional<ServiceObservation>> seen(still_open.size());
        co_await net::for_each_bounded(
            still_open.size(), still_open.size(),
            // NOLINTNEXTLINE(cppcoreguidelines-avoid-capturing-lambda-coroutines): for_each_bounded keeps it until all are done
            [this, &seen, &still_open, work](std::size_t index) -> net::Task<> {
                auto const& [service, port] = still_open[index];
                seen[index] =
                    co_await observer_.look_at_port(*service, port, work->system(), work->address, work->survey.trust, work->survey.snmp);
            });
        std::vector<DoorPlace> open;
        std::vector<std::string> names;
        for (std::size_t i = 0; i < seen.size(); ++i) {
            if (!seen[i] || seen[i]->state != net::PortState::open) continue;
            open.push_back(still_open[i]);
            names.push_back(seen[i]->service + " at port " + std::to_string(seen[i]->port));
        }
        still_open = std::move(open);
        if (still_open.empty()) break;
        if (poll.expired())
            co_return fail(
                errors::mgr::not_proven,
                {{"step", step.what}, {"system", certificate_name(work->system())}, {"detail", "still open: " + join(names, ", ")}});
        co_await poll.pause();
    }
    auto const least = at_least_pinned(step);
    if (managed_over_ssh(family)) {
        // The way in is another one than HTTPS, and must still be there.
        CS_CO_CHECK(co_await reconnect(work));
        co_return co_await ensure_channel(work, least);
    }
    auto https = co_await wait_for_https(work, [least](ServiceObservation const& seen) { return seen.trust >= least; }, step.what);
    if (!https) co_return fail(std::move(https).error());
    co_return Result<void>();
}

net::Task<Result<void>> Enforcer::await_contact(WorkPtr work, Step step) {
    auto const id = work->system().id;
    bool const https = effective_mode(work->system(), work->survey.policy) != SecureOnly::off;
    if (!co_await contacts_.wait(id, work->contact_mark, https, settings_.contact_timeout))
        co_return fail(errors::mgr::not_proven,
                       {{"step", step.what},
                        {"system", certificate_name(work->system())},
                        {"detail", "it did not call us within " + std::to_string(settings_.contact_timeout.count() / 1000) + " s"}});
    // Its newest settings hold since before that call: what the account says of verification is true of the call, too.
    auto account = work->driver() ? co_await work->driver()->read_account() : Result<Account>(fail(errors::mgr::no_secure_channel));
    if (account)
        work->seen().account = std::move(*account);
    else
        CS_CO_CHECK(co_await reconnect(work));
    // A further client of the system may call at once: that call is judged by what is true now.
    surveyor_.note_verification(id, work->account()->verification_effective);
    bool const verified = https && work->account()->verification_effective;
    CS_CO_TRY(auto const newest, co_await store_.get_contact(id));
    work->seen().contact = {.at = clock_->now(), .https = https, .verified_us = verified, .certificate = https ? newest.certificate : ""};
    co_return co_await store_.record_contact(id, work->seen().contact, "Proof");
}

}  // namespace countersign::manager
