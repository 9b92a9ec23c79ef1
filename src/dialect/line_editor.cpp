#include "dialect/line_editor.hpp"

#include "base/secret.hpp"
#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace countersign::dialect {
namespace {

constexpr unsigned char k_home = 0x01;
constexpr unsigned char k_interrupt = 0x03;
constexpr unsigned char k_end_or_delete = 0x04;
constexpr unsigned char k_end = 0x05;
constexpr unsigned char k_backspace = 0x08;
constexpr unsigned char k_tab = '\t';
constexpr unsigned char k_erase_rest = 0x0b;
constexpr unsigned char k_show_again = 0x0c;
constexpr unsigned char k_down = 0x0e;
constexpr unsigned char k_up = 0x10;
constexpr unsigned char k_erase_line = 0x15;
constexpr unsigned char k_erase_word = 0x17;
constexpr unsigned char k_escape = 0x1b;
constexpr unsigned char k_delete = 0x7f;
constexpr std::size_t k_most_parameters = 16;

std::size_t length_of_character(unsigned char lead) {
    if (lead >= 0xf0 && lead <= 0xf4) return 4;
    if (lead >= 0xe0) return lead <= 0xef ? 3 : 1;
    if (lead >= 0xc2) return 2;
    return 1;
}
bool continues_character(unsigned char byte) { return (byte & 0xc0U) == 0x80U; }

/// What a place shows: a byte that is no character must not reach the terminal as it stands.
std::string_view shown_as(std::string const& cell) {
    if (cell.size() == 1 && static_cast<unsigned char>(cell.front()) >= 0x80) return "?";
    return cell;
}

void step_back(std::string& echo, std::size_t places) { echo.append(places, '\b'); }

std::string common_beginning(std::vector<std::string> const& words) {
    std::string common = words.front();
    for (auto const& word : words) {
        std::size_t same = 0;
        while (same < common.size() && same < word.size() && to_lower(common.substr(same, 1)) == to_lower(word.substr(same, 1))) ++same;
        common.resize(same);
    }
    return common;
}

bool holds_secret(std::string_view line) {
    auto const lower = to_lower(line);
    return lower.contains("password") || lower.contains("passphrase");
}

}  // namespace

LineEditor::~LineEditor() { forget_line(); }

LineEditor::Output LineEditor::feed(std::string_view bytes) {
    Output output;
    completions_left_ = k_completions;
    for (char const c : bytes) take_byte(static_cast<unsigned char>(c), output);
    refresh(output.echo);
    return output;
}

std::string LineEditor::text() const { return joined(0, cells_.size()); }

std::string LineEditor::joined(std::size_t first, std::size_t last) const {
    std::string out;
    for (auto i = first; i < last; ++i) out += cells_[i];
    return out;
}

void LineEditor::take_byte(unsigned char byte, Output& output) {
    bool const second_half = std::exchange(after_return_, byte == '\r') && (byte == '\n' || byte == '\0');
    if (second_half) return;
    if (byte == '\r' || byte == '\n') {
        end_line(output);
        return;
    }
    switch (escape_) {
        case Escape::none: take_key(byte, output); return;
        case Escape::begun:
            escape_ = byte == '[' || byte == 'O' ? Escape::sequence : Escape::none;
            parameters_.clear();
            return;
        case Escape::sequence:
            if (byte >= 0x40 && byte <= 0x7e) {
                escape_ = Escape::none;
                take_sequence(byte);
            } else if (parameters_.size() < k_most_parameters) {
                parameters_ += static_cast<char>(byte);
            }
            return;
    }
}

void LineEditor::take_sequence(unsigned char last) {
    switch (last) {
        case 'A': recall(-1); return;
        case 'B': recall(1); return;
        case 'C': cursor_ = std::min(cursor_ + 1, cells_.size()); return;
        case 'D': cursor_ -= cursor_ > 0 ? 1 : 0; return;
        case 'H': cursor_ = 0; return;
        case 'F': cursor_ = cells_.size(); return;
        case '~': break;
        default: return;
    }
    if (parameters_ == "1" || parameters_ == "7") cursor_ = 0;
    if (parameters_ == "4" || parameters_ == "8") cursor_ = cells_.size();
    if (parameters_ == "3" && cursor_ < cells_.size()) {
        ++cursor_;
        erase_character();
    }
}

void LineEditor::take_key(unsigned char key, Output& output) {
    if (key >= 0x20 && key != k_delete) {
        take_text(key);
        return;
    }
    partial_.clear();
    switch (key) {
        case k_backspace:
        case k_delete: erase_character(); return;
        case k_home: cursor_ = 0; return;
        case k_end: cursor_ = cells_.size(); return;
        case k_up: recall(-1); return;
        case k_down: recall(1); return;
        case k_erase_word: erase_word(); return;
        case k_tab: complete(output); return;
        case k_escape: escape_ = Escape::begun; return;
        case k_erase_line:
            while (cursor_ > 0) erase_character();
            return;
        case k_erase_rest:
            while (cells_.size() > cursor_) {
                bytes_ -= cells_.back().size();
                cells_.pop_back();
            }
            return;
        case k_end_or_delete:
            if (cells_.empty()) {
                output.ended = true;
            } else if (cursor_ < cells_.size()) {
                ++cursor_;
                erase_character();
            }
            return;
        case k_show_again:
            if (shown_) output.echo += "\r\n";
            on_screen_.clear();
            screen_cursor_ = 0;
            return;
        case k_interrupt:
            forget_line();
            if (shown_) output.echo += "^C\r\n";
            on_screen_.clear();
            screen_cursor_ = 0;
            output.dropped = true;
            return;
        default: return;
    }
}

