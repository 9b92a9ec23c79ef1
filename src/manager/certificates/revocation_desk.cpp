#include "manager/certificates/revocation_desk.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "pki/crl.hpp"
#include "pki/ocsp.hpp"
#include "pki/responder.hpp"
#include "pki/revocation_pointers.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

constexpr std::string_view k_base_key = "authority.http_base";
constexpr std::chrono::days k_list_life{7};
constexpr std::chrono::days k_list_anew{1};
constexpr std::chrono::days k_answer_life{1};
/// An answer is given again for so long.
constexpr std::chrono::minutes k_answer_kept{10};
constexpr std::size_t k_most_answers = 4096;
constexpr std::size_t k_largest_kept_request = 512;
constexpr std::int64_t k_list_turn = 1, k_delegate_turn = 2, k_issuing_turn = 3;

/// "http://host" with a port and a path if need be, and nothing that would end an address early.
bool is_base(std::string_view text) {
    constexpr std::string_view scheme = "http://";
    constexpr std::size_t longest = 200;
    if (!istarts_with(text, scheme) || text.size() > longest) return false;
    text.remove_prefix(scheme.size());
    auto host = text.substr(0, std::min(text.find('/'), text.size()));
    auto const colon = host.rfind(':');
    if (colon != std::string_view::npos && !host.ends_with(']')) {
        auto const port = parse_number<std::int64_t>(host.substr(colon + 1));
        if (!port || *port < 1 || *port > 65535) return false;
        host = host.substr(0, colon);
    }
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    bool const clean = std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f && c != '?' && c != '#'; });
    return clean && (is_host_name(host) || is_ip_address(host));
}

}  // namespace

net::Task<Result<void>> RevocationDesk::load() {
    CS_CO_TRY(auto const base, co_await links_.store.get_value(std::string(k_base_key)));
    if (base) use_base(*base);
    co_return Result<void>();
}

void RevocationDesk::use_base(std::string base) {
    links_.authority.use_addresses([base](std::string const& issuer) { return addresses(base, issuer); });
    std::scoped_lock lock(mutex_);
    base_ = std::move(base);
}

std::string RevocationDesk::base() const {
    std::scoped_lock lock(mutex_);
    return base_;
}

RevocationAddresses RevocationDesk::addresses(std::string const& base, std::string const& issuer) {
    if (base.empty()) return {};
    return {.crl = base + "/pki/crl/" + issuer, .ocsp = base + "/pki/ocsp", .issuer = base + "/pki/ca/" + issuer};
}

net::Task<Result<void>> RevocationDesk::set_base(std::string base, std::string actor) {
    while (base.ends_with('/')) base.pop_back();
    if (!base.empty() && !is_base(base))
        co_return fail(
            errors::gen::invalid_input,
            {{"field", "http_base"}, {"detail", "http://, a host name or address, and a port and path if need be are expected"}});
    auto const keep = [store = &links_.store, base, actor]() -> net::Task<Result<void>> {
        CS_CO_CHECK(co_await store->set_value(std::string(k_base_key), base));
        co_return co_await store->audit(actor, "authority.http_base", "authority",
                                        base.empty() ? "certificates name no place to ask for revocation" : base);
    };
    CS_CO_CHECK(co_await links_.store.write_together(keep));
    use_base(std::move(base));
    co_return co_await name_list_of_root();
}

bool RevocationDesk::names_list_of_root() const {
    auto const all = hierarchies();
    auto const& issuing = all->issuing();
    auto const wanted = addresses(base(), all->root().fingerprint).crl;
    auto const named = pki::revocation_pointers(issuing.kept.certificate).crls;
    return issuing.kept.is_root || (wanted.empty() ? named.empty() : std::ranges::find(named, wanted) != named.end());
}

/// Who checks the whole chain asks for the issuing authority's revocation, too: its certificate has to say where.
net::Task<Result<void>> RevocationDesk::name_list_of_root() {
    auto const all = hierarchies();
    auto const& issuing = all->issuing();
    // The next key on a token is made by a person; nobody wants one in the database in its place.
    if (issuing.kept.is_root || !issuing.kept.token.empty() || !all->root().signer || names_list_of_root()) co_return Result<void>();
    auto renewed = co_await renew_issuing({}, "manager");
    if (!renewed) co_return fail(std::move(renewed).error());
    co_return Result<void>();
}

net::Task<Result<pki::Certificate>> RevocationDesk::renew_issuing(std::string key, std::string actor) {
    auto const turn = co_await turns_.acquire(k_issuing_turn);
    CS_CO_TRY(auto made, co_await links_.authority.make_issuing(std::move(key)));
    auto certificate = made.certificate;
    std::vector<KeptAuthority> fresh;
    fresh.push_back(std::move(made));
    CS_CO_CHECK(co_await links_.store.certificates().authorities().add(std::move(fresh), std::move(actor)));
    CS_CO_CHECK(co_await links_.authority.reload());
    if (links_.authorities_changed) CS_CO_CHECK(co_await links_.authorities_changed());
    co_return certificate;
}

