#pragma once

/// The part of SIP that a system needs to register at a registrar (RFC 3261 section 10): REGISTER requests, and messages as they come over
/// a stream or in a datagram. No sockets, no timers, no log-in: that is the caller's.

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::dialect::sip {

inline constexpr std::size_t k_max_message = 64 * 1024;  ///< head and body of one message, bytes
inline constexpr std::size_t k_max_headers = 200;        ///< of one message

enum class Transport { udp, tcp, tls };
std::string_view to_string(Transport transport);  ///< "UDP", "TCP", "TLS", as in Via

/// One message. Short names of headers ("v") are written out; names keep no case.
struct Message {
    int status = 0;  ///< 100 to 699; 0: a request
    std::string reason;
    std::string method;                                        ///< of a request
    std::vector<std::pair<std::string, std::string>> headers;  ///< name, value: folded lines joined, blanks around them gone
    std::string body;
    /// The first of that name, or empty.
    [[nodiscard]] std::string_view get(std::string_view name) const;
    [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
};

/// The first whole message of what has come, and how much of it that is; nothing while more must come (section 18.3). NET-040.
struct Taken {
    Message message;
    std::size_t size = 0;
};
Result<std::optional<Taken>> take_message(std::string_view received);
/// A datagram: without Content-Length the body goes to its end. NET-040.
Result<Message> parse_datagram(std::string_view datagram);

/// What one registration asks for. Texts may hold anything: what SIP does not allow in their place is escaped.
struct Registration {
    Transport transport = Transport::tls;
    std::string registrar;     ///< domain of the request's URI: host name or address
    std::string user;          ///< of the address of record
    std::string contact_host;  ///< where this system is called
    std::uint16_t contact_port = 5061;
    std::string call_id, from_tag, branch;  ///< unique; `branch` without its magic cookie
    std::uint32_t sequence = 1;
    std::chrono::seconds expires{3600};  ///< 0: no longer
    std::string user_agent;
    std::optional<std::pair<std::string, std::string>> authorization;  ///< header name and value
};
/// The request's URI, as digest authentication needs it.
std::string request_uri(Registration const& registration);
std::string write_register(Registration const& registration);

/// Whether the message answers this request: CSeq, Call-ID and branch are its own.
bool answers(Message const& message, Registration const& registration);
/// How long the registration holds: of our contact in the answer, else Expires, else what was asked for (section 10.2.4); 0 when our
/// contact is not among those that the registrar holds.
std::chrono::seconds granted(Message const& answer, Registration const& registration);
/// Min-Expires of a 423 (section 10.3), or nothing.
std::optional<std::chrono::seconds> shortest(Message const& answer);

}  // namespace countersign::dialect::sip
