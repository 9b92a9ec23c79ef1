#pragma once

/// A root whose key is kept elsewhere: exported with a passphrase, dropped here once the file has proven to open, and used from then on by
/// the workbench on some other machine, for issuing authorities and revocation lists that are brought back and checked (REQ MGR-13).

#include "manager/certificates/signing_authority.hpp"

#include <functional>

namespace countersign::manager {

/// Characters of the passphrase that a root's key is exported with, at least.
inline constexpr std::size_t k_shortest_root_passphrase = 12;

/// Keeps nothing itself: made where it is needed.
class OfflineRoot {
public:
    struct Links {
        Store& store;
        InternalCa& authority;
        net::BlockingPool& pool;
        std::shared_ptr<Clock const> clock;
        /// There is another issuing authority, or a root without its key: everybody is to know it.
        std::function<net::Task<Result<void>>()> authorities_changed;
    };
    explicit OfflineRoot(Links links) : links_(std::move(links)) {}

    /// Certificate and encrypted key of the root below which is issued, PEM. GEN-001 for a passphrase that is too short, MGR-164, MGR-182
    /// for a key on a token.
    net::Task<Result<std::string>> export_root(SecretText passphrase, std::string actor);
    /// Drops the key here, when the file opens with the passphrase and its key is the root's: CRT-001, CRT-003 to 005, CRT-014. MGR-164
    /// when it is gone already, MGR-166 for a root that signs by itself, MGR-161 while a root is replaced, MGR-182 for a key on a token.
    net::Task<Result<void>> take_offline(std::string file, SecretText passphrase, std::string actor);

    struct Request {
        std::string pem;
        std::string subject;
        UtcTime made{};
        // What the certificate is to say besides; empty: nothing is to stand in it.
        std::string crl_url, issuer_url;
    };
    /// Key (which stays here, sealed, or on the token that `key` names) and request of another issuing authority. The one that waits
    /// already, unless it is to be replaced or another key is named. Of keys on tokens as SigningAuthority says.
    net::Task<Result<Request>> request_issuing(bool replace, std::string key, std::string actor);
    /// The answer: taken into use when it is a certificate for the request's key (CRT-033, CRT-041), by the root (CRT-015), of an authority
    /// (CRT-021) and valid now (CRT-011, CRT-012).
    net::Task<Result<pki::Certificate>> install_issuing(std::string file, std::string actor);
    /// The root's revocation list, made elsewhere. CRT-022; GEN-001 for one of somebody else, one that is over, or an older one than is
    /// here.
    net::Task<Result<void>> bring_list(std::string file, std::string actor);

private:
    struct Pending {
        Request request;
        pki::PrivateKey key;
        std::string token;  ///< where the key is; empty: sealed with the request
    };
    net::Task<Result<std::optional<Pending>>> pending();
    Links links_;
};

}  // namespace countersign::manager
