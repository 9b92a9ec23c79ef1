#pragma once

/// An e-mail of plain text (RFC 5322, MIME: RFC 2045 and 2047). Whatever stands in subject or text, it cannot begin a header: header
/// fields are made of one line each, what is not ASCII is encoded, and the text is encoded as a whole.

#include "base/utc_time.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect::mail {

struct Message {
    std::string from;             ///< addresses as smtp::is_mail_address() takes them
    std::string from_name;        ///< for people; may be empty
    std::vector<std::string> to;  ///< at least one
    std::string subject;          ///< UTF-8
    std::string text;             ///< UTF-8, lines end with \n
    UtcTime at{};
    std::string id;      ///< "change-12@manager.company.com", without angle brackets
    std::string thread;  ///< the same for all messages of one matter; may be empty
};

/// Lines end with CRLF.
std::string write(Message const& message);

/// "Sun, 22 Nov 2026 12:00:00 +0000" (RFC 5322 section 3.3).
std::string date_of(UtcTime time);
/// As an unstructured header field wants it: itself when it is plain ASCII, else encoded words of UTF-8 in Base64 (RFC 2047), folded.
std::string encode_header(std::string_view text);

}  // namespace countersign::dialect::mail
