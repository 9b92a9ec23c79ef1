#include "net/http/server.hpp"

#include "base/log.hpp"
#include "net/acceptor.hpp"
#include "net/http/server_session.hpp"

#include "countersign/errors/net.hpp"

#include <boost/asio/redirect_error.hpp>

#include <mutex>
#include <unordered_set>

namespace countersign::net::http {

namespace {

/// The connections of a listener. Shared by the Server and by each connection, so that either may end first.
class Connections {
public:
    using Session = std::shared_ptr<ServerSession>;

    bool add(Session const& session, std::size_t limit) {
        std::lock_guard const lock(mutex_);
        if (closed_ || open_.size() >= limit) return false;
        open_.insert(session);
        return true;
    }
    void remove(Session const& session) {
        std::lock_guard const lock(mutex_);
        open_.erase(session);
        if (open_.empty() && waiting_) {
            // Somebody waits on another loop perhaps: the timer belongs to that loop.
            asio::post(waiting_->get_executor(), [waiting = waiting_] { waiting->cancel(); });
        }
    }
    /// No new ones from now on. Calls `action` on each session's own loop.
    void close(void (ServerSession::*action)()) {
        {
            std::lock_guard const lock(mutex_);
            closed_ = true;
        }
        tell_all(action);
    }
    void tell_all(void (ServerSession::*action)()) {
        std::lock_guard const lock(mutex_);
        for (auto const& session : open_) asio::post(session->executor(), [session, action] { ((*session).*action)(); });
    }
    Task<> wait_until_empty(Milliseconds grace) {
        auto timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, grace);
        {
            std::lock_guard const lock(mutex_);
            if (open_.empty()) co_return;
            waiting_ = timer;
        }
        // Cancelled when all have ended, which is what is waited for.
        boost::system::error_code ignored;
        co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        std::lock_guard const lock(mutex_);
        waiting_.reset();
    }

private:
    std::mutex mutex_;
    bool closed_ = false;
    std::unordered_set<Session> open_;
    std::shared_ptr<asio::steady_timer> waiting_;
};

/// The identity that new handshakes use.
class Identity {
public:
    explicit Identity(std::shared_ptr<tls::ServerContext const> context) : context_(std::move(context)) {}
    void set(std::shared_ptr<tls::ServerContext const> context) {
        std::lock_guard const lock(mutex_);
        context_ = std::move(context);
    }
    [[nodiscard]] std::shared_ptr<tls::ServerContext const> get() const {
        std::lock_guard const lock(mutex_);
        return context_;
    }

private:
    mutable std::mutex mutex_;
    std::shared_ptr<tls::ServerContext const> context_;
};

Task<> run_session(std::shared_ptr<ServerSession> session, std::shared_ptr<Connections> connections) {
    try {
        co_await session->run();
    } catch (...) {
        session->close_now();
        connections->remove(session);
        throw;
    }
    connections->remove(session);
}

class ListeningServer final : public Server {
public:
    ListeningServer(std::shared_ptr<Acceptor> acceptor, std::shared_ptr<Serving> serving, std::shared_ptr<Identity> identity,
                    std::shared_ptr<Connections> connections)
        : acceptor_(std::move(acceptor)),
          serving_(std::move(serving)),
          identity_(std::move(identity)),
          connections_(std::move(connections)) {}

    ~ListeningServer() override {
        acceptor_->close();
        connections_->close(&ServerSession::close_now);
    }
    [[nodiscard]] Endpoint local() const override { return acceptor_->local(); }
    void replace_identity(std::shared_ptr<tls::ServerContext const> tls) override { identity_->set(std::move(tls)); }
    void end_connections() override { connections_->tell_all(&ServerSession::end_soon); }
    Task<> close(Milliseconds grace) override {
        // Kept here, as the Server may be destroyed while this waits.
        auto connections = connections_;
        acceptor_->close();
        serving_->draining = true;
        connections->close(&ServerSession::close_if_idle);
        co_await connections->wait_until_empty(grace);
        connections->close(&ServerSession::close_now);
    }

private:
    std::shared_ptr<Acceptor> acceptor_;
    std::shared_ptr<Serving> serving_;
    std::shared_ptr<Identity> identity_;
    std::shared_ptr<Connections> connections_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(std::vector<Executor> executors, Settings settings, std::shared_ptr<Service> service) {
    auto serving = std::make_shared<Serving>();
    serving->limits = settings.limits;
    serving->server_name = std::move(settings.server_name);
    serving->headers = std::move(settings.headers);
    serving->service = std::move(service);
    auto identity = std::make_shared<Identity>(std::move(settings.tls));
    auto connections = std::make_shared<Connections>();

    CS_TRY(auto acceptor, Acceptor::open(std::move(executors), settings.where));
    acceptor->start([serving, identity, connections](asio::ip::tcp::socket socket) {
        auto session = std::make_shared<ServerSession>(serving, std::move(socket), identity->get());
        if (!connections->add(session, serving->limits.connections)) {
            log::warning("http.too_many_connections", {{"limit", serving->limits.connections}});
            return;
        }
        spawn(session->executor(), [session, connections] { return run_session(session, connections); }, "http session");
    });
    return std::unique_ptr<Server>(
        std::make_unique<ListeningServer>(std::move(acceptor), std::move(serving), std::move(identity), std::move(connections)));
}

}  // namespace countersign::net::http
