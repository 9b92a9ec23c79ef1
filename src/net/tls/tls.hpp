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

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

struct ssl_ctx_st;

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

/// What a server shows: its chain and key, and who may call.
class ServerContext {
public:
    enum class ClientCertificates { ignored, requested, required };
    struct Settings {
        std::vector<pki::Certificate> chain;  ///< leaf first
        std::optional<pki::PrivateKey> key;
        std::string profile = "intermediate";
        ClientCertificates clients = ClientCertificates::ignored;
        pki::Anchors client_anchors;
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
};
/// The leaf's SHA-256 (of the certificate or of its public key) is one of these, lower-case hexadecimal.
struct Pinned {
    std::vector<std::string> sha256;
};
/// Anybody; encrypted all the same (Level 3, REQ TRU-2). The findings of a verification against `report_against` are
/// still in the report.
struct AcceptAny {
    pki::Anchors report_against;
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
    [[nodiscard]] pki::Certificate const* leaf() const { return presented.empty() ? nullptr : &presented.front(); }
};

struct ClientIdentity {
    std::vector<pki::Certificate> chain;
    pki::PrivateKey key;
};

}  // namespace countersign::net::tls
