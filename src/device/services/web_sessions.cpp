#include "device/services/web_sessions.hpp"

#include "base/text.hpp"
#include "host/crypto.hpp"
#include "net/tls/digest.hpp"

#include <algorithm>

namespace countersign::device {

namespace http = net::http;

namespace {

constexpr std::string_view k_name = "SessionId";
constexpr std::size_t k_id_bytes = 32;

std::string digest_of(std::string_view id) { return net::tls::hash_hex(net::tls::Hash::sha256, id); }

/// The value of our cookie (RFC 6265 section 5.4), or empty.
std::string_view cookie_of(http::Request const& request) {
    for (auto const line : request.fields.all("Cookie"))
        for (auto const part : split(line, ';')) {
            auto const pair = trim(part);
            if (pair.size() > k_name.size() && pair.starts_with(k_name) && pair[k_name.size()] == '=')
                return pair.substr(k_name.size() + 1);
        }
    return {};
}

http::Response no_content(std::string_view cookie) {
    http::Response response;
    response.status = 204;
    response.fields.set("Set-Cookie", std::string(k_name) + "=" + std::string(cookie) + "; Path=/; Secure; HttpOnly; SameSite=Strict");
    return response;
}

}  // namespace

http::Response WebSessions::begin(std::string const& user, Time now) {
    if (open_.size() >= k_max_sessions) std::erase_if(open_, [now](auto const& one) { return now - one.second.used >= k_idle; });
    if (open_.size() >= k_max_sessions) {
        auto response = http::Response::text(503, "There are too many sessions. End one.\n");
        response.fields.set("Retry-After", "60");
        return response;
    }
    auto const id = to_hex(host::random_bytes(k_id_bytes));
    open_.insert_or_assign(digest_of(id), Session{user, now});
    return no_content(id);
}

http::Response WebSessions::end(http::Request const& request) {
    if (auto const id = cookie_of(request); !id.empty()) open_.erase(digest_of(id));
    return no_content("; Max-Age=0");
}

std::optional<std::string> WebSessions::user_of(http::Request const& request, Time now) {
    auto const id = cookie_of(request);
    if (id.empty()) return std::nullopt;
    auto const found = open_.find(digest_of(id));
    if (found == open_.end()) return std::nullopt;
    if (now - found->second.used >= k_idle) {
        open_.erase(found);
        return std::nullopt;
    }
    found->second.used = now;
    return found->second.user;
}

}  // namespace countersign::device
