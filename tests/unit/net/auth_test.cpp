#include "net/http/auth.hpp"

#include "fixture.hpp"
#include "net/http/challenge.hpp"

#include "countersign/errors/net.hpp"

namespace countersign::net {

using countersign::testing::server_context;
using countersign::testing::TestAuthority;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;

namespace {

http::Response unauthorized(std::initializer_list<std::string_view> challenges) {
    http::Response response;
    response.status = 401;
    for (auto one : challenges) response.fields.add("WWW-Authenticate", one);
    return response;
}

http::Credentials credentials() { return {"admin", SecretText("geheim")}; }

}  // namespace

TEST(Digest, gives_the_examples_of_rfc_7616) {
    http::DigestInput input{.hash = tls::Hash::sha256,
                            .user = "Mufasa",
                            .realm = "http-auth@example.org",
                            .password = "Circle of Life",
                            .method = "GET",
                            .uri = "/dir/index.html",
                            .nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
                            .cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
                            .count = "00000001",
                            .qop = "auth"};
    EXPECT_EQ(http::digest_response(input).reveal(), "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1");
    input.hash = tls::Hash::md5;
    EXPECT_EQ(http::digest_response(input).reveal(), "8ca523f5e9506fed4657c9700eebdbec");
}

TEST(Digest, gives_the_example_of_rfc_2069_without_qop) {
    // As corrected in the RFC's errata.
    EXPECT_EQ(http::digest_response({.hash = tls::Hash::md5,
                                     .user = "Mufasa",
                                     .realm = "testrealm@host.com",
                                     .password = "CircleOfLife",
                                     .method = "GET",
                                     .uri = "/dir/index.html",
                                     .nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093"})
                  .reveal(),
              "1949323746fe6a43ef61f9606e7febea");
}

TEST(Challenges, several_in_one_header_are_told_apart) {
    auto all = http::parse_auth(R"(Basic realm="a, b", Digest realm="c\"d", qop="auth,auth-int", nonce=n1 , algorithm=MD5, Negotiate)");
    ASSERT_THAT(all, SizeIs(3));
    EXPECT_EQ(all[0].get("realm"), "a, b");
    EXPECT_EQ(all[1].get("realm"), "c\"d");
    EXPECT_EQ(all[1].get("nonce"), "n1");
    EXPECT_EQ(all[2].scheme, "negotiate");
}

TEST(Challenges, the_best_one_is_answered) {
    auto header = http::answer_challenge(unauthorized({R"(Basic realm="r")", R"(Digest realm="r", nonce="n", qop="auth", algorithm=MD5)",
                                                       R"(Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256)"}),
                                         {}, credentials(), true);
    ASSERT_TRUE(header);
    EXPECT_THAT(*header, StartsWith("Digest username=\"admin\""));
    EXPECT_THAT(*header, HasSubstr("algorithm=SHA-256"));
    EXPECT_THAT(*header, HasSubstr("nc=00000001"));
    EXPECT_THAT(*header, Not(HasSubstr("geheim")));
}

TEST(Challenges, basic_is_answered_over_tls_only) {
    auto asked = unauthorized({R"(Basic realm="r")"});
    EXPECT_EQ(http::answer_challenge(asked, {}, credentials(), true).value(), "Basic YWRtaW46Z2VoZWlt");
    auto clear = http::answer_challenge(asked, {}, credentials(), false);
    ASSERT_FALSE(clear);
    EXPECT_EQ(clear.error().id(), errors::net::insecure_authentication_refused);
}

TEST(Challenges, an_unknown_scheme_cannot_be_answered) {
    auto header = http::answer_challenge(unauthorized({"Negotiate"}), {}, credentials(), true);
    ASSERT_FALSE(header);
    EXPECT_EQ(header.error().id(), errors::net::login_refused);
}

class LogIn : public HttpTest {
protected:
    LogIn() : authenticator(std::make_shared<http::Authenticator>(http::Authenticator::Settings{.realm = "sys 1"}, password_of)) {}
    static std::optional<SecretText> password_of(std::string const& user) {
        if (user != "admin") return std::nullopt;
        return SecretText("geheim");
    }
    std::unique_ptr<http::Server> listen_with_login(std::shared_ptr<tls::ServerContext const> context = nullptr) {
        auto router = std::make_shared<http::Router>();
        router->before([auth = authenticator, seen = requests](http::Request& request) -> Task<std::optional<http::Response>> {
            seen->emplace_back(request.fields.get("Authorization"));
            auto checked = auth->check(request);
            if (auto* response = std::get_if<http::Response>(&checked)) co_return std::move(*response);
            request.user = std::get<std::string>(checked);
            co_return std::nullopt;
        });
        router->otherwise(
            [](http::Request request) -> Task<http::Response> {
                co_return http::Response::text(200, "hello " + request.user + request.body);
            },
            1000);
        return listen(router, {.tls = std::move(context)});
    }
    http::Client client(http::Server const& server, std::string const& password = "geheim", std::string const& scheme = "http") {
        http::Client::Settings settings{.origin = *Url::parse(origin(server, scheme))};
        settings.credentials = http::Credentials{"admin", SecretText(password)};
        settings.policy = tls::AcceptAny{};
        return http::Client(std::move(settings));
    }
    /// A request with the digest answer to a fresh challenge.
    http::Request signed_request(std::uint32_t count = 1) {
        http::Request request;
        request.target = "/x";
        auto asked = std::get<http::Response>(authenticator->check(request));
        challenge = *http::choose_challenge(asked, false);
        return sign(request, count);
    }
    http::Request sign(http::Request request, std::uint32_t count) {
        request.fields.set("Authorization", http::authorize(*challenge, request, credentials(), count));
        return request;
    }
    bool passes(http::Request const& request) { return std::holds_alternative<std::string>(authenticator->check(request)); }

    std::shared_ptr<http::Authenticator> authenticator;
    std::optional<http::Challenge> challenge;
    std::shared_ptr<std::vector<std::string>> requests = std::make_shared<std::vector<std::string>>();
};

TEST_F(LogIn, works_with_digest_of_curl_for_each_method) {
    auto server = listen_with_login();
    EXPECT_EQ(curl("--digest -u admin:geheim " + origin(*server) + "/a?b=c").output, "hello admin");
    EXPECT_EQ(curl("--digest -u admin:geheim -d ' body' " + origin(*server) + "/a").output, "hello admin body");
    EXPECT_THAT(curl("-i --digest -u admin:wrong " + origin(*server) + "/").output, HasSubstr("401 Unauthorized"));
    EXPECT_THAT(curl("-i --digest -u other:geheim " + origin(*server) + "/").output, HasSubstr("401 Unauthorized"));
}

TEST_F(LogIn, uploads_a_multipart_form_of_curl) {
    auto router = std::make_shared<http::Router>();
    router->otherwise(
        [](http::Request request) -> Task<http::Response> {
            auto form = http::parse_any_form(request);
            co_return http::Response::text(
                200, form ? form->at("cert").file_name + " " + form->at("cert").content + " " + form->at("pass").content
                          : form.error().message());
        },
        10000);
    auto server = listen(router);
    EXPECT_EQ(curl("-F cert=@" + folder.file("own.pem", "PEM") + " -F pass=word " + origin(*server) + "/up").output, "own.pem PEM word");
}

TEST_F(LogIn, offers_basic_over_tls_only) {
    TestAuthority authority;
    auto secure = listen_with_login(server_context(authority.issue("127.0.0.1")));
    auto clear = listen_with_login();
    EXPECT_EQ(curl("-k --basic -u admin:geheim " + origin(*secure, "https") + "/").output, "hello admin");
    auto refused = curl("-i --basic -u admin:geheim " + origin(*clear) + "/").output;
    EXPECT_THAT(refused, HasSubstr("401 Unauthorized"));
    EXPECT_THAT(refused, Not(HasSubstr("Basic")));
}

TEST_F(LogIn, our_client_uses_one_nonce_for_many_requests) {
    auto server = listen_with_login();
    auto one = client(*server);
    for (int i = 0; i < 3; ++i) {
        auto answer = loops.await(one.get("/" + std::to_string(i)));
        ASSERT_TRUE(answer) << why(answer);
        EXPECT_EQ(answer->status, 200);
    }
    ASSERT_THAT(*requests, SizeIs(4));  // one challenge in all
    EXPECT_EQ(requests->at(0), "");
    EXPECT_THAT(requests->at(3), HasSubstr("nc=00000003"));
}

TEST_F(LogIn, our_client_says_that_the_password_is_wrong_after_one_try) {
    auto server = listen_with_login();
    auto one = client(*server, "wrong");
    auto answer = loops.await(one.get("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), errors::net::login_refused);
    EXPECT_THAT(*requests, SizeIs(2));
}

TEST_F(LogIn, our_client_gives_no_password_in_clear) {
    auto router = std::make_shared<http::Router>();
    auto seen = requests;
    router->otherwise([seen](http::Request request) -> Task<http::Response> {
        seen->emplace_back(request.fields.get("Authorization"));
        auto response = http::Response::text(401, "");
        response.fields.set("WWW-Authenticate", "Basic realm=\"r\"");
        co_return response;
    });
    auto server = listen(router);
    auto one = client(*server);
    auto answer = loops.await(one.get("/"));
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().id(), errors::net::insecure_authentication_refused);
    EXPECT_THAT(*requests, ::testing::ElementsAre(""));
}

TEST_F(LogIn, our_client_takes_a_fresh_nonce_when_the_old_one_is_stale) {
    auto server = listen_with_login();
    auto one = client(*server);
    ASSERT_TRUE(loops.await(one.get("/1")));
    // Uses up the count that the client will use next, as a request that overtook it would.
    auto used = requests->back();
    http::Request other;
    other.target = "/2";
    auto value = http::parse_auth(used).front();
    challenge = http::Challenge{.scheme = http::AuthScheme::digest,
                                .hash = tls::Hash::sha256,
                                .algorithm = "SHA-256",
                                .qop = true,
                                .realm = "sys 1",
                                .nonce = std::string(value.get("nonce"))};
    ASSERT_TRUE(passes(sign(other, 2)));
    auto answer = loops.await(one.get("/2"));
    ASSERT_TRUE(answer) << why(answer);
    EXPECT_EQ(answer->status, 200);
}

TEST_F(LogIn, a_count_is_taken_once) {
    auto request = signed_request(1);
    EXPECT_TRUE(passes(request));
    EXPECT_FALSE(passes(request));
}

TEST_F(LogIn, counts_may_overtake_each_other) {
    auto third = signed_request(3);
    EXPECT_TRUE(passes(third));
    EXPECT_TRUE(passes(sign(third, 1)));
    EXPECT_TRUE(passes(sign(third, 2)));
    EXPECT_FALSE(passes(sign(third, 2)));
    EXPECT_TRUE(passes(sign(third, 500)));
    EXPECT_FALSE(passes(sign(third, 4)));  // too far behind to know
}

TEST_F(LogIn, an_answer_for_another_page_is_refused) {
    auto request = signed_request();
    request.target = "/y";
    EXPECT_FALSE(passes(request));
}

TEST_F(LogIn, a_nonce_of_somebody_else_is_stale_to_those_who_know_the_password_only) {
    auto request = signed_request();
    challenge->nonce = "1.abc.def";
    auto stale = std::get<http::Response>(authenticator->check(sign(request, 1)));
    EXPECT_THAT(std::string(stale.fields.get("WWW-Authenticate")), HasSubstr("stale=true"));
    request.fields.set("Authorization", http::authorize(*challenge, request, {"admin", SecretText("wrong")}, 1));
    auto refused = std::get<http::Response>(authenticator->check(request));
    EXPECT_THAT(std::string(refused.fields.get("WWW-Authenticate")), Not(HasSubstr("stale")));
}

TEST_F(LogIn, any_user_name_is_taken_where_the_family_says_so) {
    http::Authenticator any({.realm = "sys 1", .any_user = true}, [](std::string const&) { return std::optional(SecretText("geheim")); });
    http::Request request;
    request.target = "/x";
    auto asked = std::get<http::Response>(any.check(request));
    request.fields.set("Authorization", *http::answer_challenge(asked, request, {"whoever", SecretText("geheim")}, false));
    EXPECT_EQ(std::get<std::string>(any.check(request)), "whoever");
}

TEST_F(LogIn, rubbish_in_the_header_is_refused) {
    for (auto const* header : {"Digest", "Basic", "Basic !!!", "Digest username=\"", "Digest =,=,", ",,,", "Basic YWJj"}) {
        http::Request request;
        request.secure = true;
        request.fields.set("Authorization", header);
        EXPECT_FALSE(passes(request)) << header;
    }
}

}  // namespace countersign::net
