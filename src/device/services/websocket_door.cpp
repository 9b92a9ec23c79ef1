#include "device/services/websocket_door.hpp"

#include "base/text.hpp"
#include "device/services/http_door.hpp"
#include "net/http/auth.hpp"
#include "net/http/server.hpp"
#include "net/http/websocket.hpp"

#include "countersign/errors/acc.hpp"
#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

#include <algorithm>
#include <utility>

namespace countersign::device {

namespace http = net::http;

namespace {

constexpr std::string_view k_dialect = "xapi_websocket";
constexpr std::string_view k_protocol_prefix = "auth-";

bool speaks(family::Service const& service) { return std::ranges::find(service.dialects, k_dialect) != service.dialects.end(); }

http::Response refuse(Error const& error, int status) {
    auto response = http::problem(error);
    response.status = status;
    return response;
}

struct Login {
    http::Credentials credentials;
    std::string protocol;  ///< named in the answer; empty: none
};

std::optional<http::Credentials> read_login(std::string_view base64) {
    std::string text(base64);
    std::ranges::replace(text, '-', '+');
    std::ranges::replace(text, '_', '/');
    text.append((4 - text.size() % 4) % 4, '=');
    auto bytes = from_base64(text);
    if (!bytes) return std::nullopt;
    std::string pair(bytes->begin(), bytes->end());
    auto const colon = pair.find(':');
    if (colon == std::string::npos) return std::nullopt;
    http::Credentials read{pair.substr(0, colon), SecretText(pair.substr(colon + 1))};
    wipe(pair.data(), pair.size());
    wipe(bytes->data(), bytes->size());
    return read;
}

/// jsxapi hides them in the name of a protocol, as a browser lets a page send no header; others send basic (RFC 7617).
std::optional<Login> login_of(http::Request const& request, http::WebSocketOffer const& offer) {
    for (auto const& protocol : offer.protocols)
        if (protocol.starts_with(k_protocol_prefix))
            if (auto credentials = read_login(std::string_view(protocol).substr(k_protocol_prefix.size())))
                return Login{*std::move(credentials), protocol};
    constexpr std::string_view k_basic = "Basic ";
    auto const header = request.fields.get("Authorization");
    if (!istarts_with(header, k_basic)) return std::nullopt;
    auto credentials = read_login(trim(header.substr(k_basic.size())));
    if (!credentials) return std::nullopt;
    return Login{*std::move(credentials), {}};
}

net::Task<> converse(std::shared_ptr<Unit> unit, Actor actor, RpcSession::Numbers numbers, std::shared_ptr<http::WebSocket> socket,
                     std::shared_ptr<int const> held) {
    (void)held;  // counts this session until its end
    RpcSession session(std::move(unit), std::move(actor), numbers);
    session.on_push([weak = std::weak_ptr(socket)](std::string_view event) {
        if (auto const alive = weak.lock()) alive->send(event);
    });
    while (auto message = co_await socket->receive())
        for (auto const& answer : co_await session.handle(*std::move(message))) socket->send(answer);
}

}  // namespace

bool WebSocketDoor::is_offered(Unit const& unit) const { return !iequals(unit.effective_canonical("service.websocket.mode"), "off"); }

std::optional<http::Response> WebSocketDoor::answer(std::shared_ptr<Unit> const& unit, http::Request const& request) {
    if (request.path != k_path || std::ranges::none_of(unit->family().services, speaks)) return std::nullopt;
    if (!is_offered(*unit)) return refuse(Error(errors::gen::not_found, {{"what", "page"}, {"name", k_path}}), 404);
    // No password may come in the clear where the family does not want it: nothing of the request is looked at.
    if (!speaks(service_)) return refuse(Error(errors::acc::https_needed), 401);

    Actor actor{service_.id, {}, request.peer.address};
    if (auto const from = forged_from(request)) {
        unit->report("request.forged", {{"from", *from}, {"peer", actor.peer}});
        return refuse(Error(errors::acc::forbidden, {{"detail", *from}}), 403);
    }
    auto const offer = http::websocket_offer(request);
    if (!offer) {
        auto response = http::problem(offer.error());
        if (offer.error().id() == errors::net::websocket_version) response.fields.set("Sec-WebSocket-Version", "13");
        return response;
    }
    auto const login = login_of(request, *offer);
    if (!login) {
        auto response = http::Response::text(401, "Log in.\n");
        if (request.secure) response.fields.set("WWW-Authenticate", "Basic realm=\"" + unit->family().login.realm + "\"");
        return response;
    }
    actor.user = login->credentials.user;
    if (auto const allowed = unit->authenticate(actor.user, login->credentials.password, actor); !allowed) {
        if (allowed.error().id() != errors::acc::locked_out) return refuse(allowed.error(), 403);
        auto response = http::problem(allowed.error());
        response.fields.set("Retry-After", allowed.error().parameter("seconds"));
        return response;
    }
    if (*sessions_ >= k_max_sessions) {
        auto response = http::Response::text(503, "There are too many sessions.\n");
        response.fields.set("Retry-After", "30");
        return response;
    }
    auto const numbers = request.query.contains("legacy") ? RpcSession::Numbers::text : RpcSession::Numbers::plain;
    ++*sessions_;
    std::shared_ptr<int const> const held(sessions_.get(), [sessions = sessions_](int const*) { --*sessions; });
    return http::accept_websocket(*offer, login->protocol,
                                  [unit, actor, numbers, held](std::shared_ptr<http::WebSocket> socket) {
                                      return converse(unit, actor, numbers, std::move(socket), held);
                                  },
                                  {.message = dialect::xapi::k_max_rpc_message});
}

}  // namespace countersign::device
