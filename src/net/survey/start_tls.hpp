#pragma once

/// How protocols that begin in clear are asked to go over to TLS. Each is a conversation of a few lines; nothing beyond it is said.
///
/// A state machine without sockets: `feed` takes what the server says and answers with what to say next.

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::net::survey {

enum class StartTls {
    none,         ///< TLS from the first byte
    smtp,         ///< RFC 3207
    imap,         ///< RFC 9051 section 6.2.1
    pop3,         ///< RFC 2595 section 4
    ftp,          ///< RFC 4217, AUTH TLS
    xmpp,         ///< RFC 6120 section 5, client to server
    xmpp_server,  ///< the same, server to server
    ldap,         ///< RFC 4511 section 4.14
    postgres      ///< PostgreSQL, "Message Formats": SSLRequest
};
/// "smtp", "xmpp-server" ...; GEN-001 for others.
Result<StartTls> parse_start_tls(std::string_view text);
std::string_view to_string(StartTls protocol);
std::vector<std::string> start_tls_names();
/// 443 for `none`.
std::uint16_t usual_port(StartTls protocol);

class StartTlsDialogue {
public:
    /// `server_name` is who is spoken to (XMPP).
    StartTlsDialogue(StartTls protocol, std::string server_name);

    enum class State {
        more,    ///< send what `say` gives (perhaps nothing), then read on
        ready,   ///< the next byte is TLS
        refused  ///< the server does not want to, or says what is no answer
    };
    struct Step {
        State state = State::more;
        std::string say;
    };
    /// Before anything was read.
    Step begin();
    /// More than 64 KiB in all is a refusal.
    Step feed(std::string_view bytes);
    /// The last thing the server said, as it came; at most 256 bytes.
    [[nodiscard]] std::string last_words() const;

private:
    Step next_line(std::string_view line);
    Step after_lines();
    Step xmpp();
    Step ldap();
    Step postgres() const;
    [[nodiscard]] std::string stream_head() const;

    StartTls protocol_;
    std::string server_name_;
    std::string heard_;
    std::size_t total_ = 0;
    std::string last_;
    int stage_ = 0;
    bool offered_ = false;
};

}  // namespace countersign::net::survey
