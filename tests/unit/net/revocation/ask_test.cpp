#include "authority.hpp"
#include "support/child_process.hpp"

#include "countersign/errors/crt.hpp"
#include "countersign/errors/net.hpp"

namespace countersign::net {
namespace {

using countersign::testing::ChildProcess;
using countersign::testing::free_port;
using pki::RevocationState;
using ::testing::HasSubstr;
using Names = AskedAuthority::Names;

template <class T>
ErrorId refusal(Result<T> const& result) {
    EXPECT_FALSE(result);
    return result ? ErrorId{} : result.error().id();
}

class Asking : public HttpTest {
protected:
    AskedAuthority authority{loops.executors()};
    pki::Certificate leaf = authority.issue("sys1.example.test", Names::both).chain.front();
    pki::OcspRequest request = pki::make_ocsp_request(leaf, authority.root());

    Result<pki::OcspAnswer> ask(std::string url) {
        auto response = loops.await(query_ocsp(std::move(url), request));
        if (!response) return fail(response.error());
        return response->check(leaf, authority.root(), SystemClock().now(), request.nonce);
    }
};

/// `openssl ocsp -port` as the responder.
class AskingOpenssl : public Asking {
protected:
    void SetUp() override {
        save("ca.pem", authority.root().to_pem());
        save("ca.key", authority.issuer().key().to_pem().reveal());
    }
    void save(std::string const& name, std::string_view text) { static_cast<void>(folder.file(name, text)); }
    std::unique_ptr<ChildProcess> serve(std::string const& index, std::string const& signer = "ca",
                                        std::vector<std::string> const& more = {}) {
        save("index.txt", index);
        port_ = std::to_string(free_port("127.0.0.1"));
        auto file = [this](std::string const& name) { return (folder.path() / name).string(); };
        std::vector<std::string> arguments{"openssl", "ocsp", "-index",   file("index.txt"),     "-CA",   file("ca.pem"),
                                           "-port",   port_,  "-rsigner", file(signer + ".pem"), "-rkey", file(signer + ".key"),
                                           "-ndays",  "1"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        auto process = std::make_unique<ChildProcess>(std::move(arguments));
        // A connection to see whether it is there would keep it busy for ever.
        auto const* started = process.get();
        process->wait_until([started] { return (started->output() + started->errors()).contains("waiting for OCSP client"); });
        return process;
    }
    [[nodiscard]] std::string line(std::string const& state, std::string const& revoked = "") const {
        return state + "\t301231235959Z\t" + revoked + "\t" + to_upper(leaf.serial()) + "\tunknown\t/CN=x\n";
    }
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + port_ + "/"; }

