#include "base/text.hpp"
#include "manager/api/routes.hpp"

#include "countersign/errors/acc.hpp"

namespace countersign::manager::api {
namespace http = net::http;
namespace {

constexpr std::string_view k_cookie = "__Host-countersign";

std::string session_cookie(std::string_view token, std::string_view rest) {
    return std::string(k_cookie) + "=" + std::string(token) + "; Path=/; Secure; HttpOnly; SameSite=Strict" + std::string(rest);
}

std::optional<std::string> session_of(http::Request const& request) {
    for (auto line : request.fields.all("Cookie")) {
        for (auto pair : split(line, ';')) {
            auto parts = trim(pair);
            if (parts.starts_with(k_cookie) && parts.size() > k_cookie.size() && parts[k_cookie.size()] == '=') {
                return std::string(parts.substr(k_cookie.size() + 1));
            }
        }
    }
    return std::nullopt;
}

std::optional<std::string> bearer_of(http::Request const& request) {
    auto value = request.fields.get("Authorization");
    if (!istarts_with(value, "Bearer ")) return std::nullopt;
    return std::string(trim(value.substr(7)));
}

/// A browser sends cookies along with requests that another site caused; those carry a foreign Origin.
bool same_origin(http::Request const& request) {
    auto site = request.fields.get("Sec-Fetch-Site");
    if (!site.empty() && site != "same-origin" && site != "none") return false;
    auto origin = request.fields.get("Origin");
    return origin.empty() || origin == "https://" + std::string(request.fields.get("Host"));
}

net::Task<std::optional<http::Response>> guard(std::shared_ptr<Access> access, http::Request& request) {
    constexpr std::string_view api = "/api/v1/";
    if (!request.path.starts_with(api)) co_return std::nullopt;
    auto what = std::string_view(request.path).substr(api.size());
    bool opens = request.method == "POST" && (what == "session" || what == "setup");
    bool cookie_could_be_abused = request.method != "GET" && !bearer_of(request);
    if (cookie_could_be_abused && !same_origin(request))
        co_return http::problem(Error(errors::acc::forbidden, {{"detail", "the request came from another site"}}));
    if (opens || (request.method == "GET" && what == "setup")) co_return std::nullopt;
    auto actor = co_await access->authenticate(session_of(request), bearer_of(request));
    if (!actor) co_return http::problem(actor.error());
    request.user = *actor;
    co_return std::nullopt;
}

net::Task<http::Response> setup_state(Doors doors) {
    auto pending = co_await doors.access->setup_pending();
    co_return answer_or_problem(pending, [](bool value) { return json::object{{"pending", value}}; });
}

net::Task<http::Response> setup(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("setup_password");
    reader.required("new_password");
    SecretText old(reader.text("setup_password").value_or(""));
    SecretText fresh(reader.text("new_password", 1024).value_or(""));
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto done = co_await doors.access->setup(std::move(old), std::move(fresh), request.peer.address);
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

net::Task<http::Response> login(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("user");
    reader.required("password");
    auto user = reader.text("user").value_or("");
    SecretText password(reader.text("password", 1024).value_or(""));
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto token = co_await doors.access->login(user, std::move(password), request.peer.address);
    if (!token) co_return http::problem(token.error());
    http::Response response{204, {}, {}, {}};
    response.fields.set("Set-Cookie", session_cookie(token->reveal(), "; Max-Age=43200"));
    co_return response;
}

net::Task<http::Response> logout(Doors doors, http::Request request) {
    if (auto session = session_of(request)) {
        auto done = co_await doors.access->logout(*session);
        if (!done) co_return http::problem(done.error());
    }
    http::Response response{204, {}, {}, {}};
    response.fields.set("Set-Cookie", session_cookie("", "; Max-Age=0"));
    co_return response;
}

net::Task<http::Response> create_token(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("name");
    auto name = reader.text("name", 64).value_or("");
    auto days = reader.number("days", 0, 3650).value_or(90);
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto token = co_await doors.access->create_token(name, static_cast<int>(days), request.user);
    co_return answer_or_problem(token, [](SecretText const& secret) { return json::object{{"token", secret.reveal()}}; }, 201);
}

net::Task<http::Response> list_tokens(Doors doors, http::Request request) {
    (void)request;
    auto tokens = co_await doors.manager->store().list_tokens();
    co_return answer_or_problem(tokens, [](std::vector<Store::TokenInfo> const& list) {
        json::array out;
        for (auto const& token : list) out.push_back(to_json(token));
        return json::object{{"tokens", std::move(out)}};
    });
}

net::Task<http::Response> remove_token(Doors doors, http::Request request) {
    auto id = parse_number<std::int64_t>(request.parameters["id"]).value_or(0);
    auto done = co_await doors.manager->store().remove_token(id, request.user);
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

}  // namespace

void add_access_routes(http::Router& router, Doors const& doors) {
    router.before([access = doors.access](http::Request& request) { return guard(access, request); });
    router.add({"GET", "/api/v1/setup", 4096, [doors](http::Request const&) { return setup_state(doors); }});
    router.add({"POST", "/api/v1/setup", 4096, [doors](http::Request request) { return setup(doors, std::move(request)); }});
    router.add({"POST", "/api/v1/session", 4096, [doors](http::Request request) { return login(doors, std::move(request)); }});
    router.add({"DELETE", "/api/v1/session", 4096, [doors](http::Request request) { return logout(doors, std::move(request)); }});
    router.add({"GET", "/api/v1/session", 4096,
                [](http::Request request) -> net::Task<http::Response> { co_return answer(json::object{{"user", request.user}}); }});
    router.add({"GET", "/api/v1/tokens", 4096, [doors](http::Request request) { return list_tokens(doors, std::move(request)); }});
    router.add({"POST", "/api/v1/tokens", 4096, [doors](http::Request request) { return create_token(doors, std::move(request)); }});
    router.add({"DELETE", "/api/v1/tokens/{id}", 4096, [doors](http::Request request) { return remove_token(doors, std::move(request)); }});
}

}  // namespace countersign::manager::api
