#include "net/connection.hpp"
#include "net/port_hub.hpp"
#include "net/stream.hpp"

#include "countersign/errors/net.hpp"

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/redirect_error.hpp>

#include <array>
#include <mutex>

namespace countersign::net {

using asio::ip::udp;

namespace {

constexpr std::size_t k_largest_datagram = 65507;

udp::endpoint to_udp(asio::ip::tcp::endpoint const& endpoint) { return {endpoint.address(), endpoint.port()}; }
Endpoint from_udp(udp::endpoint const& endpoint) { return from_tcp({endpoint.address(), endpoint.port()}); }

using Answer = std::function<std::string(std::string_view datagram, Endpoint peer)>;

/// The socket is used under the mutex only, so that close() from any thread frees the port before it returns.
class UdpCore : public std::enable_shared_from_this<UdpCore> {
public:
    UdpCore(Executor const& executor, Answer answer) : ports_(Ports::of(executor)), socket_(executor), answer_(std::move(answer)) {}

    Result<void> open(Endpoint const& where) {
        auto refuse = [&where](std::string_view detail) {
            return fail(errors::net::cannot_listen, {{"address", to_string(where)}, {"detail", detail}});
        };
        auto endpoint = to_tcp(where);
        if (!endpoint) return refuse("this is not an IP address");
        boost::system::error_code failed;
        socket_.open(to_udp(*endpoint).protocol(), failed);
        if (failed) return refuse(failed.message());
        socket_.bind(to_udp(*endpoint), failed);
        if (failed) return refuse(failed.message());
        socket_.non_blocking(true, failed);
        local_ = from_udp(socket_.local_endpoint(failed));
        return {};
    }

    void receive() {
        std::lock_guard const lock(mutex_);
        if (!socket_.is_open()) return;
        socket_.async_wait(udp::socket::wait_read, [self = shared_from_this()](boost::system::error_code failed) {
            if (failed) return;
            self->answer_all();
            self->receive();
        });
    }

    void close() {
        std::lock_guard const lock(mutex_);
        boost::system::error_code ignored;
        socket_.close(ignored);
    }
    [[nodiscard]] Endpoint local() const { return local_; }

private:
    void answer_all() {
        constexpr int k_at_once = 64;  // then others have their turn
        thread_local std::array<char, k_largest_datagram> buffer;
        for (int i = 0; i < k_at_once; ++i) {
            boost::system::error_code failed;
            udp::endpoint from;
            std::size_t size = 0;
            {
                std::lock_guard const lock(mutex_);
                if (!socket_.is_open()) return;
                size = socket_.receive_from(asio::buffer(buffer), from, 0, failed);
            }
            if (failed == asio::error::would_block) return;
            if (failed) continue;  // an ICMP error of an answer of before
            if (ports_->receive(local_).kind != Reception::Kind::serve) continue;
            auto answer = answer_({buffer.data(), size}, from_udp(from));
            if (answer.empty()) continue;
            std::lock_guard const lock(mutex_);
            if (socket_.is_open()) socket_.send_to(asio::buffer(answer), from, 0, failed);
        }
    }

