#include "dialect/sip.hpp"

#include "base/text.hpp"

#include "countersign/errors/net.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace countersign::dialect::sip {
namespace {

constexpr std::string_view k_version = "SIP/2.0";
constexpr std::string_view k_cookie = "z9hG4bK";  // of every branch (section 8.1.1.7)
constexpr std::chrono::seconds k_longest{7 * 24 * 3600};

Failure malformed(std::string_view detail) { return fail(errors::net::sip_malformed, {{"detail", detail}}); }

/// Section 20, table of short forms.
std::string full_name(std::string_view name) {
    struct Short {
        char letter;
        std::string_view name;
    };
    static constexpr std::array k_short{Short{'v', "via"},          Short{'f', "from"},
                                        Short{'t', "to"},           Short{'i', "call-id"},
                                        Short{'m', "contact"},      Short{'l', "content-length"},
                                        Short{'c', "content-type"}, Short{'k', "supported"},
                                        Short{'s', "subject"},      Short{'e', "content-encoding"}};
    auto lower = to_lower(name);
    if (lower.size() == 1)
        for (auto const& known : k_short)
            if (known.letter == lower.front()) return std::string(known.name);
    return lower;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || std::string_view("-.!%*_+`'~").find(static_cast<char>(c)) != std::string_view::npos;
    });
}

bool is_printable_line(std::string_view text) {
    return std::ranges::none_of(text, [](unsigned char c) { return (c < 0x20 && c != '\t') || c == 0x7f; });
}

/// One line without its end; lines end with CRLF, and with LF alone where somebody was sloppy.
std::string_view take_line(std::string_view& text) {
    auto const end = text.find('\n');
    auto line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

Result<void> read_first_line(std::string_view line, Message& message) {
    if (line.starts_with(k_version) && line.size() > k_version.size() && line[k_version.size()] == ' ') {
        auto const rest = line.substr(k_version.size() + 1);
        auto const status = parse_number<int>(rest.substr(0, 3));
        if (!status || *status < 100 || *status > 699 || (rest.size() > 3 && rest[3] != ' ')) return malformed("its status is no number");
        message.status = *status;
        message.reason = trim(rest.substr(std::min<std::size_t>(rest.size(), 3)));
        return {};
    }
    auto const blank = line.find(' ');
    if (blank == std::string_view::npos || !line.ends_with(std::string(" ") + std::string(k_version)) || !is_token(line.substr(0, blank)))
        return malformed("it begins with no SIP/2.0 line");
    message.method = line.substr(0, blank);
    return {};
}

Result<void> read_headers(std::string_view head, Message& message) {
    while (!head.empty()) {
        auto const line = take_line(head);
        if (!is_printable_line(line)) return malformed("a header holds control characters");
        bool const folded = line.starts_with(' ') || line.starts_with('\t');
        if (folded) {
            if (message.headers.empty()) return malformed("it begins with a folded line");
            message.headers.back().second += " " + std::string(trim(line));
            continue;
        }
        auto const colon = line.find(':');
        auto const name = trim(line.substr(0, colon));
        if (colon == std::string_view::npos || !is_token(name)) return malformed("a header has no name");
        if (message.headers.size() == k_max_headers) return malformed("it has too many headers");
        message.headers.emplace_back(full_name(name), trim(line.substr(colon + 1)));
    }
    return {};
}

/// Where the head ends, behind its empty line; nothing when it has not come yet.
std::optional<std::size_t> end_of_head(std::string_view text) {
    for (std::size_t at = 0; (at = text.find('\n', at)) != std::string_view::npos; ++at) {
        auto const next = text.substr(at + 1);
        if (next.starts_with("\r\n")) return at + 3;
        if (next.starts_with('\n')) return at + 2;
    }
    return std::nullopt;
}

Result<Message> read_head(std::string_view head) {
    Message message;
    auto const first = take_line(head);
    if (!is_printable_line(first)) return malformed("its first line holds control characters");
    CS_CHECK(read_first_line(first, message));
    // The empty line at the end is no header.
    while (head.ends_with('\n') || head.ends_with('\r')) head.remove_suffix(1);
    CS_CHECK(read_headers(head, message));
    return message;
}

/// Keep-alives between messages (RFC 5626 section 3.5.1).
std::size_t blank_lines(std::string_view text) { return std::min(text.find_first_not_of("\r\n"), text.size()); }

/// For the user part of a URI (section 25.1): what is not unreserved is escaped.
std::string escaped_user(std::string_view text) {
    static constexpr std::string_view k_hex = "0123456789ABCDEF";
    std::string out;
    for (char const c : text) {
        auto const byte = static_cast<unsigned char>(c);
        if (byte < 0x80 && (std::isalnum(byte) != 0 || std::string_view("-_.!~*'()").find(c) != std::string_view::npos)) {
            out += c;
            continue;
        }
        out += '%';
        out += k_hex[byte >> 4U];
        out += k_hex[byte & 0x0fU];
    }
    return out;
}

/// A name or address; anything else is no host and becomes one that nobody has.
std::string host(std::string_view text) {
    if (is_ip_address(text)) return text.contains(':') ? "[" + std::string(text) + "]" : std::string(text);
    return is_host_name(text) ? std::string(text) : "invalid";
}

std::string one_line(std::string_view text) {
    std::string out;
    for (char const c : text) out += c >= 0x20 && c < 0x7f ? c : '_';
    return out;
}

std::string token(std::string_view text) {
    std::string out;
    for (char const c : text) out += is_token(std::string_view(&c, 1)) ? c : '-';
    return out.empty() ? "-" : out;
}

/// "sip" with a transport also for TLS: registrars in the field expect no "sips" (section 26.2.2 notwithstanding).
std::string contact_uri(Registration const& registration) {
    return "sip:" + escaped_user(registration.user) + "@" + host(registration.contact_host) + ":" +
           std::to_string(registration.contact_port) + ";transport=" + to_lower(to_string(registration.transport));
}

/// The contacts of a header: parted by commas that stand in no <...> and in no quotes.
std::vector<std::string_view> contacts(std::string_view text) {
    std::vector<std::string_view> out;
    bool quoted = false;
    int depth = 0;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && quoted) {
            ++i;
            continue;
        }
        if (text[i] == '"') quoted = !quoted;
        if (quoted) continue;
        if (text[i] == '<') ++depth;
        if (text[i] == '>') --depth;
        if (text[i] == ',' && depth <= 0) {
            out.push_back(trim(text.substr(begin, i - begin)));
            begin = i + 1;
        }
    }
    out.push_back(trim(text.substr(std::min(begin, text.size()))));
    return out;
}

