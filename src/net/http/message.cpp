#include "net/http/message.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace countersign::net::http {

Fields::Fields(std::initializer_list<std::pair<std::string_view, std::string_view>> fields) {
    for (auto const& [name, value] : fields) add(name, value);
}

std::string_view Fields::get(std::string_view name) const {
    for (auto const& field : fields_)
        if (iequals(field.name, name)) return field.value;
    return {};
}

std::vector<std::string_view> Fields::all(std::string_view name) const {
    std::vector<std::string_view> values;
    for (auto const& field : fields_)
        if (iequals(field.name, name)) values.emplace_back(field.value);
    return values;
}

bool Fields::has(std::string_view name) const {
    return std::ranges::any_of(fields_, [name](auto const& field) { return iequals(field.name, name); });
}

void Fields::set(std::string_view name, std::string_view value) {
    remove(name);
    add(name, value);
}

void Fields::add(std::string_view name, std::string_view value) { fields_.push_back({std::string(name), std::string(value)}); }

void Fields::remove(std::string_view name) {
    std::erase_if(fields_, [name](auto const& field) { return iequals(field.name, name); });
}

namespace {

Response made(int status, std::string_view type, std::string body) {
    Response response;
    response.status = status;
    if (!type.empty()) response.fields.set("Content-Type", type);
    response.body = std::move(body);
    return response;
}

}  // namespace

Response Response::text(int status, std::string body) { return made(status, "text/plain; charset=utf-8", std::move(body)); }
Response Response::html(int status, std::string body) { return made(status, "text/html; charset=utf-8", std::move(body)); }
Response Response::xml(int status, std::string body) { return made(status, "text/xml; charset=utf-8", std::move(body)); }
Response Response::json(int status, std::string body) { return made(status, "application/json", std::move(body)); }

Response Response::redirect(int status, std::string_view location) {
    auto response = made(status, {}, {});
    response.fields.set("Location", location);
    return response;
}

// RFC 9110 section 15 and RFC 6585.
std::string_view reason_phrase(int status) {
    switch (status) {
        case 100: return "Continue";
        case 101: return "Switching Protocols";
        case 200: return "OK";
        case 201: return "Created";
        case 202: return "Accepted";
        case 204: return "No Content";
        case 206: return "Partial Content";
        case 301: return "Moved Permanently";
        case 302: return "Found";
        case 303: return "See Other";
        case 304: return "Not Modified";
        case 307: return "Temporary Redirect";
        case 308: return "Permanent Redirect";
        case 400: return "Bad Request";
        case 401: return "Unauthorized";
        case 403: return "Forbidden";
        case 404: return "Not Found";
        case 405: return "Method Not Allowed";
        case 406: return "Not Acceptable";
        case 408: return "Request Timeout";
        case 409: return "Conflict";
        case 410: return "Gone";
        case 411: return "Length Required";
        case 412: return "Precondition Failed";
        case 413: return "Content Too Large";
        case 414: return "URI Too Long";
        case 415: return "Unsupported Media Type";
        case 417: return "Expectation Failed";
        case 421: return "Misdirected Request";
        case 422: return "Unprocessable Content";
        case 426: return "Upgrade Required";
        case 428: return "Precondition Required";
        case 429: return "Too Many Requests";
        case 431: return "Request Header Fields Too Large";
        case 500: return "Internal Server Error";
        case 501: return "Not Implemented";
        case 502: return "Bad Gateway";
        case 503: return "Service Unavailable";
        case 504: return "Gateway Timeout";
        case 505: return "HTTP Version Not Supported";
        default: return "Unknown";
    }
}

}  // namespace countersign::net::http
