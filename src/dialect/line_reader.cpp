#include "dialect/line_reader.hpp"

#include "base/text.hpp"

#include "countersign/errors/dev.hpp"

namespace countersign::dialect::xapi {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t'; }

Failure malformed(std::string_view detail) { return fail(errors::dev::malformed_command, {{"detail", detail}}); }

/// `line` begins with a quote; it is taken up to its end.
Result<std::string> take_quoted(std::string_view& line) {
    std::string text;
    for (std::size_t i = 1; i < line.size(); ++i) {
        char const c = line[i];
        if (c == '"') {
            line.remove_prefix(i + 1);
            return text;
        }
        if (c != '\\') {
            text += c;
            continue;
        }
        if (++i == line.size()) break;
        switch (line[i]) {
            case 'n': text += '\n'; break;
            case 'r': text += '\r'; break;
            case 't': text += '\t'; break;
            default: text += line[i];
        }
    }
    return malformed("a quotation mark is missing");
}

}  // namespace

std::size_t find_colon(std::string_view line) {
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\\' && quoted)
            ++i;
        else if (line[i] == '"')
            quoted = !quoted;
        else if (line[i] == ':' && !quoted)
            return i;
    }
    return std::string_view::npos;
}

Result<std::vector<Token>> tokenise(std::string_view line) {
    std::vector<Token> tokens;
    while (true) {
        while (!line.empty() && is_blank(line.front())) line.remove_prefix(1);
        if (line.empty()) return tokens;
        if (line.front() == '"') {
            CS_TRY(auto text, take_quoted(line));
            tokens.push_back({std::move(text), true, false});
            continue;
        }
        std::size_t length = 0;
        // After a name comes its value, in which a colon is only a character (http://...).
        bool const value = !tokens.empty() && tokens.back().name;
        auto const ends = [&](char c) { return is_blank(c) || (!value && (c == ':' || c == '"')); };
        while (length < line.size() && !ends(line[length])) ++length;
        Token token{std::string(line.substr(0, length)), false, false};
        line.remove_prefix(length);
        if (!value && !line.empty() && line.front() == ':') {
            if (token.text.empty()) return malformed("a name is missing before ':'");
            token.name = true;
            line.remove_prefix(1);
        }
        tokens.push_back(std::move(token));
    }
}

Result<std::string> read_value(std::string_view text) {
    text = trim(text);
    if (!text.starts_with('"')) return std::string(text);
    CS_TRY(auto value, take_quoted(text));
    if (!trim(text).empty()) return malformed("something follows the closing quotation mark");
    return value;
}

std::string take_result_id(std::string_view& line) {
    auto const bar = line.rfind('|');
    if (bar == std::string_view::npos) return {};
    auto rest = trim(line.substr(bar + 1));
    constexpr std::string_view k_name = "resultid";
    if (!istarts_with(rest, k_name)) return {};
    rest = trim(rest.substr(k_name.size()));
    if (rest.size() < 3 || rest[0] != '=') return {};
    rest = trim(rest.substr(1));
    if (rest.size() < 2 || rest.front() != '"' || rest.back() != '"') return {};
    rest = rest.substr(1, rest.size() - 2);
    constexpr std::size_t longest = 100;
    if (rest.size() > longest || rest.find('"') != std::string_view::npos) return {};
    line = trim(line.substr(0, bar));
    return std::string(rest);
}

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (char const c : text) {
        switch (c) {
            case '"': out += "\\\""; break;
            case '\\': out += "\\\\"; break;
            case '\n': out += "\\n"; break;
            case '\r': out += "\\r"; break;
            case '\t': out += "\\t"; break;
            default: out += c;
        }
    }
    return out + '"';
}

}  // namespace countersign::dialect::xapi
