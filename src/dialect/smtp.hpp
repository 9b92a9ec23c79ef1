#pragma once

/// SMTP (RFC 5321) as a client of a mail server reads and writes it: replies, what a server offers, and a message as lines. No sockets.
///
/// Limits: a line of a reply has at most 2,048 bytes (RFC 5321 section 4.5.3.1.5 asks for 512), a reply at most 100 lines.

#include "base/result.hpp"

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::smtp {

inline constexpr std::size_t k_line_limit = 2048;
inline constexpr std::size_t k_lines_limit = 100;

struct Reply {
    int code = 0;                    ///< 200 to 599
    std::vector<std::string> lines;  ///< without code and end of line; control characters are replaced
    [[nodiscard]] bool positive() const { return code / 100 == 2; }
    [[nodiscard]] bool goes_on() const { return code / 100 == 3; }
    /// Another try with the same gives the same (RFC 5321 section 4.2.1).
    [[nodiscard]] bool permanent() const { return code / 100 == 5; }
    /// "550 5.1.1 No such user", its lines joined.
    [[nodiscard]] std::string text() const;
};

/// Bytes in, replies out.
class ReplyReader {
public:
    void feed(std::string_view bytes) { waiting_ += bytes; }
    /// Nothing while a reply is not complete. NET-050 when it is none: then nothing more can be read.
    Result<std::optional<Reply>> next();
    /// No byte waits beyond the replies that were taken. Checked before TLS begins: what was sent in clear before it must not be
    /// taken for what the verified server said.
    [[nodiscard]] bool empty() const { return waiting_.empty() && partial_.lines.empty(); }

private:
    std::string waiting_;
    Reply partial_;
};

/// What the answer to EHLO says (RFC 5321 section 4.1.1.1).
struct Offer {
    bool starttls = false;
    std::set<std::string> login;  ///< mechanisms of AUTH in capitals: "PLAIN", "LOGIN"
};
Offer read_offer(Reply const& reply);

/// addr-spec of RFC 5321 in plain ASCII without quotes: nothing that could end a line or a path, at most 254 bytes.
bool is_mail_address(std::string_view text);

/// The lines of a message as DATA wants them: CRLF, dots doubled at the beginning of lines, and the final dot (RFC 5321 section 4.5.2).
std::string as_data(std::string_view message);

}  // namespace countersign::dialect::smtp
