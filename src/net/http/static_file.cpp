#include "net/http/static_file.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>

namespace countersign::net::http {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 6> k_types = {{{".html", "text/html; charset=utf-8"},
                                                                                   {".js", "text/javascript; charset=utf-8"},
                                                                                   {".css", "text/css; charset=utf-8"},
                                                                                   {".svg", "image/svg+xml"},
                                                                                   {".woff2", "font/woff2"},
                                                                                   {".txt", "text/plain; charset=utf-8"}}};

/// Whether one of the tokens between commas is `wanted` ("gzip, br;q=0.5"); a weight of zero refuses it.
bool accepts(std::string_view list, std::string_view wanted) {
    return std::ranges::any_of(split(list, ','), [wanted](std::string_view one) {
        auto const cut = one.find(';');
        auto const weight = cut == std::string_view::npos ? std::string_view() : trim(one.substr(cut + 1));
        bool const refused = weight.starts_with("q=0") && weight.find_first_not_of("q=0.") == std::string_view::npos;
        return iequals(trim(one.substr(0, cut)), wanted) && !refused;
    });
}

}  // namespace

Response serve(StaticFile const& file, Request const& request) {
    Response response;
    for (auto const& [ending, type] : k_types)
        if (file.name.ends_with(ending)) response.fields.set("Content-Type", type);
    auto const accepted = request.fields.get("Accept-Encoding");
    std::string_view encoding;
    if (!file.brotli.empty() && accepts(accepted, "br"))
        encoding = "br";
    else if (!file.gzip.empty() && accepts(accepted, "gzip"))
        encoding = "gzip";
    auto const tag = "\"" + std::string(file.digest) + (encoding.empty() ? "" : "-") + std::string(encoding) + "\"";
    response.fields.set("Vary", "Accept-Encoding");
    response.fields.set("ETag", tag);
    bool const named = file.names_its_content || request.query.contains(std::string(file.digest));
    response.fields.set("Cache-Control", named ? "public, max-age=31536000, immutable" : "no-cache");
    if (request.fields.get("If-None-Match") == tag) {
        response.status = 304;
        return response;
    }
    if (!encoding.empty()) response.fields.set("Content-Encoding", encoding);
    response.body = encoding == "br" ? file.brotli : encoding == "gzip" ? file.gzip : file.text;
    return response;
}

}  // namespace countersign::net::http
