#include "authority.hpp"
#include "support/child_process.hpp"

#include "countersign/errors/net.hpp"
#include "countersign/errors/tru.hpp"

namespace countersign::net {
namespace {

using countersign::testing::ChildProcess;
using countersign::testing::free_port;
using countersign::testing::TestIdentity;
using pki::RevocationPolicy;
using ::testing::HasSubstr;
using Kind = pki::Finding::Kind;
using Names = AskedAuthority::Names;

constexpr char const* k_name = "sys1.example.test";

/// A real server with a certificate of an authority that can be asked, and our client.
class TlsRevocation : public HttpTest {
protected:
    AskedAuthority authority{loops.executors()};
    std::shared_ptr<RevocationCache> cache = std::make_shared<RevocationCache>(loops.executor());
    std::atomic<int> requests = 0;  ///< that reached the server's handler

    std::unique_ptr<http::Server> serve(TestIdentity const& identity, std::function<std::shared_ptr<Bytes const>()> staple = {}) {
        auto router = std::make_shared<http::Router>();
        router->otherwise([this](http::Request) -> Task<http::Response> {
            ++requests;
            co_return http::Response::text(200, "hello");
        });
        auto context = must(tls::ServerContext::create({.chain = identity.chain, .key = identity.key, .staple = std::move(staple)}));
        return listen(router, {.tls = context});
    }
    struct Met {
        Result<http::Response> answer;
        tls::HandshakeReport report;
        [[nodiscard]] bool has(Kind kind) const { return report.verdict.has(kind); }
    };
    Met meet(std::uint16_t port, tls::PeerPolicy policy) {
        http::Client::Settings settings{.origin = *Url::parse("https://" + std::string(k_name) + ":" + std::to_string(port))};
        settings.address = "127.0.0.1";
        settings.policy = std::move(policy);
        http::Client client(std::move(settings));
        auto answer = loops.await(client.get("/"));
        return {std::move(answer), client.handshake().value_or(tls::HandshakeReport())};
    }
    Met meet(std::uint16_t port, RevocationPolicy policy, std::shared_ptr<RevocationCache> asked) {
        return meet(port, tls::VerifyChain{.anchors = authority.anchors(), .expected_name = {}, .revocation = {policy, std::move(asked)}});
    }
    Met meet(http::Server const& server, RevocationPolicy policy) { return meet(server.local().port, policy, cache); }
    Met meet_alone(http::Server const& server, RevocationPolicy policy) { return meet(server.local().port, policy, nullptr); }
    void settle() {
        while (cache->size().asking != 0) loops.await(sleep_for(1ms));
    }
    static void expect_refused(Met const& met, Kind kind) {
        ASSERT_FALSE(met.answer);
        EXPECT_EQ(met.answer.error().id(), errors::tru::verification_failed) << met.answer.error().message();
        EXPECT_TRUE(met.has(kind)) << met.report.verdict.summary();
        EXPECT_FALSE(met.report.accepted);
    }
    static void expect_accepted(Met const& met) {
        EXPECT_TRUE(met.answer) << why(met.answer);
        EXPECT_TRUE(met.report.accepted);
        EXPECT_TRUE(met.report.verdict.verified()) << met.report.verdict.summary();
    }
    std::function<std::shared_ptr<Bytes const>()> stapling(TestIdentity const& identity) {
        return [response = std::make_shared<Bytes const>(authority.response_about(identity.chain.front()))] { return response; };
    }
    /// openssl s_server with TLS 1.2, where the response comes after the certificate.
    std::unique_ptr<ChildProcess> serve_tls12(TestIdentity const& identity, Bytes const& staple = {}) {
        port_ = free_port("127.0.0.1");
        std::vector<std::string> arguments{"openssl", "s_server",
                                           "-www",    "-tls1_2",
                                           "-accept", "127.0.0.1:" + std::to_string(port_),
                                           "-cert",   folder.file("cert.pem", pki::to_pem(identity.chain)),
                                           "-key",    folder.file("key.pem", identity.key.to_pem().reveal())};
        if (!staple.empty()) {
            arguments.emplace_back("-status_file");
            arguments.push_back(folder.file("staple.der", std::string(staple.begin(), staple.end())));
        }
        auto process = std::make_unique<ChildProcess>(std::move(arguments));
        process->wait_until([this] { return countersign::testing::accepts_connections("127.0.0.1", port_); });
        return process;
    }
    std::uint16_t port_ = 0;
};

TEST_F(TlsRevocation, off_looks_at_nothing) {
    auto const identity = authority.issue(k_name, Names::both);
    authority.revoke(identity.chain.front());
    auto const server = serve(identity);
    expect_accepted(meet(*server, RevocationPolicy::off));
    EXPECT_EQ(cache->size().asking, 0u);
    EXPECT_EQ(authority.answers_given() + authority.lists_given(), 0);
}

TEST_F(TlsRevocation, soft_lets_the_first_pass_and_knows_then) {
    for (auto names : {Names::lists, Names::responder}) {
        auto const identity = authority.issue(k_name, names);
        authority.revoke(identity.chain.front());
        auto const server = serve(identity);
        expect_accepted(meet(*server, RevocationPolicy::soft_fail));
        settle();
        requests = 0;
        expect_refused(meet(*server, RevocationPolicy::soft_fail), Kind::revoked);
        EXPECT_EQ(requests, 0);
        // A list may be older than the next certificate.
        cache = std::make_shared<RevocationCache>(loops.executor());
    }
}

TEST_F(TlsRevocation, soft_goes_on_when_nobody_answers) {
    authority.answer_with(503);
    auto const server = serve(authority.issue(k_name, Names::both));
    expect_accepted(meet(*server, RevocationPolicy::soft_fail));
    settle();
    expect_accepted(meet(*server, RevocationPolicy::soft_fail));
}

TEST_F(TlsRevocation, soft_never_waits_for_an_authority) {
    // Nobody ever answers at this address: the connection comes about all the same, while the question is still open.
    auto router = std::make_shared<http::Router>();
    router->otherwise(
        [](http::Request) -> Task<http::Response> {
            co_await sleep_for(10min);
            co_return http::Response::text(200, "");
        },
        65536);
    auto const silent = listen(router);
    auto key = must(pki::PrivateKey::generate(pki::KeyType::ec_p256));
    auto const request = must(pki::CertificateRequest::create(key, {.common_name = k_name}, {{pki::AlternativeName::Kind::dns, k_name}}));
    pki::IssueOptions options;
    options.ocsp_urls = {origin(*silent) + "/"};
    TestIdentity const identity{
        {must(authority.issuer().sign(request, pki::Profile::device, pki::valid_for(authority.now(), std::chrono::hours(24)), options))},
        key};
    auto const server = serve(identity);
    expect_accepted(meet(*server, RevocationPolicy::soft_fail));
    EXPECT_EQ(cache->size().asking, 1u);
}

TEST_F(TlsRevocation, hard_asks_before_the_first_byte) {
    for (auto names : {Names::lists, Names::responder}) {
        auto const good = serve(authority.issue(k_name, names));
        expect_accepted(meet(*good, RevocationPolicy::hard_fail));
        auto const identity = authority.issue(k_name, names);
        authority.revoke(identity.chain.front());
        cache = std::make_shared<RevocationCache>(loops.executor());
        requests = 0;
        auto const bad = serve(identity);
        expect_refused(meet(*bad, RevocationPolicy::hard_fail), Kind::revoked);
        expect_refused(meet(*bad, RevocationPolicy::hard_fail), Kind::revoked);  // known now: with an alert
        EXPECT_EQ(requests, 0);
    }
}

TEST_F(TlsRevocation, hard_refuses_without_an_answer) {
    authority.answer_with(503);
    auto const server = serve(authority.issue(k_name, Names::both));
    expect_refused(meet(*server, RevocationPolicy::hard_fail), Kind::revocation_unknown);
    auto const unnamed = serve(authority.issue(k_name, Names::nothing));
    expect_refused(meet(*unnamed, RevocationPolicy::hard_fail), Kind::revocation_unknown);
    expect_refused(meet_alone(*server, RevocationPolicy::hard_fail), Kind::revocation_unknown);
    EXPECT_EQ(requests, 0);
    expect_accepted(meet(*unnamed, RevocationPolicy::soft_fail));
}

TEST_F(TlsRevocation, asks_nobody_about_a_chain_that_is_not_trusted) {
    AskedAuthority const stranger(loops.executors(), "Stranger");
    auto const server = serve(stranger.issue(k_name, Names::both));
    for (auto policy : {RevocationPolicy::soft_fail, RevocationPolicy::hard_fail}) {
        auto const met = meet(*server, policy);
        EXPECT_FALSE(met.answer);
        EXPECT_FALSE(met.has(Kind::revocation_unknown));
    }
    settle();
    EXPECT_EQ(stranger.answers_given() + stranger.lists_given(), 0);
    EXPECT_EQ(cache->size().pausing, 0u);
}

TEST_F(TlsRevocation, takes_a_stapled_response_in_both_versions_of_tls) {
    auto const identity = authority.issue(k_name, Names::responder);
    auto const good = authority.response_about(identity.chain.front());
    {
        auto const server = serve(identity, stapling(identity));
        auto const met = meet_alone(*server, RevocationPolicy::hard_fail);
        expect_accepted(met);
        EXPECT_FALSE(met.report.stapled.empty());
        auto const old = serve_tls12(identity, good);
        auto const met_old = meet(port_, RevocationPolicy::hard_fail, nullptr);
        expect_accepted(met_old);
        EXPECT_EQ(met_old.report.version, "TLSv1.2");
        EXPECT_EQ(met_old.report.stapled, good);
    }
    authority.revoke(identity.chain.front());
    auto const revoked = authority.response_about(identity.chain.front());
    auto const server = serve(identity, stapling(identity));
    auto const old = serve_tls12(identity, revoked);
    for (auto policy : {RevocationPolicy::soft_fail, RevocationPolicy::hard_fail}) {
        expect_refused(meet_alone(*server, policy), Kind::revoked);
        expect_refused(meet(port_, policy, nullptr), Kind::revoked);
    }
    expect_accepted(meet_alone(*server, RevocationPolicy::off));
    EXPECT_EQ(authority.answers_given(), 0);
}

TEST_F(TlsRevocation, takes_no_stapled_response_that_does_not_hold) {
    auto const identity = authority.issue(k_name, Names::nothing);
    AskedAuthority const stranger(loops.executors());
    auto expect_worthless = [&](std::shared_ptr<Bytes const> const& staple) {
        auto const server = serve(identity, [staple] { return staple; });
        expect_refused(meet_alone(*server, RevocationPolicy::hard_fail), Kind::revocation_unknown);
        expect_accepted(meet_alone(*server, RevocationPolicy::soft_fail));
    };
    authority.shift_time(-std::chrono::hours(3));
    expect_worthless(std::make_shared<Bytes const>(authority.response_about(identity.chain.front())));  // expired
    authority.shift_time(std::chrono::seconds(0));
    expect_worthless(
        std::make_shared<Bytes const>(authority.response_about(authority.issue("b.example.test", Names::nothing).chain.front())));
    expect_worthless(std::make_shared<Bytes const>(Bytes{1, 2, 3}));
    authority.sign_with(stranger.issuer());
    expect_worthless(std::make_shared<Bytes const>(authority.response_about(identity.chain.front())));
}

TEST_F(TlsRevocation, certificate_that_demands_stapling_gets_nowhere_without) {
    auto const identity = authority.issue(k_name, Names::responder, true);
    auto const good = authority.response_about(identity.chain.front());
    auto const silent = serve(identity);
    auto const old_silent = serve_tls12(identity);
    for (auto policy : {RevocationPolicy::soft_fail, RevocationPolicy::hard_fail}) {
        expect_refused(meet(*silent, policy), Kind::revocation_unknown);
        expect_refused(meet(port_, policy, cache), Kind::revocation_unknown);
        EXPECT_EQ(meet(*silent, policy).report.verdict.findings.front().rule, "tls-staple-missing");
    }
    expect_accepted(meet(*silent, RevocationPolicy::off));
    auto const stapled = serve(identity, stapling(identity));
    auto const old_stapled = serve_tls12(identity, good);
    for (auto policy : {RevocationPolicy::soft_fail, RevocationPolicy::hard_fail}) {
        expect_accepted(meet(*stapled, policy));
        expect_accepted(meet(port_, policy, cache));
    }
}

TEST_F(TlsRevocation, who_accepts_anybody_still_hears_of_it) {
    auto const identity = authority.issue(k_name, Names::responder);
    authority.revoke(identity.chain.front());
    auto const server = serve(identity, stapling(identity));
    auto const met = meet(server->local().port, tls::AcceptAny{authority.anchors(), {RevocationPolicy::hard_fail, cache}});
    EXPECT_TRUE(met.answer) << why(met.answer);
    EXPECT_TRUE(met.report.accepted);
    EXPECT_TRUE(met.has(Kind::revoked));
    EXPECT_FALSE(met.report.stapled.empty());
}

TEST_F(TlsRevocation, openssl_gets_our_stapled_response) {
    auto const identity = authority.issue(k_name, Names::responder);
    auto const server = serve(identity, stapling(identity));
    auto const ca = folder.file("ca.pem", authority.root().to_pem());
    auto const shown =
        countersign::testing::run_in(folder, "openssl s_client -status -CAfile ca.pem -connect " + to_string(server->local())).output;
    EXPECT_THAT(shown, HasSubstr("OCSP Response Status: successful"));
    EXPECT_THAT(shown, HasSubstr("Cert Status: good"));
    auto const without = serve(identity);
    EXPECT_THAT(
        countersign::testing::run_in(folder, "openssl s_client -status -CAfile ca.pem -connect " + to_string(without->local())).output,
        HasSubstr("OCSP response: no response sent"));
}

TEST_F(TlsRevocation, what_a_server_staples_comes_from_the_cache_while_it_runs) {
    auto const identity = authority.issue(k_name, Names::responder);
    auto const server = serve(identity, staple_from(cache, {identity.chain.front(), authority.root()}));
    EXPECT_TRUE(meet_alone(*server, RevocationPolicy::soft_fail).report.stapled.empty());
    settle();
    EXPECT_FALSE(meet_alone(*server, RevocationPolicy::hard_fail).report.stapled.empty());
}

class TlsCallerRevocation : public TlsRevocation {
protected:
    std::unique_ptr<http::Server> serve_callers(RevocationPolicy policy) {
        auto router = std::make_shared<http::Router>();
        router->otherwise([this](http::Request request) -> Task<http::Response> {
            ++requests;
            co_return http::Response::text(200, request.client_certificates.empty() ? "nobody" : "somebody");
        });
        auto const identity = authority.issue(k_name, Names::nothing);
        return listen(router, {.tls = must(tls::ServerContext::create({.chain = identity.chain,
                                                                       .key = identity.key,
                                                                       .clients = tls::ServerContext::ClientCertificates::requested,
                                                                       .client_anchors = authority.anchors(),
                                                                       .client_revocation = {policy, cache}}))});
    }
    std::string call(http::Server const& server, TestIdentity const& caller, std::string const& options = "") {
        auto const port = std::to_string(server.local().port);
        static_cast<void>(folder.file("ca.pem", authority.root().to_pem()));
        static_cast<void>(folder.file("c.pem", pki::to_pem(caller.chain)));
        static_cast<void>(folder.file("k.pem", caller.key.to_pem().reveal()));
        return curl(options + " --cacert ca.pem --cert c.pem --key k.pem --resolve " + k_name + ":" + port + ":127.0.0.1 https://" +
                    k_name + ":" + port + "/")
            .output;
    }
};

TEST_F(TlsCallerRevocation, hard_refuses_revoked_callers_and_unknown_ones) {
    auto const server = serve_callers(RevocationPolicy::hard_fail);
    auto const good = authority.issue("good.example.test", Names::responder);
    auto const bad = authority.issue("bad.example.test", Names::responder);
    auto const unknown = authority.issue("unknown.example.test", Names::nothing);
    authority.revoke(bad.chain.front());
    for (auto const* version : {"--tls-max 1.2", "--tlsv1.3"}) {
        EXPECT_EQ(call(*server, good, version), "somebody") << version;
        requests = 0;
        EXPECT_NE(call(*server, bad, version), "somebody") << version;
        EXPECT_NE(call(*server, unknown, version), "somebody") << version;
        EXPECT_EQ(requests, 0);
    }
}

TEST_F(TlsCallerRevocation, soft_refuses_what_it_knows) {
    auto const server = serve_callers(RevocationPolicy::soft_fail);
    auto const bad = authority.issue("bad.example.test", Names::lists);
    authority.revoke(bad.chain.front());
    EXPECT_EQ(call(*server, bad), "somebody");
    settle();
    EXPECT_THAT(call(*server, bad), HasSubstr("revoked"));
    authority.answer_with(503);
    EXPECT_EQ(call(*server, authority.issue("b.example.test", Names::responder)), "somebody");
}

}  // namespace
}  // namespace countersign::net
