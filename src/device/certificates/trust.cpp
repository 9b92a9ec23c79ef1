/// Trusted roots, revocation lists, and how connections use them (REQ TRU-1, TRU-7).

#include "base/text.hpp"
#include "device/certificates/revocation_file.hpp"
#include "device/certificates/unit_certificates.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/dev.hpp"
#include "countersign/errors/fil.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {
namespace {

std::string fingerprints(std::vector<pki::Certificate> const& certificates) {
    std::string out;
    for (auto const& certificate : certificates) {
        if (!out.empty()) out += ' ';
        out += certificate.fingerprint();
    }
    return out;
}

// What one identity keeps of what authorities said.
constexpr std::size_t k_cached_list_bytes = 16 * 1024 * 1024;
constexpr std::size_t k_cached_responses = 256;

}  // namespace

Result<Outcome> UnitCertificates::store_trust(std::vector<pki::Certificate> roots, std::string_view event, Actor const& actor) {
    if (roots.empty()) CS_CHECK(state_.check_without_roots());
    bool const fewer = std::ranges::any_of(trust(), [&roots](auto const& held) { return std::ranges::find(roots, held) == roots.end(); });
    if (fewer) CS_CHECK(state_.check_callers_kept(nullptr, "fewer trusted certificates", actor));
    CS_CHECK(roots.empty() ? state_.trust_files.remove_roots() : state_.trust_files.store_roots(roots));
    state_.set_trust(std::move(roots));
    state_.renew_contexts();
    if (fewer) state_.judge_callers_anew();
    state_.report(
        std::string(event),
        {{"count", std::to_string(trust().size())}, {"fingerprints", fingerprints(trust())}, {"door", actor.door}, {"peer", actor.peer}});
    Outcome outcome;
    auto const now = state_.prospect(state_.tree.effective_values());
    if (trust().empty() && now.verifying_anywhere()) {
        auto const missing = missing_for_verification(now, state_.verify_facts());
        outcome.warnings.push_back(Error(errors::dev::verification_preconditions_missing, {{"missing", join(missing, ", ")}}));
    }
    return outcome;
}

Result<Certificates::Checked> UnitCertificates::check_trust(std::string_view file) const {
    CS_TRY(auto roots, read_roots(file, rules()));
    auto const& held = trust();
    if (std::ranges::all_of(roots, [&held](auto const& root) { return std::ranges::find(held, root) != held.end(); }))
        return fail(errors::crt::trusted_already);
    return Checked{.chain = {}, .trust = std::move(roots)};
}

Result<Outcome> UnitCertificates::add_trust(std::string_view file, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    CS_TRY(auto const given, read_roots(file, rules()));
    auto roots = trust();
    std::vector<std::string> fresh;
    for (auto const& root : given) {
        if (std::ranges::find(roots, root) != roots.end()) continue;
        fresh.push_back(root.fingerprint());
        roots.push_back(root);
    }
    if (fresh.empty()) return fail(errors::crt::trusted_already);
    if (roots.size() > pki::BundleLimits().certificates)
        return fail(errors::dev::certificate_list_full, {{"limit", std::to_string(pki::BundleLimits().certificates)}});
    CS_TRY(auto outcome, store_trust(std::move(roots), "trust.installed", actor));
    outcome.certificates = std::move(fresh);
    return outcome;
}

Result<Outcome> UnitCertificates::remove_trust(std::string_view fingerprint, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    auto roots = trust();
    auto const gone = std::erase_if(roots, [fingerprint](auto const& root) { return has_fingerprint(root, fingerprint); });
    if (gone == 0) return fail(errors::gen::not_found, {{"what", "trusted certificate"}, {"name", fingerprint}});
    return store_trust(std::move(roots), "trust.deleted", actor);
}

Result<Outcome> UnitCertificates::remove_all_trust(Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    if (trust().empty()) return fail(errors::gen::not_found, {{"what", "trust store"}, {"name", "of this system"}});
    return store_trust({}, "trust.deleted", actor);
}

/// Whoever may have signed a list: roots, and the authorities in our own chains.
std::vector<pki::Certificate> UnitCertificates::known_authorities() const {
    auto known = trust();
    for (auto const& identity : state_.identities)
        for (std::size_t i = 1; i < identity.installed->chain.size(); ++i) known.push_back(identity.installed->chain[i]);
    return known;
}

