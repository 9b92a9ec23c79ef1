#include "fixture.hpp"

#include "countersign/errors/net.hpp"
#include "countersign/errors/tru.hpp"

#include <atomic>

namespace countersign::net {

using countersign::testing::server_context;
using countersign::testing::TestAuthority;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class HttpClient : public HttpTest {
protected:
    /// A peer that records what it gets and answers as `answer` says, then closes.
    std::unique_ptr<Listener> peer(std::string answer, Milliseconds wait = 0ms) {
        auto log = recorded;
        auto listener = listen_tcp(loops.executor(), {"127.0.0.1", 0}, [log, answer, wait](std::shared_ptr<Stream> stream) -> Task<> {
            ++log->connections;
            auto got = co_await stream->read_some(65536, 5s);
            if (got) log->bytes += *got;
            if (wait > 0ms) co_await sleep_for(wait);
            (void)co_await stream->write(answer, 5s);
        });
        return *std::move(listener);
    }
    http::Client client(Endpoint const& where, std::string const& scheme = "http") {
        http::Client::Settings settings{.origin = *Url::parse(scheme + "://" + to_string(where))};
        settings.exchange = 2s;
        settings.connect = 2s;
        settings.body_limit = 1000;
        if (scheme == "https") settings.policy = tls::AcceptAny{};
        return http::Client(std::move(settings));
    }
    ErrorId failure(std::string const& answer, std::string const& method = "GET") {
        auto listener = peer(answer);
        auto one = client(listener->local());
        http::Request request;
        request.method = method;
        auto result = loops.await(one.send(request));
        return result ? ErrorId{} : result.error().id();
    }
    Result<http::Response> answer_to_get(std::string const& answer) {
        auto listener = peer(answer);
        auto one = client(listener->local());
        return loops.await(one.get("/"));
    }
    struct Recorded {
        std::string bytes;
        std::atomic<int> connections{0};
    };
    std::shared_ptr<Recorded> recorded = std::make_shared<Recorded>();
};

TEST_F(HttpClient, talks_to_our_server_over_one_connection) {
    auto server = listen(echo_router());
    auto one = client(server->local());
    for (int i = 0; i < 3; ++i) {
        auto answer = loops.await(one.post("/x", "text/plain", "body"));
        ASSERT_TRUE(answer) << why(answer);
        EXPECT_EQ(answer->body, "POST /x\nbody");
    }
}

TEST_F(HttpClient, sends_host_user_agent_and_length) {
    auto listener = peer("HTTP/1.1 204 No Content\r\n\r\n");
    auto one = client(listener->local());
    ASSERT_TRUE(loops.await(one.post("/p?q=1", "text/xml", "<a/>")));
    EXPECT_THAT(recorded->bytes, StartsWith("POST /p?q=1 HTTP/1.1\r\nHost: " + to_string(listener->local()) + "\r\n"));
    EXPECT_THAT(recorded->bytes, HasSubstr("User-Agent: Countersign\r\n"));
    EXPECT_THAT(recorded->bytes, HasSubstr("Content-Length: 4\r\n"));
    EXPECT_TRUE(recorded->bytes.ends_with("\r\n\r\n<a/>"));
}

TEST_F(HttpClient, opens_a_kept_connection_anew_once_when_the_server_closed_it) {
    auto server = listen(echo_router(), {.limits = {.idle = 30ms}});
    auto one = client(server->local());
    ASSERT_TRUE(loops.await(one.get("/1")));
    loops.await(sleep_for(100ms));  // the server's idle limit, on the wire
    auto answer = loops.await(one.get("/2"));
    ASSERT_TRUE(answer) << why(answer);
    EXPECT_EQ(answer->body, "GET /2\n");
}

/// Stands between a client and `behind`. When `cut` is set, it takes one byte of the next request and resets the connection.
Task<> reset_between(std::shared_ptr<Stream> client, Endpoint behind, std::shared_ptr<std::atomic<bool>> cut) {
    auto server = co_await connect_tcp(behind, {}, 5s);
    if (!server) co_return;
    auto const back = [client, upstream = *server]() -> Task<> {
        for (;;) {
            auto got = co_await upstream->read_some(65536, 10s);
            if (!got || got->empty() || !co_await client->write(*std::move(got), 5s)) co_return;
        }
    };
    spawn(co_await asio::this_coro::executor, back, "back");
    for (;;) {
        auto got = co_await client->read_some(1, 10s);
        if (!got || got->empty() || cut->exchange(false)) break;  // what stays unread makes the end a reset
        if (!co_await (*server)->write(*std::move(got), 5s)) break;
    }
    client->close();
    (*server)->close();
}

TEST_F(HttpClient, opens_a_kept_connection_anew_once_when_it_was_reset_over_a_request) {
    TestAuthority authority;
    auto server = listen(echo_router(), {.tls = server_context(authority.issue("127.0.0.1"))});
    auto cut = std::make_shared<std::atomic<bool>>(false);
    auto between = *listen_tcp(loops.executor(), {"127.0.0.1", 0}, [cut, behind = server->local()](std::shared_ptr<Stream> stream) {
        return reset_between(std::move(stream), behind, cut);
    });
    http::Client one({.origin = *Url::parse("https://" + to_string(between->local())),
                      .policy = tls::VerifyChain{.anchors = authority.anchors(), .expected_name = {}}});
    ASSERT_TRUE(loops.await(one.get("/1")));
    *cut = true;
    auto again = loops.await(one.get("/2"));
    ASSERT_TRUE(again) << why(again);
    EXPECT_EQ(again->body, "GET /2\n");
    *cut = true;
    auto once = loops.await(one.post("/3", "text/plain", "now"));
    ASSERT_FALSE(once) << "perhaps it was done";
    EXPECT_EQ(once.error().id(), errors::net::connection_lost) << once.error().message();
}

TEST_F(HttpClient, does_not_repeat_a_post_when_the_server_goes_down_over_it) {
    auto log = recorded;
    auto listener = *listen_tcp(loops.executor(), {"127.0.0.1", 0}, [log](std::shared_ptr<Stream> stream) -> Task<> {
        ++log->connections;
        if (auto first = co_await stream->read_some(65536, 5s); !first) co_return;
        (void)co_await stream->write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 5s);
        auto second = co_await stream->read_some(65536, 5s);  // and gone, without a word
        if (second) log->bytes += *second;
    });
    auto one = client(listener->local());
    ASSERT_TRUE(loops.await(one.get("/")));
    auto restart = loops.await(one.post("/restart", "text/plain", "now"));
    ASSERT_FALSE(restart);
    EXPECT_EQ(restart.error().id(), errors::net::connection_lost);
    EXPECT_THAT(recorded->bytes, StartsWith("POST /restart"));
    EXPECT_EQ(recorded->connections, 1);
}

