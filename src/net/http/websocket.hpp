#pragma once

/// WebSockets of the HTTP server (RFC 6455): a handler looks at the handshake with websocket_offer() and answers with
/// accept_websocket(); the server then speaks frames instead of HTTP on that connection. Text messages only.
///
/// Limits: WebSocketLimits. A peer that sends nothing is asked with a ping, and is gone when it does not answer; one that does not read is
/// cut off when the queue is full.

#include "net/http/message.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::net::http {

struct WebSocketLimits {
    std::size_t message = 1024 * 1024;    ///< bytes of one that comes in
    std::size_t queue = 4 * 1024 * 1024;  ///< bytes that wait to be sent
    Milliseconds ping{30'000};            ///< of silence until the peer is asked
    Milliseconds idle{90'000};            ///< of silence until it is taken for gone
    Milliseconds closing{2'000};          ///< for the peer's answer to our goodbye
};

/// Used on the connection's executor only.
class WebSocket {
public:
    virtual ~WebSocket() = default;
    /// The next message; nothing: the conversation is over. One call at a time.
    virtual Task<std::optional<std::string>> receive() = 0;
    /// Sends when what was queued before is sent. False when the conversation is over.
    virtual bool send(std::string_view text) = 0;
    /// Says goodbye (code 1000); receive() then ends.
    virtual void close() = 0;
};

/// Until the conversation ends; what is not closed then is closed with code 1000.
using WebSocketTalk = std::function<Task<>(std::shared_ptr<WebSocket>)>;

/// What an answer with status 101 leads to.
struct Upgrade {
    WebSocketTalk talk;
    WebSocketLimits limits;
};

/// What a client's handshake holds.
struct WebSocketOffer {
    std::string key;
    std::vector<std::string> protocols;  ///< at most 16 of at most 1,024 bytes
};
/// The request wants to go on as WebSocket; whether it may is for websocket_offer().
bool asks_for_websocket(Request const& request);
/// NET-019 when the handshake is none (section 4.2.1); NET-020 for another version than 13.
Result<WebSocketOffer> websocket_offer(Request const& request);
/// 101. `protocol` is one of the offered, or empty: none is named then.
Response accept_websocket(WebSocketOffer const& offer, std::string_view protocol, WebSocketTalk talk, WebSocketLimits limits = {});
/// Sec-WebSocket-Accept for a key (section 4.2.2).
std::string websocket_accept_value(std::string_view key);

}  // namespace countersign::net::http
