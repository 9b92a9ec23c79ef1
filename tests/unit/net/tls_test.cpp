#include "base/log.hpp"
#include "fixture.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/net.hpp"
#include "countersign/errors/tru.hpp"

namespace countersign::net {

using countersign::testing::ChildProcess;
using countersign::testing::free_port;
using countersign::testing::server_context;
using countersign::testing::TestAuthority;
using countersign::testing::TestIdentity;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

namespace {

constexpr char const* k_name = "sys1.example.test";
constexpr char const* k_secret = "geheim-4711";

tls::VerifyChain verify_with(TestAuthority const& authority) { return {.anchors = authority.anchors(), .expected_name = {}}; }

}  // namespace

// Foreign clients against our server

class TlsServer : public HttpTest {
protected:
    std::string s_client(http::Server const& server, std::string const& arguments) {
        return countersign::testing::run_in(folder, "openssl s_client -connect " + to_string(server.local()) + " -CAfile " + ca() +
                                                        " -verify_return_error " + arguments)
            .output;
    }
    std::string ca() { return folder.file("ca.pem", authority.root().to_pem()); }
    std::string resolve(http::Server const& server) {
        auto const port = std::to_string(server.local().port);
        return "--cacert " + ca() + " --resolve " + k_name + ":" + port + ":127.0.0.1 https://" + k_name + ":" + port;
    }

