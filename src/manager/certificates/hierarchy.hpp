#pragma once

/// The internal authority's certificates as they are at one moment: which one issues, what is trusted, what stands between a certificate
/// and its root. A value: another state is another object.

#include "manager/store/authority_store.hpp"
#include "pki/issue.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace countersign::manager {

struct HeldAuthority {
    KeptAuthority kept;
    std::optional<pki::CertificateAuthority> signer;  ///< nothing: its key is kept elsewhere, or on a token that does not give it
    std::string subject, fingerprint;                 ///< of its certificate
    std::string away{};                               ///< why the token does not give the key; empty: it does, or there is none
};

/// Why an authority without a signer cannot sign. MGR-180: its token does not give the key; MGR-164: its key is kept elsewhere.
Error why_no_signer(HeldAuthority const& authority);

class Hierarchies {
public:
    Hierarchies() = default;
    /// A key on a token has been opened before: it stands in `kept.key`, or `away` says by fingerprint why it does not. CRT-014, CRT-021
    /// for what does not fit together.
    static Result<std::shared_ptr<Hierarchies const>> make(std::vector<KeptAuthority> kept, std::map<std::string, std::string> away = {});

    [[nodiscard]] std::vector<HeldAuthority> const& all() const { return all_; }
    [[nodiscard]] bool empty() const { return all_.empty(); }
    /// The root below which is issued, and what issues there: the root itself in a hierarchy of one.
    [[nodiscard]] HeldAuthority const& root() const;
    [[nodiscard]] HeldAuthority const& issuing() const { return issuing(root().kept.hierarchy); }
    [[nodiscard]] HeldAuthority const& issuing(int hierarchy) const;
    [[nodiscard]] HeldAuthority const* root_of(int hierarchy) const;
    /// Trusted ones: the one below which is issued first.
    [[nodiscard]] std::vector<pki::Certificate> trusted() const;
    [[nodiscard]] std::vector<std::string> withdrawn() const;  ///< fingerprints of roots
    /// Who signed it; null: none of these.
    [[nodiscard]] HeldAuthority const* issuer_of(pki::Certificate const& certificate) const;
    [[nodiscard]] HeldAuthority const* find(std::string_view fingerprint) const;
    /// With what a server has to show besides: leaf first, without the root.
    [[nodiscard]] std::vector<pki::Certificate> chain_of(pki::Certificate const& leaf) const;
    [[nodiscard]] std::vector<std::string> fingerprints_of(int hierarchy) const;
    [[nodiscard]] int next_hierarchy() const;

private:
    std::vector<HeldAuthority> all_;
};

}  // namespace countersign::manager