Result<void> UnitCertificates::add_revocation_list(std::string_view file, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    if (file.size() > k_list_limit)
        return fail(errors::fil::too_large, {{"file", "revocation list"}, {"limit", std::to_string(k_list_limit)}});
    CS_TRY(auto const list, pki::Crl::parse(file));
    auto const issuer = list.issuer();
    bool known = false;
    bool signed_by_known = false;
    for (auto const& authority : known_authorities()) {
        if (authority.subject() != issuer) continue;
        known = true;
        signed_by_known = signed_by_known || list.is_signed_by(authority);
    }
    if (known && !signed_by_known) return fail(errors::crt::list_not_signed_by_issuer, {{"issuer", issuer}});
    if (auto const next = list.next_update(); next && *next < state_.clock->now())
        return fail(errors::crt::list_out_of_date, {{"issuer", issuer}, {"next_update", countersign::to_string(*next)}});
    auto& lists = state_.revocation_lists;
    auto same = std::ranges::find_if(lists, [&list](auto const& held) { return same_place(held, list); });
    if (same != lists.end() && same->this_update() > list.this_update())
        return fail(errors::crt::list_is_older, {{"issuer", issuer},
                                                 {"installed", countersign::to_string(same->this_update())},
                                                 {"given", countersign::to_string(list.this_update())}});
    if (same == lists.end() && lists.size() >= k_lists)
        return fail(errors::dev::certificate_list_full, {{"limit", std::to_string(k_lists)}});
    CS_CHECK(state_.trust_files.store_list(list));
    if (same == lists.end())
        lists.push_back(list);
    else
        *same = list;
    state_.renew_contexts();
    state_.judge_callers_anew();
    state_.report("revocation_list.installed", {{"issuer", issuer},
                                                {"updated", countersign::to_string(list.this_update())},
                                                {"entries", std::to_string(list.size())},
                                                {"door", actor.door},
                                                {"peer", actor.peer}});
    return {};
}

Result<void> UnitCertificates::remove_revocation_list(std::string_view issuer, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    auto& lists = state_.revocation_lists;
    bool const there = std::ranges::any_of(lists, [issuer](auto const& list) { return list.issuer() == issuer; });
    if (!there) return fail(errors::gen::not_found, {{"what", "revocation list of"}, {"name", issuer}});
    // Without the list, whoever must be proved not to be revoked may be locked out.
    for (auto const& identity : state_.identities)
        if (identity.revocation.method == RevocationMethod::crl && !identity.revocation.allow_when_unreachable)
            CS_CHECK(state_.check_callers_kept(&identity, "fewer revocation lists", actor));
    for (auto list = lists.begin(); list != lists.end();) {
        if (list->issuer() != issuer) {
            ++list;
            continue;
        }
        CS_CHECK(state_.trust_files.remove_list(*list));
        list = lists.erase(list);
    }
    state_.renew_contexts();
    state_.report("revocation_list.deleted", {{"issuer", std::string(issuer)}, {"door", actor.door}, {"peer", actor.peer}});
    return {};
}

RevocationChoice UnitCertificates::revocation(std::string_view identity) const {
    auto const* held = state_.find_identity(identity);
    return held == nullptr ? RevocationChoice() : held->revocation;
}

Result<void> UnitCertificates::set_revocation(RevocationChoice choice, std::string_view identity, Actor actor) {
    CS_CHECK(unit_.check_may_change(actor));
    CS_TRY(auto* held, find(identity));
    choice.responder = trim(choice.responder);
    if (!choice.responder.empty()) {
        CS_TRY(auto const url, net::Url::parse(choice.responder));
        if (url.scheme != net::Scheme::http)
            return fail(Error(errors::net::invalid_url, {{"url", choice.responder}, {"detail", "responders are asked over http only"}})
                            .at("responder"));
    }
    if (choice.method == RevocationMethod::ocsp && !choice.use_named_responder && choice.responder.empty())
        return fail(errors::gen::missing_field, {{"field", "responder"}});
    // A choice that could only refuse everybody. One that was made before its list went is not asked again.
    if (choice.method == RevocationMethod::crl && held->revocation.method != RevocationMethod::crl && state_.revocation_lists.empty())
        return fail(errors::dev::revocation_list_needed);
    if (choice != held->revocation && choice.method != RevocationMethod::none)
        CS_CHECK(state_.check_callers_kept(held, "another look at revocation", actor));
    CS_CHECK(store_revocation(held->folder, choice, state_.environment->durability));
    held->revocation = choice;
    held->cache.reset();
    state_.renew_contexts();
    state_.judge_callers_anew();
    state_.report("revocation.chosen", {{"identity", held->what->id},
                                        {"method", std::string(to_string(choice.method))},
                                        {"allow_unreachable", choice.allow_when_unreachable ? "yes" : "no"},
                                        {"responder", choice.use_named_responder ? "as named" : choice.responder},
                                        {"door", actor.door},
                                        {"peer", actor.peer}});
    return {};
}

net::tls::RevocationCheck Unit::State::revocation_check(HeldIdentity& identity) {
    auto const& choice = identity.revocation;
    net::tls::RevocationCheck check;
    if (choice.method == RevocationMethod::none) return check;
    check.policy = choice.allow_when_unreachable ? pki::RevocationPolicy::soft_fail : pki::RevocationPolicy::hard_fail;
    check.waits = true;
    if (!identity.cache) {
        net::RevocationCache::Settings settings;
        settings.reach.resolver = name_servers();
        settings.reach.bind_address = spec.address;
        settings.reach.blocking = &environment->runtime->blocking();
        settings.clock = clock;
        settings.list_bytes = k_cached_list_bytes;
        settings.responses = k_cached_responses;
        settings.sources = choice.method == RevocationMethod::crl ? net::RevocationSources::lists : net::RevocationSources::responders;
        if (!choice.use_named_responder) settings.responder = choice.responder;
        identity.cache = std::make_shared<net::RevocationCache>(executor, std::move(settings));
    }
    check.cache = identity.cache;
    if (choice.method == RevocationMethod::crl) check.lists = std::make_shared<std::vector<pki::Crl> const>(revocation_lists);
    return check;
}

}  // namespace countersign::device