TEST_F(HttpClient, says_that_a_port_refuses) {
    auto one = client({"127.0.0.1", countersign::testing::free_port("127.0.0.1")});
    auto answer = loops.await(one.get("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), errors::net::connection_refused);
}

TEST_F(HttpClient, gives_up_on_a_silent_peer_and_closes_the_connection) {
    auto ended = std::make_shared<std::promise<void>>();
    auto listener = *listen_tcp(loops.executor(), {"127.0.0.1", 0}, [ended](std::shared_ptr<Stream> stream) -> Task<> {
        (void)co_await stream->read_some(65536, 5s);
        (void)co_await stream->read_some(65536, 5s);  // nothing until the client closes
        ended->set_value();
    });
    http::Client one({.origin = *Url::parse("http://" + to_string(listener->local())), .exchange = 100ms});
    auto answer = loops.await(one.get("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), errors::net::timed_out);
    EXPECT_THAT(answer.error().message(), HasSubstr("100 ms"));
    EXPECT_EQ(ended->get_future().wait_for(3s), std::future_status::ready);
}

TEST_F(HttpClient, gives_up_on_a_handshake_that_does_not_come) {
    auto listener = *listen_tcp(loops.executor(), {"127.0.0.1", 0}, [](std::shared_ptr<Stream> stream) -> Task<> {
        while (true) {
            auto got = co_await stream->read_some(65536, 5s);
            if (!got || got->empty()) co_return;
        }
    });
    http::Client one({.origin = *Url::parse("https://" + to_string(listener->local())), .policy = tls::AcceptAny{}, .connect = 100ms});
    auto answer = loops.await(one.get("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), errors::net::timed_out);
}

TEST_F(HttpClient, says_what_is_wrong_with_an_answer) {
    EXPECT_EQ(failure(""), errors::net::connection_lost);
    EXPECT_EQ(failure("rubbish"), errors::net::malformed_http);
    EXPECT_EQ(failure("SSH-2.0-OpenSSH_9.2\r\n"), errors::net::malformed_http);
    EXPECT_EQ(failure("HTTP/1.1 abc\r\n\r\n"), errors::net::malformed_http);
    EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), errors::net::connection_lost);
    EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), errors::net::connection_lost);
}

TEST_F(HttpClient, refuses_a_head_or_body_over_its_limit) {
    EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'x') + "\r\n\r\n"), errors::net::malformed_http);
    EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x')), errors::net::body_too_large);
    EXPECT_EQ(failure("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x')), errors::net::body_too_large);
    EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + std::string(1001, 'x') + "\r\n0\r\n\r\n"),
              errors::net::body_too_large);
}

