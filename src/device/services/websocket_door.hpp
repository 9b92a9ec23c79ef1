#pragma once

/// `/ws` of the doors "http" and "https": the handshake with its log-in, then JSON-RPC (protocols 1.5). Offered where the family lists the
/// dialect `xapi_websocket`, and while its setting `service.websocket.mode`, if it has one, is not off.

#include "device/services/rpc_session.hpp"
#include "net/http/message.hpp"

#include <memory>
#include <optional>

namespace countersign::device {

class WebSocketDoor {
public:
    static constexpr std::string_view k_path = "/ws";
    static constexpr int k_max_sessions = 16;

    explicit WebSocketDoor(family::Service const& service) : service_(service) {}

    /// Nothing: not mine. Answers as the clients read them: 101; 401 where the family speaks this over HTTPS only, before a password is
    /// looked at, and without one; 403 for a wrong one; 404 while it is off; 429 after too many wrong ones; 503 over k_max_sessions.
    std::optional<net::http::Response> answer(std::shared_ptr<Unit> const& unit, net::http::Request const& request);

private:
    [[nodiscard]] bool is_offered(Unit const& unit) const;

    family::Service const& service_;
    std::shared_ptr<int> sessions_ = std::make_shared<int>(0);
};

}  // namespace countersign::device
