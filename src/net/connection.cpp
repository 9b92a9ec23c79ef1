#include "net/connection.hpp"

#include "net/revocation.hpp"

#include "countersign/errors/net.hpp"
#include "countersign/errors/tru.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace countersign::net {

using asio::ip::tcp;
using std::chrono::steady_clock;

namespace {

/// The timer looks at least this often; a deadline further away needs no timer of its own (see expect_within).
constexpr std::chrono::seconds k_look{5};

std::string in_words(Milliseconds limit) {
    return limit.count() % 1000 == 0 ? std::to_string(limit.count() / 1000) + " s" : std::to_string(limit.count()) + " ms";
}

}  // namespace

Result<tcp::endpoint> to_tcp(Endpoint const& endpoint) {
    boost::system::error_code failed;
    auto address = asio::ip::make_address(endpoint.address, failed);
    if (failed) return fail(errors::net::unreachable, {{"peer", to_string(endpoint)}, {"detail", "this is not an IP address"}});
    return tcp::endpoint(address, endpoint.port);
}

Endpoint from_tcp(tcp::endpoint const& endpoint) {
    auto address = endpoint.address();
    // A wildcard IPv6 listener shows IPv4 callers as ::ffff:192.0.2.1.
    if (address.is_v6() && address.to_v6().is_v4_mapped()) address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    return {address.to_string(), endpoint.port()};
}

Connection::Connection(Executor executor) : socket_(executor), timer_(executor) {}

Connection::Connection(Socket socket) : socket_(std::move(socket)), timer_(socket_.get_executor()) {
    boost::system::error_code ignored;
    socket_.native_non_blocking(true, ignored);
    socket_.set_option(tcp::no_delay(true), ignored);
    peer_ = from_tcp(socket_.remote_endpoint(ignored));
}

Connection::~Connection() = default;

std::string Connection::peer_name() const { return peer_name_.empty() ? to_string(peer_) : peer_name_; }

Endpoint Connection::local() const {
    boost::system::error_code ignored;
    return from_tcp(socket_.local_endpoint(ignored));
}

void Connection::expect_within(Milliseconds limit, char const* step) {
    limit_ = limit;
    step_ = step;
    timed_out_ = false;
    deadline_ = steady_clock::now() + limit;
    // Deadlines move with every request. A timer that looks early and goes to sleep again is cheaper than one that is
    // cancelled and armed each time.
    if (deadline_ < armed_) watch();
}

void Connection::expect_nothing() {
    deadline_ = k_never;
    timed_out_ = false;
}

void Connection::watch() {
    armed_ = std::min(deadline_, steady_clock::now() + k_look);
    timer_.expires_at(armed_);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
        if (cancelled) return;
        auto self = weak.lock();
        if (!self) return;
        self->armed_ = k_never;
        if (!self->socket_.is_open() || self->deadline_ == k_never) return;
        if (steady_clock::now() < self->deadline_) return self->watch();
        self->timed_out_ = true;
        boost::system::error_code ignored;
        self->socket_.cancel(ignored);
    });
}

Error Connection::timeout() const {
    return Error(errors::net::timed_out, {{"peer", peer_name()}, {"limit", in_words(limit_)}, {"step", step_}});
}

Error Connection::broken() {
    if (timed_out_) return timeout();
    if (session_ && !session_->failure().empty())
        return Error(session_->lost() ? errors::net::connection_lost : errors::net::tls_failed,
                     {{"peer", peer_name()}, {"detail", session_->failure()}});
    auto const* why = system_error_ != 0 ? std::strerror(system_error_) : "it was closed on this side";
    return Error(errors::net::connection_lost, {{"peer", peer_name()}, {"detail", why}});
}

Task<bool> Connection::wait_for(Step step) {
    boost::system::error_code failed;
    if (!timed_out_ && socket_.is_open())
        co_await socket_.async_wait(step == Step::want_write ? tcp::socket::wait_write : tcp::socket::wait_read,
                                    asio::redirect_error(asio::use_awaitable, failed));
    co_return !failed && !timed_out_ && socket_.is_open();
}

