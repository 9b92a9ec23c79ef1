#include "manager/certificates/own_certificate.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "manager/certificates/named_in_a_sentence.hpp"
#include "manager/drivers/web_driver.hpp"
#include "manager/manager.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

constexpr std::string_view k_identity = "the manager";

std::string describe(KeptCertificate const& kept) {
    if (kept.is_internal()) return "the internal authority's";
    auto const& leaf = kept.chain.front();
    return leaf.subject() + " by " + leaf.issuer() + ", SHA-256 " + leaf.fingerprint() + ", until " + to_string(leaf.not_after());
}

void add_name(std::vector<std::string>& names, std::string const& name) {
    bool const known = std::ranges::any_of(names, [&name](auto const& other) { return iequals(other, name); });
    if (!name.empty() && !known) names.push_back(name);
}

bool listens_everywhere(std::string const& address) { return address == "0.0.0.0" || address == "::"; }

pki::AlternativeName alternative(std::string const& name) {
    using Kind = pki::AlternativeName::Kind;
    return {is_ip_address(name) ? Kind::ip : Kind::dns, name};
}

}  // namespace

net::Task<Result<void>> OwnCertificate::load() {
    CS_CO_TRY(auto kept, co_await links_.store.certificates().get_kept());
    std::scoped_lock lock(mutex_);
    kept_ = std::move(kept);
    co_return Result<void>();
}

KeptCertificates OwnCertificate::kept() const {
    std::scoped_lock lock(mutex_);
    return kept_;
}

bool OwnCertificate::is_staged() const {
    std::scoped_lock lock(mutex_);
    return kept_.staged.has_value();
}

/// Stored first; known afterwards.
net::Task<Result<void>> OwnCertificate::keep(KeptCertificates kept, std::string action, std::string detail, std::string actor) {
    CS_CO_CHECK(co_await links_.store.certificates().set_kept(kept, std::move(action), std::move(detail), std::move(actor)));
    std::scoped_lock lock(mutex_);
    kept_ = std::move(kept);
    co_return Result<void>();
}

net::Task<Result<void>> OwnCertificate::reload() {
    CS_CO_CHECK(co_await load());
    co_return co_await serve_now();
}

net::Task<Result<void>> OwnCertificate::serve_now() {
    std::function<net::Task<Result<void>>()> serve;
    {
        std::scoped_lock lock(mutex_);
        serve = serve_;
    }
    if (!serve) co_return Result<void>();
    co_return co_await serve();
}

net::Task<Result<std::vector<std::string>>> OwnCertificate::names() {
    CS_CO_TRY(auto const policy, co_await links_.store.get_policy());
    auto const network = links_.network();
    std::vector<std::string> out;
    add_name(out, links_.settings.host_name);
    add_name(out, policy.manager_host_name);
    add_name(out, network.public_host_name);
    if (network.override_dns && !listens_everywhere(links_.settings.address)) add_name(out, links_.settings.address);
    co_return out;
}

net::Task<Result<CertificateNeeds>> OwnCertificate::needs() {
    CertificateNeeds out{.now = links_.clock->now(), .names = {}, .roots = links_.authority.roots()};
    CS_CO_TRY(out.names, co_await names());
    co_return out;
}

/// Systems that can call now, and could not with a certificate below this root.
net::Task<Result<NamedSystems>> OwnCertificate::locked_out_by(std::string root, std::size_t most) {
    auto const active = kept().active;
    std::vector<std::string> now;
    if (active && !active->is_internal()) {
        for (auto const& one : active->chain) now.push_back(one.fingerprint());
    } else {
        // A trust list may hold the manager's own certificate in place of its root (seed 004).
        CS_CO_TRY(auto const served, co_await identity());
        now = {served.chain.front().fingerprint(), links_.authority.manager_root().fingerprint()};
    }
    co_return co_await links_.store.certificates().lacking(std::move(root), std::move(now), most);
}

