#include "net/tls_stream.hpp"

#include "net/connection.hpp"

#include "countersign/errors/net.hpp"

#include <utility>

namespace countersign::net {
namespace {

class Stream final : public TlsStream {
public:
    explicit Stream(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
    ~Stream() override { connection_->close(); }
    Stream(Stream const&) = delete;
    Stream& operator=(Stream const&) = delete;

    Task<Result<void>> write(std::string data, Milliseconds deadline) override {
        auto connection = connection_;
        connection->expect_within(deadline, "write");
        // Nothing but the end is expected from there; what is written behind it would be lost.
        if (!connection->discard_input())
            co_return fail(errors::net::connection_lost, {{"peer", connection->peer_name()}, {"detail", "it closed"}});
        co_return co_await connection->write(data);
    }
    Task<Result<std::string>> read_some(std::size_t limit, Milliseconds deadline) override {
        auto connection = connection_;
        connection->expect_within(deadline, "answer");
        std::string got;
        CS_CO_TRY(auto const count, co_await connection->read_into(got, limit));
        (void)count;
        co_return got;
    }
    void close() override { connection_->close(); }

private:
    std::shared_ptr<Connection> connection_;
};

}  // namespace

Task<TlsOpened> connect_tls(TlsTarget target) {
    TlsOpened opened{.stream = fail(errors::net::unreachable), .handshake = {}};
    auto connection = std::make_shared<Connection>(co_await asio::this_coro::executor);
    auto stream = std::make_shared<Stream>(connection);
    connection->name_peer(target.name);
    connection->expect_within(target.deadline, "connect and handshake");
    if (auto connected = co_await connection->connect(target.where, target.bind_address); !connected) {
        opened.stream = fail(std::move(connected).error());
        co_return opened;
    }
    auto context = tls::ClientContext::get(target.profile, target.identity ? &*target.identity : nullptr);
    if (!context) {
        opened.stream = fail(std::move(context).error());
        co_return opened;
    }
    auto shaken = co_await connection->handshake(*std::move(context), {target.policy, target.name, target.at});
    opened.handshake = connection->session()->report();
    if (shaken)
        opened.stream = std::shared_ptr<TlsStream>(std::move(stream));
    else
        opened.stream = fail(std::move(shaken).error());
    co_return opened;
}

}  // namespace countersign::net