    TestAuthority authority;
    TestIdentity identity = authority.issue(k_name);
};

TEST_F(TlsServer, is_verified_by_curl_over_tls_1_2_and_1_3) {
    auto server = listen(echo_router(), {.tls = server_context(identity)});
    EXPECT_EQ(curl("--tls-max 1.2 " + resolve(*server) + "/a").output, "GET /a\n");
    EXPECT_EQ(curl("--tlsv1.3 " + resolve(*server) + "/b").output, "GET /b\n");
}

TEST_F(TlsServer, is_verified_by_openssl_with_an_intermediate_profile_cipher) {
    auto server = listen(echo_router(), {.tls = server_context(identity)});
    auto shown = s_client(*server, std::string("-verify_hostname ") + k_name);
    EXPECT_THAT(shown, HasSubstr("Verify return code: 0 (ok)"));
    EXPECT_THAT(shown, HasSubstr("TLSv1.3"));
    EXPECT_THAT(s_client(*server, "-tls1_2"), HasSubstr("ECDHE-ECDSA-AES"));
}

TEST_F(TlsServer, refuses_tls_1_1_and_weak_ciphers) {
    auto server = listen(echo_router(), {.tls = server_context(identity)});
    EXPECT_THAT(s_client(*server, "-tls1_1 -cipher DEFAULT@SECLEVEL=0"), HasSubstr("alert protocol version"));
    EXPECT_THAT(s_client(*server, "-tls1_2 -cipher AES128-SHA"), HasSubstr("alert handshake failure"));
}

TEST_F(TlsServer, refuses_tls_1_2_with_the_modern_profile) {
    auto server = listen(echo_router(), {.tls = server_context(identity, "modern")});
    EXPECT_THAT(s_client(*server, "-tls1_2"), HasSubstr("alert protocol version"));
    EXPECT_THAT(s_client(*server, "-tls1_3"), HasSubstr("Verify return code: 0 (ok)"));
}

TEST_F(TlsServer, speaks_tls_1_0_with_the_legacy_profile_only) {
    auto server = listen(echo_router(), {.tls = server_context(identity, "legacy-device")});
    EXPECT_THAT(s_client(*server, "-tls1 -cipher DEFAULT@SECLEVEL=0"), HasSubstr("Verify return code: 0 (ok)"));
}

TEST_F(TlsServer, answers_no_plain_http_on_its_port) {
    auto server = listen(echo_router(), {.tls = server_context(identity)});
    auto answer = talk(server->local(), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_THAT(answer, Not(HasSubstr("HTTP/1.1")));
    EXPECT_NE(curl("http://" + to_string(server->local()) + "/").exit_code, 0);
}

TEST_F(TlsServer, keeps_the_connection_of_curl) {
    auto server = listen(echo_router(), {.tls = server_context(identity)});
    EXPECT_THAT(
        curl("-v -o /dev/null -o /dev/null " + resolve(*server) + "/1 " + resolve(*server).substr(resolve(*server).find("https")) + "/2")
            .output,
        HasSubstr("Re-using existing connection"));
}

TEST_F(TlsServer, carries_megabytes_both_ways) {
    auto server = listen(echo_router(8 * 1024 * 1024), {.tls = server_context(identity)});
    std::string body(5 * 1024 * 1024, 'y');
    EXPECT_THAT(curl("--data-binary @" + folder.file("body", body) + " " + resolve(*server) + "/ | wc -c").output,
                HasSubstr(std::to_string(body.size() + 7)));
}

TEST_F(TlsServer, shows_a_new_identity_to_new_handshakes_and_keeps_open_connections) {
    auto server = listen(echo_router(), {.tls = server_context(identity)});
    http::Client::Settings settings{.origin = *Url::parse("https://" + std::string(k_name) + ":" + std::to_string(server->local().port))};
    settings.address = "127.0.0.1";
    settings.policy = verify_with(authority);
    http::Client client(std::move(settings));
    ASSERT_TRUE(loops.await(client.get("/1")));
    auto const before = client.handshake()->leaf()->fingerprint();

    auto renewed = authority.issue(k_name);
    server->replace_identity(server_context(renewed));

    auto report = loops.await(probe({.where = server->local(), .server_name = k_name, .tls = verify_with(authority)}));
    EXPECT_EQ(report.tls->leaf()->fingerprint(), renewed.chain.front().fingerprint());
    ASSERT_TRUE(loops.await(client.get("/2")));
    EXPECT_EQ(client.handshake()->leaf()->fingerprint(), before);  // no new handshake
}

TEST_F(TlsServer, closes_a_connection_whose_handshake_does_not_come) {
    auto server = listen(echo_router(), {.tls = server_context(identity), .limits = {.handshake = 100ms}});
    EXPECT_EQ(talk(server->local(), "\x16"), "");
}

TEST_F(TlsServer, refuses_a_context_whose_key_does_not_match) {
    auto context = tls::ServerContext::create({.chain = identity.chain, .key = authority.issue("b.example.test").key});
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().id(), errors::crt::key_does_not_match_certificate);
}

TEST_F(TlsServer, refuses_a_profile_that_does_not_exist) {
    auto context = tls::ServerContext::create({.chain = identity.chain, .key = identity.key, .profile = "none"});
    ASSERT_FALSE(context);
    EXPECT_EQ(context.error().id(), errors::net::tls_profile_unknown);
}

class MutualTls : public TlsServer {
protected:
    std::unique_ptr<http::Server> listen_mutual(tls::ServerContext::ClientCertificates clients) {
        auto router = std::make_shared<http::Router>();
        router->otherwise([](http::Request request) -> Task<http::Response> {
            auto const& shown = request.client_certificates;
            co_return http::Response::text(200, shown.empty() ? "nobody" : shown.front().common_name());
        });
        auto context = tls::ServerContext::create(
            {.chain = identity.chain, .key = identity.key, .clients = clients, .client_anchors = authority.anchors()});
        return listen(router, {.tls = *context});
    }
    std::string with(TestIdentity const& caller) {
        return "--cert " + folder.file("c.pem", pki::to_pem(caller.chain)) + " --key " +
               folder.file("k.pem", caller.key.to_pem().reveal()) + " ";
    }
    using Clients = tls::ServerContext::ClientCertificates;
};

TEST_F(MutualTls, gives_the_certificate_of_the_caller_to_the_handler) {
    auto server = listen_mutual(Clients::required);
    EXPECT_EQ(curl(with(authority.issue("caller.example.test")) + resolve(*server) + "/").output, "caller.example.test");
}

TEST_F(MutualTls, refuses_callers_without_certificate_when_one_is_required) {
    EXPECT_NE(curl(resolve(*listen_mutual(Clients::required)) + "/").exit_code, 0);
    EXPECT_EQ(curl(resolve(*listen_mutual(Clients::requested)) + "/").output, "nobody");
}

TEST_F(MutualTls, refuses_callers_of_another_authority) {
    TestAuthority other("Other root");
    auto server = listen_mutual(Clients::requested);
    auto ran = curl(with(other.issue("caller.example.test")) + resolve(*server) + "/");
    EXPECT_NE(ran.exit_code, 0);
    EXPECT_THAT(ran.output, HasSubstr("unknown ca"));
}

TEST_F(MutualTls, our_client_shows_its_identity) {
    auto server = listen_mutual(Clients::required);
    auto caller = authority.issue("ours.example.test");
    http::Client::Settings settings{.origin = *Url::parse("https://" + std::string(k_name) + ":" + std::to_string(server->local().port))};
    settings.address = "127.0.0.1";
    settings.policy = verify_with(authority);
    settings.identity = tls::ClientIdentity{caller.chain, caller.key};
    http::Client client(std::move(settings));
    auto answer = loops.await(client.get("/"));
    ASSERT_TRUE(answer) << why(answer);
    EXPECT_EQ(answer->body, "ours.example.test");
}

// Our client against an impostor: openssl s_server, which writes every decrypted byte that it gets

struct Impostor {
    char const* what;
    TestIdentity (*identity)(TestAuthority const&);
    pki::Finding::Kind finding;
};

void PrintTo(Impostor const& impostor, std::ostream* out) { *out << impostor.what; }

class AgainstImpostor : public HttpTest, public ::testing::WithParamInterface<Impostor> {};

TEST_P(AgainstImpostor, sends_an_alert_and_not_one_byte_of_payload) {
    TestAuthority authority;
    auto identity = GetParam().identity(authority);
    auto const port = free_port("127.0.0.1");
    for (std::string version : {"-tls1_2", "-tls1_3"}) {
        ChildProcess impostor({"openssl", "s_server", "-quiet", version, "-accept", "127.0.0.1:" + std::to_string(port), "-cert",
                               folder.file("cert.pem", pki::to_pem(identity.chain)), "-key",
                               folder.file("key.pem", identity.key.to_pem().reveal())});
        impostor.wait_until([port] { return countersign::testing::accepts_connections("127.0.0.1", port); });

        http::Client::Settings settings{.origin = *Url::parse("https://" + std::string(k_name) + ":" + std::to_string(port))};
        settings.address = "127.0.0.1";
        settings.policy = verify_with(authority);
        settings.credentials = http::Credentials{"admin", SecretText(k_secret)};
        http::Client client(std::move(settings));
        auto answer = loops.await(client.post("/path", "text/plain", k_secret));

        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().id(), errors::tru::verification_failed) << why(answer);
        EXPECT_THAT(answer.error().message(), HasSubstr(k_name));
        ASSERT_TRUE(client.handshake());
        EXPECT_FALSE(client.handshake()->accepted);
        EXPECT_TRUE(client.handshake()->verdict.has(GetParam().finding)) << client.handshake()->verdict.summary();
        EXPECT_EQ(client.handshake()->leaf()->fingerprint(), identity.chain.front().fingerprint());
        impostor.wait_until([&impostor] { return impostor.errors().find("alert") != std::string::npos; });
        EXPECT_EQ(impostor.output(), "") << version;
    }
}

