#pragma once

/// TLS as this product needs it: protocol profiles as data, server identities that can be replaced while running, peer
/// policies for clients, and reports that say everything about a handshake.
///
/// A client's policy is decided inside the handshake: a peer that fails it gets an alert and not one byte of payload
/// (REQ TRU-3). There is no way to make a client context without saying how the peer is checked.

#include "base/result.hpp"
#include "base/utc_time.hpp"
#include "pki/certificate.hpp"
#include "pki/verify.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

struct ssl_ctx_st;

namespace countersign::net {
class RevocationCache;
}

namespace countersign::net::tls {

/// Versions, ciphers and groups, from catalogue/tls-profiles/<name>.toml: "intermediate" (default), "modern", "legacy-device".
struct Profile {
    std::string name;
    /// NET-017 when there is none. Profiles are read once and kept.
    static Result<Profile const*> find(std::string_view name);
    int minimum_version = 0;   ///< TLS1_2_VERSION ...
    int maximum_version = 0;   ///< 0: the newest
    std::string ciphers;       ///< TLS 1.2 and older, OpenSSL names joined by ':'
    std::string ciphersuites;  ///< TLS 1.3
    std::string groups;
    int security_level = 2;
    bool legacy_renegotiation = false;  ///< talk to servers without RFC 5746
};

/// Whether the peer's certificates were revoked (REQ TRU-7). Looked at only when the chain is fine otherwise.
///
/// soft_fail  what the peer staples and what the cache knows already is used; no connection waits, and what is missing is asked for in
///            the background, so that the next one knows.
/// hard_fail  the handshake waits for the cache (as long as its deadline at most); without an answer the peer is refused.
///
/// What is known when the certificate comes is decided with an alert; what has to be waited for, before any payload. Under both, a
/// certificate that demands stapling (RFC 7633) is refused without a good stapled response.
struct RevocationCheck {
    pki::RevocationPolicy policy = pki::RevocationPolicy::off;
    std::shared_ptr<RevocationCache> cache;  ///< null: only what is stapled
    /// Lists that somebody installed by hand; null: none.
    std::shared_ptr<std::vector<pki::Crl> const> lists;
    /// Under soft_fail too the handshake waits for the cache, and goes on when nobody answered.
    bool waits = false;
};

/// What a server shows: its chain and key, and who may call.
class ServerContext {
public:
    /// observed: asked for and never a reason to refuse anybody; what came, and whether it verifies, is there for whoever handles the
    /// connection. Clients that offer HTTP/2 (RFC 7301) are not asked: they are browsers, which would bother people with a choice.
    enum class ClientCertificates { ignored, observed, requested, required };
    struct Settings {
        std::vector<pki::Certificate> chain;  ///< leaf first
        std::optional<pki::PrivateKey> key;
        std::string profile = "intermediate";
        ClientCertificates clients = ClientCertificates::ignored;
        pki::Anchors client_anchors;
        RevocationCheck client_revocation;  ///< of the certificates of callers
        /// The DER of an OCSP response for the chain's leaf, asked for at each handshake whose client wants one; null: none now.
        /// Called on any loop and must not wait (net::staple_from).
        std::function<std::shared_ptr<Bytes const>()> staple;
    };
    /// CRT-014 when key and certificate do not match; NET-017.
    static Result<std::shared_ptr<ServerContext const>> create(Settings settings);
    [[nodiscard]] ssl_ctx_st* native() const { return context_.get(); }

private:
    std::shared_ptr<ssl_ctx_st> context_;
};

/// The peer must present a chain to one of the anchors, valid now, made for its name.
struct VerifyChain {
    pki::Anchors anchors;
    /// Matched instead of the name that was called; empty: the called name.
    std::string expected_name;
    /// No name is matched; the caller checks the subject itself (factory identities, IEEE 802.1AR).
    bool ignore_name = false;
    RevocationCheck revocation;
};
/// The leaf's SHA-256 (of the certificate or of its public key) is one of these, lower-case hexadecimal.
struct Pinned {
    std::vector<std::string> sha256;
};
/// Anybody; encrypted all the same (Level 3, REQ TRU-2). The findings of a verification against `report_against` are
/// still in the report.
struct AcceptAny {
    pki::Anchors report_against;
    RevocationCheck revocation;
};
using PeerPolicy = std::variant<VerifyChain, Pinned, AcceptAny>;

/// What a handshake showed, whether it was accepted or not.
struct HandshakeReport {
    std::string version;  ///< "TLSv1.3"
    std::string cipher;
    std::string group;
    std::vector<pki::Certificate> presented;  ///< as the peer sent them, leaf first
    pki::Verdict verdict;                     ///< against the policy's anchors
    bool accepted = false;                    ///< by the policy
    Bytes stapled;                            ///< OCSP response (DER) as the peer sent it; empty: none, or not asked for
    [[nodiscard]] pki::Certificate const* leaf() const { return presented.empty() ? nullptr : &presented.front(); }
};

struct ClientIdentity {
    std::vector<pki::Certificate> chain;
    pki::PrivateKey key;
};

}  // namespace countersign::net::tls
