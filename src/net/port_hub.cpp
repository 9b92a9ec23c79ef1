#include "net/port_hub.hpp"

#include "base/log.hpp"

#include "countersign/errors/net.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace countersign::net {

using asio::ip::tcp;
using asio::ip::udp;

namespace {

constexpr int k_at_once = 64;  // then others of the loop have their turn
constexpr std::size_t k_largest_datagram = 65507;

Error inherited(int descriptor, std::string_view detail) {
    return {errors::net::inherited_socket, {{"socket", std::to_string(descriptor)}, {"detail", detail}}};
}

Error cannot_listen(std::uint16_t port, std::string_view detail) {
    return {errors::net::cannot_listen, {{"address", "0.0.0.0:" + std::to_string(port)}, {"detail", detail}}};
}

/// Whose address is of IPv6, from the kernel's own word.
bool is_v6(int descriptor) {
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the interface of sockets
    return ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) == 0 && bound.ss_family == AF_INET6;
}

/// A descriptor on its way to another loop; closed when it does not arrive.
class Traveller {
public:
    explicit Traveller(int descriptor) : descriptor_(descriptor) {}
    ~Traveller() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    Traveller(Traveller const&) = delete;
    Traveller& operator=(Traveller const&) = delete;
    int arrive() { return std::exchange(descriptor_, -1); }
    [[nodiscard]] int get() const { return descriptor_; }

private:
    int descriptor_;
};

}  // namespace

void reset_now(tcp::socket socket) {
    boost::system::error_code ignored;
    socket.set_option(asio::socket_base::linger(true, 0), ignored);
    socket.close(ignored);
}

// --- TCP ---

Result<void> TcpHub::open(std::uint16_t port) {
    boost::system::error_code failed;
    tcp::endpoint const everywhere(tcp::v4(), port);
    acceptor_.open(everywhere.protocol(), failed);
    if (!failed) acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
    if (!failed) acceptor_.bind(everywhere, failed);
    if (!failed) acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    if (!failed) acceptor_.native_non_blocking(true, failed);
    if (failed) return fail(cannot_listen(port, failed.message()));
    local_ = {"0.0.0.0", port};
    return {};
}

Result<void> TcpHub::adopt(int descriptor) {
    boost::system::error_code failed;
    acceptor_.assign(is_v6(descriptor) ? tcp::v6() : tcp::v4(), descriptor, failed);
    if (failed) {
        ::close(descriptor);
        return fail(inherited(descriptor, failed.message()));
    }
    acceptor_.native_non_blocking(true, failed);
    if (!failed) local_ = from_tcp(acceptor_.local_endpoint(failed));
    if (failed) return fail(inherited(descriptor, failed.message()));
    return {};
}

void TcpHub::start() { wait(); }

void TcpHub::close() {
    std::lock_guard const lock(mutex_);
    boost::system::error_code ignored;
    acceptor_.close(ignored);
}

void TcpHub::wait() {
    std::lock_guard const lock(mutex_);
    if (!acceptor_.is_open()) return;
    acceptor_.async_wait(tcp::acceptor::wait_read, [self = shared_from_this()](boost::system::error_code failed) {
        if (failed) return;
        self->accept_some();
    });
}

void TcpHub::accept_some() {
    for (int i = 0; i < k_at_once; ++i) {
        int connected = -1;
        {
            std::lock_guard const lock(mutex_);
            if (!acceptor_.is_open()) return;
            connected = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        }
        if (connected >= 0) {
            pass_on(connected);
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno == EAGAIN || errno == EWOULDBLOCK) break;
        // Out of descriptors, most likely: wait until some are given back instead of asking again and again.
        log::warning("net.cannot_accept", {{"address", to_string(local_)}, {"detail", std::strerror(errno)}});
        spawn(
            acceptor_.get_executor(),
            [self = shared_from_this()]() -> Task<> {
                co_await sleep_for(Milliseconds(100));
                self->wait();
            },
            "accept");
        return;
    }
    wait();
}

void TcpHub::pass_on(int descriptor) {
    auto traveller = std::make_shared<Traveller>(descriptor);
    auto const family = is_v6(descriptor) ? tcp::v6() : tcp::v4();
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the interface of sockets
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&bound), &size) != 0) return;
    tcp::endpoint local;
    std::memcpy(local.data(), &bound, std::min<std::size_t>(size, local.capacity()));
    auto const where = from_tcp(local);
    auto const target = listeners_.find(where.address);
    if (!target) {
        linger const at_once{1, 0};
        ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        return;
    }
    auto const& executor = target->executors[next_++ % target->executors.size()];
    asio::post(executor, [target, traveller, executor, family, where] {
        boost::system::error_code failed;
        Socket socket(executor);
        socket.assign(family, traveller->get(), failed);
        if (failed) return;
        traveller->arrive();
        target->take(std::move(socket), where);
    });
}

// --- UDP ---

