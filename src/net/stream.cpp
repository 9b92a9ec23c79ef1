#include "net/stream.hpp"

#include "base/log.hpp"
#include "net/acceptor.hpp"
#include "net/connection.hpp"

#include <boost/asio/dispatch.hpp>

#include <algorithm>
#include <mutex>
#include <unordered_set>

namespace countersign::net {

namespace {

/// A session may write (an event that nobody asked for) while it reads. The connection has one deadline: it is the nearer one of
/// what is under way.
struct Deadlines {
    using Time = std::chrono::steady_clock::time_point;
    static constexpr auto k_none = Time::max();
    Time read = k_none;
    Time write = k_none;

    /// Sets one of the two; it goes when the step is destroyed.
    class Step {
    public:
        Step(Deadlines& all, Time& mine, Connection& connection, char const* name)
            : all_(all), mine_(mine), connection_(connection), name_(name) {}
        ~Step() {
            mine_ = k_none;
            all_.apply(connection_, name_);
        }
        Step(Step const&) = delete;
        Step& operator=(Step const&) = delete;

    private:
        Deadlines& all_;
        Time& mine_;
        Connection& connection_;
        char const* name_;
    };
    [[nodiscard]] Step begin(Time& mine, Connection& connection, Milliseconds limit, char const* name) {
        mine = std::chrono::steady_clock::now() + limit;
        apply(connection, name);
        return {*this, mine, connection, name};
    }

private:
    void apply(Connection& connection, char const* name) const {
        auto const nearer = std::min(read, write);
        if (nearer == k_none) return connection.expect_nothing();
        connection.expect_within(std::chrono::ceil<Milliseconds>(nearer - std::chrono::steady_clock::now()), name);
    }
};

class TcpStream final : public Stream {
public:
    explicit TcpStream(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
    ~TcpStream() override {
        if (!finished_) connection_->close();
    }

    Task<Result<std::string>> read_some(std::size_t limit, Milliseconds deadline) override {
        auto connection = connection_;
        auto deadlines = deadlines_;
        auto const step = deadlines->begin(deadlines->read, *connection, deadline, "read");
        std::string data;
        CS_CO_CHECK(co_await connection->read_into(data, limit));
        co_return data;
    }
    Task<Result<void>> write(std::string data, Milliseconds deadline) override {
        auto connection = connection_;
        auto deadlines = deadlines_;
        auto const step = deadlines->begin(deadlines->write, *connection, deadline, "write");
        CS_CO_CHECK(co_await connection->write(data));
        co_return Result<void>();
    }
    void close() override { connection_->close(); }
    void finish() override {
        finished_ = true;
        connection_->close_behind_peer(std::chrono::seconds(1));
    }
    [[nodiscard]] Endpoint peer() const override { return connection_->peer(); }
    [[nodiscard]] Endpoint local() const override { return connection_->local(); }

private:
    std::shared_ptr<Connection> connection_;
    bool finished_ = false;
    std::shared_ptr<Deadlines> deadlines_ = std::make_shared<Deadlines>();
};

/// The open sessions of a listener.
class Sessions {
public:
    using Session = std::shared_ptr<Connection>;
    bool add(Session const& session, std::size_t limit) {
        std::lock_guard const lock(mutex_);
        if (closed_ || open_.size() >= limit) return false;
        open_.insert(session);
        return true;
    }
    void remove(Session const& session) {
        std::lock_guard const lock(mutex_);
        open_.erase(session);
    }
    void close() {
        std::lock_guard const lock(mutex_);
        closed_ = true;
        for (auto const& session : open_) asio::post(session->executor(), [session] { session->close(); });
    }

private:
    std::mutex mutex_;
    bool closed_ = false;
    std::unordered_set<Session> open_;
};

using SessionBody = std::function<Task<>(std::shared_ptr<Stream>)>;

Task<> run_session(std::shared_ptr<Sessions> sessions, std::shared_ptr<Connection> connection, std::shared_ptr<SessionBody> body) {
    try {
        co_await (*body)(std::make_shared<TcpStream>(connection));
    } catch (...) {
        sessions->remove(connection);
        throw;
    }
    sessions->remove(connection);
}

}  // namespace

Result<std::unique_ptr<Listener>> listen_tcp(Executor executor, Endpoint where, std::function<Task<>(std::shared_ptr<Stream>)> session,
                                             ListenerLimits limits) {
    auto sessions = std::make_shared<Sessions>();
    auto body = std::make_shared<SessionBody>(std::move(session));
    CS_TRY(auto acceptor, Acceptor::open({std::move(executor)}, where));
    acceptor->start([sessions, body, limits](asio::ip::tcp::socket socket) {
        auto connection = std::make_shared<Connection>(std::move(socket));
        if (!sessions->add(connection, limits.connections)) {
            log::warning("net.too_many_connections", {{"limit", limits.connections}});
            return;
        }
        spawn(connection->executor(), [sessions, connection, body] { return run_session(sessions, connection, body); }, "session");
    });
    return std::unique_ptr<Listener>(std::make_unique<SessionListener<Sessions>>(std::move(acceptor), std::move(sessions)));
}

Task<Result<std::shared_ptr<Stream>>> connect_tcp(Endpoint where, std::string bind_address, Milliseconds deadline) {
    auto connection = std::make_shared<Connection>(co_await asio::this_coro::executor);
    connection->expect_within(deadline, "connect");
    CS_CO_CHECK(co_await connection->connect(std::move(where), std::move(bind_address)));
    connection->expect_nothing();
    co_return std::shared_ptr<Stream>(std::make_shared<TcpStream>(std::move(connection)));
}

}  // namespace countersign::net