void RevocationDesk::forget_answers() {
    std::scoped_lock lock(mutex_);
    ++version_;
    answers_.clear();
}

namespace {

/// As it was brought by somebody who has the key.
Result<RevocationDesk::List> brought(HeldAuthority const& authority) {
    if (authority.kept.list.empty()) return fail(errors::mgr::no_list_of_root, {{"root", authority.subject}});
    CS_TRY(auto const list, pki::Crl::parse(authority.kept.list));
    RevocationDesk::List out{.der = list.to_der(), .made = list.this_update(), .entries = list.size()};
    out.next_update = list.next_update().value_or(out.made);
    if (auto const bytes = from_hex(list.number())) {
        for (auto const byte : *bytes) out.number = out.number * 256 + byte;
    }
    return out;
}

}  // namespace

net::Task<Result<RevocationDesk::List>> RevocationDesk::list(std::string fingerprint) {
    auto const all = hierarchies();
    auto const* authority = fingerprint.empty() ? &all->issuing() : all->find(fingerprint);
    if (authority == nullptr) co_return fail(errors::gen::not_found, {{"what", "revocation list of"}, {"name", fingerprint}});
    if (!authority->signer && authority->kept.token.empty()) co_return brought(*authority);
    auto const turn = co_await turns_.acquire(k_list_turn);
    CS_CO_TRY(auto revoked, co_await links_.store.inventory().revoked_of(authority->fingerprint));
    {
        std::scoped_lock lock(mutex_);
        auto const newest = revoked.empty() ? UtcTime() : revoked.back().at;
        auto const known = lists_.find(authority->fingerprint);
        bool const says_all = known != lists_.end() && known->second.entries == revoked.size() && known->second.newest == newest;
        if (says_all && links_.clock->now() < known->second.made + k_list_anew) co_return known->second;
        // While the token is away the last list goes on, as long as it may be believed.
        if (!authority->signer && known != lists_.end() && links_.clock->now() < known->second.next_update) co_return known->second;
    }
    if (!authority->signer) co_return fail(why_no_signer(*authority));
    CS_CO_TRY(auto made, co_await make_list(*authority, std::move(revoked)));
    std::scoped_lock lock(mutex_);
    lists_[authority->fingerprint] = made;
    co_return made;
}

net::Task<Result<RevocationDesk::List>> RevocationDesk::make_list(HeldAuthority authority, std::vector<RevokedCertificate> revoked) {
    // Stored before: a number is never used for two lists.
    CS_CO_TRY(auto const number, co_await links_.store.certificates().authorities().next_list_number(authority.fingerprint));
    pki::CrlPlan plan{
        .revoked = {}, .number = number, .now = links_.clock->now(), .next_update = links_.clock->now() + k_list_life, .delta_of = {}};
    for (auto const& one : revoked) plan.revoked.push_back({.serial = one.serial, .at = one.at, .reason = one.reason, .issuer = {}});
    List out{.der = {},
             .number = number,
             .made = plan.now,
             .next_update = plan.next_update,
             .entries = revoked.size(),
             .newest = revoked.empty() ? UtcTime() : revoked.back().at};
    CS_CO_TRY(out.der, co_await net::offload(links_.pool, [signer = *authority.signer, plan = std::move(plan)]() -> Result<Bytes> {
                  CS_TRY(auto const pem, signer.sign_crl(plan));
                  CS_TRY(auto const list, pki::Crl::parse(pem));
                  return list.to_der();
              }));
    log::info("authority.crl", {{"number", static_cast<std::int64_t>(number)}, {"entries", static_cast<std::int64_t>(out.entries)}});
    co_return out;
}

net::Task<Result<RevocationDesk::Delegate>> RevocationDesk::delegate(HeldAuthority authority) {
    auto const turn = co_await turns_.acquire(k_delegate_turn);
    auto const now = links_.clock->now();
    std::chrono::seconds const life = pki::profile_row(pki::Profile::responder).life();
    {
        std::scoped_lock lock(mutex_);
        auto const known = delegates_.find(authority.fingerprint);
        bool const lasts = known != delegates_.end() && now + life / 3 < known->second.certificate.not_after();
        bool const must_do = !authority.signer && known != delegates_.end() && now < known->second.certificate.not_after();
        if (lasts || must_do) co_return known->second;
    }
    if (!authority.signer) co_return fail(why_no_signer(authority));
    CS_CO_TRY(auto made, co_await net::offload(links_.pool, [signer = *authority.signer, now, life]() -> Result<Delegate> {
                  CS_TRY(auto key, pki::PrivateKey::generate(pki::KeyType::ec_p256));
                  CS_TRY(auto certificate,
                         pki::issue_responder(signer, key, {.common_name = "OCSP responder of " + signer.certificate().common_name()},
                                              pki::valid_for(now, life)));
                  return Delegate{std::move(certificate), std::move(key)};
              }));
    auto const& certificate = made.certificate;
    CS_CO_CHECK(co_await links_.store.record_issued({.serial = certificate.serial(),
                                                     .subject = certificate.subject(),
                                                     .fingerprint = certificate.fingerprint(),
                                                     .purpose = "responder",
                                                     .not_before = certificate.not_before(),
                                                     .not_after = certificate.not_after(),
                                                     .certificate = certificate}));
    std::scoped_lock lock(mutex_);
    delegates_.insert_or_assign(authority.fingerprint, made);
    co_return made;
}

