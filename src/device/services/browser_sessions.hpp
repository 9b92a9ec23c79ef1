#pragma once

/// Log-in sessions of people at the pages, over TLS only: a random cookie that no script can read, no other site can send and no other
/// host can set (`__Host-`, Secure, HttpOnly, SameSite=Strict). They live in memory: a restart ends all, a change of a password too. Idle
/// for k_idle or open for k_longest: over. At most k_most; the one that was idle for longest makes room, so that nobody is kept out.

#include "net/http/message.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::device {

class BrowserSessions {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t k_most = 50;
    static constexpr std::chrono::minutes k_idle{30};
    static constexpr std::chrono::hours k_longest{12};

    enum class Use { person, background };  ///< what a page asks for by itself keeps no session open

    /// `whose`: the service of the system. Its digest is in the cookie's name: cookies are for a host whatever the port (RFC 6265 section
    /// 8.5), and several systems may share a host name.
    explicit BrowserSessions(std::string_view whose);

    /// The value of Set-Cookie.
    std::string begin(std::string const& user, Time now);
    /// The user whose session the request's cookie names.
    std::optional<std::string> user_of(net::http::Request const& request, Use use, Time now);
    /// The user whose session it was, and the value of Set-Cookie that takes the cookie back.
    std::optional<std::string> end(net::http::Request const& request);
    [[nodiscard]] std::string cookie_to_forget() const;
    void end_all() { open_.clear(); }
    [[nodiscard]] std::size_t size() const { return open_.size(); }

private:
    struct Session {
        std::string user;
        Time begun;
        Time used;
    };
    /// The value of our cookie (RFC 6265 section 5.4), or empty.
    [[nodiscard]] std::string_view cookie_of(net::http::Request const& request) const;
    static bool over(Session const& session, Time now) { return now - session.used >= k_idle || now - session.begun >= k_longest; }
    std::string name_;
    std::map<std::string, Session, std::less<>> open_;  ///< by the digest of the cookie, so that looking up tells nothing by its time
};

}  // namespace countersign::device