net::Task<Result<OwnCertificate::Identity>> OwnCertificate::identity() {
    auto const active = kept().active;
    if (active && !active->is_internal()) {
        auto chain = active->chain;
        // Whoever trusts the root has it.
        if (chain.size() > 1 && chain.back().is_self_issued()) chain.pop_back();
        co_return Identity{std::move(chain), *active->key};
    }
    CS_CO_TRY(auto made, co_await internal_for({}));
    co_return Identity{links_.authority.chain_of(made.certificate), *std::move(made.key)};
}

/// The internal authority's, for every name by which systems call the manager, and for `more` when it is a host name.
net::Task<Result<PendingCertificate>> OwnCertificate::internal_for(std::string more) {
    auto const& settings = links_.settings;
    std::vector<std::string> addresses, host_names{settings.host_name};
    if (!listens_everywhere(settings.address)) addresses.push_back(settings.address);
    CS_CO_TRY(auto wanted, co_await names());
    add_name(wanted, more);
    for (auto const& name : wanted)
        if (!is_ip_address(name)) add_name(host_names, name);
    co_return co_await links_.authority.manager_certificate(std::move(host_names), std::move(addresses));
}

net::Task<Result<void>> OwnCertificate::stand_for(std::string name) {
    auto const active = kept().active;
    if (active && !active->is_internal()) co_return Result<void>();
    CS_CO_CHECK(co_await internal_for(std::move(name)));
    co_return co_await serve_now();
}

net::Task<Result<OwnCertificateState>> OwnCertificate::show() {
    auto const now = kept();
    CS_CO_TRY(auto served, co_await identity());
    OwnCertificateState out{.active = served.chain.front(), .chain = served.chain, .root = {}, .since = {}, .names = {}};
    out.internal = !now.active || now.active->is_internal();
    out.root = out.internal ? links_.authority.manager_root().fingerprint() : now.active->root;
    if (now.active) out.since = now.active->since;
    CS_CO_TRY(out.names, co_await names());
    if (now.staged) {
        CS_CO_TRY(auto waiting, co_await locked_out_by(now.staged->root, k_most_named_systems));
        out.staged = OwnCertificateState::Staged{*now.staged, std::move(waiting)};
    }
    out.previous = now.previous;
    out.request = now.request;
    co_return out;
}

// --- requests ---

net::Task<Result<KeptRequest>> OwnCertificate::make_request(RequestOptions options, std::string actor) {
    auto const turn = co_await changes_.acquire(0);
    auto now = kept();
    if (now.request && !options.replace)
        co_return fail(errors::crt::request_pending, {{"identity", k_identity}, {"since", to_string(now.request->made)}});
    CS_CO_TRY(auto const key_type, pki::parse_key_type(options.key_type));
    if (key_type == pki::KeyType::ed25519) co_return fail(errors::crt::unsupported_key_type, {{"type", "Ed25519"}});
    CS_CO_TRY(auto asked, co_await names());
    if (options.subject.common_name.empty()) options.subject.common_name = links_.settings.host_name;
    for (auto const& name : options.more_names) add_name(asked, name);
    std::vector<pki::AlternativeName> alternatives;
    for (auto const& name : asked) alternatives.push_back(alternative(name));
    auto made = co_await net::offload(
        links_.pool, [key_type, subject = options.subject, alternatives]() -> Result<std::pair<pki::PrivateKey, pki::CertificateRequest>> {
            CS_TRY(auto key, pki::PrivateKey::generate(key_type));
            CS_TRY(auto request, pki::CertificateRequest::create(key, subject, alternatives));
            return std::pair(std::move(key), std::move(request));
        });
    if (!made) co_return fail(std::move(made).error());
    KeptRequest request{std::move(made->first), std::move(made->second), links_.clock->now(), actor};
    now.request = request;
    CS_CO_CHECK(co_await keep(std::move(now), "own_certificate.request", request.request.subject() + " for " + join(asked, ", "), actor));
    co_return request;
}

