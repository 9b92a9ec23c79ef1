// WWW-Authenticate headers as a client reads them, and Authorization headers as a server does.

#include "fuzz/target.hpp"
#include "net/http/auth.hpp"
#include "net/http/challenge.hpp"

using namespace countersign;
using namespace countersign::net;
using fuzz::must_hold;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const text = fuzz::text_of(data, size);
    (void)http::parse_auth(text);
    http::Request request;
    http::Credentials const credentials{"admin", SecretText("secret")};
    http::Response unauthorized;
    unauthorized.status = 401;
    unauthorized.fields.add("WWW-Authenticate", text);
    auto const plain = http::answer_challenge(unauthorized, request, credentials, false);
    must_hold(!plain || !istarts_with(*plain, "basic"), "no password goes over a connection that is not secure");
    auto const secure = http::answer_challenge(unauthorized, request, credentials, true);
    must_hold(!secure || secure->find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos, "a header is one line");
    static http::Authenticator authenticator({.realm = "r"}, [](std::string const&) { return std::optional(SecretText("secret")); });
    request.fields.add("Authorization", text);
    must_hold(std::holds_alternative<http::Response>(authenticator.check(request)), "nobody guesses a digest");
    return 0;
}
