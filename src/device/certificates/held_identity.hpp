#pragma once

/// One identity of a running unit: what is installed, what is served, and the request that is pending.

#include "device/certificates.hpp"
#include "device/repository/certificate_repository.hpp"
#include "net/revocation.hpp"

#include <map>
#include <memory>
#include <optional>

namespace countersign::device {

struct HeldIdentity {
    family::Identity const* what;
    CertificateRepository repository;
    fs::path folder;
    std::optional<CertificatePair> installed;  ///< never empty after loading
    bool factory = true;
    bool can_roll_back = false;
    std::optional<CertificatePair> served;  ///< in effect since the boot, or since the upload where that works at once
    /// Of `served`, by the id of the switch that makes its services verify callers (empty: they do not); made when first needed.
    std::map<std::string, std::shared_ptr<net::tls::ServerContext const>, std::less<>> contexts;
    std::optional<PendingKey> pending;
    RevocationChoice revocation;
    std::shared_ptr<net::RevocationCache> cache;         ///< for `revocation`; null: nobody is asked
    std::shared_ptr<net::RevocationCache> staples = {};  ///< responses about `served`, for HTTPS to staple; null: none was asked for yet
    std::string stapled_what = {};                       ///< which pair and which name servers `staples` is about

    [[nodiscard]] pki::Certificate const& leaf() const { return installed->chain.front(); }
    [[nodiscard]] bool usable(UtcTime now) const { return installed && now <= leaf().not_after(); }
    /// Something else is served than is installed.
    [[nodiscard]] bool restart_pending() const { return served && !(served->chain.front() == leaf()); }
    void serve() {
        served = installed;
        contexts.clear();
    }
};

}  // namespace countersign::device
