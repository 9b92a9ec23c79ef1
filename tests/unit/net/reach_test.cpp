#include "fixture.hpp"
#include "net/resolver.hpp"
#include "support/name_and_time.hpp"

#include "countersign/errors/net.hpp"

#include <thread>

namespace countersign::net {

using countersign::testing::ChildProcess;
using countersign::testing::free_port;
using countersign::testing::NameServer;
using countersign::testing::server_context;
using countersign::testing::TestAuthority;
using countersign::testing::TimeServer;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;

class Reach : public HttpTest {};

// Streams and datagrams

TEST_F(Reach, streams_carry_data_and_say_the_end) {
    auto listener = *listen_tcp(loops.executor(), {"127.0.0.1", 0}, [](std::shared_ptr<Stream> stream) -> Task<> {
        auto got = co_await stream->read_some(100, 5s);
        if (got) (void)co_await stream->write("you said " + *got, 5s);
    });
    EXPECT_EQ(talk(listener->local(), "hello"), "you said hello");
}

TEST_F(Reach, a_listener_closes_its_sessions_and_its_port) {
    auto listener = *listen_tcp(loops.executor(), {"127.0.0.1", 0}, [](std::shared_ptr<Stream> stream) -> Task<> {
        (void)co_await stream->write("in", 5s);
        (void)co_await stream->read_some(1, 60s);
    });
    auto const where = listener->local();
    auto stream = *loops.await(connect_tcp(where, {}, 5s));
    EXPECT_EQ(*loops.await(stream->read_some(10, 5s)), "in");
    listener->close();
    EXPECT_EQ(loops.await(stream->read_some(10, 5s)).value_or(""), "");
    EXPECT_FALSE(countersign::testing::accepts_connections(where.address, where.port));
}

TEST_F(Reach, a_read_gives_up_at_its_deadline_and_can_be_repeated) {
    auto listener = *listen_tcp(loops.executor(), {"127.0.0.1", 0}, [](std::shared_ptr<Stream> stream) -> Task<> {
        auto got = co_await stream->read_some(1, 60s);
        if (got) (void)co_await stream->write(*got, 5s);
    });
    auto stream = *loops.await(connect_tcp(listener->local(), {}, 5s));
    EXPECT_EQ(loops.await(stream->read_some(1, 30ms)).error().id(), errors::net::timed_out);
    ASSERT_TRUE(loops.await(stream->write("x", 5s)));
    EXPECT_EQ(*loops.await(stream->read_some(1, 5s)), "x");
}

TEST_F(Reach, a_port_that_refuses_is_told_from_an_address_that_is_none) {
    auto const port = free_port("127.0.0.1");
    EXPECT_EQ(loops.await(connect_tcp({"127.0.0.1", port}, {}, 5s)).error().id(), errors::net::connection_refused);
    EXPECT_EQ(loops.await(connect_tcp({"not-an-address", port}, {}, 5s)).error().id(), errors::net::unreachable);
}

TEST_F(Reach, datagrams_are_answered) {
    auto listener = *listen_udp(loops.executor(), {"127.0.0.1", 0}, [](std::string_view datagram, Endpoint peer) {
        return datagram == "silence" ? std::string() : std::string(datagram) + " from " + peer.address;
    });
    EXPECT_EQ(*loops.await(ask_udp(listener->local(), "hi", "127.0.3.3", 5s)), "hi from 127.0.3.3");
    EXPECT_EQ(loops.await(ask_udp(listener->local(), "silence", {}, 50ms)).error().id(), errors::net::timed_out);
    auto const where = listener->local();
    listener->close();
    EXPECT_EQ(loops.await(ask_udp(where, "hi", {}, 5s)).error().id(), errors::net::connection_refused);
}

// Probe

TEST_F(Reach, a_probe_tells_open_refused_and_silent_ports) {
    auto listener = *listen_tcp(loops.executor(), {"127.0.0.1", 0}, [](std::shared_ptr<Stream>) -> Task<> { co_return; });
    EXPECT_EQ(loops.await(probe({.where = listener->local()})).state, PortState::open);
    EXPECT_EQ(loops.await(probe({.where = {"127.0.0.1", free_port("127.0.0.1")}})).state, PortState::refused);
    EXPECT_EQ(loops.await(probe({.where = {"nowhere", 1}})).state, PortState::unreachable);
}

TEST_F(Reach, a_probe_reports_what_it_verified) {
    TestAuthority authority;
    auto server = listen(echo_router(), {.tls = server_context(authority.issue("sys1.example.test"))});
    auto report = loops.await(probe({.where = server->local(),
                                     .server_name = "sys1.example.test",
                                     .tls = tls::VerifyChain{.anchors = authority.anchors(), .expected_name = {}}}));
    EXPECT_EQ(report.state, PortState::open);
    ASSERT_TRUE(report.tls);
    EXPECT_TRUE(report.tls->accepted);
    EXPECT_TRUE(report.tls->verdict.verified()) << report.tls->verdict.summary();
    EXPECT_EQ(report.tls->version, "TLSv1.3");
    EXPECT_FALSE(report.tls_error);
}

TEST_F(Reach, a_probe_verifies_at_the_time_that_it_is_given) {
    TestAuthority authority;
    auto server = listen(echo_router(), {.tls = server_context(authority.issue("sys1.example.test"))});
    auto report = loops.await(probe({.where = server->local(),
                                     .server_name = "sys1.example.test",
                                     .tls = tls::VerifyChain{.anchors = authority.anchors(), .expected_name = {}},
                                     .at = SystemClock().now() + std::chrono::hours(24 * 7)}));
    ASSERT_TRUE(report.tls);
    EXPECT_FALSE(report.tls->accepted);
    EXPECT_TRUE(report.tls->verdict.has(pki::Finding::Kind::expired));
}

TEST_F(Reach, a_probe_tells_a_port_without_tls_from_a_peer_that_it_refuses) {
    auto plain = listen(echo_router());
    auto report = loops.await(probe({.where = plain->local(), .tls = tls::AcceptAny{}}));
    EXPECT_EQ(report.state, PortState::open);
    EXPECT_FALSE(report.tls);
    ASSERT_TRUE(report.tls_error);
    EXPECT_EQ(report.tls_error->id(), errors::net::tls_failed);

    auto secure = listen(echo_router(), {.tls = server_context(countersign::testing::self_signed("sys1.example.test"))});
    auto refused = loops.await(
        probe({.where = secure->local(), .server_name = "sys1.example.test", .tls = tls::VerifyChain{.anchors = {}, .expected_name = {}}}));
    ASSERT_TRUE(refused.tls);
    EXPECT_FALSE(refused.tls->accepted);
    EXPECT_FALSE(refused.tls_error);
}

TEST_F(Reach, a_probe_gives_up_on_a_peer_that_never_shakes_hands) {
    auto listener = *listen_tcp(loops.executor(), {"127.0.0.1", 0}, [](std::shared_ptr<Stream> stream) -> Task<> {
        (void)co_await stream->read_some(1000, 60s);
        (void)co_await stream->read_some(1000, 60s);
        (void)co_await stream->read_some(1000, 60s);
    });
    auto report = loops.await(probe({.where = listener->local(), .tls = tls::AcceptAny{}, .deadline = 50ms}));
    EXPECT_EQ(report.state, PortState::open);
    ASSERT_TRUE(report.tls_error);
    EXPECT_EQ(report.tls_error->id(), errors::net::timed_out);
}

TEST_F(Reach, a_probe_leaves_no_complaint_in_the_log_of_openssl) {
    TestAuthority authority;
    auto identity = authority.issue("sys1.example.test");
    auto const port = free_port("127.0.0.1");
    ChildProcess server({"openssl", "s_server", "-accept", "127.0.0.1:" + std::to_string(port), "-cert",
                         folder.file("cert.pem", pki::to_pem(identity.chain)), "-key",
                         folder.file("key.pem", identity.key.to_pem().reveal()), "-www", "-naccept", "20"});
    server.wait_until([&server] { return server.output().find("ACCEPT") != std::string::npos; });
    for (int i = 0; i < 20; ++i) {
        auto report = loops.await(probe({.where = {"127.0.0.1", port},
                                         .server_name = "sys1.example.test",
                                         .tls = tls::VerifyChain{.anchors = authority.anchors(), .expected_name = {}}}));
        ASSERT_TRUE(report.tls && report.tls->accepted);
    }
    server.wait_until([&server] { return !server.is_running(); });  // it ends after the twentieth
    EXPECT_THAT(server.output() + server.errors(), Not(HasSubstr("rror")));
}

// Names

class Names : public HttpTest {
protected:
    Names() : server("example.test", {{"sys1.example.test", "127.0.10.1"}, {"m.example.test", "127.0.0.5"}}) {}
    Resolver::Settings settings() { return {.servers = {{server.address(), server.port()}}}; }
    Result<std::vector<std::string>> resolve(Resolver& resolver, std::string name) {
        return loops.await(resolver.resolve(std::move(name)));
    }
    std::size_t questions_for(std::string const& name) {
        std::size_t count = 0;
        auto const all = server.questions();
        for (auto at = all.find("query[A] " + name); at != std::string::npos; at = all.find("query[A] " + name, at + 1)) ++count;
        return count;
    }
    NameServer server;
};

TEST_F(Names, are_resolved_by_the_configured_server_and_kept) {
    Resolver resolver(settings());
    EXPECT_THAT(resolve(resolver, "sys1.example.test").value(), ElementsAre("127.0.10.1"));
    EXPECT_THAT(resolve(resolver, "SYS1.example.test.").value(), ElementsAre("127.0.10.1"));
    EXPECT_EQ(questions_for("sys1.example.test"), 1U);
    resolver.forget();
    EXPECT_TRUE(resolve(resolver, "sys1.example.test"));
    EXPECT_EQ(questions_for("sys1.example.test"), 2U);
}

TEST_F(Names, without_a_dot_get_the_domain) {
    auto with_domain = settings();
    with_domain.domain = "example.test";
    Resolver resolver(with_domain);
    EXPECT_THAT(resolve(resolver, "m").value(), ElementsAre("127.0.0.5"));
}

TEST_F(Names, that_do_not_exist_are_unknown) {
    Resolver resolver(settings());
    auto answer = resolve(resolver, "missing.example.test");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), errors::net::unknown_host);
    EXPECT_THAT(answer.error().message(), HasSubstr(std::to_string(server.port())));
}

