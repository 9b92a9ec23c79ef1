#pragma once

/// Revocation by the internal authority: revoking, the revocation list, and the OCSP responder (REQ TRU-7; RFC 5280 section 5, RFC 6960).
///
/// Lists are valid for a week and made anew each day and after each revocation, with the next number. Answers of the responder are valid
/// for a day; they are signed by a delegate whose key never leaves this process and whose certificate is renewed by itself. Both are for
/// anybody, over HTTP, too: they are signed. Each authority has a list and answers of its own: a root's are about issuing authorities. A
/// root whose key is kept elsewhere has the list that was made there and brought here, and no responder.

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
        /// There is another issuing authority: everybody is to know it.
        std::function<net::Task<Result<void>>()> authorities_changed = {};
    };
    explicit RevocationDesk(Links links) : links_(std::move(links)) {}

    /// The base of addresses in certificates, as it was set.
    net::Task<Result<void>> load();
    [[nodiscard]] std::string base() const;
    /// "http://tms.example.com"; empty: certificates name no place. GEN-001 for what is no http URL of a host. Counts for certificates
    /// that are issued from then on, and there is a new issuing authority, whose certificate names the place of the root's list: unless the
    /// root's key is kept elsewhere.
    net::Task<Result<void>> set_base(std::string base, std::string actor);
    /// Where the list, the responder and the certificate of this authority are, below the base.
    [[nodiscard]] static RevocationAddresses addresses(std::string const& base, std::string const& issuer);
    /// As they are now.
    [[nodiscard]] std::shared_ptr<Hierarchies const> hierarchies() const { return links_.authority.hierarchies(); }
    /// That signs certificates of systems now.
    [[nodiscard]] pki::Certificate issuer() const { return hierarchies()->issuing().kept.certificate; }
    struct List {
        Bytes der;
        std::uint64_t number = 0;
        UtcTime made{}, next_update{};
        std::size_t entries = 0;
        UtcTime newest{};  ///< of the revocations in it
    };
    /// The list of this authority (SHA-256; empty: of the one that issues now) as it is valid now. CRT-017, GEN-003; MGR-165 when its key
    /// is kept elsewhere and no list was brought.
    net::Task<Result<List>> list(std::string fingerprint = {});
    /// The certificate of the issuing authority says where the root's list is, or there is no such place.
    [[nodiscard]] bool names_list_of_root() const;
    /// One more issuing authority takes the place of the one that issues now, which goes on for what it issued; `key`: where its key is on
    /// a token, empty: made here. As SigningAuthority::make_issuing. Its certificate.
    net::Task<Result<pki::Certificate>> renew_issuing(std::string key, std::string actor);
    /// What the responder answers; every request has an answer (RFC 6960 section 2.3). CRT-017, and when the store fails.
    net::Task<Result<Bytes>> answer(Bytes request);
    /// See InventoryStore::revoke; MGR-152 for the certificate that the manager serves, MGR-160 for an authority that systems depend on.
    /// Lists and answers say so at once, also of what the store revokes by itself (InventoryStore::rekey) and of what other managers do.
    net::Task<Result<InventoryEntry>> revoke(std::string fingerprint, int reason, std::string actor);

private:
    struct Delegate {
        pki::Certificate certificate;
        pki::PrivateKey key;
    };
    void use_base(std::string base);
    net::Task<Result<void>> name_list_of_root();
    net::Task<Result<Delegate>> delegate(HeldAuthority authority);
    void forget_answers();
    net::Task<Result<List>> make_list(HeldAuthority authority, std::vector<RevokedCertificate> revoked);

    Links links_;
    mutable std::mutex mutex_;
    std::string base_;
    std::uint64_t version_ = 0;  ///< of what is revoked
    // By the authority's fingerprint
    std::map<std::string, List> lists_;
    std::map<std::string, Delegate> delegates_;
    struct Kept {
        Bytes answer;
        UtcTime made;
        std::map<std::string, CertificateStanding> says;  ///< by serial number
    };
    std::map<Bytes, Kept> answers_;  ///< by request
    net::KeyedLock turns_;
};

}  // namespace countersign::manager
