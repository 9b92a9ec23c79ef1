#include "device/files/scp_codec.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace countersign::device::scp {
namespace {

constexpr std::size_t k_most_words = 12;
constexpr std::size_t k_most_command = 4096;

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// As a shell: blanks part words; quotes and the backslash keep them together. Nothing when a quote is not closed.
std::optional<std::vector<std::string>> shell_words(std::string_view line) {
    std::vector<std::string> out;
    std::string word;
    bool begun = false;
    char quote = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        char const c = line[i];
        if (quote == 0 && (c == ' ' || c == '\t')) {
            if (begun) out.push_back(std::move(word));
            word.clear();
            begun = false;
            continue;
        }
        begun = true;
        if (c == quote) {
            quote = 0;
        } else if (quote == 0 && (c == '\'' || c == '"')) {
            quote = c;
        } else if (c == '\\' && quote != '\'' && i + 1 < line.size()) {
            word += line[++i];
        } else {
            word += c;
        }
    }
    if (quote != 0) return std::nullopt;
    if (begun) out.push_back(std::move(word));
    return out;
}

/// Digits up to the next blank.
std::optional<std::uint64_t> take_number(std::string_view& text) {
    auto const end = std::min(text.find(' '), text.size());
    auto const value = parse_number<std::uint64_t>(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    return value;
}

bool is_mode(std::string_view text) {
    return text.size() == 4 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '7'; });
}

bool is_step(std::string_view name) {
    return !name.empty() && name != "." && name != ".." && !name.contains('/') && std::ranges::none_of(name, is_control);
}

std::optional<Record> parse_times(std::string_view text) {
    for (int i = 0; i < 4; ++i)
        if (!take_number(text)) return std::nullopt;
    return text.empty() ? std::optional(Record{.kind = Record::Kind::times, .size = 0, .name = {}}) : std::nullopt;
}

}  // namespace

std::optional<Command> parse_command(std::string_view line) {
    if (line.size() > k_most_command || std::ranges::any_of(line, [](char c) { return is_control(c) && c != '\t'; })) return std::nullopt;
    auto const words = shell_words(line);
    if (!words || words->empty() || words->size() > k_most_words || words->front() != "scp") return std::nullopt;
    Command command;
    bool source = false;
    bool options = true;
    for (std::size_t i = 1; i < words->size(); ++i) {
        auto const& word = (*words)[i];
        if (options && word == "--") {
            options = false;
            continue;
        }
        if (!options || word.size() < 2 || !word.starts_with('-')) {
            options = false;
            command.paths.push_back(word);
            continue;
        }
        for (char const letter : word.substr(1)) {
            switch (letter) {
                case 't': command.sink = true; break;
                case 'f': source = true; break;
                case 'r': command.recursive = true; break;
                case 'p': command.times = true; break;
                case 'd': command.folder = true; break;
                case 'v':
                case 'q': break;
                default: return std::nullopt;
            }
        }
    }
    if (command.sink == source || command.paths.empty() || (command.sink && command.paths.size() > 1)) return std::nullopt;
    return command;
}

std::optional<Record> parse_record(std::string_view line) {
    if (line.empty() || line.size() > k_line_limit) return std::nullopt;
    char const kind = line.front();
    line.remove_prefix(1);
    if (kind == 'E') return line.empty() ? std::optional(Record{Record::Kind::end_of_folder, 0, {}}) : std::nullopt;
    if (kind == 'T') return parse_times(line);
    if ((kind != 'C' && kind != 'D') || line.size() < 5 || !is_mode(line.substr(0, 4)) || line[4] != ' ') return std::nullopt;
    line.remove_prefix(5);
    auto const size = take_number(line);
    if (!size || !is_step(line)) return std::nullopt;
    return Record{kind == 'C' ? Record::Kind::file : Record::Kind::folder, *size, std::string(line)};
}

std::string write_file(std::size_t size, std::string_view name) { return "C0644 " + std::to_string(size) + " " + std::string(name) + "\n"; }
std::string write_folder(std::string_view name) { return "D0755 0 " + std::string(name) + "\n"; }
std::string write_times(std::int64_t changed) {
    auto const seconds = std::to_string(std::max<std::int64_t>(changed, 0));
    return "T" + seconds + " 0 " + seconds + " 0\n";
}
std::string write_refusal(std::string_view text) {
    std::string out = "\x01scp: ";
    for (char const c : text) out += is_control(c) ? ' ' : c;
    return out + "\n";
}

}  // namespace countersign::device::scp
