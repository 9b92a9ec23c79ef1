#include "net/ports.hpp"

#include "net/port_hub.hpp"

#include "countersign/errors/net.hpp"

#include <sys/socket.h>
#include <unistd.h>

namespace countersign::net {
namespace {

int number_option(int descriptor, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(descriptor, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

template <class Hub>
std::shared_ptr<Hub> find_inherited(std::vector<std::shared_ptr<Hub>> const& all, Endpoint const& where) {
    for (auto const& hub : all)
        if (serves(hub->local(), where)) return hub;
    return nullptr;
}

template <class Hub>
Result<std::shared_ptr<Hub>> find_shared(std::map<std::uint16_t, std::shared_ptr<Hub>>& all, std::uint16_t port, Executor const& executor) {
    auto& hub = all[port];
    if (!hub) {
        auto made = std::make_shared<Hub>(executor);
        CS_CHECK(made->open(port));
        made->start();
        hub = std::move(made);
    }
    return hub;
}

/// Only a listener on one IPv4 address, at a port that it names, can share.
bool can_share(Endpoint const& where) {
    boost::system::error_code failed;
    auto const address = asio::ip::make_address(where.address, failed);
    return !failed && address.is_v4() && !address.is_unspecified() && where.port != 0;
}

}  // namespace

std::string hub_key(Endpoint const& where) {
    boost::system::error_code failed;
    auto const address = asio::ip::make_address(where.address, failed);
    return failed || address.is_unspecified() ? std::string() : address.to_string();
}

bool serves(Endpoint const& bound, Endpoint const& where) {
    if (bound.port != where.port) return false;
    auto const key = hub_key(bound);
    return key.empty() || hub_key(where).empty() || key == hub_key(where);
}

Ports::Ports() = default;
Ports::~Ports() { close(); }

Result<Endpoint> Ports::inherit(int descriptor, Executor executor) {
    std::lock_guard const lock(mutex_);
    if (number_option(descriptor, SO_TYPE) == SOCK_DGRAM) {
        auto hub = std::make_shared<UdpHub>(std::move(executor));
        CS_CHECK(hub->adopt(descriptor));
        hub->start();
        inherited_udp_.push_back(hub);
        return hub->local();
    }
    if (number_option(descriptor, SO_TYPE) != SOCK_STREAM || number_option(descriptor, SO_ACCEPTCONN) != 1) {
        ::close(descriptor);
        return fail(errors::net::inherited_socket,
                    {{"socket", std::to_string(descriptor)}, {"detail", "it neither listens nor takes datagrams"}});
    }
    auto hub = std::make_shared<TcpHub>(std::move(executor));
    CS_CHECK(hub->adopt(descriptor));
    hub->start();
    inherited_tcp_.push_back(hub);
    return hub->local();
}

std::vector<Endpoint> Ports::unused() const {
    std::lock_guard const lock(mutex_);
    std::vector<Endpoint> out;
    for (auto const& hub : inherited_tcp_)
        if (hub->listeners().empty()) out.push_back(hub->local());
    for (auto const& hub : inherited_udp_)
        if (hub->listeners().empty()) out.push_back(hub->local());
    return out;
}

void Ports::share(Executor executor) {
    std::lock_guard const lock(mutex_);
    sharing_ = std::move(executor);
}

bool Ports::shared() const {
    std::lock_guard const lock(mutex_);
    return static_cast<bool>(sharing_);
}

void Ports::set_gate(Gate gate) {
    std::lock_guard const lock(mutex_);
    gate_ = std::make_shared<Gate const>(std::move(gate));
    gated_ = true;
}

Reception Ports::receive(Endpoint const& local) const {
    if (!gated_.load(std::memory_order_acquire)) return {};
    std::shared_ptr<Gate const> gate;
    {
        std::lock_guard const lock(mutex_);
        gate = gate_;
    }
    return (*gate)(local);
}

Result<std::shared_ptr<TcpHub>> Ports::tcp_for(Endpoint const& where) {
    std::lock_guard const lock(mutex_);
    if (auto hub = find_inherited(inherited_tcp_, where)) return hub;
    if (sharing_ && can_share(where)) return find_shared(shared_tcp_, where.port, sharing_);
    return std::shared_ptr<TcpHub>();
}

Result<std::shared_ptr<UdpHub>> Ports::udp_for(Endpoint const& where) {
    std::lock_guard const lock(mutex_);
    if (auto hub = find_inherited(inherited_udp_, where)) return hub;
    if (sharing_ && can_share(where)) return find_shared(shared_udp_, where.port, sharing_);
    return std::shared_ptr<UdpHub>();
}

void Ports::close() {
    std::lock_guard const lock(mutex_);
    for (auto const& hub : inherited_tcp_) hub->close();
    for (auto const& hub : inherited_udp_) hub->close();
    for (auto const& [port, hub] : shared_tcp_) hub->close();
    for (auto const& [port, hub] : shared_udp_) hub->close();
    inherited_tcp_.clear();
    inherited_udp_.clear();
    shared_tcp_.clear();
    shared_udp_.clear();
}

}  // namespace countersign::net
