#include "net/survey/talk.hpp"

#include "host/crypto.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>
#include <string_view>

namespace countersign::net::survey {

namespace {

/// What is read at once.
constexpr std::size_t k_piece = 16 * 1024;
/// Some answers take longer than others, and some peers are far away.
constexpr Milliseconds k_least_patience{1000};
constexpr int k_patience_factor = 20;
/// How long a server gets to refuse a client that has shown no certificate (TLS 1.3 says so after the handshake).
constexpr Milliseconds k_late_refusal{1000};
/// How long a delicate server gets to close its side.
constexpr Milliseconds k_grace{500};

Reply::Kind kind_of(Error const& error) { return error.id() == errors::net::timed_out ? Reply::Kind::silent : Reply::Kind::closed; }

}  // namespace

std::string Reply::in_words() const {
    switch (kind) {
        case Kind::chosen:
            return "chose " + std::string(to_string(static_cast<Version>(flight.version))) + ", " + cipher_name(flight.cipher);
        case Kind::alert: return "alert " + alert_name(flight.alert.value_or(0));
        case Kind::silent: return "silent";
        case Kind::closed: return "closed";
        case Kind::not_tls: return "not TLS";
        case Kind::malformed: return "broken TLS";
        case Kind::start_tls_refused: return "STARTTLS refused";
        case Kind::unreachable: return "not reached";
        case Kind::not_asked: return "not asked";
    }
    return "not asked";
}

Talk::Talk(SurveyRequest const& request) : request_(request), patience_(request.deadline) {}

bool Talk::begin() {
    if (connections_ >= request_.connections || elapsed() >= request_.timeout) {
        cut_short_ = true;
        return false;
    }
    ++connections_;
    return true;
}

void Talk::expect_as_quick_as(Milliseconds first) {
    patience_ = std::min(request_.deadline, std::max(k_least_patience, first * k_patience_factor));
}

Milliseconds Talk::elapsed() const { return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now() - started_); }

Milliseconds Talk::patience() const { return std::clamp(request_.timeout - elapsed(), Milliseconds(1), patience_); }

Task<bool> Talk::open(std::shared_ptr<Connection> connection, Reply& reply) {
    connection->expect_within(patience(), "survey");
    auto connected = co_await connection->connect(request_.where, request_.bind_address);
    if (!connected) {
        reply.kind = Reply::Kind::unreachable;
        reply.error = std::move(connected.error());
        co_return false;
    }
    StartTlsDialogue dialogue(request_.start_tls, request_.server_name.empty() ? request_.where.address : request_.server_name);
    auto step = dialogue.begin();
    while (step.state == StartTlsDialogue::State::more) {
        if (!step.say.empty()) {
            if (auto written = co_await connection->write(step.say); !written) {
                reply.kind = kind_of(written.error());
                co_return false;
            }
        }
        std::string piece;
        auto got = co_await connection->read_into(piece, k_piece);
        if (!got || *got == 0) {
            reply.kind = got ? Reply::Kind::closed : kind_of(got.error());
            reply.seen = dialogue.last_words();
            co_return false;
        }
        step = dialogue.feed(piece);
    }
    if (step.state == StartTlsDialogue::State::ready) co_return true;
    reply.kind = Reply::Kind::start_tls_refused;
    reply.seen = dialogue.last_words();
    co_return false;
}

Task<> Talk::leave(std::shared_ptr<Connection> connection) const {
    // Delicate equipment has let go of one connection before the next one comes.
    if (request_.at_once == 1 && connection->is_open())
        co_await connection->drain_and_close(k_flight_limit, k_grace);
    else
        connection->close();
}

Task<Reply> Talk::ask(Hello hello) {
    Reply reply;
    if (!begin()) co_return reply;
    auto connection = std::make_shared<Connection>(co_await asio::this_coro::executor);
    if (!co_await open(connection, reply)) {
        co_await leave(connection);
        co_return reply;
    }
    auto const random = host::random_bytes(64);
    auto const greeting = encode(hello, {reinterpret_cast<char const*>(random.data()), random.size()});
    FlightReader reader;
    std::optional<Reply::Kind> ended;
    // A peer that speaks first and then does not read may have closed already: what it said counts.
    auto const written = co_await connection->write(greeting);
    while (reader.state() == FlightReader::State::more && !ended) {
        std::string piece;
        auto const got = co_await connection->read_into(piece, k_piece);
        if (!got) ended = kind_of(got.error());
        if (got && *got == 0) ended = Reply::Kind::closed;
        if (got) reader.feed(piece);
    }
    reply.flight = reader.flight();
    switch (reader.state()) {
        case FlightReader::State::done:
            reply.kind = reply.flight.alert && !reply.flight.chosen ? Reply::Kind::alert : Reply::Kind::chosen;
            break;
        case FlightReader::State::not_tls: reply.kind = Reply::Kind::not_tls; break;
        case FlightReader::State::malformed: reply.kind = Reply::Kind::malformed; break;
        // A server that has chosen and then closes has said what was asked.
        case FlightReader::State::more: reply.kind = reply.flight.chosen ? Reply::Kind::chosen : *ended; break;
    }
    if (reply.kind != Reply::Kind::chosen) reply.seen = reader.first_bytes();
    if (reply.kind == Reply::Kind::chosen && written && !ended) {
        auto const goodbye = encode_goodbye(hello.version);
        (void)co_await connection->write(goodbye);
    }
    co_await leave(connection);
    co_return reply;
}

Task<WholeHandshake> Talk::shake_hands(tls::CloserLook look, std::string server_name) {
    WholeHandshake whole;
    if (!begin()) {
        whole.error = "connections or time had run out";
        co_return whole;
    }
    auto context = tls::ClientContext::get("survey", nullptr);
    if (!context) {
        whole.error = context.error().message();
        co_return whole;
    }
    auto connection = std::make_shared<Connection>(co_await asio::this_coro::executor);
    Reply reply;
    if (!co_await open(connection, reply)) {
        whole.error = reply.error ? reply.error->message() : reply.in_words();
        co_await leave(connection);
        co_return whole;
    }
    tls::PeerCheck check{.policy = tls::AcceptAny{}, .called_name = std::move(server_name), .at = SystemClock().now()};
    check.prepare = tls::look_closer(std::move(look), whole.answer);
    auto const shaken = co_await connection->handshake(*std::move(context), std::move(check));
    whole.done = shaken.has_value();
    whole.report = connection->session()->report();
    if (!shaken) whole.error = connection->timed_out() ? "no answer in time" : connection->session()->failure();
    tls::finish_look(connection->session()->native(), *whole.answer);
    if (whole.done && whole.answer->asks_for_certificate && whole.report.version == "TLSv1.3") {
        connection->expect_within(std::min(patience(), k_late_refusal), "survey");
        std::string nothing;
        auto const read = co_await connection->read_into(nothing, 1);
        whole.refused_late = !read && !connection->timed_out();
        if (whole.refused_late) whole.error = connection->session()->failure();
    }
    co_await leave(connection);
    co_return whole;
}

}  // namespace countersign::net::survey
