#include "manager/assess/configured.hpp"
#include "manager/enforce/work.hpp"
#include "manager/renew/decide.hpp"

#include "countersign/errors/mgr.hpp"
#include "countersign/errors/net.hpp"

#include <algorithm>

namespace countersign::manager {

namespace {

/// A server that drops a silent connection does so after this; one that restarts, at once.
constexpr std::chrono::seconds k_silent_connections_live{10};
constexpr net::Milliseconds k_look{2000};

net::Task<bool> is_open(net::Endpoint where, std::string bind_address) {
    auto report = co_await net::probe({.where = std::move(where), .bind_address = std::move(bind_address), .deadline = k_look});
    co_return report.state == net::PortState::open;
}

void replace(std::vector<ServiceObservation>& known, std::vector<ServiceObservation> fresh) {
    for (auto& seen : fresh) {
        auto place = std::ranges::find(known, seen.service, &ServiceObservation::service);
        if (place == known.end())
            known.push_back(std::move(seen));
        else
            *place = std::move(seen);
    }
}

/// Replaces what was seen of the services that were looked at again.
void merge(Observation& known, Observation fresh) {
    replace(known.services, std::move(fresh.services));
    replace(known.elsewhere, std::move(fresh.elsewhere));
    known.account = std::move(fresh.account);
    known.account_channel = fresh.account_channel;
    known.account_error = std::move(fresh.account_error);
    known.factory_password = fresh.factory_password;
}

}  // namespace

net::Task<Result<void>> Enforcer::ensure_channel(WorkPtr work, ChannelTrust least) {
    least = attainable(*work->survey.family, least);
    if (!work->driver() || work->driver()->trust() < least) CS_CO_CHECK(co_await reconnect(work));
    if (work->driver()->trust() < least)
        co_return fail(errors::mgr::no_secure_channel, {{"system", certificate_name(work->system())},
                                                        {"detail", "the channel is " + std::string(to_string(work->driver()->trust())) +
                                                                       ", the step needs " + std::string(to_string(least))}});
    co_return Result<void>();
}

net::Task<Result<void>> Enforcer::reconnect(WorkPtr work) {
    work->survey.sighting.driver.reset();
    CS_CO_TRY(auto question, co_await surveyor_.question(work->system().id));
    auto fresh = co_await observer_.observe(std::move(question), Observer::Extent::web_only);
    merge(work->seen(), std::move(fresh.observation));
    if (!fresh.driver)
        co_return fail(work->seen().account_error.value_or(Error(errors::net::unreachable, {{"peer", certificate_name(work->system())}})));
    if (fresh.opened == Opened::candidate) CS_CO_CHECK(co_await store_.promote_candidate_password(work->system().id));
    work->survey.sighting.driver = std::move(fresh.driver);
    work->survey.sighting.opened = fresh.opened;
    surveyor_.note_verification(work->system().id, work->account()->verification_effective);
    work->restart_asked = work->restart_asked || work->account()->restart_pending;
    co_return Result<void>();
}

net::Task<Result<void>> Enforcer::note_https_proven(WorkPtr work) {
    auto const& known = work->system();
    auto const serial = work->account() ? work->account()->serial_number : std::string();
    if (known.https_proven && (serial.empty() || !known.serial_number.empty())) co_return Result<void>();
    auto updated = co_await store_.update_system(
        known.id,
        [serial](System& system) {
            system.https_proven = true;
            // Before anything secret is sent: from now on no other unit's factory certificate will do.
            if (system.serial_number.empty()) system.serial_number = serial;
            return std::string("HTTPS was used; HTTP is not used any more");
        },
        "manager");
    if (!updated) co_return fail(std::move(updated).error());
    work->system().https_proven = true;
    work->system().serial_number = updated->serial_number;
    co_return Result<void>();
}

pki::Profile Enforcer::server_profile(WorkPtr const& work) {
    bool const two = has_two_identities(*work->survey.family, work->survey.policy, work->survey.system, work->seen().account);
    return two ? pki::Profile::server : pki::Profile::device;
}

bool Enforcer::is_usable(WorkPtr const& work, pki::Certificate const& pending, pki::Profile profile) const {
    auto const& policy = work->survey.policy;
    bool const fresh =
        pending.not_after() - clock_->now() > latest_renewal(pending.not_before(), pending.not_after(), policy.renew_days_before);
    bool const usages = pending.allows_server_auth() == (profile != pki::Profile::client) &&
                        pending.allows_client_auth() == (profile != pki::Profile::server);
    return fresh && usages && pki::matches_name(pending, certificate_name(work->survey.system)) && authority_.is_up_to_date(pending);
}

net::Task<Result<PendingCertificate>> Enforcer::pending_certificate(WorkPtr work) {
    auto const profile = server_profile(work);
    CS_CO_TRY(auto pending, co_await store_.get_pending_certificate(work->system().id));
    if (pending && is_usable(work, pending->certificate, profile)) {
        if (pending->key) co_return std::move(*pending);
        CS_CO_TRY(bool const there, co_await holds_key(work, pending->certificate));
        if (there) co_return std::move(*pending);
    }
    co_return co_await issue_certificate(work);
}

net::Task<Result<ServiceObservation>> Enforcer::wait_for_https(WorkPtr work, std::function<bool(ServiceObservation const&)> wanted,
                                                               std::string step) {
    auto const* service = https_service(*work->survey.family);
    Poll poll(settings_.proof_timeout);
    ServiceObservation seen;
    while (service) {
        seen = co_await observer_.look_at(*service, work->system(), work->address, work->survey.trust);
        if (seen.state == net::PortState::open && wanted(seen)) co_return seen;
        if (poll.expired()) break;
        co_await poll.pause();
    }
    std::string detail = "port " + std::to_string(seen.port) + " is " + std::string(net::to_string(seen.state));
    if (!seen.presented.empty())
        detail += ", certificate " + seen.presented.front().fingerprint() + " is " + std::string(to_string(seen.trust));
    for (auto const& finding : seen.findings) detail += "; " + finding.text;
    if (!seen.tls_error.empty()) detail += "; " + seen.tls_error;
    co_return fail(errors::mgr::not_proven, {{"step", step}, {"system", certificate_name(work->system())}, {"detail", detail}});
}

net::Task<Result<void>> Enforcer::wait_until_down(std::shared_ptr<net::Stream> watch, net::Endpoint where) {
    // The connection that we hold open breaks at the moment when the system goes down, however short it stays away.
    auto const bind_address = observer_.wire().bind_address;
    auto const begin = std::chrono::steady_clock::now();
    auto const end = begin + settings_.restart_timeout;
    while (watch) {
        auto const left = std::chrono::duration_cast<net::Milliseconds>(end - std::chrono::steady_clock::now());
        if (left.count() <= 0) break;
        auto piece = co_await watch->read_some(1024, left);
        if (piece && !piece->empty()) continue;
        if (!co_await is_open(where, bind_address)) co_return Result<void>();
        if (std::chrono::steady_clock::now() - begin < k_silent_connections_live) co_return Result<void>();
        auto again = co_await net::connect_tcp(where, bind_address, k_look);
        watch = again ? *again : nullptr;
        if (!watch) co_return Result<void>();
    }
    co_return fail(errors::net::timed_out, {{"peer", net::to_string(where)},
                                            {"limit", std::to_string(settings_.restart_timeout.count() / 1000) + " s"},
                                            {"step", "going down for the restart"}});
}

net::Task<Result<void>> Enforcer::wait_until_up(WorkPtr work) {
    auto const& family = *work->survey.family;
    std::vector<net::Endpoint> expected;
    auto const* own = managed_over_ssh(family) ? family.management_service() : nullptr;
    for (auto const* service : {own, https_service(family), http_service(family)}) {
        if (!service) continue;
        auto const& settings = work->account()->settings;
        auto const mode = settings.find(service->mode_setting);
        if (mode != settings.end() && !service->is_on(mode->second)) continue;
        auto const other = Configured(family, work->seen()).other_port(*service, work->system());
        auto const port = other ? observer_.wire().shifted(*other) : std::optional(observer_.wire().port_of(work->system(), *service));
        if (port) expected.push_back({work->address, *port});
    }
    Poll poll(settings_.restart_timeout);
    for (auto const& where : expected) {
        while (!co_await is_open(where, observer_.wire().bind_address)) {
            if (poll.expired())
                co_return fail(errors::net::timed_out, {{"peer", net::to_string(where)},
                                                        {"limit", std::to_string(settings_.restart_timeout.count() / 1000) + " s"},
                                                        {"step", "coming back after the restart"}});
            co_await poll.pause();
        }
    }
    co_return Result<void>();
}

}  // namespace countersign::manager
