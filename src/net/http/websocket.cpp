/// The handshake. What comes after it stands in websocket_session.cpp.

#include "net/http/websocket.hpp"

#include "base/text.hpp"
#include "net/tls/digest.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>

namespace countersign::net::http {
namespace {

constexpr std::size_t k_most_protocols = 16;
constexpr std::size_t k_longest_protocol = 1024;
constexpr std::size_t k_key_bytes = 16;
constexpr std::string_view k_version = "13";

/// Members of a header that is a list, over all lines of that name (RFC 9110 section 5.6.1).
std::vector<std::string_view> members(Request const& request, std::string_view name) {
    std::vector<std::string_view> out;
    for (auto const line : request.fields.all(name))
        for (auto const part : split(line, ','))
            if (auto const member = trim(part); !member.empty()) out.push_back(member);
    return out;
}

bool has_member(Request const& request, std::string_view name, std::string_view wanted) {
    return std::ranges::any_of(members(request, name), [wanted](std::string_view member) { return iequals(member, wanted); });
}

/// A token of RFC 9110 section 5.6.2.
bool is_token(std::string_view text) {
    static constexpr std::string_view k_marks = "!#$%&'*+-.^_`|~";
    return !text.empty() && text.size() <= k_longest_protocol && std::ranges::all_of(text, [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || k_marks.find(c) != std::string_view::npos;
    });
}

}  // namespace

bool asks_for_websocket(Request const& request) { return has_member(request, "Upgrade", "websocket"); }

Result<WebSocketOffer> websocket_offer(Request const& request) {
    auto const refuse = [](std::string_view detail) { return fail(errors::net::websocket_expected, {{"detail", detail}}); };
    if (request.method != "GET") return refuse("the method is not GET");
    if (!asks_for_websocket(request)) return refuse("there is no Upgrade: websocket");
    if (!has_member(request, "Connection", "upgrade")) return refuse("there is no Connection: Upgrade");
    if (trim(request.fields.get("Sec-WebSocket-Version")) != k_version)
        return fail(errors::net::websocket_version, {{"version", request.fields.get("Sec-WebSocket-Version").substr(0, 20)}});
    WebSocketOffer offer;
    auto const keys = request.fields.all("Sec-WebSocket-Key");
    if (keys.size() != 1) return refuse("there is no Sec-WebSocket-Key");
    offer.key = trim(keys.front());
    auto const key = from_base64(offer.key);
    if (!key || key->size() != k_key_bytes) return refuse("Sec-WebSocket-Key is not 16 bytes in base64");
    for (auto const protocol : members(request, "Sec-WebSocket-Protocol")) {
        if (offer.protocols.size() == k_most_protocols || !is_token(protocol))
            return refuse("Sec-WebSocket-Protocol is not a list of tokens");
        offer.protocols.emplace_back(protocol);
    }
    return offer;
}

std::string websocket_accept_value(std::string_view key) {
    return to_base64(tls::sha1(std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"));
}

Response accept_websocket(WebSocketOffer const& offer, std::string_view protocol, WebSocketTalk talk, WebSocketLimits limits) {
    Response response;
    response.status = 101;
    response.fields.set("Upgrade", "websocket");
    response.fields.set("Sec-WebSocket-Accept", websocket_accept_value(offer.key));
    if (!protocol.empty()) response.fields.set("Sec-WebSocket-Protocol", protocol);
    response.upgrade = std::make_shared<Upgrade>(std::move(talk), limits);
    return response;
}

}  // namespace countersign::net::http
