#pragma once

/// One connection of the HTTP server: reads requests, asks the service, writes answers. Internal to this folder.

#include "net/connection.hpp"
#include "net/http/server.hpp"

#include <atomic>
#include <functional>
#include <memory>

namespace countersign::net::http {

/// What all connections of a listener share. Immutable but for `draining`.
struct Serving {
    ServerLimits limits;
    std::string server_name;
    std::vector<std::pair<std::string, std::string>> headers;
    std::shared_ptr<Service> service;
    std::atomic<bool> draining{false};
};

class WebSocketSession;

class ServerSession : public std::enable_shared_from_this<ServerSession> {
public:
    ServerSession(std::shared_ptr<Serving const> serving, asio::ip::tcp::socket socket, std::shared_ptr<tls::ServerContext const> tls);

    [[nodiscard]] Executor executor() { return connection_->executor(); }
    /// Until the connection is closed.
    Task<> run();
    /// All three on the session's own executor.
    void close_if_idle();
    void end_soon();  ///< the same, and otherwise after the answer; a request that is not whole yet gets none
    void close_now();

private:
    struct Incoming {
        std::optional<Request> request;
        std::optional<Response> refusal;  ///< to be answered instead; nothing of both: the connection is over
        bool keep = false;
        bool old = false;         ///< HTTP/1.0: no chunks
        bool read_whole = false;  ///< the body was read to its end
    };
    struct Shape {
        bool head = false;
        bool old = false;
        bool close = false;
    };
    class Reader;

    Task<Incoming> read_request();
    /// False when the connection must not be used further.
    Task<bool> answer(Response response, Shape shape);
    Task<bool> stream(Response response, std::string head, Shape shape);
    static Task<Result<void>> write_piece(std::shared_ptr<ServerSession> self, std::string piece, bool chunked);
    Task<Response> handle(Request request);
    Task<> converse(std::shared_ptr<Upgrade const> upgrade);
    Task<Result<void>> write(std::string data);
    [[nodiscard]] std::string head_of(Response const& response, Shape shape) const;
    void fill(Request& request) const;

    std::shared_ptr<Serving const> serving_;
    std::shared_ptr<Connection> connection_;
    std::shared_ptr<tls::ServerContext const> tls_;
    std::string input_;  ///< read and not consumed yet
    std::weak_ptr<WebSocketSession> websocket_;
    bool idle_ = false;
    bool ending_ = false;
    std::size_t served_ = 0;
};

}  // namespace countersign::net::http
