#pragma once

/// One TCP connection, plain or TLS, with deadlines: what streams, the HTTP server, the HTTP client and probes stand on.
/// Internal to this room. Used from one loop only.
///
/// A deadline covers a step of several reads and writes ("the whole head"). When it passes, the operation under way is
/// cancelled and fails with NET-002; the caller then closes, or sets a new deadline to say a last word.

#include "net/address.hpp"
#include "net/task.hpp"
#include "net/tls/session.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace countersign::net {

class Connection : public std::enable_shared_from_this<Connection> {
public:
    using Socket = asio::ip::tcp::socket;

    explicit Connection(Executor executor);
    /// An accepted one.
    explicit Connection(Socket socket);
    ~Connection();

    /// The name in errors; the peer's address when it was not set.
    void name_peer(std::string name) { peer_name_ = std::move(name); }
    [[nodiscard]] std::string peer_name() const;
    [[nodiscard]] Endpoint peer() const { return peer_; }
    [[nodiscard]] Endpoint local() const;
    [[nodiscard]] bool is_open() const { return socket_.is_open(); }
    [[nodiscard]] Executor executor() { return socket_.get_executor(); }

    /// From now on everything must be done within `limit`. `step` says what, for the error; it must outlive the step.
    void expect_within(Milliseconds limit, char const* step);
    void expect_nothing();
    [[nodiscard]] bool timed_out() const { return timed_out_; }

    /// NET-001, NET-002, NET-004.
    Task<Result<void>> connect(Endpoint where, std::string bind_address);
    /// NET-002, NET-007, TRU-001, TRU-002. On failure nothing but an alert was sent; `report()` has what was seen.
    Task<Result<void>> handshake(std::shared_ptr<tls::ClientContext const> context, tls::PeerCheck check);
    Task<Result<void>> handshake(std::shared_ptr<tls::ServerContext const> context);
    [[nodiscard]] bool secure() const { return session_ != nullptr; }
    /// Null on plain connections and after close.
    [[nodiscard]] tls::Session const* session() const { return session_.get(); }

    /// Appends at most `limit` bytes to `buffer`, which must live until the end; 0 is the end of the stream.
    /// NET-002, NET-003, NET-007.
    Task<Result<std::size_t>> read_into(std::string& buffer, std::size_t limit);
    /// All of it. `data` must live until the end. NET-002, NET-003, NET-007.
    Task<Result<void>> write(std::string_view data);

    /// The end of the stream was said (close_notify or FIN), not only a broken TLS connection.
    [[nodiscard]] bool ended_properly() const { return ended_properly_; }
    /// Is there something to read, or the end? For kept connections, before a request is put on them.
    [[nodiscard]] bool readable_or_ended() const;
    /// Throws away what the peer sent so far, at most 64 KiB; also what belongs to TLS alone, as session tickets. Does not wait. False when
    /// the peer has ended the stream, sent more, or the connection is broken.
    [[nodiscard]] bool discard_input();

    /// close_notify, then closes. Does not wait.
    void close();
    /// Closes with RST: no TIME_WAIT, what is not sent yet is lost.
    void reset();
    /// Says goodbye and closes when the peer has closed too, or after `grace`; returns at once. The peer sees an orderly
    /// end, and this side keeps no TIME_WAIT as the peer closes first.
    void close_behind_peer(Milliseconds grace);
    /// Stops sending and reads what the peer still sends, up to `limit` bytes, so that an answer that was sent before all
    /// of the request was read is not destroyed by a RST. Then closes.
    Task<> drain_and_close(std::size_t limit, Milliseconds grace);

private:
    using Step = tls::Session::Step;
    Step read_now(std::string& buffer, std::size_t limit, std::size_t& got);
    Step write_now(std::string_view data, std::size_t& put);
    Task<Result<void>> run_handshake();
    /// After the handshake and before any payload: asks whoever is to be asked whether the peer's certificates were revoked.
    Task<Result<void>> settle_revocation();
    /// Waits until the step can go on. False when the deadline passed or the socket was closed.
    Task<bool> wait_for(Step step);
    [[nodiscard]] Error broken();
    [[nodiscard]] Error timeout() const;
    Error refused();
    void watch();
    void await_end();

    Socket socket_;
    asio::steady_timer timer_;
    std::chrono::steady_clock::time_point deadline_ = k_never;
    std::chrono::steady_clock::time_point armed_ = k_never;  ///< when the timer will look
    Milliseconds limit_{0};
    char const* step_ = "";
    bool timed_out_ = false;
    bool ended_properly_ = false;
    int system_error_ = 0;
    Endpoint peer_;
    std::string peer_name_;
    std::unique_ptr<tls::Session> session_;
    std::shared_ptr<void const> context_;  ///< keeps the SSL_CTX's owner as long as the session

    static constexpr auto k_never = std::chrono::steady_clock::time_point::max();
};

/// Whether an address is one, for binding and connecting.
Result<asio::ip::tcp::endpoint> to_tcp(Endpoint const& endpoint);
Endpoint from_tcp(asio::ip::tcp::endpoint const& endpoint);

}  // namespace countersign::net
