#pragma once

/// What a person types at a terminal, made into lines: keys in, lines and what the terminal shows out (ECMA-48 section 5.4 for the
/// sequences of arrow keys). A pure state machine for Telnet in character mode, SSH with a pseudo terminal and serial lines.
///
/// Left, right, home, end, Ctrl-A, Ctrl-E; backspace, delete, Ctrl-D, Ctrl-W (word), Ctrl-U (to the beginning), Ctrl-K (to the end); up
/// and down for lines typed before; tab completes; Ctrl-L shows the line again; Ctrl-C drops it. CR, LF, CR LF and CR NUL each end a
/// line. A character of UTF-8 is one place; bytes that are no UTF-8 are one place each.
///
/// What is shown is worked out once for each feed(), from what the terminal shows to what it should: so the answer to n bytes is
/// never longer than a few times the line and n, whatever the keys are. No input can make it fail.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::dialect {

class LineEditor {
public:
    struct Limits {
        std::size_t line = 4096;   ///< bytes; what goes beyond is dropped up to the line's end
        std::size_t history = 50;  ///< lines typed before
    };
    struct Line {
        std::string text;
        bool too_long = false;
        bool operator==(Line const&) const = default;
    };
    struct Output {
        std::vector<Line> lines;
        std::string echo;      ///< for the terminal, as it stands
        bool ended = false;    ///< Ctrl-D on an empty line
        bool dropped = false;  ///< Ctrl-C: what was typed so far is gone
    };
    /// Whole words that may stand at the end of `before`, which ends where the cursor is. At most k_most_words are looked at.
    using Completer = std::function<std::vector<std::string>(std::string_view before)>;

    static constexpr std::size_t k_most_words = 200;
    static constexpr int k_completions = 4;  ///< of one feed(); further tab keys in it do nothing

    LineEditor() : LineEditor(Limits{}) {}
    explicit LineEditor(Limits limits) : limits_(limits) {}
    ~LineEditor();
    LineEditor(LineEditor const&) = delete;
    LineEditor& operator=(LineEditor const&) = delete;

    Output feed(std::string_view bytes);
    void complete_with(Completer completer) { completer_ = std::move(completer); }
    /// Hidden typing is neither shown nor completed nor remembered. Lines that hold the word "password" are never remembered.
    void show_typing(bool shown) { shown_ = shown; }
    /// One key that did not come as a byte of its own (Telnet's EC and EL).
    void erase_character();
    void erase_line();
    /// The text so far, without its end.
    [[nodiscard]] std::string text() const;

private:
    enum class Escape { none, begun, sequence };
    using Cells = std::vector<std::string>;  ///< one character each

    void take_byte(unsigned char byte, Output& output);
    void take_key(unsigned char key, Output& output);
    void take_sequence(unsigned char last);
    void take_text(unsigned char byte);
    void insert(std::string character);
    void end_line(Output& output);
    void remember(std::string const& line);
    void recall(int step);
    void erase_word();
    void complete(Output& output);
    void list(std::vector<std::string> const& words, Output& output);
    void forget_line();
    void refresh(std::string& echo);
    [[nodiscard]] std::string joined(std::size_t first, std::size_t last) const;

    Limits limits_;
    Completer completer_;
    bool shown_ = true;
    Cells cells_;
    std::size_t cursor_ = 0;
    std::size_t bytes_ = 0;  ///< of cells_
    bool too_long_ = false;
    Cells on_screen_;
    std::size_t screen_cursor_ = 0;
    std::string partial_;  ///< the beginning of a character
    std::size_t partial_needs_ = 0;
    bool after_return_ = false;
    Escape escape_ = Escape::none;
    std::string parameters_;  ///< of an escape sequence
    std::vector<std::string> history_;
    std::size_t place_in_history_ = 0;  ///< history_.size(): the line that is being typed
    bool within_pem_ = false;           ///< the lines of a key or certificate are not remembered
    std::string draft_;
    int completions_left_ = 0;
};

}  // namespace countersign::dialect
