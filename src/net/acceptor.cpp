#include "net/acceptor.hpp"

#include "base/log.hpp"

#include "countersign/errors/net.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <array>
#include <sys/socket.h>

namespace countersign::net {

using asio::ip::tcp;

namespace {

constexpr Milliseconds k_longest_hold{600'000};

/// Reads what comes and never answers, until the peer gives up.
Task<> hold(std::shared_ptr<tcp::socket> socket) {
    auto const timer = std::make_shared<asio::steady_timer>(socket->get_executor(), k_longest_hold);
    timer->async_wait([held = std::weak_ptr(socket)](boost::system::error_code cancelled) {
        boost::system::error_code ignored;
        if (auto const late = held.lock(); late && !cancelled) late->close(ignored);
    });
    std::array<char, 4096> nowhere{};
    boost::system::error_code ended;
    while (!ended) co_await socket->async_read_some(asio::buffer(nowhere), asio::redirect_error(asio::use_awaitable, ended));
    timer->cancel();
}

}  // namespace

Result<std::shared_ptr<Acceptor>> Acceptor::open(std::vector<Executor> executors, Endpoint where) {
    auto self = std::make_shared<Acceptor>(std::move(executors));
    CS_TRY(self->hub_, self->ports_->tcp_for(where));
    if (!self->hub_) {
        CS_CHECK(self->open_own(where));
        return self;
    }
    auto target = std::make_shared<TcpHub::Listener>();
    target->executors = self->executors_;
    target->take = [held = std::weak_ptr(self)](Socket socket, Endpoint const& local) {
        auto const alive = held.lock();
        if (alive && !alive->is_closed()) alive->receive(std::move(socket), local);
    };
    if (!self->hub_->listeners().add(hub_key(where), std::move(target)))
        return fail(errors::net::cannot_listen, {{"address", to_string(where)}, {"detail", "another listener of this program has it"}});
    self->local_ = std::move(where);
    return self;
}

Result<void> Acceptor::open_own(Endpoint const& where) {
    auto refuse = [&where](std::string_view detail) {
        return fail(errors::net::cannot_listen, {{"address", to_string(where)}, {"detail", detail}});
    };
    auto endpoint = to_tcp(where);
    if (!endpoint) return refuse("this is not an IP address");
    boost::system::error_code failed;
    acceptor_.open(endpoint->protocol(), failed);
    if (failed) return refuse(failed.message());
    // Not for taking ports that others listen on (Linux refuses that), but for opening one again whose old connections
    // linger.
    acceptor_.set_option(tcp::acceptor::reuse_address(true), failed);
    if (endpoint->address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), failed);
    acceptor_.bind(*endpoint, failed);
    if (failed) return refuse(failed.message());
    acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) return refuse(failed.message());
    local_ = from_tcp(acceptor_.local_endpoint(failed));
    return {};
}

void Acceptor::start(std::function<void(Socket)> take) {
    {
        std::lock_guard const lock(mutex_);
        take_ = std::move(take);
    }
    if (!hub_) spawn(executors_.front(), [self = shared_from_this()] { return accept_all(self); }, "accept");
}

void Acceptor::close() {
    std::lock_guard const lock(mutex_);
    if (closed_) return;
    closed_ = true;
    if (hub_) {
        hub_->listeners().remove(hub_key(local_));
        return;
    }
    // The listening ends now, in whatever thread this is; the descriptor is closed where it is waited for.
    ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
    asio::post(executors_.front(), [self = shared_from_this()] {
        boost::system::error_code ignored;
        self->acceptor_.close(ignored);
    });
}

bool Acceptor::is_closed() const {
    std::lock_guard const lock(mutex_);
    return closed_;
}

void Acceptor::receive(Socket socket, Endpoint const& local) {
    std::function<void(Socket)> take;
    {
        std::lock_guard const lock(mutex_);
        take = take_;
    }
    // Between open and start nobody is served yet.
    if (!take) return reset_now(std::move(socket));
    auto const reception = ports_->receive(local);
    switch (reception.kind) {
        case Reception::Kind::reset: return reset_now(std::move(socket));
        case Reception::Kind::hold: {
            auto held = std::make_shared<Socket>(std::move(socket));
            spawn(held->get_executor(), [held] { return hold(held); }, "hold");
            return;
        }
        case Reception::Kind::serve: break;
    }
    if (reception.delay.count() == 0) return take(std::move(socket));
    auto held = std::make_shared<Socket>(std::move(socket));
    spawn(
        held->get_executor(),
        [self = shared_from_this(), held, take, delay = reception.delay]() -> Task<> {
            co_await sleep_for(delay);
            if (!self->is_closed()) take(std::move(*held));
        },
        "accept.delayed");
}

Task<> Acceptor::accept_all(std::shared_ptr<Acceptor> self) {
    for (std::size_t next = 0; !self->is_closed(); ++next) {
        boost::system::error_code failed;
        auto const& executor = self->executors_[next % self->executors_.size()];
        auto socket = co_await self->acceptor_.async_accept(executor, asio::redirect_error(asio::use_awaitable, failed));
        if (self->is_closed()) break;
        if (!failed) {
            self->receive(std::move(socket), self->local_);
        } else if (failed != asio::error::connection_aborted) {
            // Out of descriptors, most likely: wait until some are given back instead of asking again and again.
            log::warning("net.cannot_accept", {{"address", to_string(self->local_)}, {"detail", failed.message()}});
            co_await sleep_for(Milliseconds(100));
        }
    }
}

}  // namespace countersign::net