namespace {

bool same(std::map<std::string, CertificateStanding> const& one, std::map<std::string, CertificateStanding> const& other) {
    return std::ranges::equal(one, other, [](auto const& a, auto const& b) {
        return a.first == b.first && a.second.known == b.second.known && a.second.revoked == b.second.revoked &&
               a.second.reason == b.second.reason;
    });
}

/// Whom a request is for; what is for nobody of us is answered by the one that issues now.
HeldAuthority const& asked(Hierarchies const& all, Bytes const& request) {
    for (auto const& one : all.all())
        if ((one.signer || !one.kept.token.empty()) && !pki::asked_serials(request, one.kept.certificate).empty()) return one;
    return all.issuing();
}

}  // namespace

net::Task<Result<Bytes>> RevocationDesk::answer(Bytes request) {
    auto const now = links_.clock->now();
    auto const authority = asked(*hierarchies(), request);
    auto const& issuer = authority.kept.certificate;
    auto const serials = pki::asked_serials(request, issuer);
    std::map<std::string, pki::OcspStatus> states;
    std::map<std::string, CertificateStanding> says;
    bool all_known = !serials.empty();
    for (auto const& serial : serials) {
        CS_CO_TRY(auto const standing, co_await links_.store.inventory().standing(authority.fingerprint, serial));
        all_known = all_known && standing.known;
        says[serial] = standing;
        if (!standing.known) continue;
        auto& state = states[serial];
        state.state = standing.revoked ? pki::RevocationState::revoked : pki::RevocationState::good;
        state.revoked_at = standing.revoked.value_or(UtcTime());
        state.reason = standing.reason;
    }
    // What is kept is a signature, not what is known: the store revokes by itself, and so do other managers of the same store.
    std::uint64_t version = 0;
    {
        std::scoped_lock lock(mutex_);
        version = version_;
        auto const kept = answers_.find(request);
        bool const fresh = kept != answers_.end() && now < kept->second.made + k_answer_kept && now >= kept->second.made;
        if (fresh && same(kept->second.says, says)) co_return kept->second.answer;
    }
    CS_CO_TRY(auto const signer, co_await delegate(authority));
    CS_CO_TRY(auto made, co_await net::offload(links_.pool, [request, issuer, signer, states = std::move(states), now] {
                  auto const state_of = [&states](std::string const& serial) {
                      auto const known = states.find(serial);
                      return known == states.end() ? pki::OcspStatus{} : known->second;
                  };
                  return pki::answer_ocsp_request(request, issuer, signer.certificate, signer.key, state_of, now, k_answer_life);
              }));
    // What is not known may be issued in a moment; a nonce is for one request only.
    if (all_known && request.size() <= k_largest_kept_request && !pki::has_nonce(request)) {
        std::scoped_lock lock(mutex_);
        if (answers_.size() >= k_most_answers) answers_.clear();
        if (version == version_) answers_[request] = {made, now, std::move(says)};
    }
    co_return made;
}

net::Task<Result<InventoryEntry>> RevocationDesk::revoke(std::string fingerprint, int reason, std::string actor) {
    CS_CO_TRY(auto const found, co_await links_.store.inventory().find(std::move(fingerprint)));
    auto const serves_it = [](CertificateUse const& use) { return use.system == 0 && !use.until; };
    if (std::ranges::any_of(found.uses, serves_it)) co_return fail(errors::mgr::served_by_manager, {{"certificate", found.entry.subject}});
    if (auto const* authority = hierarchies()->find(found.entry.fingerprint); authority != nullptr && !authority->kept.is_root) {
        CS_CO_TRY(auto const users, co_await links_.store.certificates().authorities().users_of({authority->fingerprint}, 1));
        if (authority->kept.state == AuthorityState::current || users.in_all > 0)
            co_return fail(errors::mgr::authority_in_use, {{"authority", authority->subject}, {"count", std::to_string(users.in_all)}});
    }
    CS_CO_TRY(auto revoked, co_await links_.store.inventory().revoke(found.entry.fingerprint, reason, std::move(actor)));
    forget_answers();
    co_return revoked;
}

}  // namespace countersign::manager
