#pragma once

/// HTTP/1.1 server over TCP and TLS, with limits that are stated here and routes that say theirs.

#include "net/http/message.hpp"
#include "net/tls/tls.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace countersign::net::http {

using Handler = std::function<Task<Response>(Request)>;

/// What the server calls. One object may serve many listeners and threads.
class Service {
public:
    virtual ~Service() = default;
    /// Largest body in bytes that this request (head only: body is empty) may carry. 413 beyond.
    [[nodiscard]] virtual std::size_t body_limit(Request const& head) const = 0;
    /// Never throws; what it throws all the same becomes a 500 problem answer and is logged as a defect.
    virtual Task<Response> handle(Request request) = 0;
};

/// Methods and path patterns to handlers. "/api/v1/systems/{id}"; a last "{rest*}" takes the rest of the path.
class Router final : public Service {
public:
    struct Route {
        std::string method;
        std::string pattern;
        std::size_t body_limit = 4096;
        Handler handler;
    };
    Router& add(Route route);
    /// For paths that no route has; the default answers 404 as a problem document.
    Router& otherwise(Handler handler, std::size_t limit = 4096);
    /// Runs before every handler; an answer ends the request (authentication, HTTPS-only).
    Router& before(std::function<Task<std::optional<Response>>(Request&)> filter);
    [[nodiscard]] std::vector<Route> const& routes() const { return routes_; }

    [[nodiscard]] std::size_t body_limit(Request const& head) const override;
    Task<Response> handle(Request request) override;

private:
    std::vector<Route> routes_;
    std::vector<std::function<Task<std::optional<Response>>(Request&)>> filters_;
    Handler otherwise_;
    std::size_t otherwise_limit_ = 4096;
};

struct ServerLimits {
    std::size_t head_bytes = 16 * 1024;
    std::size_t connections = 10000;  ///< per listener
    Milliseconds handshake{10000};
    Milliseconds head{15000};  ///< whole head
    Milliseconds body{60000};  ///< whole body
    Milliseconds idle{60000};  ///< between requests of a connection
    Milliseconds write{60000};
    std::size_t requests_per_connection = 10000;
};

/// One listener. Destroying it closes the port and all its connections.
class Server {
public:
    struct Settings {
        Endpoint where;
        std::shared_ptr<tls::ServerContext const> tls;  ///< null: plain HTTP
        ServerLimits limits;
        std::string server_name = "Countersign";                   ///< Server header
        std::vector<std::pair<std::string, std::string>> headers;  ///< added to every answer
    };
    /// NET-014 when the port cannot be opened. Connections are spread over `executors`.
    static Result<std::unique_ptr<Server>> listen(std::vector<Executor> executors, Settings settings, std::shared_ptr<Service> service);
    virtual ~Server() = default;
    [[nodiscard]] virtual Endpoint local() const = 0;
    /// New handshakes use the new identity at once; open connections go on undisturbed (REQ CRT-8).
    virtual void replace_identity(std::shared_ptr<tls::ServerContext const> tls) = 0;
    /// Connections that wait for a request end now, others with their answer. New ones are taken as before.
    virtual void end_connections() = 0;
    /// Closes the port; requests under way may end within `grace`.
    virtual Task<> close(Milliseconds grace) = 0;
};

/// The problem document (RFC 9457) for an error: type, title, status, detail, and our id, where, remedy, causes, parameters.
Response problem(Error const& error);

}  // namespace countersign::net::http
