#pragma once

/// One WebSocket on a connection of the HTTP server. Internal to this folder.

#include "net/connection.hpp"
#include "net/http/websocket.hpp"
#include "net/http/websocket_frames.hpp"
#include "net/sync.hpp"

#include <memory>
#include <string>

namespace countersign::net::http {

class WebSocketSession final : public WebSocket, public std::enable_shared_from_this<WebSocketSession> {
public:
    /// `input` was read behind the handshake already.
    WebSocketSession(std::shared_ptr<Connection> connection, std::string input, WebSocketLimits limits);

    Task<std::optional<std::string>> receive() override;
    bool send(std::string_view text) override;
    void close() override;

    /// Runs `talk`, then says goodbye and waits for the peer's.
    Task<> run(WebSocketTalk talk);

private:
    enum class State { open, said_goodbye, over };
    /// False: the conversation is over.
    Task<bool> read_more();
    void queue(std::string frame);
    static Task<> drain(std::shared_ptr<WebSocketSession> self);
    void say_goodbye(std::uint16_t code);
    void cut();
    void watch();

    std::shared_ptr<Connection> connection_;
    std::string input_;
    WebSocketLimits limits_;
    FrameReader reader_;
    State state_ = State::open;
    std::string pending_;
    bool writing_ = false;
    Signal written_;      ///< everything that was queued
    bool heard_ = false;  ///< since the timer looked last
    asio::steady_timer timer_;
};

}  // namespace countersign::net::http
