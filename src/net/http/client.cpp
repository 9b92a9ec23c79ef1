#include "net/http/client.hpp"

#include "base/text.hpp"
#include "net/connection.hpp"
#include "net/http/challenge.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/net.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>

namespace countersign::net::http {

namespace beast = boost::beast;
using Parser = beast::http::response_parser<beast::http::string_body>;
using std::chrono::steady_clock;

namespace {

constexpr std::size_t k_head_limit = 16 * 1024;
constexpr std::size_t k_read_size = 64 * 1024;

std::shared_ptr<Resolver> machine_resolver() {
    static auto const resolver = std::make_shared<Resolver>();
    return resolver;
}

bool is_clean(std::string_view text, bool blanks) {
    return std::ranges::none_of(text, [blanks](char c) {
        auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f || (byte == ' ' && !blanks);
    });
}

/// Everything before the body. NET-013 for a target, GEN-001 for a field that would change the shape of the request.
Result<std::string> head_of(Request const& request, Url const& origin, std::string const& user_agent) {
    if (!request.target.starts_with('/') || !is_clean(request.target, false))
        return fail(errors::net::invalid_url,
                    {{"url", request.target.substr(0, 200)}, {"detail", "the path has characters that must be escaped"}});
    if (request.method.empty() || !is_clean(request.method, false))
        return fail(errors::gen::invalid_input, {{"field", "method"}, {"detail", "it is not a token"}});
    auto head = request.method + ' ' + request.target + " HTTP/1.1\r\n";
    auto add = [&head](std::string_view name, std::string_view value) {
        head += name;
        head += ": ";
        head += value;
        head += "\r\n";
    };
    auto host = origin.origin();
    host.erase(0, host.find("//") + 2);
    // RFC 9110 section 7.2: without the port when it is the scheme's own.
    if (auto own = origin.scheme == Scheme::https ? std::string_view(":443") : ":80"; host.ends_with(own) && origin.port != 0)
        host.resize(host.size() - own.size());
    if (!request.fields.has("Host")) add("Host", host);
    if (!request.fields.has("User-Agent")) add("User-Agent", user_agent);
    if (!request.fields.has("Accept")) add("Accept", "*/*");
    for (auto const& field : request.fields.list()) {
        if (!is_clean(field.name, false) || !is_clean(field.value, true))
            return fail(errors::gen::invalid_input,
                        {{"field", "header " + field.name.substr(0, 64)}, {"detail", "it has control characters"}});
        if (iequals(field.name, "Content-Length") || iequals(field.name, "Transfer-Encoding")) continue;
        add(field.name, field.value);
    }
    if (!request.body.empty() || (request.method != "GET" && request.method != "HEAD" && request.method != "DELETE"))
        add("Content-Length", std::to_string(request.body.size()));
    return head + "\r\n";
}

/// What is asked for twice happens once (RFC 9110 section 9.2.2).
bool may_repeat(std::string_view method) { return method == "GET" || method == "HEAD" || method == "PUT" || method == "DELETE"; }

/// Closes the connection when an exchange is left early, also by cancellation: what follows would be out of step.
class CloseUnlessDone {
public:
    explicit CloseUnlessDone(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
    CloseUnlessDone(CloseUnlessDone const&) = delete;
    CloseUnlessDone& operator=(CloseUnlessDone const&) = delete;
    ~CloseUnlessDone() {
        if (connection_) connection_->close();
    }
    void done() { connection_.reset(); }

private:
    std::shared_ptr<Connection> connection_;
};

struct NameAnswer {
    asio::steady_timer timer;
    std::optional<Result<std::vector<std::string>>> answer;
};

Task<> resolve_into(std::shared_ptr<NameAnswer> waiting, std::shared_ptr<Resolver> resolver, std::string name) {
    waiting->answer = co_await resolver->resolve(name);
    waiting->timer.cancel();
}

/// Names take as long as their servers need; we wait no longer than `limit`.
Task<Result<std::vector<std::string>>> resolve_within(std::shared_ptr<Resolver> resolver, std::string name, Milliseconds limit) {
    auto executor = co_await asio::this_coro::executor;
    auto waiting = std::make_shared<NameAnswer>(NameAnswer{asio::steady_timer(executor, limit), std::nullopt});
    spawn(executor, [waiting, resolver, name] { return resolve_into(waiting, resolver, name); }, "resolve");
    boost::system::error_code ignored;
    if (!waiting->answer) co_await waiting->timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    if (waiting->answer) co_return *std::move(waiting->answer);
    co_return fail(errors::net::timed_out, {{"peer", name}, {"limit", std::to_string(limit.count()) + " ms"}, {"step", "name look-up"}});
}

}  // namespace

struct Client::State {
    Settings settings;
    std::shared_ptr<Connection> connection;
    std::string input;  ///< read and not consumed yet
    std::optional<tls::HandshakeReport> handshake;
    std::optional<Challenge> challenge;  ///< answered before; its nonce is used again
    std::uint32_t count = 0;             ///< requests with that nonce