INSTANTIATE_TEST_SUITE_P(
    Tls, AgainstImpostor,
    ::testing::Values(Impostor{"wrong_name", [](TestAuthority const& a) { return a.issue("other.example.test"); },
                               pki::Finding::Kind::name_mismatch},
                      Impostor{"expired", [](TestAuthority const& a) { return a.issue_expired(k_name); }, pki::Finding::Kind::expired},
                      Impostor{"self_signed", [](TestAuthority const&) { return countersign::testing::self_signed(k_name); },
                               pki::Finding::Kind::self_signed},
                      Impostor{"untrusted_root", [](TestAuthority const&) { return TestAuthority("Other root").issue(k_name); },
                               pki::Finding::Kind::incomplete_chain}),
    [](auto const& one) { return one.param.what; });

class PeerPolicies : public TlsServer {
protected:
    Result<http::Response> get(http::Server const& server, tls::PeerPolicy policy) {
        http::Client::Settings settings{.origin =
                                            *Url::parse("https://" + std::string(k_name) + ":" + std::to_string(server.local().port))};
        settings.address = "127.0.0.1";
        settings.policy = std::move(policy);
        http::Client client(std::move(settings));
        auto answer = loops.await(client.get("/"));
        report = client.handshake();
        return answer;
    }
    std::optional<tls::HandshakeReport> report;
};

