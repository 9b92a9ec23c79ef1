#pragma once

/// The log-in of people at the pages, over TLS: a form in place of the browser's own dialog, and a session. Programs go on with basic and
/// digest; over plain HTTP browsers do, too, because a form would send the password in clear where digest does not
/// (docs/decisions/0059).

#include "device/services/browser_sessions.hpp"
#include "device/unit.hpp"

namespace countersign::device {

/// Below this path are the agent's own places; no family has pages there.
inline constexpr std::string_view k_own_places = "/-/";
inline constexpr std::string_view k_log_in_path = "/-/log-in";
inline constexpr std::string_view k_log_out_path = "/-/log-out";
inline constexpr std::string_view k_check_path = "/-/check";
/// A name, a password, a path.
inline constexpr std::size_t k_log_in_limit = 4096;
/// What the script of a page asks for carries this header: "live" for what it asks by itself, "person" for what somebody does.
inline constexpr std::string_view k_script_header = "Countersign-Page";

class LogInPages {
public:
    LogInPages(std::string service_id, std::string const& serial) : service_(std::move(service_id)), sessions_(serial + " " + service_) {}

    /// GET and POST of the log-in, POST of the log-out; nothing: it is neither.
    std::optional<net::http::Response> answer(Unit& unit, net::http::Request const& request);
    /// Sends a browser that opens a page without credentials to the log-in; a script of a page gets 401 that opens no dialog. Nothing:
    /// it is asked for credentials as programs are.
    [[nodiscard]] static std::optional<net::http::Response> instead_of_challenge(Unit const& unit, net::http::Request const& request);
    /// The user who is logged in. What changes something must say that it comes from a page of ours.
    std::optional<std::string> user_of(net::http::Request const& request);
    void end_all() { sessions_.end_all(); }

private:
    net::http::Response log_in(Unit& unit, net::http::Request const& request);
    std::string service_;
    BrowserSessions sessions_;
};

}  // namespace countersign::device
