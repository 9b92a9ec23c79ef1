#include "dialect/mail.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace countersign::dialect::mail {

namespace {

/// 45 bytes are 60 characters of Base64: with "=?UTF-8?B?" and "?=" 72, of 75 that are allowed (RFC 2047 section 2).
constexpr std::size_t k_word_bytes = 45;
/// 57 bytes are a line of 76 characters (RFC 2045 section 6.8).
constexpr std::size_t k_line_bytes = 57;
/// Longer subjects help nobody.
constexpr std::size_t k_subject_bytes = 300;

bool is_plain(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7f; });
}

/// A prefix of at most `most` bytes that does not cut a character of UTF-8.
std::string_view head_of(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    auto size = most;
    while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    return text.substr(0, size > 0 ? size : most);
}

std::string without_controls(std::string_view text) {
    std::string out;
    for (char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
    return out;
}

}  // namespace

std::string date_of(UtcTime time) {
    static constexpr std::array<std::string_view, 7> k_days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr std::array<std::string_view, 12> k_months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                               "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    auto const day = std::chrono::floor<std::chrono::days>(time);
    std::chrono::year_month_day const date(day);
    std::chrono::hh_mm_ss const clock(time - day);
    auto two = [](auto number) { return (number < 10 ? "0" : "") + std::to_string(number); };
    return std::string(k_days.at(std::chrono::weekday(day).c_encoding())) + ", " + two(static_cast<unsigned>(date.day())) + " " +
           std::string(k_months.at(static_cast<unsigned>(date.month()) - 1)) + " " + std::to_string(static_cast<int>(date.year())) + " " +
           two(clock.hours().count()) + ":" + two(clock.minutes().count()) + ":" + two(clock.seconds().count()) + " +0000";
}

std::string encode_header(std::string_view text) {
    auto const whole = without_controls(head_of(text, k_subject_bytes));
    std::string_view rest = whole;
    // A line of a header has at most 998 bytes (RFC 5322 section 2.1.1). "=?" would be taken for an encoded word.
    if (is_plain(rest) && !rest.contains("=?")) return std::string(rest);
    std::string out;
    while (!rest.empty()) {
        auto const part = head_of(rest, k_word_bytes);
        out += (out.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + to_base64(part) + "?=");
        rest.remove_prefix(part.size());
    }
    return out;
}

std::string write(Message const& message) {
    std::string out;
    auto field = [&out](std::string_view name, std::string_view value) { out += std::string(name) + ": " + std::string(value) + "\r\n"; };
    field("Date", date_of(message.at));
    auto const name = encode_header(message.from_name);
    bool const quoted = !name.contains("=?");
    field("From", message.from_name.empty()
                      ? message.from
                      : (quoted ? "\"" + replace_all(replace_all(name, "\\", ""), "\"", "") + "\"" : name) + " <" + message.from + ">");
    // One address a line: no list is too long for it.
    field("To", join(message.to, ",\r\n "));
    field("Subject", encode_header(message.subject));
    field("Message-ID", "<" + message.id + ">");
    if (!message.thread.empty()) field("References", "<" + message.thread + ">");
    // Nobody's absence is to answer this (RFC 3834 section 5).
    field("Auto-Submitted", "auto-generated");
    field("MIME-Version", "1.0");
    field("Content-Type", "text/plain; charset=utf-8");
    field("Content-Transfer-Encoding", "base64");
    out += "\r\n";
    auto const text = replace_all(replace_all(message.text, "\r\n", "\n"), "\n", "\r\n");
    for (std::size_t at = 0; at < text.size(); at += k_line_bytes)
        out += to_base64(std::string_view(text).substr(at, k_line_bytes)) + "\r\n";
    return out;
}

}  // namespace countersign::dialect::mail