net::Task<Result<void>> OwnCertificate::discard_request(std::string actor) {
    auto const turn = co_await changes_.acquire(0);
    auto now = kept();
    if (!now.request) co_return fail(errors::crt::no_request_pending, {{"identity", k_identity}});
    auto detail = now.request->request.subject();
    now.request.reset();
    co_return co_await keep(std::move(now), "own_certificate.request_discarded", std::move(detail), std::move(actor));
}

// --- what is served ---

net::Task<Result<OwnCertificateState>> OwnCertificate::install(CertificateUpload upload, bool trust_root, std::string actor) {
    auto const turn = co_await changes_.acquire(0);
    auto now = kept();
    CS_CO_TRY(auto needed, co_await needs());
    needed.trust_root = trust_root;
    if (now.request) needed.pending = &now.request->key;
    auto shared = std::make_shared<CertificateUpload>(std::move(upload));
    // Packages cost hashing.
    auto checked = co_await net::offload(links_.pool, [shared, needed] { return check_certificate(*shared, needed); });
    if (!checked) co_return fail(std::move(checked).error());
    if (checked->new_root) {
        if (links_.authority.roots().size() > k_most_roots)
            co_return fail(errors::mgr::too_many_roots, {{"most", std::to_string(k_most_roots)}});
        CS_CO_CHECK(co_await links_.store.certificates().add_roots({*checked->new_root}, actor));
        CS_CO_CHECK(co_await links_.roots_changed());
    }
    KeptCertificate wanted{
        .chain = std::move(checked->chain), .key = std::move(checked->key), .root = {}, .since = links_.clock->now(), .by = actor};
    wanted.root = wanted.chain.back().fingerprint();
    if (checked->answers_request) {
        now.request.reset();
        CS_CO_CHECK(co_await keep(now, "own_certificate.answered", describe(wanted), actor));
    }
    co_return co_await put_in_place(std::move(wanted), "own_certificate.install", std::move(actor));
}

/// In use when nobody would be lost; else it waits until its root is everywhere.
net::Task<Result<OwnCertificateState>> OwnCertificate::put_in_place(KeptCertificate wanted, std::string action, std::string actor) {
    CS_CO_TRY(auto waiting, co_await locked_out_by(wanted.root, k_most_named_systems));
    if (waiting.in_all == 0) {
        CS_CO_CHECK(co_await take(std::move(wanted), std::move(action), std::move(actor)));
        co_return co_await show();
    }
    auto now = kept();
    auto detail = describe(wanted) + "; waits for " + std::to_string(waiting.in_all) + " systems";
    now.staged = std::move(wanted);
    CS_CO_CHECK(co_await keep(std::move(now), "own_certificate.staged", std::move(detail), actor));
    std::vector<SystemId> systems;
    for (auto const& one : waiting.first) systems.push_back(one.id);
    if (auto queued = co_await links_.enforce(std::move(systems), std::move(actor)); !queued)
        // The regular enforcement takes the root to them all the same.
        log::warning("own_certificate.not_enforced", {{"error", queued.error().message()}});
    co_return co_await show();
}

net::Task<Result<void>> OwnCertificate::take(KeptCertificate wanted, std::string action, std::string actor) {
    auto const before = kept();
    auto next = before;
    next.previous = before.active.value_or(KeptCertificate{
        .chain = {}, .key = {}, .root = links_.authority.manager_root().fingerprint(), .since = links_.clock->now(), .by = actor});
    next.staged.reset();
    auto detail = describe(wanted) + "; before: " + describe(*next.previous);
    wanted.since = links_.clock->now();
    next.active = std::move(wanted);
    CS_CO_CHECK(co_await keep(std::move(next), std::move(action), std::move(detail), actor));
    auto served = co_await serve_now();
    if (served) co_return served;
    // What TLS cannot serve is not left in the place of what it can.
    CS_CO_CHECK(co_await keep(before, "own_certificate.not_served", served.error().message(), std::move(actor)));
    (void)co_await serve_now();
    co_return served;
}

