#include "workbench/output.hpp"

#include "base/text.hpp"

#include "countersign/errors/gen.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <unistd.h>

namespace countersign::workbench {
namespace {

/// Columns on a terminal: bytes of UTF-8 that start a character.
std::size_t width_of(std::string_view text) {
    std::size_t width = 0;
    bool escape = false;
    for (char c : text) {
        if (c == '\x1b') escape = true;
        if (!escape && (static_cast<unsigned char>(c) & 0xc0) != 0x80) ++width;
        if (escape && c == 'm') escape = false;
    }
    return width;
}

int exit_code(Error const& error) {
    if (error.id() != errors::gen::several_problems) return error.entry().exit_code;
    int code = error.entry().exit_code;
    for (auto const& cause : error.causes()) code = std::max(code, exit_code(cause));
    return code;
}

/// Bytes of the first character; 1 where UTF-8 is broken.
std::size_t character_size(std::string_view text) {
    auto const first = static_cast<unsigned char>(text.front());
    std::size_t const size = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
    return size <= text.size() && is_utf8(text.substr(0, size)) ? size : 1;
}

/// Control characters (C0, DEL, and C1, which terminals obey as well), and those that turn the direction of writing or break a
/// line (U+2028 to U+202E, U+2066 to U+2069), with which a text can show as another than it is.
bool steers_terminal(std::string_view character) {
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1) return byte(0) < 0x20 || byte(0) == 0x7f;
    if (character.size() == 2) return byte(0) == 0xc2 && byte(1) < 0xa0;
    if (character.size() != 3 || byte(0) != 0xe2) return false;
    return (byte(1) == 0x80 && byte(2) >= 0xa8 && byte(2) <= 0xae) || (byte(1) == 0x81 && byte(2) >= 0xa6 && byte(2) <= 0xa9);
}

/// Indented by two, keys in the order of the answer.
void pretty(json::value const& value, std::string const& indent) {
    auto deeper = indent + "  ";
    if (auto const* object = value.if_object(); object && !object->empty()) {
        std::cout << "{\n";
        bool first = true;
        for (auto const& [name, inner] : *object) {
            std::cout << (first ? "" : ",\n") << deeper << json::serialize(name) << ": ";
            pretty(inner, deeper);
            first = false;
        }
        std::cout << "\n" << indent << "}";
    } else if (auto const* array = value.if_array(); array && !array->empty()) {
        std::cout << "[\n";
        for (std::size_t i = 0; i < array->size(); ++i) {
            std::cout << (i ? ",\n" : "") << deeper;
            pretty((*array)[i], deeper);
        }
        std::cout << "\n" << indent << "]";
    } else {
        std::cout << json::serialize(value);
    }
}

/// Parameters can hold what a system said; the ends of lines are ours. Of several problems each has its own remedy.
void print_error(Error const& error) {
    bool const several = error.id() == errors::gen::several_problems;
    std::vector<Error> const one{error};
    for (auto const& each : several ? error.causes() : one) {
        if (each.id() == errors::gen::several_problems) {
            print_error(each);
            continue;
        }
        std::cerr << "countersign: ";
        auto const text = each.explanation();
        for (auto line : split(text, '\n')) std::cerr << printable(line) << "\n";
    }
}

}  // namespace

json::object error_object(Error const& error) {
    json::object parameters;
    for (auto const& [name, value] : error.parameters()) parameters[name] = value;
    json::array causes;
    for (auto const& cause : error.causes()) causes.push_back(error_object(cause));
    return {{"id", error.entry().code},       {"detail", error.message()},           {"where", error.where()},
            {"remedy", error.entry().remedy}, {"parameters", std::move(parameters)}, {"causes", std::move(causes)}};
}

std::string printable(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        auto const size = character_size(text);
        auto const character = text.substr(0, size);
        out += is_utf8(character) && !steers_terminal(character) ? character : std::string_view("?");
        text.remove_prefix(size);
    }
    return out;
}