TEST_F(PeerPolicies, accept_any_goes_on_and_reports_the_findings) {
    auto server = listen(echo_router(), {.tls = server_context(countersign::testing::self_signed(k_name))});
    ASSERT_TRUE(get(*server, tls::AcceptAny{authority.anchors()}));
    EXPECT_TRUE(report->accepted);
    EXPECT_FALSE(report->verdict.verified());
}

TEST_F(PeerPolicies, pins_of_the_certificate_and_of_its_key_are_accepted) {
    auto shown = countersign::testing::self_signed(k_name);
    auto server = listen(echo_router(), {.tls = server_context(shown)});
    EXPECT_TRUE(get(*server, tls::Pinned{{shown.chain.front().fingerprint()}}));
    EXPECT_TRUE(get(*server, tls::Pinned{{shown.chain.front().public_key_sha256()}}));
    EXPECT_FALSE(report->verdict.verified());  // pinned is not verified
}

TEST_F(PeerPolicies, another_pin_is_refused_with_both_fingerprints) {
    auto server = listen(echo_router(), {.tls = server_context(identity)});
    auto const pin = std::string(64, 'a');
    auto answer = get(*server, tls::Pinned{{pin}});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), errors::tru::pin_mismatch);
    EXPECT_EQ(answer.error().parameter("pinned"), pin);
    EXPECT_EQ(answer.error().parameter("seen"), identity.chain.front().fingerprint());
}

TEST_F(PeerPolicies, an_expected_name_replaces_the_called_one) {
    auto server = listen(echo_router(), {.tls = server_context(authority.issue("other.example.test"))});
    EXPECT_TRUE(get(*server, tls::VerifyChain{.anchors = authority.anchors(), .expected_name = "other.example.test"}));
    EXPECT_TRUE(get(*server, tls::VerifyChain{.anchors = authority.anchors(), .expected_name = {}, .ignore_name = true}));
    EXPECT_FALSE(get(*server, tls::VerifyChain{.anchors = authority.anchors(), .expected_name = "third.example.test"}));
}

TEST_F(PeerPolicies, https_without_a_policy_is_refused_before_connecting) {
    auto server = listen(echo_router(), {.tls = server_context(identity)});
    http::Client client({.origin = *Url::parse(origin(*server, "https"))});
    auto answer = loops.await(client.get("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), errors::net::tls_failed);
}

TEST_F(PeerPolicies, the_report_says_version_cipher_and_group) {
    auto server = listen(echo_router(), {.tls = server_context(identity)});
    ASSERT_TRUE(get(*server, verify_with(authority)));
    EXPECT_EQ(report->version, "TLSv1.3");
    EXPECT_THAT(report->cipher, StartsWith("TLS_AES_"));
    EXPECT_THAT(report->group, ::testing::AnyOf("x25519", "X25519"));
}

}  // namespace countersign::net
