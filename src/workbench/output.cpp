#include "workbench/output.hpp"

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

json::object error_object(Error const& error) {
    json::object parameters;
    for (auto const& [name, value] : error.parameters()) parameters[name] = value;
    json::array causes;
    for (auto const& cause : error.causes()) causes.push_back(error_object(cause));
    return {{"id", error.entry().code},       {"detail", error.message()},           {"where", error.where()},
            {"remedy", error.entry().remedy}, {"parameters", std::move(parameters)}, {"causes", std::move(causes)}};
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

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    for (char c : text) {
        auto byte = static_cast<unsigned char>(c);
        out += byte < 0x20 || byte == 0x7f ? '?' : c;
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
        for (std::size_t i = 0; i < std::min(widths.size(), row.size()); ++i) {
            out += heading ? strong(row[i]) : row[i];
            if (i + 1 < row.size()) out.append(widths[i] - width_of(row[i]) + 2, ' ');
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
        std::cerr << "countersign: " << error.explanation() << "\n";
    }
    return error.entry().exit_code;
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
