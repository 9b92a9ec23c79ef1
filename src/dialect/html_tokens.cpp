#include "dialect/html_tokens.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>

namespace countersign::dialect::web {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

void append_utf8(std::string& out, std::uint32_t point) {
    if (point == 0 || point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) point = 0xFFFD;
    auto const byte = [&](std::uint32_t value) { out += static_cast<char>(static_cast<unsigned char>(value)); };
    if (point < 0x80) {
        byte(point);
    } else if (point < 0x800) {
        byte(0xC0U | (point >> 6U));
        byte(0x80U | (point & 0x3FU));
    } else if (point < 0x10000) {
        byte(0xE0U | (point >> 12U));
        byte(0x80U | ((point >> 6U) & 0x3FU));
        byte(0x80U | (point & 0x3FU));
    } else {
        byte(0xF0U | (point >> 18U));
        byte(0x80U | ((point >> 12U) & 0x3FU));
        byte(0x80U | ((point >> 6U) & 0x3FU));
        byte(0x80U | (point & 0x3FU));
    }
}

/// What stands between & and ;, or nothing.
std::optional<std::uint32_t> reference(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, std::uint32_t>, 6> k_named{
        {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}, {"nbsp", ' '}}};
    for (auto const& [known, point] : k_named)
        if (known == name) return point;
    if (!name.starts_with('#')) return std::nullopt;
    name.remove_prefix(1);
    int base = 10;
    if (name.starts_with('x') || name.starts_with('X')) {
        base = 16;
        name.remove_prefix(1);
    }
    std::uint32_t point = 0;
    auto const [end, code] = std::from_chars(name.data(), name.data() + name.size(), point, base);
    if (name.empty() || code != std::errc() || end != name.data() + name.size()) return std::nullopt;
    return point;
}

}  // namespace

std::string decode_references(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    constexpr std::size_t longest_reference = 12;
    while (!text.empty()) {
        auto const mark = std::min(text.find('&'), text.size());
        out += text.substr(0, mark);
        text.remove_prefix(mark);
        if (text.empty()) break;
        auto const end = text.substr(0, longest_reference).find(';');
        auto const point = end == std::string_view::npos ? std::nullopt : reference(text.substr(1, end - 1));
        if (point) {
            append_utf8(out, *point);
            text.remove_prefix(end + 1);
        } else {
            out += '&';
            text.remove_prefix(1);
        }
    }
    return out;
}

std::string_view HtmlToken::attribute(std::string_view name) const {
    auto const found = std::ranges::find(attributes, name, &std::pair<std::string, std::string>::first);
    return found == attributes.end() ? std::string_view{} : std::string_view(found->second);
}

bool HtmlToken::has(std::string_view name) const {
    return std::ranges::find(attributes, name, &std::pair<std::string, std::string>::first) != attributes.end();
}

void HtmlTokens::skip_past(std::string_view mark) {
    auto const end = rest_.find(mark);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + mark.size());
}

void HtmlTokens::skip_raw(std::string_view tag) {
    for (auto mark = rest_.find("</"); mark != std::string_view::npos; mark = rest_.find("</", mark + 2)) {
        if (!istarts_with(rest_.substr(mark + 2), tag)) continue;
        rest_.remove_prefix(mark);
        return;
    }
    rest_ = {};
}

void HtmlTokens::take_attributes(HtmlToken& token) {
    constexpr std::size_t most = 50;
    while (!rest_.empty() && rest_.front() != '>') {
        if (is_space(rest_.front()) || rest_.front() == '/') {
            rest_.remove_prefix(1);
            continue;
        }
        std::size_t length = 0;
        while (length < rest_.size() && !is_space(rest_[length]) && rest_[length] != '=' && rest_[length] != '>' && rest_[length] != '/')
            ++length;
        if (length == 0) length = 1;  // a stray '='
        auto name = to_lower(rest_.substr(0, length));
        rest_.remove_prefix(length);
        std::string value;
        if (rest_.starts_with('=')) {
            rest_.remove_prefix(1);
            bool const quoted = rest_.starts_with('"') || rest_.starts_with('\'');
            if (quoted) {
                char const mark = rest_.front();
                rest_.remove_prefix(1);
                auto const end = std::min(rest_.find(mark), rest_.size());
                value = decode_references(rest_.substr(0, end));
                rest_.remove_prefix(std::min(end + 1, rest_.size()));
            } else {
                std::size_t end = 0;
                while (end < rest_.size() && !is_space(rest_[end]) && rest_[end] != '>') ++end;
                value = decode_references(rest_.substr(0, end));
                rest_.remove_prefix(end);
            }
        }
        if (token.attributes.size() < most) token.attributes.emplace_back(std::move(name), std::move(value));
    }
    if (!rest_.empty()) rest_.remove_prefix(1);
}

bool HtmlTokens::take_tag(HtmlToken& token) {
    bool const end = rest_.size() > 1 && rest_[1] == '/';
    std::size_t const start = end ? 2 : 1;
    if (rest_.size() <= start || !is_letter(rest_[start])) return false;
    std::size_t length = 0;
    while (start + length < rest_.size() && std::isalnum(static_cast<unsigned char>(rest_[start + length])) != 0) ++length;
    token.kind = end ? HtmlToken::Kind::end : HtmlToken::Kind::start;
    token.text = to_lower(rest_.substr(start, length));
    rest_.remove_prefix(start + length);
    take_attributes(token);
    if (!end && (token.text == "script" || token.text == "style")) skip_raw(token.text);
    return true;
}

bool HtmlTokens::next(HtmlToken& token) {
    while (!rest_.empty()) {
        token = {};
        if (rest_.starts_with("<!--")) {
            skip_past("-->");
            continue;
        }
        if (rest_.starts_with("<!") || rest_.starts_with("<?")) {
            skip_past(">");
            continue;
        }
        if (rest_.front() == '<' && take_tag(token)) return true;
        // Text up to the next '<'; a '<' that begins no tag is text itself.
        auto const end = std::min(rest_.find('<', 1), rest_.size());
        token.text = decode_references(rest_.substr(0, end));
        rest_.remove_prefix(end);
        return true;
    }
    return false;
}

}  // namespace countersign::dialect::web