    [[nodiscard]] bool secure() const { return settings.origin.scheme == Scheme::https; }
    [[nodiscard]] std::string peer_name() const { return to_string(Endpoint{settings.origin.host, settings.origin.port}); }
    Task<Result<std::vector<std::string>>> addresses();
    Task<Result<void>> connect();
    Task<Result<void>> connect_to(std::string address, Milliseconds limit);
    Task<Result<Response>> exchange(Request const& request);
    struct Answer {
        Response response;
        bool keep = false;
    };
    Task<Result<Answer>> read_answer(bool head, bool& begun);
    Task<Result<bool>> read_parser(Parser& parser, bool& begun);
    void log_in(Request& request);
    void note_next_nonce(Response const& response);
};

Client::Client(Settings settings) : state_(std::make_unique<State>()) { state_->settings = std::move(settings); }
Client::~Client() {
    if (state_) close();
}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

std::optional<tls::HandshakeReport> const& Client::handshake() const { return state_->handshake; }

void Client::set_credentials(std::optional<Credentials> credentials) {
    state_->settings.credentials = std::move(credentials);
    state_->challenge.reset();
}

void Client::close() {
    if (state_->connection) state_->connection->close();
    state_->connection.reset();
    state_->input.clear();
}

void Client::adopt(KeptConnection connection) {
    close();
    auto kept = connection.release();
    if (!kept || !kept->session()) return;
    // Session tickets come unasked after the handshake (RFC 8446 section 4.6.1); they are not what an answer begins with.
    if (!kept->discard_input()) {
        kept->close();
        return;
    }
    state_->handshake = kept->session()->report();
    state_->connection = std::move(kept);
}

Task<Result<std::vector<std::string>>> Client::State::addresses() {
    if (settings.address) co_return std::vector<std::string>{*settings.address};
    auto resolver = settings.resolver ? settings.resolver : machine_resolver();
    co_return co_await resolve_within(std::move(resolver), settings.origin.host, settings.connect);
}

Task<Result<void>> Client::State::connect() {
    if (secure() && !settings.policy)
        co_return fail(errors::net::tls_failed,
                       {{"peer", peer_name()}, {"detail", "it was not said how its certificate is to be checked"}});
    handshake.reset();
    input.clear();
    auto const until = steady_clock::now() + settings.connect;
    CS_CO_TRY(auto const candidates, co_await addresses());
    std::optional<Error> failure;
    for (auto const& address : candidates) {
        auto left = std::chrono::ceil<Milliseconds>(until - steady_clock::now());
        auto connected = co_await connect_to(address, std::max(left, Milliseconds(1)));
        if (connected) co_return connected;
        // Another address is tried when nobody was there; a peer that was refused stays refused.
        bool const nobody = connected.error().id() == errors::net::connection_refused || connected.error().id() == errors::net::unreachable;
        if (!failure) failure = std::move(connected.error());
        if (!nobody) break;
    }
    if (!failure) failure = Error(errors::net::unreachable, {{"peer", peer_name()}, {"detail", "it has no address"}});
    co_return fail(*std::move(failure));
}

Task<Result<void>> Client::State::connect_to(std::string address, Milliseconds limit) {
    auto fresh = std::make_shared<Connection>(co_await asio::this_coro::executor);
    CloseUnlessDone guard(fresh);
    fresh->name_peer(peer_name());
    fresh->expect_within(limit, "connect");
    CS_CO_CHECK(co_await fresh->connect({address, settings.origin.port}, settings.bind_address));
    if (secure()) {
        CS_CO_TRY(auto context, tls::ClientContext::get(settings.profile, settings.identity ? &*settings.identity : nullptr));
        auto at = settings.clock ? settings.clock->now() : SystemClock().now();
        fresh->expect_within(limit, "handshake");
        auto shaken = co_await fresh->handshake(std::move(context), {*settings.policy, settings.origin.host, at});
        handshake = fresh->session()->report();
        if (!shaken) co_return shaken;
    }
    guard.done();
    connection = std::move(fresh);
    co_return Result<void>();
}

/// Feeds `parser` until it is done. False when the peer ended the stream.
Task<Result<bool>> Client::State::read_parser(Parser& parser, bool& begun) {
    auto malformed = [this](std::string_view detail) {
        return fail(errors::net::malformed_http, {{"peer", peer_name()}, {"detail", detail}});
    };
    beast::error_code failed;
    while (!parser.is_done()) {
        if (!input.empty()) {
            auto used = parser.put(asio::buffer(input), failed);
            input.erase(0, used);
            if (failed == beast::http::error::body_limit)
                co_return fail(errors::net::body_too_large, {{"limit", std::to_string(settings.body_limit)}});
            if (failed && failed != beast::http::error::need_more) co_return malformed(failed.message());
            if (!failed) continue;
        }
        CS_CO_TRY(auto const got, co_await connection->read_into(input, k_read_size));
        if (got == 0) co_return false;
        begun = true;
        // Something else answers: no need to wait for the end of a head that never comes.
        constexpr std::string_view k_beginning = "HTTP/1.";
        auto seen = std::string_view(input).substr(0, k_beginning.size());
        if (!parser.is_header_done() && !k_beginning.starts_with(seen)) co_return malformed("it does not begin with HTTP/1.");
    }
    co_return true;
}

Task<Result<Client::State::Answer>> Client::State::read_answer(bool head, bool& begun) {
    auto lost = [this](std::string_view detail) { return fail(errors::net::connection_lost, {{"peer", peer_name()}, {"detail", detail}}); };
    constexpr int k_most_interim = 10;
    for (int interim = 0; interim < k_most_interim; ++interim) {
        Parser parser;
        parser.header_limit(k_head_limit);
        parser.body_limit(settings.body_limit);
        parser.eager(true);
        if (head) parser.skip(true);
        CS_CO_TRY(auto const whole, co_await read_parser(parser, begun));
        if (!whole) {
            if (!parser.got_some() && input.empty()) co_return lost("it was closed before an answer came");
            // Where the end of the connection is the end of the body, TLS must say that it is the end.
            if (!parser.is_header_done() || !parser.need_eof() || (secure() && !connection->ended_properly()))
                co_return lost("the answer was cut off");
            beast::error_code failed;
            parser.put_eof(failed);
            if (failed) co_return lost("the answer was cut off");
        }
        auto& message = parser.get();
        auto const status = static_cast<int>(message.result_int());
        if (status >= 100 && status < 200 && status != 101) continue;
        Answer answer;
        answer.response.status = status;
        for (auto const& field : message) answer.response.fields.add(field.name_string(), field.value());
        answer.response.body = std::move(message.body());
        answer.keep = whole && parser.keep_alive();
        co_return answer;
    }
    co_return fail(errors::net::malformed_http, {{"peer", peer_name()}, {"detail", "too many interim answers"}});
}

Task<Result<Response>> Client::State::exchange(Request const& request) {
    CS_CO_TRY(auto const head, head_of(request, settings.origin, settings.user_agent));
    for (bool retried = false;; retried = true) {
        // A byte or an end that waits on a kept connection is not for us: it was closed, or is out of step.
        if (connection && connection->readable_or_ended()) {
            connection->close();
            connection.reset();
        }
        bool const kept = connection != nullptr;
        if (!kept) CS_CO_CHECK(co_await connect());
        CloseUnlessDone guard(connection);
        connection->expect_within(settings.exchange, "answer");
        bool begun = false;
        auto answer = Result<Answer>();
        auto written = co_await connection->write(head + request.body);
        // A server that refuses a request early has answered although it stopped reading.
        if (written || !kept) answer = co_await read_answer(request.method == "HEAD", begun);
        if (!written && (kept || !answer)) answer = fail(written.error());
        if (answer) {
            connection->expect_nothing();
            if (written && answer->keep) {
                guard.done();
            } else {
                connection->close();
                connection.reset();
            }
            co_return std::move(answer->response);
        }
        // A server that went down over a POST has perhaps done what was asked for: a second restart is none that anybody wanted.
        bool const closed_meanwhile =
            kept && !begun && !retried && may_repeat(request.method) && answer.error().id() == errors::net::connection_lost;
        connection->close();
        connection.reset();
        if (!closed_meanwhile) co_return fail(std::move(answer.error()));
    }
}

void Client::State::log_in(Request& request) {
    if (!challenge || !settings.credentials) return;
    request.fields.set("Authorization", authorize(*challenge, request, *settings.credentials, ++count));
}

void Client::State::note_next_nonce(Response const& response) {
    // RFC 7616 section 3.5
    auto info = response.fields.get("Authentication-Info");
    if (info.empty() || !challenge || challenge->scheme != AuthScheme::digest) return;
    auto values = parse_auth("Digest " + std::string(info));
    if (values.size() != 1 || values.front().get("nextnonce").empty()) return;
    challenge->nonce = values.front().get("nextnonce");
    count = 0;
}

Task<Result<Response>> Client::send(Request request) {
    auto& state = *state_;
    bool const ours = state.settings.credentials.has_value() && !request.fields.has("Authorization");
    if (!ours) co_return co_await state.exchange(request);
    state.log_in(request);
    bool answered_fresh = false;
    // At most: a nonce of before, a fresh challenge, and one more when that nonce is called stale.
    for (int round = 0;; ++round) {
        CS_CO_TRY(auto response, co_await state.exchange(request));
        if (response.status != 401) {
            state.note_next_nonce(response);
            co_return response;
        }
        auto challenge = choose_challenge(response, state.secure());
        if (!challenge) co_return fail(std::move(challenge.error().with("peer", state.peer_name())));
        if ((answered_fresh && !challenge->stale) || round == 2) {
            state.challenge.reset();
            co_return fail(errors::net::login_refused, {{"peer", state.peer_name()}});
        }
        state.challenge = *std::move(challenge);
        state.count = 0;
        state.log_in(request);
        answered_fresh = true;
    }
}

Task<Result<Response>> Client::get(std::string target) {
    Request request;
    request.target = std::move(target);
    return send(std::move(request));
}

Task<Result<Response>> Client::post(std::string target, std::string content_type, std::string body) {
    Request request;
    request.method = "POST";
    request.target = std::move(target);
    if (!content_type.empty()) request.fields.set("Content-Type", content_type);
    request.body = std::move(body);
    return send(std::move(request));
}

}  // namespace countersign::net::http
