#include "net/connection.hpp"
#include "net/stream.hpp"

#include "countersign/errors/net.hpp"

namespace countersign::net {

std::string_view to_string(PortState state) {
    switch (state) {
        case PortState::open: return "open";
        case PortState::refused: return "refused";
        case PortState::silent: return "silent";
        case PortState::unreachable: return "unreachable";
    }
    return "unreachable";
}

namespace {

/// How long a peer may take to close after us before its connection is reset.
constexpr Milliseconds k_grace{500};

PortState state_of(Error const& error) {
    if (error.id() == errors::net::connection_refused) return PortState::refused;
    if (error.id() == errors::net::timed_out) return PortState::silent;
    return PortState::unreachable;
}

}  // namespace

KeptConnection::~KeptConnection() {
    if (connection_) connection_->close_behind_peer(k_grace);
}

Task<PortReport> probe(ProbeRequest request) {
    auto connection = std::make_shared<Connection>(co_await asio::this_coro::executor);
    if (!request.server_name.empty()) connection->name_peer(to_string(Endpoint{request.server_name, request.where.port}));
    connection->expect_within(request.deadline, "probe");
    PortReport report;
    auto connected = co_await connection->connect(std::move(request.where), std::move(request.bind_address));
    if (!connected) {
        report.state = state_of(connected.error());
        connection->close();
        co_return report;
    }
    report.state = PortState::open;
    if (!request.tls) {
        connection->close_behind_peer(k_grace);
        co_return report;
    }
    auto context = tls::ClientContext::get(request.profile, nullptr);
    if (!context) {
        report.tls_error = std::move(context.error());
        connection->reset();
        co_return report;
    }
    auto at = request.at == UtcTime{} ? SystemClock().now() : request.at;
    auto shaken = co_await connection->handshake(*std::move(context), {*std::move(request.tls), std::move(request.server_name), at});
    auto const* session = connection->session();
    auto shown = session->report();
    // A peer that we refused did speak TLS: what is wrong with it is in the verdict.
    if (!shaken && !session->refused_peer()) report.tls_error = std::move(shaken.error());
    if (!shown.presented.empty()) report.tls = std::move(shown);
    if (shaken && request.keep) {
        connection->expect_nothing();
        report.kept.emplace(std::move(connection));
        co_return report;
    }
    connection->close_behind_peer(k_grace);
    co_return report;
}

}  // namespace countersign::net
