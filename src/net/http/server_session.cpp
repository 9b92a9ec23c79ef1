#include "net/http/server_session.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "net/http/target.hpp"
#include "net/http/websocket_session.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>

namespace countersign::net::http {

namespace beast = boost::beast;
using Parser = beast::http::request_parser<beast::http::string_body>;

namespace {

constexpr std::size_t k_read_size = 64 * 1024;

Response plain(int status) { return Response::text(status, std::string(reason_phrase(status)) + '\n'); }

int status_of(beast::error_code const& failed) {
    if (failed == beast::http::error::header_limit) return 431;
    if (failed == beast::http::error::body_limit) return 413;
    if (failed == beast::http::error::bad_version) return 505;
    return 400;
}

/// A request begins with a method, which is a token (RFC 9110 section 5.6.2). Seen at the first bytes, so that a TLS
/// hello or other rubbish gets its answer without waiting for the end of a head that never comes.
bool may_begin_request(std::string_view text) {
    static constexpr std::string_view k_marks = "!#$%&'*+-.^_`|~";
    constexpr std::size_t k_longest_method = 32;
    auto end = std::min(text.find(' '), text.size());
    if (end == 0 || end > k_longest_method) return text.empty();
    return std::ranges::all_of(text.substr(0, end), [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || k_marks.find(c) != std::string_view::npos;
    });
}

/// No answer can smuggle a second header line, whatever a handler put into a value.
void append_field(std::string& head, std::string_view name, std::string_view value) {
    auto clean = [&head](std::string_view text) {
        for (char c : text) head += static_cast<unsigned char>(c) < 0x20 && c != '\t' ? ' ' : c;
    };
    clean(name);
    head += ": ";
    clean(value);
    head += "\r\n";
}

std::string const& http_date() {
    thread_local UtcTime at{};
    thread_local std::string text;
    auto now = SystemClock().now();
    if (text.empty() || now != at) {
        at = now;
        text = to_http_date(now);
    }
    return text;
}

bool has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

std::string hex_size(std::size_t size) {
    char text[2 * sizeof size];
    auto end = std::to_chars(std::begin(text), std::end(text), size, 16).ptr;
    return {text, static_cast<std::size_t>(end - text)};
}

}  // namespace

/// Feeds what was read to the parser, without copies of its own.
class ServerSession::Reader {
public:
    Reader(std::string& input, ServerLimits const& limits) : input_(input) {
        parser.header_limit(static_cast<std::uint32_t>(limits.head_bytes));
        parser.body_limit(boost::none);  // the service says it when the head is known
    }
    /// True when more bytes are needed.
    bool feed(beast::error_code& failed) {
        failed = {};
        if (input_.empty()) return true;
        auto used = parser.put(asio::buffer(input_), failed);
        input_.erase(0, used);
        if (failed == beast::http::error::need_more) {
            failed = {};
            return true;
        }
        return false;
    }
    Parser parser;

private:
    std::string& input_;
};

ServerSession::ServerSession(std::shared_ptr<Serving const> serving, asio::ip::tcp::socket socket,
                             std::shared_ptr<tls::ServerContext const> tls)
    : serving_(std::move(serving)), connection_(std::make_shared<Connection>(std::move(socket))), tls_(std::move(tls)) {}

void ServerSession::close_if_idle() {
    if (auto const websocket = websocket_.lock()) return websocket->close();
    if (idle_) connection_->close();
}

void ServerSession::end_soon() {
    ending_ = true;
    close_if_idle();
}

void ServerSession::close_now() { connection_->close(); }

Task<> ServerSession::run() {
    if (tls_) {
        connection_->expect_within(serving_->limits.handshake, "handshake");
        auto shaken = co_await connection_->handshake(tls_);
        if (!shaken) {
            log::debug("http.handshake_failed", {{"peer", connection_->peer_name()}, {"detail", shaken.error().message()}});
            connection_->close();
            co_return;
        }
    }
    // Asked to end during the handshake or while an answer was written: what it was let in for is over.
    for (bool more = !ending_; more;) {
        auto incoming = co_await read_request();
        if (incoming.refusal) {
            if (co_await answer(*std::move(incoming.refusal), {.head = false, .old = incoming.old, .close = true}))
                co_await connection_->drain_and_close(1024 * 1024, Milliseconds(2000));
            break;
        }
        // Asked to end before the request was whole: nobody looked at it yet, and who sent it is no longer let in by what was proved.
        if (!incoming.request || ending_) break;
        connection_->expect_nothing();
        Shape shape{.head = incoming.request->method == "HEAD", .old = incoming.old};
        auto response = co_await handle(*std::move(incoming.request));
        ++served_;
        if (response.upgrade && !shape.old) {
            auto const upgrade = response.upgrade;
            if (co_await answer(std::move(response), shape)) co_await converse(upgrade);
            break;
        }
        shape.close = !incoming.keep || served_ >= serving_->limits.requests_per_connection || serving_->draining || ending_ ||
                      iequals(response.fields.get("Connection"), "close");
        more = co_await answer(std::move(response), shape) && !shape.close && !ending_;
    }
    connection_->close();
}

Task<> ServerSession::converse(std::shared_ptr<Upgrade const> upgrade) {
    auto const websocket = std::make_shared<WebSocketSession>(connection_, std::move(input_), upgrade->limits);
    websocket_ = websocket;
    if (serving_->draining || ending_) websocket->close();
    try {
        co_await websocket->run(upgrade->talk);
    } catch (std::exception const& error) {
        log::error("http.websocket_threw", {{"detail", error.what()}});
    }
}

Task<Response> ServerSession::handle(Request request) {
    try {
        co_return co_await serving_->service->handle(std::move(request));
    } catch (std::exception const& error) {
        log::error("http.handler_threw", {{"detail", error.what()}});
    } catch (...) {
        log::error("http.handler_threw", {{"detail", "not a std::exception"}});
    }
    co_return problem(Error(errors::gen::internal));
}

void ServerSession::fill(Request& request) const {
    request.peer = connection_->peer();
    request.local = connection_->local();
    request.secure = connection_->secure();
    if (auto const* session = connection_->session()) {
        request.shown_certificates = session->peer_certificates();
        if (session->peer_verified()) request.client_certificates = request.shown_certificates;
    }
}

namespace {

/// Everything of the head. Nothing when it is malformed.
std::optional<Request> request_of(Parser const& parser) {
    auto const& message = parser.get();
    Request request;
    request.method = message.method_string();
    request.target = message.target();
    for (auto const& field : message) request.fields.add(field.name_string(), field.value());
    // RFC 9112 section 3.2: exactly one Host in HTTP/1.1.
    auto hosts = request.fields.all("Host").size();
    if (hosts > 1 || (hosts == 0 && message.version() >= 11)) return std::nullopt;
    auto target = parse_target(request.target);
    if (!target) return std::nullopt;
    request.path = std::move(target->path);
    request.query = std::move(target->query);
    return request;
}

}  // namespace

Task<ServerSession::Incoming> ServerSession::read_request() {
    auto const& limits = serving_->limits;
    Reader reader(input_, limits);
    auto& parser = reader.parser;
    Incoming incoming;
    beast::error_code failed;

    idle_ = input_.empty();
    connection_->expect_within(idle_ && served_ > 0 ? limits.idle : limits.head, "request");
    while (reader.feed(failed)) {
        auto got = co_await connection_->read_into(input_, k_read_size);
        if (!got && connection_->timed_out() && !input_.empty()) incoming.refusal = plain(408);
        if (!got || *got == 0) co_return incoming;
        if (idle_) connection_->expect_within(limits.head, "request head");
        idle_ = false;
        if (!may_begin_request(input_)) failed = beast::http::error::bad_method;
        if (failed) break;
    }
    idle_ = false;
    if (failed) {
        incoming.refusal = plain(status_of(failed));
        co_return incoming;
    }

    incoming.old = parser.get().version() < 11;
    incoming.keep = parser.keep_alive();
    incoming.request = request_of(parser);
    if (!incoming.request) {
        incoming.refusal = plain(400);
        co_return incoming;
    }
    auto& request = *incoming.request;
    fill(request);
    if (parser.is_done()) co_return incoming;

    auto limit = serving_->service->body_limit(request);
    auto length = parser.content_length();
    if (length && *length > limit) {
        incoming.refusal = problem(Error(errors::net::body_too_large, {{"limit", std::to_string(limit)}}));
        co_return incoming;
    }
    if (auto expect = request.fields.get("Expect"); !expect.empty()) {
        if (!iequals(expect, "100-continue")) {
            incoming.refusal = plain(417);
            co_return incoming;
        }
        if (input_.empty() && !co_await write("HTTP/1.1 100 Continue\r\n\r\n")) {
            incoming.request.reset();
            co_return incoming;
        }
    }

    parser.body_limit(limit);
    parser.eager(true);
    connection_->expect_within(limits.body, "request body");
    while (!parser.is_done()) {
        bool const more = reader.feed(failed);
        if (failed) break;
        if (!more) continue;
        auto got = co_await connection_->read_into(input_, k_read_size);
        if (got && *got > 0) continue;
        incoming.request.reset();
        if (!got && connection_->timed_out()) incoming.refusal = plain(408);
        co_return incoming;
    }
    if (failed) {
        incoming.refusal = failed == beast::http::error::body_limit
                               ? problem(Error(errors::net::body_too_large, {{"limit", std::to_string(limit)}}))
                               : plain(status_of(failed));
        co_return incoming;
    }
    request.body = std::move(parser.get().body());
    co_return incoming;
}

std::string ServerSession::head_of(Response const& response, Shape shape) const {
    std::string head;
    head.reserve(512);
    head += "HTTP/1.1 " + std::to_string(response.status) + ' ';
    head += reason_phrase(response.status);
    head += "\r\n";
    append_field(head, "Date", http_date());
    if (!response.fields.has("Server")) append_field(head, "Server", serving_->server_name);
    for (auto const& [name, value] : serving_->headers)
        if (!response.fields.has(name)) append_field(head, name, value);
    for (auto const& field : response.fields.list()) {
        // The framing is ours alone.
        if (iequals(field.name, "Content-Length") || iequals(field.name, "Transfer-Encoding") || iequals(field.name, "Connection") ||
            iequals(field.name, "Date"))
            continue;
        append_field(head, field.name, field.value);
    }
    if (response.stream && !shape.old) {
        head += "Transfer-Encoding: chunked\r\n";
    } else if (!response.stream && !has_no_body(response.status)) {
        head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    }
    if (response.upgrade && response.status == 101) {
        head += "Connection: Upgrade\r\n";
    } else if (shape.close) {
        head += "Connection: close\r\n";
    } else if (shape.old) {
        head += "Connection: keep-alive\r\n";
    }
    return head + "\r\n";
}

Task<Result<void>> ServerSession::write(std::string data) {
    connection_->expect_within(serving_->limits.write, "answer");
    co_return co_await connection_->write(data);
}

Task<bool> ServerSession::answer(Response response, Shape shape) {
    bool const streamed = static_cast<bool>(response.stream) && !has_no_body(response.status);
    if (!streamed) response.stream = nullptr;
    if (streamed && shape.old) shape.close = true;  // the end of the connection is the end of the body
    auto head = head_of(response, shape);
    if (streamed && !shape.head) co_return co_await stream(std::move(response), std::move(head), shape);
    if (!shape.head && !has_no_body(response.status)) {
        constexpr std::size_t k_one_write = 64 * 1024;
        if (response.body.size() <= k_one_write) {
            head += response.body;
        } else {
            if (!co_await write(std::move(head))) co_return false;
            head = std::move(response.body);
        }
    }
    auto written = co_await write(std::move(head));
    co_return written.has_value();
}

Task<Result<void>> ServerSession::write_piece(std::shared_ptr<ServerSession> self, std::string piece, bool chunked) {
    if (piece.empty()) co_return Result<void>();  // an empty chunk would end the body
    if (chunked) piece = hex_size(piece.size()) + "\r\n" + piece + "\r\n";
    auto written = co_await self->write(std::move(piece));
    self->connection_->expect_nothing();
    co_return written;
}

Task<bool> ServerSession::stream(Response response, std::string head, Shape shape) {
    if (!co_await write(std::move(head))) co_return false;
    connection_->expect_nothing();
    bool whole = true;
    try {
        co_await response.stream(
            [self = shared_from_this(), chunked = !shape.old](std::string piece) { return write_piece(self, std::move(piece), chunked); });
    } catch (std::exception const& error) {
        log::error("http.stream_threw", {{"detail", error.what()}});
        whole = false;  // without its end the client sees that something is missing
    }
    if (!whole || shape.old) co_return false;
    auto ended = co_await write("0\r\n\r\n");
    co_return ended.has_value();
}

}  // namespace countersign::net::http