Task<Result<void>> Connection::connect(Endpoint where, std::string bind_address) {
    peer_ = where;
    CS_CO_TRY(auto remote, to_tcp(where));
    boost::system::error_code failed;
    socket_.open(remote.protocol(), failed);
    if (failed) co_return fail(errors::net::unreachable, {{"peer", peer_name()}, {"detail", failed.message()}});
    socket_.set_option(tcp::no_delay(true), failed);
    if (!bind_address.empty()) {
        // The port is chosen when connecting: as many connections as there are ports for each peer, not in all.
        int const yes = 1;
        ::setsockopt(socket_.native_handle(), IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
        CS_CO_TRY(auto from, to_tcp({bind_address, 0}));
        socket_.bind(from, failed);
        if (failed)
            co_return fail(errors::net::unreachable, {{"peer", peer_name()}, {"detail", "from " + bind_address + ": " + failed.message()}});
    }
    co_await socket_.async_connect(remote, asio::redirect_error(asio::use_awaitable, failed));
    if (timed_out_) co_return fail(timeout());
    if (failed == asio::error::connection_refused) co_return fail(errors::net::connection_refused, {{"peer", peer_name()}});
    if (failed == asio::error::timed_out) co_return fail(timeout());
    if (failed) co_return fail(errors::net::unreachable, {{"peer", peer_name()}, {"detail", failed.message()}});
    socket_.native_non_blocking(true, failed);
    co_return Result<void>();
}

Task<Result<void>> Connection::handshake(std::shared_ptr<tls::ClientContext const> context, tls::PeerCheck check) {
    session_ = std::make_unique<tls::Session>(*context, std::move(check), socket_.native_handle());
    context_ = std::move(context);
    return run_handshake();
}

Task<Result<void>> Connection::handshake(std::shared_ptr<tls::ServerContext const> context) {
    session_ = std::make_unique<tls::Session>(*context, socket_.native_handle());
    context_ = std::move(context);
    return run_handshake();
}

Task<Result<void>> Connection::run_handshake() {
    for (;;) {
        if (timed_out_ || !socket_.is_open()) co_return fail(broken());
        auto step = session_->handshake();
        if (step == Step::done) co_return co_await settle_revocation();
        if (step == Step::failed || step == Step::closed) co_return fail(session_->refused_peer() ? refused() : broken());
        if (!co_await wait_for(step)) co_return fail(broken());
    }
}

Task<Result<void>> Connection::settle_revocation() {
    if (!session_->unsettled()) co_return Result<void>();
    if (auto cache = session_->cache_to_ask()) {
        expect_nothing();  // the cache has a deadline of its own; a peer that is fine must not pay for a slow authority
        co_await cache->fetch(session_->verified_chain());
        if (!socket_.is_open()) co_return fail(broken());
    }
    session_->settle();
    if (session_->refused_peer()) co_return fail(refused());
    co_return Result<void>();
}

Error Connection::refused() {
    auto report = session_->report();
    auto const* policy = &session_->policy();
    if (auto const* pinned = std::get_if<tls::Pinned>(policy)) {
        std::string pins;
        for (auto const& pin : pinned->sha256) pins += (pins.empty() ? "" : ", ") + pin;
        return Error(errors::tru::pin_mismatch,
                     {{"peer", peer_name()}, {"seen", report.leaf() != nullptr ? report.leaf()->fingerprint() : "none"}, {"pinned", pins}});
    }
    Error error(errors::tru::verification_failed, {{"peer", peer_name()}});
    std::string detail;
    for (auto const& finding : report.verdict.findings) {
        if (!detail.empty()) detail += "; ";
        detail += finding.text;
        if (!finding.subject.empty()) detail += " (" + std::string(to_string(finding.kind)) + ", " + finding.subject + ')';
    }
    return error.with("detail", detail).with("findings", report.verdict.summary());
}

Connection::Step Connection::read_now(std::string& buffer, std::size_t limit, std::size_t& got) {
    // Bytes land here first, so that a connection that waits holds no buffer of its own.
    static thread_local std::array<char, 64 * 1024> scratch;
    auto size = std::min(limit, scratch.size());
    if (session_) {
        auto step = session_->read(scratch.data(), size, got);
        if (step == Step::done) buffer.append(scratch.data(), got);
        if (step == Step::closed) ended_properly_ = session_->ended_properly();
        return step;
    }
    auto count = ::recv(socket_.native_handle(), scratch.data(), size, 0);
    if (count > 0) {
        got = static_cast<std::size_t>(count);
        buffer.append(scratch.data(), got);
        return Step::done;
    }
    if (count == 0) {
        ended_properly_ = true;
        return Step::closed;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return Step::want_read;
    system_error_ = errno;
    return Step::failed;
}

Connection::Step Connection::write_now(std::string_view data, std::size_t& put) {
    if (session_) return session_->write(data, put);
    auto count = ::send(socket_.native_handle(), data.data(), data.size(), MSG_NOSIGNAL);
    if (count >= 0) {
        put = static_cast<std::size_t>(count);
        return Step::done;
    }
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return Step::want_write;
    system_error_ = errno;
    return Step::failed;
}

Task<Result<std::size_t>> Connection::read_into(std::string& buffer, std::size_t limit) {
    for (;;) {
        if (timed_out_ || !socket_.is_open()) co_return fail(broken());
        std::size_t got = 0;
        auto step = read_now(buffer, limit, got);
        if (step == Step::done) co_return got;
        if (step == Step::closed) co_return std::size_t{0};
        if (step == Step::failed || !co_await wait_for(step)) co_return fail(broken());
    }
}

Task<Result<void>> Connection::write(std::string_view data) {
    while (!data.empty()) {
        if (timed_out_ || !socket_.is_open()) co_return fail(broken());
        std::size_t put = 0;
        auto step = write_now(data, put);
        if (step == Step::done) {
            data.remove_prefix(put);
            continue;
        }
        if (step == Step::failed || step == Step::closed || !co_await wait_for(step)) co_return fail(broken());
    }
    co_return Result<void>();
}

bool Connection::readable_or_ended() const {
    if (!socket_.is_open()) return true;
    char byte = 0;
    auto count = ::recv(const_cast<Socket&>(socket_).native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

bool Connection::discard_input() {
    constexpr std::size_t k_most = 64 * 1024;
    std::string ignored;
    while (socket_.is_open() && !timed_out_ && ignored.size() < k_most) {
        std::size_t got = 0;
        auto const step = read_now(ignored, k_most, got);
        if (step == Step::want_read || step == Step::want_write) return true;
        if (step != Step::done) return false;
    }
    return false;
}

void Connection::close() {
    boost::system::error_code ignored;
    timer_.cancel();
    if (!socket_.is_open()) return;
    if (session_) session_->say_goodbye();
    socket_.close(ignored);
}

void Connection::reset() {
    boost::system::error_code ignored;
    timer_.cancel();
    if (!socket_.is_open()) return;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    socket_.close(ignored);
}

void Connection::close_behind_peer(Milliseconds grace) {
    if (!socket_.is_open()) return;
    if (session_) {
        session_->say_goodbye();
        session_.reset();
    } else {
        boost::system::error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
    }
    // A RST at the end, so that this side's port is free again at once. It can only meet a peer that has closed, or one
    // that did not react to our goodbye.
    boost::system::error_code ignored;
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
    expect_within(grace, "close");
    await_end();
}

void Connection::await_end() {
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](boost::system::error_code failed) {
        std::string discarded;
        std::size_t got = 0;
        auto step = failed || self->timed_out_ ? Step::failed : self->read_now(discarded, 16 * 1024, got);
        if (step == Step::want_read || step == Step::done) return self->await_end();
        self->reset();
    });
}

Task<> Connection::drain_and_close(std::size_t limit, Milliseconds grace) {
    boost::system::error_code ignored;
    if (session_) session_->say_goodbye();
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    expect_within(grace, "close");
    session_.reset();  // whatever comes now is of no interest
    std::size_t total = 0;
    while (total < limit) {
        std::string discarded;
        std::size_t got = 0;
        auto step = read_now(discarded, 64 * 1024, got);
        total += got;
        if (step == Step::done) continue;
        if (step != Step::want_read || !co_await wait_for(step)) break;
    }
    close();
}

}  // namespace countersign::net
