#include "base/toml_guard.hpp"

#include "base/text.hpp"

#include <algorithm>

namespace countersign {
namespace {

/// Walks over a document far enough to tell headers from everything else that begins with '['.
class Scanner {
public:
    explicit Scanner(std::string_view text) : text_(text) {}

    std::optional<std::size_t> run() {
        bool at_line_start = true;
        std::string open;    // brackets
        char before = '\n';  // the last character that is not blank
        while (place_ < text_.size()) {
            char const c = text_[place_];
            char const last = before;
            if (c != ' ' && c != '\t' && c != '\r' && c != '#') before = c;
            if (c == '\n') {
                at_line_start = true;
                ++line_;
                ++place_;
            } else if (c == ' ' || c == '\t' || c == '\r') {
                ++place_;
            } else if (c == '#') {
                place_ = std::min(text_.find('\n', place_), text_.size());
            } else if (c == '[' && at_line_start && open.empty()) {
                if (!header_is_harmless()) return line_;
                // Its brackets close on the same line, if at all: they do not count as open.
                at_line_start = false;
                while (place_ < text_.size() && text_[place_] == '[') ++place_;
            } else {
                at_line_start = false;
                if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) return line_;
                if ((c == 'T' || c == 't') && ends_date_without_time()) return line_;
                if (c == '"' || c == '\'') {
                    // The parser reads no text elsewhere, so what follows would not be skipped by both.
                    if (std::string_view("\n=,.[{").find(last) == std::string_view::npos) return line_;
                    skip_text(c);
                    continue;
                }
                if (c == '[' || c == '{') open += c;
                // The ']' of a header closes nothing that was counted.
                if ((c == ']' && open.ends_with('{')) || (c == '}' && !open.ends_with('{'))) return line_;
                if ((c == ']' || c == '}') && !open.empty()) open.pop_back();
                ++place_;
            }
        }
        return std::nullopt;
    }

private:
    [[nodiscard]] bool header_is_harmless() const {
        auto rest = text_.substr(place_ + 1);
        if (rest.starts_with('[')) rest.remove_prefix(1);
        auto const begin = rest.find_first_not_of(" \t");
        if (begin == std::string_view::npos) return true;
        char const c = rest[begin];
        bool const bare = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        return bare || c == '"' || c == '\'' || c == ']';
    }

    /// "1979-05-27T" and no digit behind it: the parser stops the program there.
    [[nodiscard]] bool ends_date_without_time() const {
        auto const digit = [this](std::size_t at) { return at < text_.size() && text_[at] >= '0' && text_[at] <= '9'; };
        bool const date = place_ >= 3 && text_[place_ - 3] == '-' && digit(place_ - 2) && digit(place_ - 1);
        return date && !digit(place_ + 1);
    }

    /// Over "..." '...' """...""" and '''...'''. One that does not end reaches to the end of its line, or of the document.
    void skip_text(char mark) {
        std::string const three(3, mark);
        bool const several_lines = text_.substr(place_).starts_with(three);
        place_ += several_lines ? 3 : 1;
        while (place_ < text_.size()) {
            char const c = text_[place_];
            if (c == '\n') {
                if (!several_lines) return;
                ++line_;
            }
            if (c == '\\' && mark == '"' && place_ + 1 < text_.size() && text_[place_ + 1] != '\n') {
                place_ += 2;
                continue;
            }
            if (c == mark && (!several_lines || text_.substr(place_).starts_with(three))) {
                place_ += several_lines ? 3 : 1;
                return;
            }
            ++place_;
        }
    }

    std::string_view text_;
    std::size_t place_ = 0;
    std::size_t line_ = 1;
};

}  // namespace

std::optional<std::size_t> find_fatal_toml(std::string_view text) { return Scanner(text).run(); }

}  // namespace countersign
