#pragma once

/// Giving a message to a mail server (RFC 6409), over TLS only: from the first byte (RFC 8314) or by STARTTLS (RFC 3207). The server is
/// verified before it hears anything but EHLO and STARTTLS; a server that does not offer STARTTLS gets nothing. Passwords are sent by
/// AUTH PLAIN or LOGIN, inside of that TLS alone.
///
/// Deadlines: connecting and the handshake `connect`; each command and its reply `step`; the end of the message two minutes, as a server
/// may look at it for long (RFC 5321 section 4.5.3.2.6).

#include "base/secret.hpp"
#include "net/address.hpp"
#include "net/task.hpp"
#include "net/tls/tls.hpp"

#include <string>
#include <vector>

namespace countersign::net {

struct MailServer {
    enum class Security { tls, starttls };
    Endpoint where;
    std::string name;  ///< that was called: SNI and the name to match
    std::string bind_address;
    Security security = Security::tls;
    tls::PeerPolicy policy;
    std::string profile = "intermediate";
    UtcTime at{};             ///< of the verification
    std::string client_name;  ///< for EHLO: a host name
    std::string user;         ///< empty: no log-in
    SecretText password;
    Milliseconds connect{10000};
    Milliseconds step{30000};
};

struct MailEnvelope {
    std::string from;  ///< addresses as smtp::is_mail_address() takes them
    std::vector<std::string> to;
};

/// Which recipients the server did not take while it took others: each with its words.
struct MailAccepted {
    std::vector<std::string> refused;
};

/// The server has taken the message for at least one recipient. NET-001..007, TRU-001, NET-050 (no SMTP), NET-051 (no STARTTLS), NET-052
/// (log-in refused), NET-053 (no way to log in), NET-054 (it refused something else). `message` as mail::write() makes it.
Task<Result<MailAccepted>> submit_mail(MailServer server, MailEnvelope envelope, std::string message);

}  // namespace countersign::net
