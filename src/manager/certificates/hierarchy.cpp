#include "manager/certificates/hierarchy.hpp"

#include "countersign/errors/mgr.hpp"

#include <algorithm>

namespace countersign::manager {

Error why_no_signer(HeldAuthority const& authority) {
    if (authority.kept.token.empty()) return Error(errors::mgr::root_is_offline, {{"root", authority.subject}});
    return Error(errors::mgr::authority_key_away,
                 {{"authority", authority.subject}, {"token", authority.kept.token}, {"detail", authority.away}});
}

Result<std::shared_ptr<Hierarchies const>> Hierarchies::make(std::vector<KeptAuthority> kept, std::map<std::string, std::string> away) {
    auto out = std::make_shared<Hierarchies>();
    for (auto& one : kept) {
        HeldAuthority held{.kept = std::move(one), .signer = {}, .subject = {}, .fingerprint = {}};
        held.subject = held.kept.certificate.subject();
        held.fingerprint = held.kept.certificate.fingerprint();
        held.away = away[held.fingerprint];
        if (held.kept.key) {
            CS_TRY(held.signer, pki::CertificateAuthority::create(held.kept.certificate, *held.kept.key));
        }
        out->all_.push_back(std::move(held));
    }
    return std::shared_ptr<Hierarchies const>(std::move(out));
}

HeldAuthority const& Hierarchies::root() const {
    auto const found =
        std::ranges::find_if(all_, [](HeldAuthority const& one) { return one.kept.is_root && one.kept.state == AuthorityState::current; });
    return found == all_.end() ? all_.at(0) : *found;
}

HeldAuthority const& Hierarchies::issuing(int hierarchy) const {
    // The newest: those of a hierarchy that issues no more are all former ones.
    HeldAuthority const* out = nullptr;
    for (auto const& one : all_) {
        if (one.kept.hierarchy != hierarchy) continue;
        bool const better = out == nullptr || out->kept.is_root || one.kept.state == AuthorityState::current ||
                            (out->kept.state != AuthorityState::current && !one.kept.is_root);
        if (better) out = &one;
    }
    return out == nullptr ? all_.at(0) : *out;
}

HeldAuthority const* Hierarchies::root_of(int hierarchy) const {
    for (auto const& one : all_)
        if (one.kept.is_root && one.kept.hierarchy == hierarchy) return &one;
    return nullptr;
}

std::vector<pki::Certificate> Hierarchies::trusted() const {
    std::vector<pki::Certificate> out{root().kept.certificate};
    for (auto const& one : all_)
        if (one.kept.is_root && one.kept.state != AuthorityState::withdrawn && one.kept.hierarchy != root().kept.hierarchy)
            out.push_back(one.kept.certificate);
    return out;
}

std::vector<std::string> Hierarchies::withdrawn() const {
    std::vector<std::string> out;
    for (auto const& one : all_)
        if (one.kept.is_root && one.kept.state == AuthorityState::withdrawn) out.push_back(one.fingerprint);
    return out;
}

HeldAuthority const* Hierarchies::issuer_of(pki::Certificate const& certificate) const {
    auto const issuer = certificate.issuer();
    for (auto const& one : all_)
        if (one.subject == issuer && pki::check_order({certificate, one.kept.certificate})) return &one;
    return nullptr;
}

HeldAuthority const* Hierarchies::find(std::string_view fingerprint) const {
    auto const found = std::ranges::find(all_, fingerprint, &HeldAuthority::fingerprint);
    return found == all_.end() ? nullptr : &*found;
}

std::vector<pki::Certificate> Hierarchies::chain_of(pki::Certificate const& leaf) const {
    std::vector<pki::Certificate> out{leaf};
    auto const* issuer = issuer_of(leaf);
    if (issuer != nullptr && !issuer->kept.is_root) out.push_back(issuer->kept.certificate);
    return out;
}

std::vector<std::string> Hierarchies::fingerprints_of(int hierarchy) const {
    std::vector<std::string> out;
    for (auto const& one : all_)
        if (one.kept.hierarchy == hierarchy) out.push_back(one.fingerprint);
    return out;
}

int Hierarchies::next_hierarchy() const {
    int last = 0;
    for (auto const& one : all_) last = std::max(last, one.kept.hierarchy);
    return last + 1;
}

}  // namespace countersign::manager