    std::shared_ptr<Ports> ports_;
    std::mutex mutex_;
    udp::socket socket_;
    Answer answer_;
    Endpoint local_;
};

class UdpListener final : public Listener {
public:
    explicit UdpListener(std::shared_ptr<UdpCore> core) : core_(std::move(core)) {}
    ~UdpListener() override { core_->close(); }
    [[nodiscard]] Endpoint local() const override { return core_->local(); }
    void close() override { core_->close(); }

private:
    std::shared_ptr<UdpCore> core_;
};

/// A listener on a port that is inherited or shared.
class HubListener final : public Listener {
public:
    HubListener(std::shared_ptr<UdpHub> hub, Endpoint where) : hub_(std::move(hub)), where_(std::move(where)) {}
    ~HubListener() override { HubListener::close(); }
    [[nodiscard]] Endpoint local() const override { return where_; }
    void close() override {
        if (auto const hub = std::exchange(hub_, nullptr)) hub->listeners().remove(hub_key(where_));
    }

private:
    std::shared_ptr<UdpHub> hub_;
    Endpoint where_;
};

Result<std::unique_ptr<Listener>> attach(std::shared_ptr<UdpHub> hub, Executor const& executor, Endpoint const& where, Answer answer) {
    // The address that was asked is known to the hub alone when this listens on all of them; the gate is asked for ours.
    auto gated = [ports = Ports::of(executor), where, answer = std::move(answer)](std::string_view datagram, Endpoint const& peer) {
        return ports->receive(where).kind == Reception::Kind::serve ? answer(datagram, peer) : std::string();
    };
    auto target = std::make_shared<UdpHub::Listener>(UdpHub::Listener{executor, std::move(gated)});
    if (!hub->listeners().add(hub_key(where), std::move(target)))
        return fail(errors::net::cannot_listen, {{"address", to_string(where)}, {"detail", "another listener of this program has it"}});
    return std::unique_ptr<Listener>(std::make_unique<HubListener>(std::move(hub), where));
}

}  // namespace

Result<std::unique_ptr<Listener>> listen_udp(Executor executor, Endpoint where,
                                             std::function<std::string(std::string_view datagram, Endpoint peer)> answer) {
    CS_TRY(auto hub, Ports::of(executor)->udp_for(where));
    if (hub) return attach(std::move(hub), executor, where, std::move(answer));
    auto core = std::make_shared<UdpCore>(executor, std::move(answer));
    CS_CHECK(core->open(where));
    core->receive();
    return std::unique_ptr<Listener>(std::make_unique<UdpListener>(std::move(core)));
}

Task<Result<std::string>> ask_udp(Endpoint where, std::string question, std::string bind_address, Milliseconds deadline) {
    auto executor = co_await asio::this_coro::executor;
    auto unreachable = [&where](std::string_view detail) {
        return fail(errors::net::unreachable, {{"peer", to_string(where)}, {"detail", detail}});
    };
    CS_CO_TRY(auto remote, to_tcp(where));
    // Shared with the timer's handler, which may run after this has ended.
    auto socket = std::make_shared<udp::socket>(executor);
    boost::system::error_code failed;
    socket->open(to_udp(remote).protocol(), failed);
    if (!failed && !bind_address.empty()) {
        CS_CO_TRY(auto from, to_tcp({bind_address, 0}));
        socket->bind(to_udp(from), failed);
    }
    // Connected: only the peer's datagrams arrive, and its ICMP errors.
    if (!failed) socket->connect(to_udp(remote), failed);
    if (!failed) socket->send(asio::buffer(question), 0, failed);
    if (failed == asio::error::connection_refused) co_return fail(errors::net::connection_refused, {{"peer", to_string(where)}});
    if (failed) co_return unreachable(failed.message());

    auto expired = std::make_shared<bool>(false);
    asio::steady_timer timer(executor, deadline);
    timer.async_wait([socket, expired](boost::system::error_code cancelled) {
        if (cancelled) return;
        *expired = true;
        boost::system::error_code ignored;
        socket->cancel(ignored);
    });
    std::string answer(k_largest_datagram, '\0');
    auto size = co_await socket->async_receive(asio::buffer(answer), asio::redirect_error(asio::use_awaitable, failed));
    if (*expired)
        co_return fail(errors::net::timed_out,
                       {{"peer", to_string(where)}, {"limit", std::to_string(deadline.count()) + " ms"}, {"step", "answer"}});
    if (failed == asio::error::connection_refused) co_return fail(errors::net::connection_refused, {{"peer", to_string(where)}});
    if (failed) co_return unreachable(failed.message());
    answer.resize(size);
    co_return answer;
}

Result<void> send_udp(Executor executor, Endpoint where, std::string_view datagram, std::string const& bind_address) {
    CS_TRY(auto remote, to_tcp(where));
    udp::socket socket(executor);
    boost::system::error_code failed;
    socket.open(to_udp(remote).protocol(), failed);
    if (!failed && !bind_address.empty()) {
        CS_TRY(auto from, to_tcp({bind_address, 0}));
        socket.bind(to_udp(from), failed);
    }
    if (!failed) socket.non_blocking(true, failed);
    if (!failed) socket.send_to(asio::buffer(datagram), to_udp(remote), 0, failed);
    if (failed) return fail(errors::net::unreachable, {{"peer", to_string(where)}, {"detail", failed.message()}});
    return {};
}

}  // namespace countersign::net
