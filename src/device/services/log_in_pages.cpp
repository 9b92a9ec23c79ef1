#include "device/services/log_in_pages.hpp"

#include "base/text.hpp"
#include "device/services/form_result.hpp"
#include "device/services/http_door.hpp"
#include "device/services/page_files.hpp"
#include "dialect/web_frame.hpp"
#include "net/http/server.hpp"

#include "countersign/errors/acc.hpp"

#include <algorithm>

namespace countersign::device {

namespace http = net::http;
namespace web = dialect::web;

namespace {

constexpr std::size_t k_longest_word = 255;
constexpr std::size_t k_longest_path = 1000;

std::chrono::steady_clock::time_point now() { return std::chrono::steady_clock::now(); }

bool changes_something(http::Request const& request) { return request.method != "GET" && request.method != "HEAD"; }

/// A path of this system, never of another: "//host" and "/\host" are addresses to browsers.
std::string own_path(std::string_view text) {
    bool const plain = std::ranges::all_of(text, [](unsigned char c) { return c > 0x20 && c < 0x7f && c != '\\'; });
    if (!plain || text.size() > k_longest_path || !text.starts_with('/') || text.starts_with("//")) return "/";
    return std::string(text);
}

http::Response draw(Unit const& unit, int status, web::LogIn values) {
    values.files = page_file_addresses();
    values.target = k_log_in_path;
    return http::Response::html(status, web::render_log_in(unit.family(), values));
}

std::string address_of_log_in(std::string_view to, std::string_view why) {
    auto address = std::string(k_log_in_path) + "?to=" + http::url_encode(to);
    if (!why.empty()) address += "&why=" + std::string(why);
    return address;
}

std::string expected_user(Unit const& unit) { return unit.family().login.any_user ? unit.family().login.user : std::string(); }

http::Response ask(Unit const& unit, http::Request const& request) {
    auto const about = [&request](std::string const& name) {
        auto const found = request.query.find(name);
        return found == request.query.end() ? std::string() : found->second;
    };
    web::LogIn values{.files = {}, .target = {}, .to = own_path(about("to")), .user = expected_user(unit), .notice = {}, .problem = {}};
    if (about("why") == "out") values.notice = "You have logged out.";
    if (about("why") == "in")
        values.problem = "Your browser did not keep your log-in. Allow it to keep cookies for this system, then log in again.";
    if (about("why") == "ended") values.problem = "Your log-in has ended. What you sent was not carried out.";
    return draw(unit, 200, std::move(values));
}

http::Response go_to(std::string_view path, std::string_view cookie) {
    auto response = http::Response::redirect(303, path);
    if (!cookie.empty()) response.fields.set("Set-Cookie", cookie);
    return response;
}

}  // namespace

http::Response LogInPages::log_in(Unit& unit, http::Request const& request) {
    auto fields = http::parse_form(request.body);
    if (!fields) return http::problem(fields.error());
    SecretText const password(std::move((*fields)["password"]));
    auto const user = std::string(trim((*fields)["user"]));
    auto const to = own_path((*fields)["to"]);
    auto refuse = [&](Error const& error) {
        auto response = draw(unit, error.entry().http_status,
                             {.files = {}, .target = {}, .to = to, .user = user, .notice = {}, .problem = say(unit, error)});
        if (error.id() == errors::acc::locked_out) response.fields.set("Retry-After", error.parameter("seconds"));
        // RFC 9110 section 15.5.2 asks for a challenge; no browser opens its own dialog for this one.
        if (response.status == 401) response.fields.set("WWW-Authenticate", "Form realm=\"" + unit.family().login.realm + "\"");
        return response;
    };
    bool const printable = std::ranges::none_of(user, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
    // A name that is none is the name of nobody; what it says stands in no journal.
    auto const who = user.size() <= k_longest_word && printable && is_utf8(user) ? user : std::string("?");
    if (auto right = unit.authenticate(who, password, {service_, who, request.peer.address}); !right) return refuse(right.error());
    // One browser, one log-in: nobody could end the one before.
    (void)sessions_.end(request);
    // By way of the log-in: a browser without our cookie finds out there.
    return go_to(address_of_log_in(to, "in"), sessions_.begin(who, now()));
}

std::optional<http::Response> LogInPages::answer(Unit& unit, http::Request const& request) {
    if (request.path == k_log_in_path) {
        if (request.method == "POST") return log_in(unit, request);
        // Whoever is logged in already has come back to this page.
        if (user_of(request)) return go_to(own_path(request.query.contains("to") ? request.query.at("to") : "/"), {});
        return ask(unit, request);
    }
    if (request.path != k_log_out_path || request.method != "POST") return std::nullopt;
    if (auto user = sessions_.end(request)) unit.report("logout", {{"door", service_}, {"user", *user}, {"peer", request.peer.address}});
    return go_to(std::string(k_log_in_path) + "?why=out", sessions_.cookie_to_forget());
}

std::optional<http::Response> LogInPages::instead_of_challenge(Unit const& unit, http::Request const& request) {
    if (request.fields.has("Authorization")) return std::nullopt;
    if (request.fields.has(k_script_header)) {
        auto response = http::problem(Error(errors::acc::login_required));
        response.fields.set("WWW-Authenticate", "Form realm=\"" + unit.family().login.realm + "\"");
        return response;
    }
    // Browsers say so by themselves over TLS (Fetch Metadata), programs do not: those get the challenge that they answer.
    bool const opens_page = request.fields.get("Sec-Fetch-Mode") == "navigate" && request.fields.get("Accept").contains("text/html");
    if (!opens_page) return std::nullopt;
    auto to = std::string("/");
    if (!changes_something(request))
        to = own_path(request.target);
    else if (auto const place = unit.family().find_target(request.path))
        to = place.page->path;
    return http::Response::redirect(303, address_of_log_in(to, changes_something(request) ? "ended" : ""));
}

std::optional<std::string> LogInPages::user_of(http::Request const& request) {
    // A browser that sends neither could have been made to send a cookie by another site.
    bool const from_us = request.fields.get("Sec-Fetch-Site") == "same-origin" || !request.fields.get("Origin").empty();
    if (changes_something(request) && (!from_us || forged_from(request))) return std::nullopt;
    auto const use = request.fields.get(k_script_header) == "live" ? BrowserSessions::Use::background : BrowserSessions::Use::person;
    return sessions_.user_of(request, use, now());
}

}  // namespace countersign::device
