#include "base/text.hpp"
#include "manager/api/embedded_page.hpp"
#include "manager/api/routes.hpp"

#include "countersign/errors/gen.hpp"

#include <algorithm>
#include <array>

namespace countersign::manager::api {
namespace http = net::http;
namespace {

/// Nothing is loaded from elsewhere, nothing inline runs or is styled, nobody frames the page.
constexpr std::string_view k_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'";

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> k_types = {{{".html", "text/html; charset=utf-8"},
                                                                                   {".js", "text/javascript; charset=utf-8"},
                                                                                   {".css", "text/css; charset=utf-8"},
                                                                                   {".svg", "image/svg+xml"},
                                                                                   {".woff2", "font/woff2"},
                                                                                   {".txt", "text/plain; charset=utf-8"}}};

embedded::Page const* find(std::string_view name) {
    auto const files = embedded::page();
    auto const found = std::ranges::find(files, name, &embedded::Page::name);
    return found == files.end() ? nullptr : &*found;
}

/// Whether one of the tokens between commas is `wanted` ("gzip, br;q=0.5"); a weight of zero refuses it (RFC 9110 section 12.5.3).
bool accepts(std::string_view list, std::string_view wanted) {
    return std::ranges::any_of(split(list, ','), [wanted](std::string_view one) {
        auto const name = trim(one.substr(0, one.find(';')));
        return name == wanted && !trim(one).ends_with("q=0");
    });
}

net::Task<http::Response> file(embedded::Page const& page, http::Request const& request) {
    http::Response response;
    for (auto const& [ending, type] : k_types)
        if (page.name.ends_with(ending)) response.fields.set("Content-Type", type);
    auto const accepted = request.fields.get("Accept-Encoding");
    std::string_view encoding;
    if (!page.brotli.empty() && accepts(accepted, "br"))
        encoding = "br";
    else if (!page.gzip.empty() && accepts(accepted, "gzip"))
        encoding = "gzip";
    auto const tag = "\"" + std::string(page.digest) + (encoding.empty() ? "" : "-") + std::string(encoding) + "\"";
    response.fields.set("Content-Security-Policy", k_policy);
    response.fields.set("X-Content-Type-Options", "nosniff");
    response.fields.set("Referrer-Policy", "no-referrer");
    response.fields.set("Vary", "Accept-Encoding");
    response.fields.set("ETag", tag);
    // Names of files in assets/ have a hash of their content in them; all others are asked for again, which costs a 304.
    response.fields.set("Cache-Control", page.name.starts_with("assets/") ? "public, max-age=31536000, immutable" : "no-cache");
    if (request.fields.get("If-None-Match") == tag) {
        response.status = 304;
        co_return response;
    }
    if (!encoding.empty()) response.fields.set("Content-Encoding", encoding);
    response.body = encoding == "br" ? page.brotli : encoding == "gzip" ? page.gzip : page.text;
    co_return response;
}

/// A path without a dot is one of the interface's own places: its first page finds the way there.
net::Task<http::Response> page_for(http::Request request) {
    std::string_view const path = std::string_view(request.path).substr(1);
    if (auto const* const page = find(path)) co_return co_await file(*page, request);
    bool const place = !path.starts_with("api/") && path.find('.') == std::string_view::npos;
    if (auto const* const first = find("index.html"); first != nullptr && place) co_return co_await file(*first, request);
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
