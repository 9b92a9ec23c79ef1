#include "dialect/smtp.hpp"

#include "base/text.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>
#include <utility>

namespace countersign::dialect::smtp {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string printable(std::string_view text) {
    std::string out;
    for (char c : text) out += static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f ? '?' : c;
    return out;
}

Failure not_smtp(std::string_view line) {
    return fail(errors::net::smtp_protocol, {{"detail", "it says \"" + printable(line.substr(0, 80)) + "\""}});
}

/// atext of RFC 5322 section 3.2.3.
bool is_atom_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").contains(c);
}

}  // namespace

std::string Reply::text() const {
    std::string out = std::to_string(code);
    for (auto const& line : lines)
        if (!line.empty()) out += " " + line;
    return out;
}

Result<std::optional<Reply>> ReplyReader::next() {
    for (;;) {
        auto const end = waiting_.find('\n');
        if (end == std::string::npos) {
            if (waiting_.size() > k_line_limit) return not_smtp(waiting_);
            return std::nullopt;
        }
        auto line = std::string_view(waiting_).substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        bool const coded = line.size() >= 3 && line[0] >= '2' && line[0] <= '5' && is_digit(line[1]) && is_digit(line[2]);
        bool const separated = line.size() == 3 || (line.size() > 3 && (line[3] == ' ' || line[3] == '-'));
        if (!coded || !separated || line.size() > k_line_limit || partial_.lines.size() >= k_lines_limit) return not_smtp(line);
        int const code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
        if (!partial_.lines.empty() && code != partial_.code) return not_smtp(line);
        bool const last = line.size() == 3 || line[3] == ' ';
        partial_.code = code;
        partial_.lines.push_back(printable(line.size() > 4 ? line.substr(4) : std::string_view()));
        waiting_.erase(0, end + 1);
        if (last) return std::exchange(partial_, Reply());
    }
}

Offer read_offer(Reply const& reply) {
    Offer offer;
    // The first line is the server's greeting.
    for (std::size_t i = 1; i < reply.lines.size(); ++i) {
        auto const line = to_upper(reply.lines[i]);
        auto const words = split(line, ' ');
        if (words.empty()) continue;
        if (words.front() == "STARTTLS") offer.starttls = true;
        if (words.front() != "AUTH") continue;
        for (std::size_t w = 1; w < words.size(); ++w)
            if (!words[w].empty()) offer.login.emplace(words[w]);
    }
    return offer;
}

bool is_mail_address(std::string_view text) {
    auto const at = text.rfind('@');
    if (text.size() > 254 || at == std::string_view::npos || at == 0 || at > 64) return false;
    auto const local = text.substr(0, at);
    char before = '.';
    for (char c : local) {
        if (c == '.' ? before == '.' : !is_atom_character(c)) return false;
        before = c;
    }
    return before != '.' && is_host_name(text.substr(at + 1));
}

std::string as_data(std::string_view message) {
    std::string out;
    while (!message.empty()) {
        auto const end = std::min(message.find('\n'), message.size());
        auto line = message.substr(0, end);
        message.remove_prefix(std::min(end + 1, message.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.starts_with('.')) out += '.';
        // A bare CR would be an end of line to some servers and not to others.
        for (char c : line) out += c == '\r' ? ' ' : c;
        out += "\r\n";
    }
    return out + ".\r\n";
}

}  // namespace countersign::dialect::smtp
