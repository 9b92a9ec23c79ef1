#pragma once

/// A port that several listeners share, or one listener from time to time: see ports.hpp. Internal to this room.
///
/// A listener attaches under its address; under "" when its address is a wildcard. Whoever connects to an address that nobody
/// attached to is reset at once. All functions may be called from any thread.

#include "net/connection.hpp"
#include "net/ports.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>

#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace countersign::net {

/// Listeners by address. `Target` is what a listener is called with.
template <class Target>
class Attached {
public:
    bool add(std::string const& address, Target target) {
        std::lock_guard const lock(mutex_);
        return by_address_.try_emplace(address, std::move(target)).second;
    }
    void remove(std::string const& address) {
        std::lock_guard const lock(mutex_);
        by_address_.erase(address);
    }
    [[nodiscard]] Target find(std::string const& address) const {
        std::lock_guard const lock(mutex_);
        auto found = by_address_.find(address);
        if (found == by_address_.end()) found = by_address_.find(std::string());
        return found == by_address_.end() ? Target() : found->second;
    }
    [[nodiscard]] bool empty() const {
        std::lock_guard const lock(mutex_);
        return by_address_.empty();
    }

private:
    mutable std::mutex mutex_;
    std::map<std::string, Target> by_address_;
};

/// The key of a listener in a hub.
std::string hub_key(Endpoint const& where);
/// Whether a listener that wants `where` can use a socket that is bound to `bound`.
bool serves(Endpoint const& bound, Endpoint const& where);

class TcpHub : public std::enable_shared_from_this<TcpHub> {
public:
    using Socket = asio::ip::tcp::socket;
    struct Listener {
        std::vector<Executor> executors;
        std::function<void(Socket, Endpoint const& local)> take;
    };
    using Target = std::shared_ptr<Listener>;

    explicit TcpHub(Executor executor) : acceptor_(std::move(executor)) {}
    /// Opens the wildcard address. NET-014.
    Result<void> open(std::uint16_t port);
    /// NET-029.
    Result<void> adopt(int descriptor);
    void start();
    void close();
    [[nodiscard]] Endpoint local() const { return local_; }
    [[nodiscard]] Attached<Target>& listeners() { return listeners_; }

private:
    void wait();
    void accept_some();
    void pass_on(int descriptor);
    std::mutex mutex_;  ///< of the acceptor
    asio::ip::tcp::acceptor acceptor_;
    Endpoint local_;
    Attached<Target> listeners_;
    std::atomic<std::size_t> next_ = 0;
};

class UdpHub : public std::enable_shared_from_this<UdpHub> {
public:
    using Answer = std::function<std::string(std::string_view datagram, Endpoint peer)>;
    struct Listener {
        Executor executor;
        Answer answer;
    };
    using Target = std::shared_ptr<Listener>;

    explicit UdpHub(Executor executor) : socket_(std::move(executor)) {}
    Result<void> open(std::uint16_t port);
    Result<void> adopt(int descriptor);
    void start();
    void close();
    [[nodiscard]] Endpoint local() const { return local_; }
    [[nodiscard]] Attached<Target>& listeners() { return listeners_; }

private:
    struct Datagram;
    void wait();
    bool receive_one();
    void send(Datagram const& answer);
    std::mutex mutex_;  ///< of the socket
    asio::ip::udp::socket socket_;
    Endpoint local_;
    Attached<Target> listeners_;
};

/// Closes a connection with RST.
void reset_now(asio::ip::tcp::socket socket);

}  // namespace countersign::net