void LineEditor::take_text(unsigned char byte) {
    if (!partial_.empty() && continues_character(byte)) {
        partial_ += static_cast<char>(byte);
        if (partial_.size() < partial_needs_) return;
        auto character = std::exchange(partial_, {});
        if (is_utf8(character)) {
            insert(std::move(character));
        } else {
            for (char const one : character) insert(std::string(1, one));
        }
        return;
    }
    for (char const one : std::exchange(partial_, {})) insert(std::string(1, one));
    partial_needs_ = length_of_character(byte);
    if (partial_needs_ > 1)
        partial_ = std::string(1, static_cast<char>(byte));
    else
        insert(std::string(1, static_cast<char>(byte)));
}

void LineEditor::insert(std::string character) {
    if (bytes_ + character.size() > limits_.line) {
        too_long_ = true;
        return;
    }
    bytes_ += character.size();
    cells_.insert(cells_.begin() + static_cast<std::ptrdiff_t>(cursor_), std::move(character));
    ++cursor_;
}

void LineEditor::end_line(Output& output) {
    for (char const one : std::exchange(partial_, {})) insert(std::string(1, one));
    escape_ = Escape::none;
    cursor_ = cells_.size();
    refresh(output.echo);
    if (shown_) output.echo += "\r\n";
    Line line{text(), too_long_};
    if (shown_ && !line.too_long) remember(line.text);
    output.lines.push_back(std::move(line));
    forget_line();
    on_screen_.clear();
    screen_cursor_ = 0;
}

void LineEditor::remember(std::string const& line) {
    place_in_history_ = history_.size();
    // Private keys are typed as multi-line arguments.
    bool const within_pem = within_pem_ || line.contains("-----BEGIN ");
    within_pem_ = within_pem && !line.contains("-----END ");
    if (within_pem || trim(line).empty() || holds_secret(line) || limits_.history == 0) return;
    if (history_.empty() || history_.back() != line) history_.push_back(line);
    if (history_.size() > limits_.history) history_.erase(history_.begin());
    place_in_history_ = history_.size();
}

void LineEditor::recall(int step) {
    if (!shown_) return;
    if (step < 0 ? place_in_history_ == 0 : place_in_history_ >= history_.size()) return;
    if (place_in_history_ == history_.size()) draft_ = text();
    place_in_history_ += step < 0 ? std::size_t(0) - 1 : 1;
    auto const line = place_in_history_ == history_.size() ? draft_ : history_[place_in_history_];
    erase_line();
    for (char const c : line) take_text(static_cast<unsigned char>(c));
}

void LineEditor::erase_character() {
    if (!std::exchange(partial_, {}).empty() || cursor_ == 0) return;
    --cursor_;
    bytes_ -= cells_[cursor_].size();
    cells_.erase(cells_.begin() + static_cast<std::ptrdiff_t>(cursor_));
}

void LineEditor::erase_line() {
    partial_.clear();
    cells_.clear();
    cursor_ = 0;
    bytes_ = 0;
    too_long_ = false;
}

void LineEditor::erase_word() {
    while (cursor_ > 0 && cells_[cursor_ - 1] == " ") erase_character();
    while (cursor_ > 0 && cells_[cursor_ - 1] != " ") erase_character();
}

void LineEditor::complete(Output& output) {
    if (!shown_ || !completer_) {
        insert(" ");
        return;
    }
    if (completions_left_ == 0) return;
    --completions_left_;
    auto const before = joined(0, cursor_);
    auto words = completer_(before);
    if (words.empty()) return;
    if (words.size() > k_most_words) words.resize(k_most_words);
    auto const begun = before.size() - (before.find_last_of(" \t/") == std::string::npos ? 0 : before.find_last_of(" \t/") + 1);
    auto common = common_beginning(words);
    if (common.size() < begun) return;
    bool const only = words.size() == 1;
    if (only) common += ' ';
    if (common.size() == begun) {
        list(words, output);
        return;
    }
    // As the system spells it, also what was typed.
    for (std::size_t i = 0; i < begun; ++i)
        if (cursor_ > 0) erase_character();
    for (char const c : common) take_text(static_cast<unsigned char>(c));
}

void LineEditor::list(std::vector<std::string> const& words, Output& output) {
    refresh(output.echo);
    output.echo += "\r\n" + join(words, "  ") + "\r\n";
    on_screen_.clear();
    screen_cursor_ = 0;
}

/// It may have been a password.
void LineEditor::forget_line() {
    for (auto& cell : cells_) wipe(cell.data(), cell.size());
    erase_line();
    draft_.clear();
    place_in_history_ = history_.size();
}

void LineEditor::refresh(std::string& echo) {
    if (!shown_) {
        on_screen_.clear();
        screen_cursor_ = 0;
        return;
    }
    auto const [screen, wanted] = std::ranges::mismatch(on_screen_, cells_);
    auto const same = static_cast<std::size_t>(wanted - cells_.begin());
    auto place = screen_cursor_;
    auto const go_to = [&](std::size_t target, Cells const& cells) {
        if (target < place) step_back(echo, place - target);
        for (; place < target; ++place) echo += shown_as(cells[place]);
        place = target;
    };
    if (screen != on_screen_.end() || wanted != cells_.end()) {
        go_to(same, on_screen_);
        for (; place < cells_.size(); ++place) echo += shown_as(cells_[place]);
        if (on_screen_.size() > cells_.size()) {
            auto const over = on_screen_.size() - cells_.size();
            echo.append(over, ' ');
            step_back(echo, over);
        }
        on_screen_ = cells_;
    }
    go_to(cursor_, cells_);
    screen_cursor_ = cursor_;
}

}  // namespace countersign::dialect