TEST_F(Names, are_asked_for_from_the_bound_address) {
    auto bound = settings();
    bound.bind_address = "127.0.10.77";
    Resolver resolver(bound);
    ASSERT_TRUE(resolve(resolver, "m.example.test"));
    EXPECT_THAT(server.questions(), HasSubstr("from 127.0.10.77"));
}

TEST_F(Names, asked_for_together_are_asked_once_and_from_any_loop) {
    Resolver resolver(settings());
    auto const count = std::make_shared<std::atomic<int>>(0);
    loops.await(for_each_bounded(50, 50, [&resolver, count](std::size_t) -> Task<> {
        auto answer = co_await resolver.resolve("m.example.test");
        if (answer) ++*count;
    }));
    EXPECT_EQ(*count, 50);
    EXPECT_LE(questions_for("m.example.test"), 2U);
}

TEST_F(Names, cannot_be_resolved_when_no_server_answers) {
    auto silent = *listen_udp(loops.executor(), {"127.0.0.1", 0}, [](std::string_view, Endpoint) { return std::string(); });
    Resolver resolver({.servers = {silent->local()}, .timeout = 50ms, .tries = 1});
    auto answer = resolve(resolver, "m.example.test");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), errors::net::dns_failed);
}

TEST_F(Names, that_are_addresses_need_no_server) {
    Resolver resolver({.servers = {{"127.0.0.1", 1}}});
    EXPECT_THAT(resolve(resolver, "192.0.2.7").value(), ElementsAre("192.0.2.7"));
    EXPECT_THAT(resolve(resolver, "2001:db8::1").value(), ElementsAre("2001:db8::1"));
}

