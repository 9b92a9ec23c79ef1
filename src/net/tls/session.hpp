#pragma once

/// One TLS connection over a non-blocking socket, as steps that never wait. The caller waits for the socket when a step
/// says so. OpenSSL reads and writes the socket itself: no copies through memory BIOs (measured: it matters for probes).

#include "net/tls/tls.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct ssl_st;

namespace countersign::net::tls {

/// Versions, ciphers and identity of a client. Made once for each profile and identity and shared by all connections.
class ClientContext {
public:
    /// NET-017; CRT-014 when key and certificate do not match.
    static Result<std::shared_ptr<ClientContext const>> get(std::string_view profile, ClientIdentity const* identity);
    [[nodiscard]] ssl_ctx_st* native() const { return context_.get(); }

private:
    std::shared_ptr<ssl_ctx_st> context_;
};

/// How a client checks its peer. Decided inside the handshake, before any payload can be sent.
struct PeerCheck {
    PeerPolicy policy;
    std::string called_name;  ///< SNI (unless an address) and the name to match
    UtcTime at;
    std::function<void(ssl_st*)> prepare = {};  ///< a last change before the handshake, see net/tls/closer_look.hpp; empty: none
};

class Session {
public:
    enum class Step { done, want_read, want_write, closed, failed };

    /// `socket` is non-blocking and stays open as long as the session is used.
    Session(ClientContext const& context, PeerCheck check, int socket);
    Session(ServerContext const& context, int socket);
    ~Session();
    Session(Session const&) = delete;
    Session& operator=(Session const&) = delete;

    Step handshake();
    Step read(char* data, std::size_t size, std::size_t& got);
    Step write(std::string_view data, std::size_t& put);
    /// Sends close_notify when the handshake was completed. Does not wait for the peer's.
    void say_goodbye();

    /// After `failed`: OpenSSL's reason in words.
    [[nodiscard]] std::string const& failure() const { return failure_; }
    /// That failure is the connection's and none of TLS: it broke after the handshake.
    [[nodiscard]] bool lost() const { return lost_; }
    /// After `closed` of a read: the peer said goodbye (close_notify), so nothing was cut off.
    [[nodiscard]] bool ended_properly() const { return ended_properly_; }
    /// After `done` of the handshake: the revocation of the peer's certificates is still to be settled, before anything is read
    /// or written. `cache_to_ask` is the one to fetch the chain from first; null: nobody needs to be asked.
    [[nodiscard]] bool unsettled() const { return unsettled_; }
    [[nodiscard]] std::shared_ptr<RevocationCache> cache_to_ask() const;
    [[nodiscard]] std::vector<pki::Certificate> const& verified_chain() const { return report_.verdict.chain; }
    void settle();

    /// The peer's certificate was looked at and refused by the policy.
    [[nodiscard]] bool refused_peer() const { return refused_peer_; }
    [[nodiscard]] PeerPolicy const& policy() const { return check_.policy; }
    /// What the handshake showed so far, also when it failed. Clients only.
    [[nodiscard]] HandshakeReport report() const;
    [[nodiscard]] ssl_st const* native() const { return ssl_; }
    /// What the peer presented.
    [[nodiscard]] std::vector<pki::Certificate> const& peer_certificates() const { return report_.presented; }
    /// On a server: what the peer presented verifies.
    [[nodiscard]] bool peer_verified() const { return !report_.presented.empty() && report_.verdict.verified(); }

    /// Called by OpenSSL. Returns X509_V_OK or the code that chooses the alert.
    int decide(std::vector<pki::Certificate> presented);

private:
    Step after(int result);
    int decide_as_client();
    int decide_as_server();
    void verify(pki::VerifyRequest request, RevocationCheck const& revocation);
    enum class Moment { certificate, finished };
    void judge_revocation(Moment moment);
    void take_staple();

    ssl_st* ssl_ = nullptr;
    bool client_ = false;
    bool finished_ = false;
    bool ended_properly_ = false;
    bool lost_ = false;
    bool refused_peer_ = false;
    bool unsettled_ = false;  ///< see unsettled()
    bool accept_any_ = false;
    PeerCheck check_;
    pki::VerifyRequest request_;  ///< of the peer's chain, for the second look
    RevocationCheck revocation_;  ///< off: nothing to look at
    HandshakeReport report_;
    std::string failure_;
};

}  // namespace countersign::net::tls