std::optional<std::chrono::seconds> seconds_of(std::string_view text) {
    auto const number = parse_number<std::uint32_t>(trim(text));
    if (!number) return std::nullopt;
    return std::min<std::chrono::seconds>(std::chrono::seconds(*number), k_longest);
}

std::optional<std::chrono::seconds> expires_parameter(std::string_view contact) {
    auto const uri_end = contact.find('>');
    auto parameters = uri_end == std::string_view::npos ? contact : contact.substr(uri_end + 1);
    for (auto const part : split(parameters, ';')) {
        auto const equals = part.find('=');
        if (equals == std::string_view::npos || !iequals(trim(part.substr(0, equals)), "expires")) continue;
        return seconds_of(part.substr(equals + 1));
    }
    return std::nullopt;
}

}  // namespace

std::string_view to_string(Transport transport) {
    switch (transport) {
        case Transport::udp: return "UDP";
        case Transport::tcp: return "TCP";
        case Transport::tls: return "TLS";
    }
    return "UDP";
}

std::string_view Message::get(std::string_view name) const {
    for (auto const& header : headers)
        if (iequals(header.first, name)) return header.second;
    return {};
}

std::vector<std::string_view> Message::all(std::string_view name) const {
    std::vector<std::string_view> out;
    for (auto const& header : headers)
        if (iequals(header.first, name)) out.emplace_back(header.second);
    return out;
}

