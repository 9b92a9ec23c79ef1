#include "base/log.hpp"
#include "base/text.hpp"
#include "net/http/server.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <set>

namespace countersign::net::http {

namespace {

using Parameters = std::map<std::string, std::string>;

/// Takes the next segment off `path`, which begins with '/' or is empty.
std::string_view take_segment(std::string_view& path) {
    path.remove_prefix(1);
    auto end = std::min(path.find('/'), path.size());
    auto segment = path.substr(0, end);
    path.remove_prefix(end);
    return segment;
}

bool matches(std::string_view pattern, std::string_view path, Parameters& parameters) {
    if (pattern == "/") pattern = {};
    if (path == "/") path = {};
    while (!pattern.empty()) {
        auto wanted = take_segment(pattern);
        if (wanted.starts_with('{') && wanted.ends_with("*}")) {
            parameters[std::string(wanted.substr(1, wanted.size() - 3))] = path.empty() ? path : path.substr(1);
            return true;
        }
        if (path.empty()) return false;
        auto segment = take_segment(path);
        if (wanted.starts_with('{') && wanted.ends_with('}')) {
            parameters[std::string(wanted.substr(1, wanted.size() - 2))] = segment;
        } else if (wanted != segment) {
            return false;
        }
    }
    return path.empty();
}

bool method_matches(std::string_view route, std::string_view request) { return route == request || (request == "HEAD" && route == "GET"); }

struct Found {
    Router::Route const* route = nullptr;
    Parameters parameters;
    std::set<std::string> allowed;  ///< methods of the path when no route has the method
};

Found find_route(std::vector<Router::Route> const& routes, Request const& request) {
    Found found;
    for (auto const& route : routes) {
        Parameters parameters;
        if (!matches(route.pattern, request.path, parameters)) continue;
        if (method_matches(route.method, request.method)) {
            found.route = &route;
            found.parameters = std::move(parameters);
            return found;
        }
        found.allowed.insert(route.method);
    }
    return found;
}

Response not_allowed(std::set<std::string> const& allowed) {
    std::vector<std::string> methods(allowed.begin(), allowed.end());
    if (allowed.contains("GET")) methods.emplace_back("HEAD");
    auto response = problem(Error(errors::gen::method_not_allowed));
    response.fields.set("Allow", join(methods, ", "));
    return response;
}

}  // namespace

Router& Router::add(Route route) {
    routes_.push_back(std::move(route));
    return *this;
}

Router& Router::otherwise(Handler handler, std::size_t limit) {
    otherwise_ = std::move(handler);
    otherwise_limit_ = limit;
    return *this;
}

Router& Router::before(std::function<Task<std::optional<Response>>(Request&)> filter) {
    filters_.push_back(std::move(filter));
    return *this;
}

std::size_t Router::body_limit(Request const& head) const {
    auto found = find_route(routes_, head);
    return found.route != nullptr ? found.route->body_limit : otherwise_limit_;
}

Task<Response> Router::handle(Request request) {
    auto found = find_route(routes_, request);
    request.parameters = std::move(found.parameters);
    for (auto const& filter : filters_)
        if (auto answer = co_await filter(request)) co_return *std::move(answer);
    if (found.route != nullptr) co_return co_await found.route->handler(std::move(request));
    if (!found.allowed.empty()) co_return not_allowed(found.allowed);
    if (otherwise_) co_return co_await otherwise_(std::move(request));
    co_return problem(Error(errors::gen::not_found, {{"what", "page"}, {"name", request.path}}));
}

}  // namespace countersign::net::http
