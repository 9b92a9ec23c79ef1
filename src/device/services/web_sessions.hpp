#pragma once

/// Log-in sessions of the xAPI over HTTPS (protocols 1.1): begun with basic authentication, then carried by a cookie until they are ended
/// or were not used for k_idle. They live in memory: a restart ends all. At most k_max_sessions; a used one never makes room for another.
/// Where the family lists the dialect `xapi_session`.

#include "base/result.hpp"
#include "net/http/message.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace countersign::device {

class WebSessions {
public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t k_max_sessions = 20;
    static constexpr std::chrono::minutes k_idle{60};
    static constexpr std::string_view k_begin = "/xmlapi/session/begin";
    static constexpr std::string_view k_end = "/xmlapi/session/end";

    /// 204 with the cookie; 503 when there are too many.
    net::http::Response begin(std::string const& user, Time now);
    /// 204, also when there was none.
    net::http::Response end(net::http::Request const& request);
    /// The user whose session the request's cookie names.
    std::optional<std::string> user_of(net::http::Request const& request, Time now);
    /// After a change of the password nobody stays logged in.
    void end_all() { open_.clear(); }

private:
    struct Session {
        std::string user;
        Time used;
    };
    std::map<std::string, Session, std::less<>> open_;  ///< by the digest of the cookie, so that looking up tells nothing by its time
};

}  // namespace countersign::device
