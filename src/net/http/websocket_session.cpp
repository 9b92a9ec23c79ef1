#include "net/http/websocket_session.hpp"

#include <utility>

namespace countersign::net::http {
namespace {

constexpr std::size_t k_read_size = 64 * 1024;

}  // namespace

WebSocketSession::WebSocketSession(std::shared_ptr<Connection> connection, std::string input, WebSocketLimits limits)
    : connection_(std::move(connection)),
      input_(std::move(input)),
      limits_(limits),
      reader_(limits.message),
      timer_(connection_->executor()) {}

Task<> WebSocketSession::run(WebSocketTalk talk) {
    auto self = shared_from_this();
    connection_->expect_within(limits_.idle, "message");
    watch();
    co_await talk(self);
    close();
    while (co_await receive()) {
    }
    timer_.cancel();
    auto const seen = written_.count();
    if (writing_) co_await written_.wait_beyond(seen, limits_.closing);
    // Not closed at once: what the peer still sends would be answered with a reset, and that destroys our goodbye.
    if (connection_->is_open()) co_await connection_->drain_and_close(limits_.message, limits_.closing);
}

Task<std::optional<std::string>> WebSocketSession::receive() {
    while (state_ != State::over) {
        auto input = reader_.next(input_);
        if (auto* message = std::get_if<FrameReader::Message>(&input)) {
            if (state_ == State::open) co_return std::move(message->text);
        } else if (auto const* ping = std::get_if<FrameReader::Ping>(&input)) {
            if (state_ == State::open) queue(write_frame(Opcode::pong, ping->payload));
        } else if (auto const* violation = std::get_if<FrameReader::Violation>(&input)) {
            say_goodbye(violation->code);
            // What follows cannot be read as frames any more.
            state_ = State::over;
        } else if (auto const* goodbye = std::get_if<FrameReader::Close>(&input)) {
            say_goodbye(goodbye->code);
            state_ = State::over;
        } else if (std::holds_alternative<FrameReader::NeedMore>(input)) {
            if (!co_await read_more()) state_ = State::over;
        }
    }
    co_return std::nullopt;
}

Task<bool> WebSocketSession::read_more() {
    auto const got = co_await connection_->read_into(input_, k_read_size);
    if (!got || *got == 0) co_return false;
    heard_ = true;
    if (state_ == State::open) connection_->expect_within(limits_.idle, "message");
    co_return true;
}

bool WebSocketSession::send(std::string_view text) {
    if (state_ != State::open) return false;
    queue(write_frame(Opcode::text, text));
    return state_ == State::open;
}

void WebSocketSession::close() { say_goodbye(websocket_close::normal); }

void WebSocketSession::say_goodbye(std::uint16_t code) {
    if (state_ != State::open) return;
    queue(write_frame(Opcode::close, close_payload(code)));
    state_ = State::said_goodbye;
    connection_->expect_within(limits_.closing, "goodbye");
}

void WebSocketSession::queue(std::string frame) {
    if (pending_.size() + frame.size() > limits_.queue) return cut();
    pending_ += frame;
    if (std::exchange(writing_, true)) return;
    spawn(connection_->executor(), [self = shared_from_this()] { return drain(self); }, "websocket output");
}

Task<> WebSocketSession::drain(std::shared_ptr<WebSocketSession> self) {
    while (!self->pending_.empty()) {
        auto const frames = std::exchange(self->pending_, {});
        if (auto const sent = co_await self->connection_->write(frames); !sent) self->cut();
    }
    self->writing_ = false;
    self->written_.raise();
}

/// The peer does not read, or has gone: there is nobody to say goodbye to.
void WebSocketSession::cut() {
    pending_.clear();
    state_ = State::over;
    connection_->close();
}

/// Asks a silent peer whether it is still there.
void WebSocketSession::watch() {
    timer_.expires_after(limits_.ping);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
        auto const self = weak.lock();
        if (cancelled || !self || self->state_ != State::open) return;
        if (!std::exchange(self->heard_, false)) self->queue(write_frame(Opcode::ping, {}));
        self->watch();
    });
}

}  // namespace countersign::net::http