    std::string port_;
};

TEST_F(AskingOpenssl, hears_good_revoked_and_unknown) {
    {
        auto const responder = serve(line("V"));
        EXPECT_EQ(must(ask(url())).state, RevocationState::good);
    }
    {
        auto const responder = serve(line("R", "260301120000Z,cessationOfOperation"));
        auto const answer = must(ask(url()));
        EXPECT_EQ(answer.state, RevocationState::revoked);
        EXPECT_EQ(pki::reason_name(answer.reason), "cessationOfOperation");
    }
    auto const responder = serve("");
    EXPECT_EQ(must(ask(url())).state, RevocationState::unknown);
}

TEST_F(AskingOpenssl, hears_a_delegate_and_not_a_stranger) {
    AskedAuthority const stranger(loops.executors());
    save("stranger.pem", stranger.root().to_pem());
    save("stranger.key", stranger.issuer().key().to_pem().reveal());
    save("x.cnf", "extendedKeyUsage=OCSPSigning\nnoCheck=ignored\n");
    auto const made = countersign::testing::run_in(
        folder,
        "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout d.key -subj /CN=delegate -out d.csr && openssl x509 "
        "-req -in d.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile x.cnf -out d.pem");
    ASSERT_EQ(made.exit_code, 0) << made.output;
    {
        auto const responder = serve(line("V"), "d");
        EXPECT_EQ(must(ask(url())).responder, "/CN=delegate");
    }
    auto const responder = serve(line("V"), "stranger");
    EXPECT_EQ(refusal(ask(url())), errors::crt::bad_ocsp_response);
}

TEST_F(Asking, hears_our_own_responder_and_reads_our_own_list) {
    EXPECT_EQ(must(ask(authority.ocsp_url())).state, RevocationState::good);
    authority.revoke(leaf);
    EXPECT_EQ(must(ask(authority.ocsp_url())).reason, 1);
    auto const list = must(loops.await(fetch_crl(authority.list_url())));
    EXPECT_EQ(list.size(), 1u);
    EXPECT_TRUE(list.is_signed_by(authority.root()));
}

TEST_F(Asking, decodes_a_long_list_elsewhere) {
    for (int i = 0; i < 3000; ++i) authority.revoke(leaf);
    AuthorityReach reach;
    reach.blocking = &loops.runtime.blocking();
    auto const list = must(loops.await(fetch_crl(authority.list_url(), reach)));
    EXPECT_EQ(list.size(), 3000u);
    EXPECT_GT(list.to_der().size(), 64U * 1024);
}

TEST_F(Asking, our_responder_is_heard_by_openssl_over_http) {
    auto const ca = folder.file("ca.pem", authority.root().to_pem());
    auto const certificate = folder.file("leaf.pem", leaf.to_pem());
    auto const ran = countersign::testing::run_in(
        folder, "openssl ocsp -issuer ca.pem -cert leaf.pem -CAfile ca.pem -url " + authority.ocsp_url() + " -timeout 20");
    EXPECT_THAT(ran.output, HasSubstr("Response verify OK"));
    EXPECT_THAT(ran.output, HasSubstr("leaf.pem: good"));
}

TEST_F(Asking, passes_on_that_the_responder_wants_to_be_asked_later) {
    authority.answer_with(200, std::string("\x30\x03\x0a\x01\x03", 5));
    auto const response = must(loops.await(query_ocsp(authority.ocsp_url(), request)));
    EXPECT_EQ(response.status(), "tryLater");
    EXPECT_THAT(ask(authority.ocsp_url()).error().message(), HasSubstr("tryLater"));
}

TEST_F(Asking, says_what_went_wrong) {
    authority.answer_with(503, "busy");
    EXPECT_EQ(refusal(ask(authority.ocsp_url())), errors::net::unexpected_status);
    EXPECT_EQ(refusal(loops.await(fetch_crl(authority.list_url()))), errors::net::unexpected_status);
    authority.answer_with(200, "<html>login please</html>");
    EXPECT_EQ(refusal(ask(authority.ocsp_url())), errors::crt::bad_ocsp_response);
    EXPECT_EQ(refusal(loops.await(fetch_crl(authority.list_url()))), errors::crt::broken_crl);
    authority.answer_with(200, std::string(pki::k_ocsp_limit + 1, 'x'));
    EXPECT_EQ(refusal(ask(authority.ocsp_url())), errors::net::body_too_large);
    auto const closed = std::to_string(free_port("127.0.0.1"));
    EXPECT_EQ(refusal(ask("http://127.0.0.1:" + closed + "/")), errors::net::connection_refused);
}

TEST_F(Asking, goes_only_where_an_authority_can_be) {
    for (auto const* url : {"https://127.0.0.1/", "ldap://127.0.0.1/", "file:///etc/passwd", "127.0.0.1", "http://user:secret@127.0.0.1/"})
        EXPECT_EQ(refusal(ask(url)), errors::net::invalid_url) << url;
    for (auto const* url : {"http://169.254.169.254/latest", "http://[fe80::1]/", "http://0.0.0.0/", "http://224.0.0.1/", "http://[::]/",
                            "http://255.255.255.255/", "http://[::ffff:169.254.169.254]/"})
        EXPECT_EQ(refusal(ask(url)), errors::net::unreachable) << url;
}

TEST_F(Asking, follows_three_redirects_to_http_only) {
    std::atomic<int> seen = 0;
    auto router = std::make_shared<http::Router>();
    router->add({"GET", "/to/{place}", 4096, [&seen, this](http::Request request) -> Task<http::Response> {
                     ++seen;
                     auto const place = request.parameters["place"];
                     if (place == "list") co_return http::Response::redirect(302, authority.list_url());
                     if (place == "here") co_return http::Response::redirect(301, "/to/list");
                     if (place == "secure") co_return http::Response::redirect(302, "https://127.0.0.1/x");
                     if (place == "metadata") co_return http::Response::redirect(302, "http://169.254.169.254/x");
                     co_return http::Response::redirect(302, "/to/again");
                 }});
    router->add({"POST", "/keep", 65536,
                 [this](http::Request) -> Task<http::Response> { co_return http::Response::redirect(307, authority.ocsp_url()); }});
    router->add({"POST", "/change", 65536,
                 [this](http::Request) -> Task<http::Response> { co_return http::Response::redirect(302, authority.ocsp_url()); }});
    auto const server = listen(router);
    auto fetch = [&](std::string const& path) { return loops.await(fetch_crl(origin(*server) + path)); };
    EXPECT_TRUE(fetch("/to/here"));
    EXPECT_EQ(seen, 2);
    EXPECT_EQ(refusal(fetch("/to/secure")), errors::net::invalid_url);
    EXPECT_EQ(refusal(fetch("/to/metadata")), errors::net::unreachable);
    seen = 0;
    EXPECT_EQ(refusal(fetch("/to/again")), errors::net::unexpected_status);
    EXPECT_EQ(seen, 4);
    EXPECT_TRUE(ask(origin(*server) + "/keep"));
    EXPECT_EQ(refusal(ask(origin(*server) + "/change")), errors::net::unexpected_status);
}

TEST_F(Asking, gives_up_on_who_is_silent) {
    auto router = std::make_shared<http::Router>();
    router->otherwise([](http::Request) -> Task<http::Response> {
        co_await sleep_for(10min);
        co_return http::Response::text(200, "");
    });
    auto const server = listen(router);
    AuthorityReach reach;
    reach.deadline = 100ms;
    EXPECT_EQ(refusal(loops.await(fetch_crl(origin(*server) + "/", reach))), errors::net::timed_out);
}

TEST_F(Asking, sends_nothing_but_the_question) {
    std::mutex mutex;
    http::Request seen;
    auto router = std::make_shared<http::Router>();
    router->otherwise(
        [&mutex, &seen](http::Request head) -> Task<http::Response> {
            std::lock_guard const lock(mutex);
            seen = head;
            co_return http::Response::text(200, "");
        },
        65536);
    auto const server = listen(router);
    static_cast<void>(ask(origin(*server) + "/a?b=c"));
    std::lock_guard const lock(mutex);
    EXPECT_EQ(seen.method, "POST");
    EXPECT_EQ(seen.target, "/a?b=c");
    EXPECT_EQ(Bytes(seen.body.begin(), seen.body.end()), request.der);
    std::set<std::string> names;
    for (auto const& field : seen.fields.list()) names.insert(to_lower(field.name));
    EXPECT_EQ(names, (std::set<std::string>{"host", "user-agent", "content-type", "accept", "connection", "content-length"}));
}

}  // namespace
}  // namespace countersign::net
