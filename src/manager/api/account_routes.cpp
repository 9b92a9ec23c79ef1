#include "base/text.hpp"
#include "manager/api/query.hpp"
#include "manager/api/routes.hpp"

#include "countersign/errors/gen.hpp"

namespace countersign::manager::api {
namespace http = net::http;
namespace {

json::value or_null(std::optional<UtcTime> const& time) { return time ? json::value(to_string(*time)) : json::value(nullptr); }

json::object to_json(UserAccount const& account, LogInLock const& lock) {
    json::array addresses;
    for (auto const& one : lock.addresses) addresses.emplace_back(one);
    return {{"name", account.name},
            {"full_name", account.full_name},
            {"role", to_string(account.role)},
            {"enabled", account.enabled},
            {"must_change_password", account.must_change_password},
            {"created", to_string(account.created)},
            {"last_log_in", or_null(account.last_log_in)},
            {"last_address", account.last_address},
            {"sessions", account.sessions},
            {"tokens", account.tokens},
            {"failed_log_ins", lock.failures},
            {"locked_until", or_null(lock.until)},
            {"locked_addresses", std::move(addresses)}};
}

json::object to_json(SessionInfo const& session) {
    return {{"id", session.id},
            {"created", to_string(session.created)},
            {"expires", to_string(session.expires)},
            {"address", session.address},
            {"method", session.method}};
}

std::optional<Role> read_role(Reader& reader) {
    auto const text = reader.text("role");
    auto const role = text ? parse_role(*text) : std::nullopt;
    if (text && !role) reader.problem("role", std::string(k_role_names) + " is expected");
    return role;
}

std::string name_of(http::Request& request) { return to_lower(request.parameters["name"]); }

net::Task<http::Response> list_accounts(Doors doors, http::Request request) {
    Query query(request);
    auto after = query.text("after").value_or("");
    auto const limit = query.limit();
    if (auto good = query.finish(); !good) co_return http::problem(good.error());
    auto accounts = co_await doors.manager->store().accounts().list(std::move(after), limit);
    co_return answer_or_problem(accounts, [limit, &doors](std::vector<UserAccount> const& list) {
        json::array out;
        for (auto const& account : list) out.push_back(to_json(account, doors.access->lock_of(account.name)));
        auto next = list.size() == limit ? json::value(list.back().name) : json::value(nullptr);
        return json::object{{"accounts", std::move(out)}, {"next", std::move(next)}};
    });
}

net::Task<http::Response> add_account(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    reader.required("name");
    reader.required("role");
    NewAccount account;
    account.name = reader.text("name").value_or("");
    account.full_name = reader.text("full_name").value_or("");
    account.role = read_role(reader).value_or(Role::viewer);
    if (auto password = reader.text("password", 1024)) account.password = SecretText(*std::move(password));
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto made = co_await doors.access->create_account(std::move(account), request.user);
    co_return answer_or_problem(
        made,
        [](Access::Created const& one) {
            auto out = to_json(one.account, {});
            out["one_time_password"] = one.one_time_password ? json::value(one.one_time_password->reveal()) : json::value(nullptr);
            return out;
        },
        201);
}

net::Task<http::Response> show_account(Doors doors, http::Request request) {
    auto account = co_await doors.manager->store().accounts().get(name_of(request));
    co_return answer_or_problem(account, [&doors](UserAccount const& one) { return to_json(one, doors.access->lock_of(one.name)); });
}

net::Task<http::Response> change_account(Doors doors, http::Request request) {
    auto object = parse_object(request.body);
    if (!object) co_return http::problem(object.error());
    Reader reader(*std::move(object));
    AccountChange change;
    change.full_name = reader.text("full_name");
    change.role = read_role(reader);
    change.enabled = reader.boolean("enabled");
    if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    auto account = co_await doors.manager->store().accounts().change(name_of(request), std::move(change), request.user);
    co_return answer_or_problem(account, [&doors](UserAccount const& one) { return to_json(one, doors.access->lock_of(one.name)); });
}

net::Task<http::Response> remove_account(Doors doors, http::Request request) {
    auto done = co_await doors.manager->store().accounts().remove(name_of(request), request.user);
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

net::Task<http::Response> reset_password(Doors doors, http::Request request) {
    std::optional<SecretText> password;
    if (!request.body.empty()) {
        auto object = parse_object(request.body);
        if (!object) co_return http::problem(object.error());
        Reader reader(*std::move(object));
        if (auto given = reader.text("password", 1024)) password = SecretText(*std::move(given));
        if (auto good = reader.finish(); !good) co_return http::problem(good.error());
    }
    auto once = co_await doors.access->reset_password(name_of(request), std::move(password), request.user);
    co_return answer_or_problem(once, [](std::optional<SecretText> const& one) {
        return json::object{{"one_time_password", one ? json::value(one->reveal()) : json::value(nullptr)}};
    });
}

net::Task<http::Response> unlock(Doors doors, http::Request request) {
    auto done = co_await doors.access->unlock(name_of(request), request.user);
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

net::Task<http::Response> list_sessions(Doors doors, http::Request request) {
    auto sessions = co_await doors.manager->store().accounts().list_sessions(name_of(request));
    co_return answer_or_problem(sessions, [](std::vector<SessionInfo> const& list) {
        json::array out;
        for (auto const& session : list) out.push_back(to_json(session));
        return json::object{{"sessions", std::move(out)}};
    });
}

net::Task<http::Response> end_sessions(Doors doors, http::Request request) {
    std::optional<std::int64_t> id;
    if (request.parameters.contains("id")) id = parse_number<std::int64_t>(request.parameters["id"]).value_or(0);
    auto done = co_await doors.manager->store().accounts().end_sessions(name_of(request), id, request.user);
    if (!done) co_return http::problem(done.error());
    co_return http::Response{204, {}, {}, {}};
}

}  // namespace

void add_account_routes(http::Router& router, Doors const& doors) {
    auto const route = [&router, &doors](std::string method, std::string pattern,
                                         net::Task<http::Response> (*handle)(Doors, http::Request)) {
        router.add({std::move(method), std::move(pattern), 4096,
                    [doors, handle](http::Request request) { return handle(doors, std::move(request)); }});
    };
    route("GET", "/api/v1/accounts", list_accounts);
    route("POST", "/api/v1/accounts", add_account);
    route("GET", "/api/v1/accounts/{name}", show_account);
    route("PATCH", "/api/v1/accounts/{name}", change_account);
    route("DELETE", "/api/v1/accounts/{name}", remove_account);
    route("POST", "/api/v1/accounts/{name}/password", reset_password);
    route("POST", "/api/v1/accounts/{name}/unlock", unlock);
    route("GET", "/api/v1/accounts/{name}/sessions", list_sessions);
    route("DELETE", "/api/v1/accounts/{name}/sessions", end_sessions);
    route("DELETE", "/api/v1/accounts/{name}/sessions/{id}", end_sessions);
}

}  // namespace countersign::manager::api