TEST_F(Names, are_used_by_the_http_client) {
    auto web = listen(echo_router(), {.where = {"127.0.10.1", 0}});
    http::Client::Settings of_client{.origin = *Url::parse("http://sys1.example.test:" + std::to_string(web->local().port))};
    of_client.resolver = std::make_shared<Resolver>(settings());
    http::Client client(std::move(of_client));
    auto answer = loops.await(client.get("/"));
    ASSERT_TRUE(answer) << why(answer);
}

TEST_F(Names, a_question_under_way_does_not_outlive_its_loop) {
    auto silent = *listen_udp(loops.executor(), {"127.0.0.1", 0}, [](std::string_view, Endpoint) { return std::string(); });
    auto resolver = std::make_shared<Resolver>(Resolver::Settings{.servers = {silent->local()}, .timeout = 100ms, .tries = 1});
    {
        Runtime other(1);
        other.start();
        spawn(other.executor(0), [resolver]() -> Task<> { (void)co_await resolver->resolve("m.example.test"); }, "ask");
        net::run(other, sleep_for(20ms));
    }
    // The answer (none) comes after the loop has gone; the resolver still works.
    EXPECT_FALSE(resolve(*resolver, "m.example.test"));
}

// Time

TEST_F(Reach, the_time_comes_from_a_real_time_server) {
    TimeServer server;
    auto answer = loops.await(query_ntp({server.address(), server.port()}, {}, 5s));
    ASSERT_TRUE(answer) << why(answer);
    EXPECT_THAT(answer->offset.count(), AllOf(Ge(-1000), Le(1000)));
    EXPECT_THAT(answer->delay.count(), AllOf(Ge(0), Le(1000)));
    EXPECT_EQ(answer->stratum, 3);
}