net::Task<Result<OwnCertificateState>> OwnCertificate::activate(bool accepted, std::string actor) {
    auto const turn = co_await changes_.acquire(0);
    auto const now = kept();
    if (!now.staged) co_return fail(errors::mgr::nothing_staged);
    CS_CO_TRY(auto const waiting, co_await locked_out_by(now.staged->root, k_most_named_systems));
    if (waiting.in_all > 0 && !accepted)
        co_return fail(errors::mgr::would_lock_out, {{"count", std::to_string(waiting.in_all)}, {"systems", in_a_sentence(waiting)}});
    // It may have waited for long: the calendar and the names may have changed.
    if (!now.staged->is_internal()) {
        CS_CO_TRY(auto const needed, co_await needs());
        if (auto faults = certificate_faults(now.staged->chain, needed); !faults.empty()) co_return fail(gather(std::move(faults)));
    }
    CS_CO_CHECK(co_await take(*now.staged, waiting.in_all > 0 ? "own_certificate.activate_accepted" : "own_certificate.activate", actor));
    co_return co_await show();
}

net::Task<Result<void>> OwnCertificate::discard_staged(std::string actor) {
    auto const turn = co_await changes_.acquire(0);
    auto now = kept();
    if (!now.staged) co_return fail(errors::mgr::nothing_staged);
    auto detail = describe(*now.staged);
    now.staged.reset();
    co_return co_await keep(std::move(now), "own_certificate.staged_discarded", std::move(detail), std::move(actor));
}

net::Task<Result<OwnCertificateState>> OwnCertificate::roll_back(std::string actor) {
    auto const turn = co_await changes_.acquire(0);
    auto const now = kept();
    if (!now.previous) co_return fail(errors::mgr::no_previous_certificate);
    if (!now.previous->is_internal()) {
        CS_CO_TRY(auto const needed, co_await needs());
        if (auto faults = certificate_faults(now.previous->chain, needed); !faults.empty()) co_return fail(gather(std::move(faults)));
    }
    co_return co_await put_in_place(*now.previous, "own_certificate.roll_back", std::move(actor));
}

net::Task<Result<OwnCertificateState>> OwnCertificate::use_internal(std::string actor) {
    auto const turn = co_await changes_.acquire(0);
    auto const now = kept();
    if (!now.active || now.active->is_internal()) co_return fail(errors::mgr::internal_in_use);
    KeptCertificate internal{
        .chain = {}, .key = {}, .root = links_.authority.manager_root().fingerprint(), .since = links_.clock->now(), .by = actor};
    co_return co_await put_in_place(std::move(internal), "own_certificate.internal", std::move(actor));
}

net::Task<Result<bool>> OwnCertificate::advance() {
    if (!is_staged()) co_return false;
    auto const turn = co_await changes_.acquire(0);
    auto const now = kept();
    if (!now.staged) co_return false;
    CS_CO_TRY(auto const waiting, co_await locked_out_by(now.staged->root, 1));
    if (waiting.in_all > 0) co_return false;
    if (!now.staged->is_internal()) {
        CS_CO_TRY(auto const needed, co_await needs());
        if (auto faults = certificate_faults(now.staged->chain, needed); !faults.empty()) co_return fail(gather(std::move(faults)));
    }
    CS_CO_CHECK(co_await take(*now.staged, "own_certificate.activate", "manager"));
    co_return true;
}

net::Task<Result<void>> OwnCertificate::forget_previous(std::string actor) {
    auto const turn = co_await changes_.acquire(0);
    auto now = kept();
    if (!now.previous) co_return Result<void>();
    auto detail = describe(*now.previous);
    now.previous.reset();
    co_return co_await keep(std::move(now), "own_certificate.previous_forgotten", std::move(detail), std::move(actor));
}

std::vector<std::pair<std::string, std::string>> OwnCertificate::roots_in_use() const {
    auto const now = kept();
    std::vector<std::pair<std::string, std::string>> out;
    if (now.active) out.emplace_back(now.active->root, "the manager's own certificate");
    if (now.staged) out.emplace_back(now.staged->root, "the manager's staged certificate");
    if (now.previous) out.emplace_back(now.previous->root, "the manager's certificate before");
    return out;
}

}  // namespace countersign::manager
