#pragma once

/// Where the listeners of a program get their ports from. Each opens its own, unless the program says otherwise before the
/// first one is opened:
///
/// - *inherited*: a service manager opened the port and handed it over (systemd's socket activation). It stays open as long as
///   the manager wants; while no listener uses it, whoever connects is reset at once;
/// - *shared*: one wildcard listener per port serves all addresses of this machine, for estates that need more listeners than the
///   limit on open files allows. The address that a peer connected to says which listener was meant; where there is none, the
///   peer is reset at once.
///
/// A *gate* decides what happens to a connection before its service sees it. Threads: any, but set up before listening.

#include "net/address.hpp"
#include "net/task.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace countersign::net {

/// What happens to a new connection.
struct Reception {
    enum class Kind {
        serve,  ///< its service gets it, after `delay`
        hold,   ///< it stays open for at most 10 minutes, and nobody ever answers
        reset,  ///< closed with RST
    };
    Kind kind = Kind::serve;
    Milliseconds delay{0};
};

class TcpHub;
class UdpHub;

class Ports {
public:
    /// `local` is the address that the peer connected to. Datagrams are answered or, for anything but `serve`, dropped.
    using Gate = std::function<Reception(Endpoint const& local)>;

    Ports();
    ~Ports();
    Ports(Ports const&) = delete;
    Ports& operator=(Ports const&) = delete;
    /// Of the runtime that the executor belongs to.
    static std::shared_ptr<Ports> of(Executor const& executor);

    /// Takes over a listening TCP socket or a bound UDP socket, and closes it in the end. Returns where it listens. NET-029.
    Result<Endpoint> inherit(int descriptor, Executor executor);
    /// Inherited ports that no listener uses at this moment.
    [[nodiscard]] std::vector<Endpoint> unused() const;
    /// From now on listeners on IPv4 addresses share one port each. They are waited for on `executor`.
    void share(Executor executor);
    [[nodiscard]] bool shared() const;

    void set_gate(Gate gate);
    [[nodiscard]] Reception receive(Endpoint const& local) const;

    /// Closes what is inherited and shared. Called by the runtime before its loops go.
    void close();

    // --- for listeners ---
    /// Null when the listener is to open a port of its own. NET-014 when the shared one cannot be opened.
    Result<std::shared_ptr<TcpHub>> tcp_for(Endpoint const& where);
    Result<std::shared_ptr<UdpHub>> udp_for(Endpoint const& where);

private:
    mutable std::mutex mutex_;
    std::vector<std::shared_ptr<TcpHub>> inherited_tcp_;
    std::vector<std::shared_ptr<UdpHub>> inherited_udp_;
    std::map<std::uint16_t, std::shared_ptr<TcpHub>> shared_tcp_;
    std::map<std::uint16_t, std::shared_ptr<UdpHub>> shared_udp_;
    Executor sharing_;  ///< empty: each listener has a port of its own
    std::atomic<bool> gated_ = false;
    std::shared_ptr<Gate const> gate_;
};

}  // namespace countersign::net
