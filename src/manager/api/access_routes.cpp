#include "base/text.hpp"
#include "manager/api/credentials.hpp"
#include "manager/api/folder_reach.hpp"
#include "manager/api/permissions.hpp"
#include "manager/api/query.hpp"
#include "manager/api/routes.hpp"
#include "manager/api/selection.hpp"

#include "countersign/errors/acc.hpp"

#include <limits>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

constexpr std::string_view k_cookie = "__Host-countersign";

std::string session_cookie(std::string_view token, std::string_view rest) {
    return std::string(k_cookie) + "=" + std::string(token) + "; Path=/; Secure; HttpOnly; SameSite=Strict" + std::string(rest);
}

/// A browser sends cookies along with requests that another site caused; those carry a foreign Origin.
bool same_origin(http::Request const& request) {
    auto site = request.fields.get("Sec-Fetch-Site");
    if (!site.empty() && site != "same-origin" && site != "none") return false;
    auto origin = request.fields.get("Origin");
    return origin.empty() || origin == "https://" + std::string(request.fields.get("Host"));
}

/// The one place where roles are asked for. ACC-013, ACC-014, ACC-017.
Result<void> check(Caller const& caller, Permission needed) {
    if (caller.must_change_password && needed != Permission::self)
        return fail(errors::acc::password_change_needed, {{"account", caller.account}});
    if (caller.may(needed)) return {};
    bool const role_is_enough = allows(caller.role, needed) && (!caller.owner || allows(*caller.owner, needed));
    if (caller.read_only && role_is_enough) return fail(errors::acc::token_reads_only, {{"who", caller.actor}});
    auto const role = allows(caller.role, needed) ? caller.owner.value_or(caller.role) : caller.role;
    return fail(errors::acc::role_needed, {{"needed", roles_with(needed)}, {"who", caller.actor}, {"role", to_string(role)}});
}