struct UdpHub::Datagram {
    std::string data;
    sockaddr_storage peer{};
    socklen_t peer_size = 0;
    std::string local;
    std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> control{};  ///< says where it came to, and then where the answer comes from
    std::size_t control_size = 0;
};

Result<void> UdpHub::open(std::uint16_t port) {
    boost::system::error_code failed;
    udp::endpoint const everywhere(udp::v4(), port);
    socket_.open(everywhere.protocol(), failed);
    if (!failed) socket_.bind(everywhere, failed);
    if (!failed) socket_.native_non_blocking(true, failed);
    int const yes = 1;
    if (!failed && ::setsockopt(socket_.native_handle(), IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes) != 0)
        return fail(cannot_listen(port, std::strerror(errno)));
    if (failed) return fail(cannot_listen(port, failed.message()));
    local_ = {"0.0.0.0", port};
    return {};
}

Result<void> UdpHub::adopt(int descriptor) {
    boost::system::error_code failed;
    bool const six = is_v6(descriptor);
    socket_.assign(six ? udp::v6() : udp::v4(), descriptor, failed);
    if (failed) {
        ::close(descriptor);
        return fail(inherited(descriptor, failed.message()));
    }
    socket_.native_non_blocking(true, failed);
    int const yes = 1;
    // An IPv6 socket that takes IPv4 too needs both.
    ::setsockopt(descriptor, IPPROTO_IP, IP_PKTINFO, &yes, sizeof yes);
    if (six) ::setsockopt(descriptor, IPPROTO_IPV6, IPV6_RECVPKTINFO, &yes, sizeof yes);
    auto const bound = socket_.local_endpoint(failed);
    if (failed) return fail(inherited(descriptor, failed.message()));
    local_ = from_tcp({bound.address(), bound.port()});
    return {};
}

void UdpHub::start() { wait(); }

void UdpHub::close() {
    std::lock_guard const lock(mutex_);
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void UdpHub::wait() {
    std::lock_guard const lock(mutex_);
    if (!socket_.is_open()) return;
    socket_.async_wait(udp::socket::wait_read, [self = shared_from_this()](boost::system::error_code failed) {
        if (failed) return;
        for (int i = 0; i < k_at_once && self->receive_one(); ++i) {
        }
        self->wait();
    });
}

bool UdpHub::receive_one() {
    thread_local std::array<char, k_largest_datagram> buffer;
    auto datagram = std::make_shared<Datagram>();
    iovec part{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_name = &datagram->peer;
    message.msg_namelen = sizeof datagram->peer;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = datagram->control.data();
    message.msg_controllen = datagram->control.size();
    ssize_t size = 0;
    {
        std::lock_guard const lock(mutex_);
        if (!socket_.is_open()) return false;
        size = ::recvmsg(socket_.native_handle(), &message, 0);
    }
    if (size < 0) return errno == EINTR || errno == ECONNREFUSED;  // the ICMP error of an answer of before
    for (auto* item = CMSG_FIRSTHDR(&message); item != nullptr; item = CMSG_NXTHDR(&message, item)) {
        if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
            in_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(item), sizeof info);
            datagram->local = asio::ip::address_v4(ntohl(info.ipi_addr.s_addr)).to_string();
            // The answer's source is the address that was asked, whatever the interface.
            info.ipi_spec_dst = info.ipi_addr;
            info.ipi_ifindex = 0;
            std::memcpy(CMSG_DATA(item), &info, sizeof info);
        } else if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
            in6_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(item), sizeof info);
            asio::ip::address_v6::bytes_type bytes{};
            std::memcpy(bytes.data(), &info.ipi6_addr, bytes.size());
            datagram->local = from_tcp({asio::ip::address_v6(bytes), 0}).address;
        }
    }
    datagram->peer_size = message.msg_namelen;
    datagram->control_size = message.msg_controllen;
    auto const target = listeners_.find(datagram->local);
    if (!target) return true;
    datagram->data.assign(buffer.data(), static_cast<std::size_t>(size));
    asio::post(target->executor, [self = shared_from_this(), target, datagram] {
        udp::endpoint peer;
        std::memcpy(peer.data(), &datagram->peer, std::min<std::size_t>(datagram->peer_size, peer.capacity()));
        datagram->data = target->answer(datagram->data, from_tcp({peer.address(), peer.port()}));
        if (!datagram->data.empty()) self->send(*datagram);
    });
    return true;
}

void UdpHub::send(Datagram const& answer) {
    auto data = answer.data;
    auto peer = answer.peer;
    auto control = answer.control;
    iovec part{data.data(), data.size()};
    msghdr message{};
    message.msg_name = &peer;
    message.msg_namelen = answer.peer_size;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = answer.control_size;
    std::lock_guard const lock(mutex_);
    // What cannot be sent is lost, as datagrams are.
    if (socket_.is_open() && ::sendmsg(socket_.native_handle(), &message, 0) < 0)
        log::debug("net.datagram_not_sent", {{"detail", std::strerror(errno)}});
}

}  // namespace countersign::net