Result<std::optional<Taken>> take_message(std::string_view received) {
    auto const skipped = blank_lines(received);
    auto const text = received.substr(skipped);
    auto const head_end = end_of_head(text);
    if (!head_end) {
        if (text.size() > k_max_message) return malformed("it is too long");
        return std::optional<Taken>();
    }
    if (*head_end > k_max_message) return malformed("it is too long");
    CS_TRY(auto message, read_head(text.substr(0, *head_end)));
    // Over a stream its length must be known (section 20.14); an answer without one has no body.
    std::size_t length = 0;
    if (auto const given = message.get("content-length"); !given.empty()) {
        auto const number = parse_number<std::size_t>(given);
        if (!number) return malformed("Content-Length is no number");
        length = *number;
    }
    if (length > k_max_message - *head_end) return malformed("it is too long");
    if (text.size() - *head_end < length) return std::optional<Taken>();
    message.body = text.substr(*head_end, length);
    return std::optional(Taken{.message = std::move(message), .size = skipped + *head_end + length});
}

Result<Message> parse_datagram(std::string_view datagram) {
    if (datagram.size() > k_max_message) return malformed("it is too long");
    auto const text = datagram.substr(blank_lines(datagram));
    auto const head_end = end_of_head(text);
    if (!head_end) return malformed("its head has no end");
    CS_TRY(auto message, read_head(text.substr(0, *head_end)));
    auto const length = parse_number<std::size_t>(message.get("content-length"));
    message.body = text.substr(*head_end, length.value_or(std::string_view::npos));
    if (length && message.body.size() < *length) return malformed("its body was cut off");
    return message;
}

std::string request_uri(Registration const& registration) { return "sip:" + host(registration.registrar); }

std::string write_register(Registration const& registration) {
    auto const record = "<sip:" + escaped_user(registration.user) + "@" + host(registration.registrar) + ">";
    auto const own = host(registration.contact_host);
    std::string out = "REGISTER " + request_uri(registration) + " SIP/2.0\r\n";
    out += "Via: SIP/2.0/" + std::string(to_string(registration.transport)) + " " + own + ":" + std::to_string(registration.contact_port) +
           ";rport;branch=" + std::string(k_cookie) + token(registration.branch) + "\r\n";
    out += "Max-Forwards: 70\r\n";
    out += "From: " + record + ";tag=" + token(registration.from_tag) + "\r\n";
    out += "To: " + record + "\r\n";
    out += "Call-ID: " + token(registration.call_id) + "\r\n";
    out += "CSeq: " + std::to_string(registration.sequence) + " REGISTER\r\n";
    out += "Contact: <" + contact_uri(registration) + ">\r\n";
    out += "Expires: " + std::to_string(registration.expires.count()) + "\r\n";
    if (registration.authorization)
        out += token(registration.authorization->first) + ": " + one_line(registration.authorization->second) + "\r\n";
    if (!registration.user_agent.empty()) out += "User-Agent: " + one_line(registration.user_agent) + "\r\n";
    return out + "Content-Length: 0\r\n\r\n";
}

bool answers(Message const& message, Registration const& registration) {
    if (message.status == 0) return false;
    auto const via = message.get("via");
    auto const sequence = words(message.get("cseq"));
    return message.get("call-id") == token(registration.call_id) && sequence.size() == 2 && iequals(sequence[1], "REGISTER") &&
           parse_number<std::uint32_t>(sequence[0]) == registration.sequence &&
           via.contains("branch=" + std::string(k_cookie) + token(registration.branch));
}

std::chrono::seconds granted(Message const& answer, Registration const& registration) {
    auto const ours = "<" + contact_uri(registration) + ">";
    auto const of_all = seconds_of(answer.get("expires"));
    bool listed = false;
    for (auto const header : answer.all("contact"))
        for (auto const contact : contacts(header)) {
            listed = true;
            if (!contact.contains(ours)) continue;
            return expires_parameter(contact).value_or(of_all.value_or(registration.expires));
        }
    // Some registrars name no contact at all.
    return listed ? std::chrono::seconds(0) : of_all.value_or(registration.expires);
}

std::optional<std::chrono::seconds> shortest(Message const& answer) { return seconds_of(answer.get("min-expires")); }

}  // namespace countersign::dialect::sip
