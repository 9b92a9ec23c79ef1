#include "dialect/syslog.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace countersign::dialect::syslog {
namespace {

/// Printable ASCII, no blanks; "-" stands for nothing (RFC 5424 section 6).
std::string header_field(std::string_view text, std::size_t limit) {
    std::string out;
    for (char const c : text.substr(0, limit)) out += c > 0x20 && c < 0x7f ? c : '_';
    return out.empty() ? "-" : out;
}

std::string parameter_name(std::string_view text) {
    constexpr std::size_t k_limit = 32;
    auto out = header_field(text, k_limit);
    std::ranges::replace_if(out, [](char c) { return c == '=' || c == ']' || c == '"'; }, '_');
    return out;
}

std::string one_line(std::string_view text) {
    if (!is_utf8(text)) {
        std::string plain;
        for (char const c : text) plain += c >= 0x20 && c < 0x7f ? c : '?';
        return plain;
    }
    std::string out(text);
    std::ranges::replace_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return out;
}

std::string parameter_value(std::string_view text) {
    std::string out;
    for (char const c : one_line(text)) {
        if (c == '"' || c == '\\' || c == ']') out += '\\';
        out += c;
    }
    return out;
}

/// Never in the middle of a character.
std::string_view cut(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return text;
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0U) == 0x80U) --limit;
    return text.substr(0, limit);
}

}  // namespace

std::string write(Message const& message) {
    constexpr std::size_t k_host = 255;
    constexpr std::size_t k_application = 48;
    constexpr std::size_t k_id = 32;
    auto out = "<" + std::to_string(message.facility * 8 + static_cast<int>(message.severity)) + ">1 " + to_string(message.at) + " " +
               header_field(message.host, k_host) + " " + header_field(message.application, k_application) + " - " +
               header_field(message.id, k_id) + " ";
    auto const text = one_line(message.text);
    constexpr std::size_t k_text = 1024;  // of the limit, so that the text is not lost to its parameters
    auto const room = k_message_limit - std::min(text.size(), k_text) - 2;
    std::string element = "[event@32473";
    for (auto const& [name, value] : message.fields) {
        auto const parameter = " " + parameter_name(name) + "=\"" + parameter_value(value) + "\"";
        if (out.size() + element.size() + parameter.size() + 1 <= room) element += parameter;
    }
    out += message.fields.empty() ? "-" : element + "]";
    if (text.empty()) return out;
    out += " ";
    return out.append(cut(text, k_message_limit - out.size()));
}

std::string frame(std::string_view message) { return std::to_string(message.size()) + " " + std::string(message); }

}  // namespace countersign::dialect::syslog
