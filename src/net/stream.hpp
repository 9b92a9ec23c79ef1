#pragma once

/// Plain TCP for the doors that are not HTTP (Telnet, FTP), UDP for SNMP, and looking at ports from outside.

#include "net/address.hpp"
#include "net/task.hpp"
#include "net/tls/tls.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace countersign::net {

/// A connected TCP stream. Every read and write has a deadline.
class Stream {
public:
    virtual ~Stream() = default;
    /// At most `limit` bytes; an empty string is the end. NET-002, NET-003.
    virtual Task<Result<std::string>> read_some(std::size_t limit, Milliseconds deadline) = 0;
    virtual Task<Result<void>> write(std::string data, Milliseconds deadline) = 0;
    virtual void close() = 0;
    /// Says the end and closes when the peer has closed too, or after a second; returns at once. What was written arrives, also
    /// when the peer still sends (an immediate close would answer that with a reset). No other function may follow.
    virtual void finish() = 0;
    [[nodiscard]] virtual Endpoint peer() const = 0;
    [[nodiscard]] virtual Endpoint local() const = 0;
};

struct ListenerLimits {
    std::size_t connections = 64;  ///< further ones are closed at once
};

/// Accepts connections until it is destroyed or closed; open sessions are closed with it.
class Listener {
public:
    virtual ~Listener() = default;
    [[nodiscard]] virtual Endpoint local() const = 0;
    virtual void close() = 0;
};
/// NET-014 when the port cannot be opened. Port 0 takes any free one.
Result<std::unique_ptr<Listener>> listen_tcp(Executor executor, Endpoint where, std::function<Task<>(std::shared_ptr<Stream>)> session,
                                             ListenerLimits limits = {});
/// Calls `answer` for each datagram (at most 65,507 bytes); an empty answer sends nothing.
Result<std::unique_ptr<Listener>> listen_udp(Executor executor, Endpoint where,
                                             std::function<std::string(std::string_view datagram, Endpoint peer)> answer);

/// NET-001, NET-002, NET-004.
Task<Result<std::shared_ptr<Stream>>> connect_tcp(Endpoint where, std::string bind_address, Milliseconds deadline);
/// One datagram there and one back. NET-002 when nothing comes back, NET-001 when the port is closed (ICMP).
Task<Result<std::string>> ask_udp(Endpoint where, std::string question, std::string bind_address, Milliseconds deadline);

/// One datagram there, and nothing is waited for. NET-004 when it cannot be sent.
Result<void> send_udp(Executor executor, Endpoint where, std::string_view datagram, std::string const& bind_address);

enum class PortState { open, refused, silent, unreachable };
std::string_view to_string(PortState state);

class Connection;

/// A connection that a probe leaves open, for the client that goes on over it (http::Client::adopt). Says goodbye when nobody does.
class KeptConnection {
public:
    explicit KeptConnection(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
    KeptConnection(KeptConnection&& other) noexcept = default;
    KeptConnection& operator=(KeptConnection&& other) = delete;
    ~KeptConnection();
    [[nodiscard]] std::shared_ptr<Connection> release() { return std::exchange(connection_, nullptr); }

private:
    std::shared_ptr<Connection> connection_;
};

/// What a port shows to somebody outside.
struct PortReport {
    PortState state = PortState::silent;
    std::optional<tls::HandshakeReport> tls;  ///< when a handshake was asked for and got as far as a certificate
    std::optional<Error> tls_error;           ///< open, but no TLS
    std::optional<KeptConnection> kept;       ///< when it was to be kept and the handshake is complete
};

struct ProbeRequest {
    Endpoint where;
    std::string server_name;             ///< SNI and the name to match; empty: none
    std::optional<tls::PeerPolicy> tls;  ///< nothing: look at the port only
    std::string profile = "intermediate";
    std::string bind_address;
    UtcTime at{};  ///< time of verification; epoch: the machine's clock
    Milliseconds deadline{5000};
    bool keep = false;  ///< leave the connection open after a complete handshake
};
/// Connects, makes the handshake when asked to, and closes unless it is to be kept. Sends no payload. Never fails: what happened is in the
/// report.
Task<PortReport> probe(ProbeRequest request);

}  // namespace countersign::net
