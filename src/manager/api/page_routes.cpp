#include "manager/api/embedded_page.hpp"
#include "manager/api/routes.hpp"
#include "net/http/static_file.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// Nothing is loaded from elsewhere, nothing inline runs or is styled, nobody frames the page.
constexpr std::string_view k_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'";

embedded::Page const* find(std::string_view name) {
    auto const files = embedded::page();
    auto const found = std::ranges::find(files, name, &embedded::Page::name);
    return found == files.end() ? nullptr : &*found;
}

http::Response file(embedded::Page const& page, http::Request const& request) {
    auto response = http::serve({.name = page.name,
                                 .text = page.text,
                                 .brotli = page.brotli,
                                 .gzip = page.gzip,
                                 .digest = page.digest,
                                 .names_its_content = page.name.starts_with("assets/")},
                                request);
    response.fields.set("Content-Security-Policy", k_policy);
    response.fields.set("X-Content-Type-Options", "nosniff");
    response.fields.set("Referrer-Policy", "no-referrer");
    return response;
}

/// A path without a dot is one of the interface's own places: its first page finds the way there.
net::Task<http::Response> page_for(http::Request request) {
    std::string_view const path = std::string_view(request.path).substr(1);
    if (auto const* const page = find(path)) co_return file(*page, request);
    bool const place = !path.starts_with("api/") && path.find('.') == std::string_view::npos;
    if (auto const* const first = find("index.html"); first != nullptr && place) co_return file(*first, request);
    co_return http::problem(Error(errors::gen::not_found, {{"what", "page"}, {"name", request.path}}));
}

}  // namespace

void add_page_routes(http::Router& router) {
    router.add({"GET", "/", 4096, [](http::Request request) { return page_for(std::move(request)); }});
    router.otherwise([](http::Request request) -> net::Task<http::Response> {
        if (request.method == "GET" || request.method == "HEAD") return page_for(std::move(request));
        return [](std::string path) -> net::Task<http::Response> {
            co_return http::problem(Error(errors::gen::not_found, {{"what", "page"}, {"name", path}}));
        }(std::move(request.path));
    });
}

}  // namespace countersign::manager::api