struct Spoilt {
    char const* what;
    std::string (*change)(std::string);
};
void PrintTo(Spoilt const& spoilt, std::ostream* out) { *out << spoilt.what; }

class BadTime : public HttpTest, public ::testing::WithParamInterface<Spoilt> {};

TEST_P(BadTime, is_refused) {
    auto change = GetParam().change;
    auto server = *listen_udp(loops.executor(), {"127.0.0.1", 0}, [change](std::string_view question, Endpoint) {
        // A good answer of 2026, then spoilt.
        std::string answer(48, '\0');
        answer[0] = 0x24;
        answer[1] = 2;
        answer.replace(24, 8, question.substr(40, 8));
        answer.replace(32, 8, "\xee\x00\x00\x00\x00\x00\x00\x01", 8);
        answer.replace(40, 8, "\xee\x00\x00\x00\x00\x00\x00\x02", 8);
        return change(answer);
    });
    auto answer = loops.await(query_ntp(server->local(), {}, 50ms));
    if (std::string_view(GetParam().what) == "not_spoilt") {
        EXPECT_TRUE(answer) << why(answer);
        return;
    }
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), errors::net::ntp_failed);
}

INSTANTIATE_TEST_SUITE_P(Time, BadTime,
                         ::testing::Values(Spoilt{"not_spoilt", [](std::string a) { return a; }},
                                           Spoilt{"silent", [](std::string) { return std::string(); }},
                                           Spoilt{"short", [](std::string a) { return a.substr(0, 47); }},
                                           Spoilt{"kiss_of_death", [](std::string a) { return a.replace(1, 1, 1, '\0'); }},
                                           Spoilt{"stratum_16", [](std::string a) { return a.replace(1, 1, 1, '\x10'); }},
                                           Spoilt{"unsynchronised", [](std::string a) { return a.replace(0, 1, 1, '\xe4'); }},
                                           Spoilt{"not_a_server", [](std::string a) { return a.replace(0, 1, 1, '\x23'); }},
                                           Spoilt{"another_question", [](std::string a) { return a.replace(24, 8, 8, 'x'); }},
                                           Spoilt{"no_time", [](std::string a) { return a.replace(40, 8, 8, '\0'); }}),
                         [](auto const& one) { return std::string(one.param.what); });

// Tasks

TEST_F(Reach, bounded_work_runs_everything_and_never_more_than_its_width) {
    struct Seen {
        std::size_t now = 0, most = 0, all = 0;
    };
    auto seen = std::make_shared<Seen>();
    loops.await(for_each_bounded(20, 3, [seen](std::size_t) -> Task<> {
        seen->most = std::max(seen->most, ++seen->now);
        co_await sleep_for(1ms);
        --seen->now;
        ++seen->all;
    }));
    EXPECT_EQ(seen->all, 20U);
    EXPECT_EQ(seen->most, 3U);
}

TEST_F(Reach, bounded_work_passes_on_what_was_thrown) {
    EXPECT_THROW(loops.await(for_each_bounded(3, 1,
                                              [](std::size_t i) -> Task<> {
                                                  if (i == 1) throw std::runtime_error("one");
                                                  co_return;
                                              })),
                 std::runtime_error);
}

TEST_F(Reach, offloaded_work_runs_on_the_pool_and_comes_back) {
    auto [pool, before, after] =
        loops.await([](asio::thread_pool& blocking) -> Task<std::tuple<std::thread::id, std::thread::id, std::thread::id>> {
            auto first = std::this_thread::get_id();
            auto there = co_await offload(blocking, [] { return std::this_thread::get_id(); });
            co_return std::tuple(there, first, std::this_thread::get_id());
        }(loops.runtime.blocking()));
    EXPECT_NE(pool, before);
    EXPECT_EQ(before, after);
}

TEST_F(Reach, offloaded_work_passes_on_what_was_thrown) {
    EXPECT_THROW(loops.await(offload(loops.runtime.blocking(), [] { throw std::runtime_error("x"); })), std::runtime_error);
}

}  // namespace countersign::net
