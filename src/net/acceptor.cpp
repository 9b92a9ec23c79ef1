#include "net/acceptor.hpp"

#include "base/log.hpp"

#include "countersign/errors/net.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/redirect_error.hpp>

#include <sys/socket.h>

namespace countersign::net {

using asio::ip::tcp;

Result<std::shared_ptr<Acceptor>> Acceptor::open(std::vector<Executor> executors, Endpoint where) {
    auto self = std::make_shared<Acceptor>(std::move(executors));
    auto refuse = [&where](std::string_view detail) {
        return fail(errors::net::cannot_listen, {{"address", to_string(where)}, {"detail", detail}});
    };
    auto endpoint = to_tcp(where);
    if (!endpoint) return refuse("this is not an IP address");
    auto& acceptor = self->acceptor_;
    boost::system::error_code failed;
    acceptor.open(endpoint->protocol(), failed);
    if (failed) return refuse(failed.message());
    // Not for taking ports that others listen on (Linux refuses that), but for opening one again whose old connections
    // linger.
    acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
    if (endpoint->address().is_v6()) acceptor.set_option(asio::ip::v6_only(false), failed);
    acceptor.bind(*endpoint, failed);
    if (failed) return refuse(failed.message());
    acceptor.listen(asio::socket_base::max_listen_connections, failed);
    if (failed) return refuse(failed.message());
    self->local_ = from_tcp(acceptor.local_endpoint(failed));
    return self;
}

void Acceptor::start(std::function<void(Socket)> take) {
    spawn(executors_.front(), [self = shared_from_this(), take = std::move(take)] { return accept_all(self, take); }, "accept");
}

void Acceptor::close() {
    std::lock_guard const lock(mutex_);
    if (closed_) return;
    closed_ = true;
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

Task<> Acceptor::accept_all(std::shared_ptr<Acceptor> self, std::function<void(Socket)> take) {
    for (std::size_t next = 0; !self->is_closed(); ++next) {
        boost::system::error_code failed;
        auto socket = co_await self->acceptor_.async_accept(self->executors_[next % self->executors_.size()],
                                                            asio::redirect_error(asio::use_awaitable, failed));
        if (self->is_closed()) break;
        if (!failed) {
            take(std::move(socket));
        } else if (failed != asio::error::connection_aborted) {
            // Out of descriptors, most likely: wait until some are given back instead of asking again and again.
            log::warning("net.cannot_accept", {{"address", to_string(self->local_)}, {"detail", failed.message()}});
            co_await sleep_for(Milliseconds(100));
        }
    }
}

}  // namespace countersign::net
