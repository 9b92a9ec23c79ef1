#pragma once

/// A listening TCP port that can be closed from any thread, at once. Internal to this room.

#include "net/connection.hpp"
#include "net/port_hub.hpp"
#include "net/stream.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <mutex>
#include <vector>

namespace countersign::net {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
public:
    using Socket = asio::ip::tcp::socket;

    /// NET-014. Accepted sockets belong to the executors in turn.
    static Result<std::shared_ptr<Acceptor>> open(std::vector<Executor> executors, Endpoint where);
    /// Calls `take` for each connection, on the first executor.
    void start(std::function<void(Socket)> take);
    /// When this returns, new connections are refused and the port can be opened again.
    void close();
    [[nodiscard]] Endpoint local() const { return local_; }

    explicit Acceptor(std::vector<Executor> executors)
        : executors_(std::move(executors)), ports_(Ports::of(executors_.front())), acceptor_(executors_.front()) {}

private:
    static Task<> accept_all(std::shared_ptr<Acceptor> self);
    /// What the gate of the program's ports says, then the service.
    void receive(Socket socket, Endpoint const& local);
    Result<void> open_own(Endpoint const& where);
    [[nodiscard]] bool is_closed() const;

    std::vector<Executor> executors_;
    std::shared_ptr<Ports> ports_;
    std::shared_ptr<TcpHub> hub_;       ///< of a port that is inherited or shared; else
    asio::ip::tcp::acceptor acceptor_;  ///< a port of its own
    std::function<void(Socket)> take_;
    Endpoint local_;
    mutable std::mutex mutex_;
    bool closed_ = false;
};

/// The listener of a service: its port, and the sessions that came through it, which end with it.
template <class Sessions>
class SessionListener final : public Listener {
public:
    SessionListener(std::shared_ptr<Acceptor> acceptor, std::shared_ptr<Sessions> sessions)
        : acceptor_(std::move(acceptor)), sessions_(std::move(sessions)) {}
    ~SessionListener() override { SessionListener::close(); }
    [[nodiscard]] Endpoint local() const override { return acceptor_->local(); }
    void close() override {
        acceptor_->close();
        sessions_->close();
    }

private:
    std::shared_ptr<Acceptor> acceptor_;
    std::shared_ptr<Sessions> sessions_;
};

}  // namespace countersign::net
