#include "manager/api/routes.hpp"

#include "countersign/embedded_page.hpp"
#include "countersign/errors/gen.hpp"

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// Nothing is loaded from elsewhere, nothing inline runs, nobody frames the page.
constexpr std::string_view k_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'";

net::Task<http::Response> file(std::string_view name, std::string_view type) {
    for (auto const& one : embedded::page()) {
        if (one.name != name) continue;
        http::Response response = http::Response::text(200, std::string(one.text));
        response.fields.set("Content-Type", type);
        response.fields.set("Content-Security-Policy", k_policy);
        response.fields.set("X-Content-Type-Options", "nosniff");
        response.fields.set("Referrer-Policy", "no-referrer");
        response.fields.set("Cache-Control", "no-cache");
        co_return response;
    }
    co_return http::problem(Error(errors::gen::not_found, {{"what", "file"}, {"name", name}}));
}

}  // namespace

void add_page_routes(http::Router& router) {
    auto add = [&router](std::string path, std::string_view name, std::string_view type) {
        router.add({"GET", std::move(path), 4096, [name, type](http::Request const&) { return file(name, type); }});
    };
    add("/", "index.html", "text/html; charset=utf-8");
    add("/page.js", "page.js", "text/javascript; charset=utf-8");
    add("/page.css", "page.css", "text/css; charset=utf-8");
    add("/icon.svg", "icon.svg", "image/svg+xml");
}

}  // namespace countersign::manager::api
