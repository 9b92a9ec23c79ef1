#include "device/services/browser_sessions.hpp"

#include "base/text.hpp"
#include "host/crypto.hpp"
#include "net/tls/digest.hpp"

#include <algorithm>

namespace countersign::device {
namespace {

constexpr std::string_view k_name = "__Host-Pages-";
constexpr std::size_t k_name_digits = 16;
constexpr std::size_t k_id_bytes = 32;
constexpr std::string_view k_attributes = "; Path=/; Secure; HttpOnly; SameSite=Strict";

std::string digest_of(std::string_view id) { return net::tls::hash_hex(net::tls::Hash::sha256, id); }

}  // namespace

BrowserSessions::BrowserSessions(std::string_view whose) : name_(std::string(k_name) + digest_of(whose).substr(0, k_name_digits)) {}

std::string_view BrowserSessions::cookie_of(net::http::Request const& request) const {
    for (auto const line : request.fields.all("Cookie"))
        for (auto const part : split(line, ';')) {
            auto const pair = trim(part);
            if (pair.size() > name_.size() && pair.starts_with(name_) && pair[name_.size()] == '=') return pair.substr(name_.size() + 1);
        }
    return {};
}

std::string BrowserSessions::begin(std::string const& user, Time now) {
    std::erase_if(open_, [now](auto const& one) { return over(one.second, now); });
    if (open_.size() >= k_most) open_.erase(std::ranges::min_element(open_, {}, [](auto const& one) { return one.second.used; }));
    auto const id = to_hex(host::random_bytes(k_id_bytes));
    open_.insert_or_assign(digest_of(id), Session{user, now, now});
    return name_ + "=" + id + std::string(k_attributes);
}

std::optional<std::string> BrowserSessions::user_of(net::http::Request const& request, Use use, Time now) {
    auto const id = cookie_of(request);
    if (id.empty()) return std::nullopt;
    auto const found = open_.find(digest_of(id));
    if (found == open_.end()) return std::nullopt;
    if (over(found->second, now)) {
        open_.erase(found);
        return std::nullopt;
    }
    if (use == Use::person) found->second.used = now;
    return found->second.user;
}

std::optional<std::string> BrowserSessions::end(net::http::Request const& request) {
    auto const id = cookie_of(request);
    auto const found = id.empty() ? open_.end() : open_.find(digest_of(id));
    if (found == open_.end()) return std::nullopt;
    auto user = std::move(found->second.user);
    open_.erase(found);
    return user;
}

std::string BrowserSessions::cookie_to_forget() const { return name_ + "=" + std::string(k_attributes) + "; Max-Age=0"; }

}  // namespace countersign::device
