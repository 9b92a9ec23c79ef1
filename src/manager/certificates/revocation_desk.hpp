#pragma once

/// Revocation by the internal authority: revoking, the revocation list, and the OCSP responder (REQ TRU-7; RFC 5280 section 5, RFC 6960).
///
/// Lists are valid for a week and made anew each day and after each revocation, with the next number. Answers of the responder are valid
/// for a day; they are signed by a delegate whose key never leaves this process and whose certificate is renewed by itself. Both are for
/// anybody, over HTTP, too: they are signed.

#include "manager/certificates/signing_authority.hpp"
#include "manager/store/inventory_store.hpp"
#include "net/sync.hpp"

#include <functional>
#include <map>
#include <mutex>

namespace countersign::manager {

class RevocationDesk {
public:
    struct Links {
        Store& store;
        SigningAuthority& authority;
        net::BlockingPool& pool;
        std::shared_ptr<Clock const> clock;
    };
    explicit RevocationDesk(Links links) : links_(std::move(links)) {}

    /// The base of addresses in certificates, as it was set.
    net::Task<Result<void>> load();
    [[nodiscard]] std::string base() const;
    /// "http://tms.example.com"; empty: certificates name no place. GEN-001 for what is no http URL of a host. Counts for certificates
    /// that are issued from then on.
    net::Task<Result<void>> set_base(std::string base, std::string actor);
    /// Where the list, the responder and the authority's certificate are, below the base.
    [[nodiscard]] RevocationAddresses addresses(std::string const& base) const;

    [[nodiscard]] pki::Certificate issuer() const { return links_.authority.signer().certificate(); }
    struct List {
        Bytes der;
        std::uint64_t number = 0;
        UtcTime made{}, next_update{};
        std::size_t entries = 0;
        UtcTime newest{};  ///< of the revocations in it
    };
    /// The list as it is valid now. CRT-017.
    net::Task<Result<List>> list();
    /// What the responder answers; every request has an answer (RFC 6960 section 2.3). CRT-017, and when the store fails.
    net::Task<Result<Bytes>> answer(Bytes request);
    /// See InventoryStore::revoke; MGR-152 for the certificate that the manager serves. Lists and answers say so at once. What the store
    /// revokes by itself (InventoryStore::rekey) is in the next list, and in answers after ten minutes at the latest.
    net::Task<Result<InventoryEntry>> revoke(std::string fingerprint, int reason, std::string actor);

private:
    struct Delegate {
        pki::Certificate certificate;
        pki::PrivateKey key;
    };
    net::Task<Result<Delegate>> delegate();
    void forget_answers();
    net::Task<Result<List>> make_list(std::vector<RevokedCertificate> revoked);

    Links links_;
    mutable std::mutex mutex_;
    std::string base_;
    std::uint64_t version_ = 0;  ///< of what is revoked
    std::optional<List> list_;
    std::optional<Delegate> delegate_;
    struct Kept {
        Bytes answer;
        UtcTime made;
    };
    std::map<Bytes, Kept> answers_;  ///< by request
    net::KeyedLock turns_;
};

}  // namespace countersign::manager