Output::Output(Form form)
    : form_(form), colour_(isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr), live_(isatty(STDERR_FILENO) == 1) {}

bool Output::value(json::value const& value) const {
    if (form_ != Form::json) return false;
    pretty(value, "");
    std::cout << "\n";
    return true;
}

void Output::table(Table const& table) const {
    std::vector<std::size_t> widths(table.heading.size());
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = width_of(table.heading[i]);
    for (auto const& row : table.rows) {
        for (std::size_t i = 0; i < std::min(widths.size(), row.size()); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    }
    auto print = [&](std::vector<std::string> const& row, bool heading) {
        std::string out;
        auto const cells = std::min(widths.size(), row.size());
        for (std::size_t i = 0; i < cells; ++i) {
            out += heading ? strong(row[i]) : row[i];
            if (i + 1 < cells) out.append(widths[i] - width_of(row[i]) + 2, ' ');
        }
        std::cout << out << "\n";
    };
    print(table.heading, true);
    for (auto const& row : table.rows) print(row, false);
}

void Output::line(std::string_view text) const { std::cout << text << "\n"; }

int Output::error(Error const& error) const {
    if (form_ == Form::json) {
        std::cerr << json::serialize(json::object{{"error", error_object(error)}}) << "\n";
    } else {
        // Parameters can hold what a system said; the ends of lines are ours.
        print_error(error);
    }
    return exit_code(error);
}

void Output::warning(std::string_view text) const {
    if (form_ == Form::json) {
        std::cerr << json::serialize(json::object{{"warning", printable(text)}}) << "\n";
    } else {
        std::cerr << "countersign: warning: " << printable(text) << "\n";
    }
}

void Output::progress(std::string_view text) {
    if (text == last_) return;
    last_ = text;
    if (live_) {
        std::cerr << "\r\x1b[K" << text << std::flush;
    } else {
        std::cerr << text << "\n";
    }
}

void Output::progress_done() {
    if (live_ && !last_.empty()) std::cerr << "\n";
    last_.clear();
}

std::string Output::level(int level) const {
    std::string text = level == 0 ? "?" : std::to_string(level);
    if (!colour_) return text;
    constexpr std::string_view codes[] = {"\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[36m", "\x1b[32m"};
    return std::string(codes[std::clamp(level, 0, 4)]) + text + "\x1b[0m";
}

std::string Output::strong(std::string_view text) const { return colour_ ? "\x1b[1m" + std::string(text) + "\x1b[0m" : std::string(text); }

std::string Output::mark(Mark mark, std::string_view text) const {
    if (!colour_) return std::string(text);
    constexpr std::string_view codes[] = {"\x1b[32m", "\x1b[33m", "\x1b[31m"};
    return std::string(codes[static_cast<std::size_t>(mark)]) + std::string(text) + "\x1b[0m";
}

std::string counted(std::int64_t number, std::string_view singular) {
    return std::to_string(number) + " " + std::string(singular) + (number == 1 ? "" : "s");
}

std::string text_of(json::value const& value, std::string_view field) {
    auto const* object = value.if_object();
    auto const* found = object ? object->if_contains(field) : nullptr;
    return found && found->is_string() ? printable(found->get_string()) : std::string();
}

std::int64_t number_of(json::value const& value, std::string_view field) {
    auto const* object = value.if_object();
    auto const* found = object ? object->if_contains(field) : nullptr;
    return found && found->is_int64() ? found->get_int64() : 0;
}

bool flag_of(json::value const& value, std::string_view field) {
    auto const* object = value.if_object();
    auto const* found = object ? object->if_contains(field) : nullptr;
    return found && found->is_bool() && found->get_bool();
}

json::array const& list_of(json::value const& value, std::string_view field) {
    static json::array const empty;
    auto const* object = value.if_object();
    auto const* found = object ? object->if_contains(field) : nullptr;
    return found && found->is_array() ? found->get_array() : empty;
}

}  // namespace countersign::workbench