TEST_F(HttpClient, reads_bodies_of_every_framing) {
    EXPECT_EQ(answer_to_get("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")->body, "abc");
    EXPECT_EQ(answer_to_get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")->body, "abc");
    EXPECT_EQ(answer_to_get("HTTP/1.0 200 OK\r\n\r\nabc")->body, "abc");
    EXPECT_EQ(answer_to_get("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc")->body, "abc");
    EXPECT_EQ(answer_to_get("HTTP/1.1 204 No Content\r\n\r\n")->status, 204);
}

TEST_F(HttpClient, takes_the_answer_to_head_without_a_body) {
    EXPECT_EQ(failure("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", "HEAD"), ErrorId{});
}

TEST_F(HttpClient, takes_an_early_refusal_of_a_large_body) {
    auto server = listen(echo_router(10));
    auto one = client(server->local());
    auto answer = loops.await(one.post("/", "text/plain", std::string(4 * 1024 * 1024, 'x')));
    ASSERT_TRUE(answer) << why(answer);
    EXPECT_EQ(answer->status, 413);
}

TEST_F(HttpClient, cannot_be_made_to_send_a_second_request_or_header) {
    auto listener = peer("HTTP/1.1 204 No Content\r\n\r\n");
    auto one = client(listener->local());
    EXPECT_FALSE(loops.await(one.get("/a HTTP/1.1\r\nX: y")));
    http::Request request;
    request.fields.set("X", "a\r\nY: b");
    EXPECT_FALSE(loops.await(one.send(request)));
    EXPECT_EQ(recorded->bytes, "");
}

TEST_F(HttpClient, goes_on_over_a_connection_that_was_judged_and_checks_every_further_one_itself) {
    TestAuthority authority;
    auto server = listen(echo_router(), {.tls = server_context(authority.issue("sys1.example.test"))});
    auto look = [&] {
        return loops.await(probe({.where = server->local(),
                                  .server_name = "sys1.example.test",
                                  .tls = tls::VerifyChain{.anchors = authority.anchors(), .expected_name = {}},
                                  .keep = true}));
    };
    auto report = look();
    ASSERT_TRUE(report.kept);
    http::Client::Settings settings{.origin = *Url::parse("https://sys1.example.test:" + std::to_string(server->local().port))};
    settings.address = "127.0.0.1";
    settings.policy = tls::Pinned{{std::string(64, '0')}};  // which this server never meets
    http::Client one(std::move(settings));
    one.adopt(*std::move(report.kept));
    EXPECT_EQ(loops.await(one.get("/a")).value().status, 200);
    EXPECT_EQ(loops.await(one.get("/b")).value().status, 200) << "the same connection";
    one.close();
    EXPECT_EQ(loops.await(one.get("/c")).error().id(), errors::tru::pin_mismatch);

    auto refused =
        loops.await(probe({.where = server->local(), .tls = tls::VerifyChain{.anchors = {}, .expected_name = {}}, .keep = true}));
    EXPECT_FALSE(refused.kept);

    // One that has ended before the first request is none to go on over. The port closes at once, connections soon after.
    auto second = look();
    ASSERT_TRUE(second.kept);
    server.reset();
    one.adopt(*std::move(second.kept));
    auto late = loops.await(one.get("/d"));
    for (int more = 0; late && more < 1000; ++more) late = loops.await(one.get("/d"));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().id(), errors::net::connection_refused) << late.error().message();
}

TEST_F(HttpClient, never_speaks_http_when_told_https) {
    auto listener = peer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    auto one = client(listener->local(), "https");
    http::Request request;
    request.method = "POST";
    request.target = "/secret-path";
    request.body = "secret-body";
    auto answer = loops.await(one.send(request));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), errors::net::tls_failed);
    EXPECT_THAT(answer.error().message(), HasSubstr("does not speak TLS"));
    EXPECT_EQ(recorded->connections, 1);  // no second try in clear
    ASSERT_FALSE(recorded->bytes.empty());
    EXPECT_EQ(recorded->bytes[0], '\x16');  // a TLS handshake record
    EXPECT_THAT(recorded->bytes, Not(HasSubstr("secret")));
    EXPECT_THAT(recorded->bytes, Not(HasSubstr("HTTP")));
}

TEST_F(HttpClient, calls_from_the_address_that_it_is_bound_to) {
    auto router = std::make_shared<http::Router>();
    router->otherwise([](http::Request request) -> Task<http::Response> { co_return http::Response::text(200, request.peer.address); });
    auto server = listen(router);
    http::Client one({.origin = *Url::parse(origin(*server)), .bind_address = "127.0.7.9"});
    EXPECT_EQ(loops.await(one.get("/"))->body, "127.0.7.9");
}

TEST_F(HttpClient, leaves_an_exchange_that_is_cancelled_and_can_go_on) {
    // A body that ends early over TLS without close_notify is cut off, not complete.
    TestAuthority authority;
    auto router = std::make_shared<http::Router>();
    router->otherwise([](http::Request) -> Task<http::Response> {
        co_await sleep_for(10s);
        co_return http::Response::text(200, "late");
    });
    auto server = listen(router, {.tls = server_context(authority.issue("127.0.0.1"))});
    http::Client one({.origin = *Url::parse(origin(*server, "https")),
                      .policy = tls::VerifyChain{.anchors = authority.anchors(), .expected_name = {}},
                      .exchange = 50ms});
    EXPECT_EQ(loops.await(one.get("/")).error().id(), errors::net::timed_out);
    EXPECT_EQ(loops.await(one.get("/")).error().id(), errors::net::timed_out);
}

}  // namespace countersign::net
