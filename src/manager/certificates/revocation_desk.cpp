#include "manager/certificates/revocation_desk.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "pki/crl.hpp"
#include "pki/ocsp.hpp"
#include "pki/responder.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {
namespace {

constexpr std::string_view k_base_key = "authority.http_base";
constexpr std::string_view k_number_key = "authority.crl_number";
constexpr std::chrono::days k_list_life{7};
constexpr std::chrono::days k_list_anew{1};
constexpr std::chrono::days k_answer_life{1};
/// An answer is given again for so long.
constexpr std::chrono::minutes k_answer_kept{10};
constexpr std::size_t k_most_answers = 4096;
constexpr std::size_t k_largest_kept_request = 512;
constexpr std::chrono::days k_delegate_life{30};
constexpr std::int64_t k_list_turn = 1, k_delegate_turn = 2;

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
    if (!base) co_return Result<void>();
    {
        std::scoped_lock lock(mutex_);
        base_ = *base;
    }
    links_.authority.use_addresses(addresses(*base));
    co_return Result<void>();
}

std::string RevocationDesk::base() const {
    std::scoped_lock lock(mutex_);
    return base_;
}

RevocationAddresses RevocationDesk::addresses(std::string const& base) const {
    if (base.empty()) return {};
    auto const name = issuer().fingerprint();
    return {.crl = base + "/pki/crl/" + name, .ocsp = base + "/pki/ocsp", .issuer = base + "/pki/ca/" + name};
}

net::Task<Result<void>> RevocationDesk::set_base(std::string base, std::string actor) {
    while (base.ends_with('/')) base.pop_back();
    if (!base.empty() && !is_base(base))
        co_return fail(
            errors::gen::invalid_input,
            {{"field", "http_base"}, {"detail", "http://, a host name or address, and a port and path if need be are expected"}});
    CS_CO_CHECK(co_await links_.store.set_value(std::string(k_base_key), base));
    CS_CO_CHECK(co_await links_.store.audit(std::move(actor), "authority.http_base", "authority",
                                            base.empty() ? "certificates name no place to ask for revocation" : base));
    links_.authority.use_addresses(addresses(base));
    std::scoped_lock lock(mutex_);
    base_ = std::move(base);
    co_return Result<void>();
}

void RevocationDesk::forget_answers() {
    std::scoped_lock lock(mutex_);
    ++version_;
    answers_.clear();
}

net::Task<Result<RevocationDesk::List>> RevocationDesk::list() {
    auto const turn = co_await turns_.acquire(k_list_turn);
    CS_CO_TRY(auto revoked, co_await links_.store.inventory().revoked_of(issuer().fingerprint()));
    {
        std::scoped_lock lock(mutex_);
        auto const newest = revoked.empty() ? UtcTime() : revoked.back().at;
        bool const says_all = list_ && list_->entries == revoked.size() && list_->newest == newest;
        if (says_all && links_.clock->now() < list_->made + k_list_anew) co_return *list_;
    }
    CS_CO_TRY(auto made, co_await make_list(std::move(revoked)));
    std::scoped_lock lock(mutex_);
    list_ = made;
    co_return made;
}

net::Task<Result<RevocationDesk::List>> RevocationDesk::make_list(std::vector<RevokedCertificate> revoked) {
    auto const authority = links_.authority.signer();
    CS_CO_TRY(auto const known, co_await links_.store.get_value(std::string(k_number_key)));
    auto const number = (known ? parse_number<std::uint64_t>(*known).value_or(0) : 0) + 1;
    // Written before: a number is never used for two lists.
    CS_CO_CHECK(co_await links_.store.set_value(std::string(k_number_key), std::to_string(number)));
    pki::CrlPlan plan{
        .revoked = {}, .number = number, .now = links_.clock->now(), .next_update = links_.clock->now() + k_list_life, .delta_of = {}};
    for (auto const& one : revoked) plan.revoked.push_back({.serial = one.serial, .at = one.at, .reason = one.reason, .issuer = {}});
    List out{.der = {},
             .number = number,
             .made = plan.now,
             .next_update = plan.next_update,
             .entries = revoked.size(),
             .newest = revoked.empty() ? UtcTime() : revoked.back().at};
    CS_CO_TRY(out.der, co_await net::offload(links_.pool, [authority, plan = std::move(plan)]() -> Result<Bytes> {
                  CS_TRY(auto const pem, authority.sign_crl(plan));
                  CS_TRY(auto const list, pki::Crl::parse(pem));
                  return list.to_der();
              }));
    log::info("authority.crl", {{"number", static_cast<std::int64_t>(number)}, {"entries", static_cast<std::int64_t>(out.entries)}});
    co_return out;
}

net::Task<Result<RevocationDesk::Delegate>> RevocationDesk::delegate() {
    auto const turn = co_await turns_.acquire(k_delegate_turn);
    auto const now = links_.clock->now();
    auto const authority = links_.authority.signer();
    {
        std::scoped_lock lock(mutex_);
        bool const ours = delegate_ && delegate_->certificate.issuer() == authority.certificate().subject();
        if (ours && now + k_delegate_life / 3 < delegate_->certificate.not_after()) co_return *delegate_;
    }
    CS_CO_TRY(auto made, co_await net::offload(links_.pool, [authority, now]() -> Result<Delegate> {
                  CS_TRY(auto key, pki::PrivateKey::generate(pki::KeyType::ec_p256));
                  CS_TRY(auto certificate,
                         pki::issue_responder(authority, key, {.common_name = "OCSP responder of " + authority.certificate().common_name()},
                                              pki::valid_for(now, k_delegate_life)));
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
    delegate_ = made;
    co_return made;
}

net::Task<Result<Bytes>> RevocationDesk::answer(Bytes request) {
    auto const now = links_.clock->now();
    std::uint64_t version = 0;
    {
        std::scoped_lock lock(mutex_);
        version = version_;
        auto const kept = answers_.find(request);
        if (kept != answers_.end() && now < kept->second.made + k_answer_kept && now >= kept->second.made) co_return kept->second.answer;
    }
    auto const issuer = this->issuer();
    auto const serials = pki::asked_serials(request, issuer);
    std::map<std::string, pki::OcspStatus> states;
    bool all_known = !serials.empty();
    for (auto const& serial : serials) {
        CS_CO_TRY(auto const standing, co_await links_.store.inventory().standing(issuer.fingerprint(), serial));
        all_known = all_known && standing.known;
        if (!standing.known) continue;
        auto& state = states[serial];
        state.state = standing.revoked ? pki::RevocationState::revoked : pki::RevocationState::good;
        state.revoked_at = standing.revoked.value_or(UtcTime());
        state.reason = standing.reason;
    }
    CS_CO_TRY(auto const signer, co_await delegate());
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
        if (version == version_) answers_[request] = {made, now};
    }
    co_return made;
}

net::Task<Result<InventoryEntry>> RevocationDesk::revoke(std::string fingerprint, int reason, std::string actor) {
    CS_CO_TRY(auto const found, co_await links_.store.inventory().find(std::move(fingerprint)));
    auto const serves_it = [](CertificateUse const& use) { return use.system == 0 && !use.until; };
    if (std::ranges::any_of(found.uses, serves_it)) co_return fail(errors::mgr::served_by_manager, {{"certificate", found.entry.subject}});
    CS_CO_TRY(auto revoked, co_await links_.store.inventory().revoke(found.entry.fingerprint, reason, std::move(actor)));
    forget_answers();
    co_return revoked;
}

}  // namespace countersign::manager