net::Task<std::optional<http::Response>> guard(Doors doors, http::Request& request) {
    auto const access = doors.access;
    constexpr std::string_view api = "/api/v1/";
    if (!request.path.starts_with(api)) co_return std::nullopt;
    bool cookie_could_be_abused = request.method != "GET" && !bearer_of(request);
    if (cookie_could_be_abused && !same_origin(request))
        co_return http::problem(Error(errors::acc::forbidden, {{"detail", "the request came from another site"}}));
    if (permission_for(request.method, request.path) == Permission::none) co_return std::nullopt;
    auto caller = co_await access->authenticate(session_of(request), bearer_of(request));
    if (!caller) co_return http::problem(caller.error());
    if (auto allowed = check(*caller, permission_for(request.method, request.path)); !allowed) co_return http::problem(allowed.error());
    if (caller->folder != 0) {
        if (auto within = co_await keep_to_folder(doors, *caller, request); !within) co_return http::problem(within.error());
    }
    request.user = caller->actor;
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

net::Task<http::Response> who_is_logged_in(Doors doors, http::Request request) {
    auto caller = co_await caller_of(doors, std::move(request));
    co_return answer_or_problem(caller, [](Caller const& one) {
        json::array permissions;
        for (auto const permission : k_permissions)
            if (one.may(permission)) permissions.emplace_back(to_string(permission));
        return json::object{{"user", one.actor},
                            {"role", to_string(one.role)},
                            {"permissions", std::move(permissions)},
                            {"must_change_password", one.must_change_password},
                            {"read_only", one.read_only}};
    });
}

net::Task<http::Response> change_own_password(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("old_password");
    reader.required("new_password");
    SecretText old(reader.text("old_password", 1024).value_or(""));
    SecretText fresh(reader.text("new_password", 1024).value_or(""));
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto session = session_of(request);
    if (!session) co_return http::problem(Error(errors::acc::session_needed));
    auto done = co_await doors.access->change_own_password(*std::move(session), std::move(old), std::move(fresh), request.peer.address);
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

net::Task<http::Response> create_token(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("name");
    NewToken token;
    token.name = reader.text("name", 64).value_or("");
    token.days = static_cast<int>(reader.number("days", 0, 3650).value_or(90));
    if (auto role = reader.text("role")) {
        token.role = parse_role(*role);
        if (!token.role) reader.problem("role", std::string(k_role_names) + " is expected");
    }
    token.read_only = reader.boolean("read_only").value_or(false);
    auto const folder = reader.text("folder", 4096).value_or("");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    if (!folder.empty()) {
        auto found = co_await read_folder(doors.manager, folder);
        if (!found) co_return http::problem(found.error());
        token.folder = *found;
    }
    auto maker = co_await caller_of(doors, std::move(request));
    if (!maker) co_return http::problem(maker.error());
    auto secret = co_await doors.access->create_token(std::move(token), *std::move(maker));
    co_return answer_or_problem(secret, [](SecretText const& one) { return json::object{{"token", one.reveal()}}; }, 201);
}

/// Nothing: all tokens, for who may see them. Else the account whose tokens the caller may see; a token without an owner sees none of
/// others.
std::optional<std::string> only_tokens_of(Caller const& caller) {
    if (caller.may(Permission::administer) || caller.may(Permission::audit)) return std::nullopt;
    return caller.account;
}

json::object to_json(ApiToken const& token) {
    return {{"id", token.id},
            {"name", token.name},
            {"owner", token.owner.empty() ? json::value(nullptr) : json::value(token.owner)},
            {"role", to_string(token.role)},
            {"read_only", token.read_only},
            {"folder", token.folder == 0 ? json::value(nullptr) : json::value(token.folder_path)},
            {"created", to_string(token.created)},
            {"expires", token.expires ? json::value(to_string(*token.expires)) : json::value(nullptr)}};
}

net::Task<http::Response> list_tokens(Doors doors, http::Request request) {
    Query query(request);
    auto const after = query.number("after", 0, std::numeric_limits<std::int64_t>::max()).value_or(0);
    auto const limit = query.limit();
    if (auto good = query.finish(); !good) co_return http::problem(good.error());
    auto caller = co_await caller_of(doors, std::move(request));
    if (!caller) co_return http::problem(caller.error());
    auto tokens = co_await doors.manager->store().accounts().list_tokens(only_tokens_of(*caller), after, limit);
    co_return answer_or_problem(tokens, [limit](std::vector<ApiToken> const& list) {
        json::array out;
        for (auto const& token : list) out.push_back(to_json(token));
        auto next = list.size() == limit ? json::value(list.back().id) : json::value(nullptr);
        return json::object{{"tokens", std::move(out)}, {"next", std::move(next)}};
    });
}

/// Own tokens by everybody, all others by administrators.
net::Task<http::Response> remove_token(Doors doors, http::Request request) {
    auto const id = parse_number<std::int64_t>(request.parameters["id"]).value_or(0);
    auto caller = co_await caller_of(doors, request);
    if (!caller) co_return http::problem(caller.error());
    // "?" is nobody's name: a token without an owner that is no administrator takes none back.
    auto owner = std::optional(caller->account.empty() ? std::string("?") : caller->account);
    if (caller->may(Permission::administer)) owner.reset();
    auto done = co_await doors.manager->store().accounts().remove_token(id, std::move(owner), request.user);
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

}  // namespace

/// The certificate that the handshake took, in which its owner proved that the key is his.
net::Task<http::Response> login_by_certificate(Doors doors, http::Request request) {
    auto token = co_await doors.access->login_by_certificate(request.client_certificates, request.peer.address);
    if (!token) co_return http::problem(token.error());
    http::Response response{204, {}, {}, {}};
    response.fields.set("Set-Cookie", session_cookie(token->reveal(), "; Max-Age=43200"));
    co_return response;
}

void add_certificate_log_in(http::Router& router, Doors const& doors) {
    router.add({"POST", "/api/v1/session/certificate", 4096,
                [doors](http::Request request) { return login_by_certificate(doors, std::move(request)); }});
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

net::Task<Result<Caller>> caller_of(Doors doors, http::Request request) {
    co_return co_await doors.access->authenticate(session_of(request), bearer_of(request));
}

void add_access_routes(http::Router& router, Doors const& doors) {
    router.before([doors](http::Request& request) { return guard(doors, request); });
    router.add({"GET", "/api/v1/setup", 4096, [doors](http::Request const&) { return setup_state(doors); }});
    router.add({"POST", "/api/v1/setup", 4096, [doors](http::Request request) { return setup(doors, std::move(request)); }});
    router.add({"POST", "/api/v1/session", 4096, [doors](http::Request request) { return login(doors, std::move(request)); }});
    add_certificate_log_in(router, doors);
    router.add({"DELETE", "/api/v1/session", 4096, [doors](http::Request request) { return logout(doors, std::move(request)); }});
    router.add({"GET", "/api/v1/session", 4096, [doors](http::Request request) { return who_is_logged_in(doors, std::move(request)); }});
    router.add({"PUT", "/api/v1/session/password", 4096,
                [doors](http::Request request) { return change_own_password(doors, std::move(request)); }});
    router.add({"GET", "/api/v1/tokens", 4096, [doors](http::Request request) { return list_tokens(doors, std::move(request)); }});
    router.add({"POST", "/api/v1/tokens", 4096, [doors](http::Request request) { return create_token(doors, std::move(request)); }});
    router.add({"DELETE", "/api/v1/tokens/{id}", 4096, [doors](http::Request request) { return remove_token(doors, std::move(request)); }});
}

}  // namespace countersign::manager::api
