#pragma once

/// What a peer of SSH types, made into lines. With a terminal the bytes are keys: they are echoed and edited here, as the peer's
/// side shows nothing by itself (dialect::LineEditor). Without one they are text; programs may then announce a block of N bytes by a line
/// "{N}", which is given as one line with everything in it as it came (protocols 1.3). Internal to this room; no input can make it fail.

#include "dialect/line_editor.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace countersign::net {

class SshLines {
public:
    using Line = dialect::LineEditor::Line;
    struct Input {
        std::vector<Line> lines;
        std::string echo;    ///< goes back as it stands
        bool ended = false;  ///< Ctrl-D on an empty line of a terminal
    };

    /// `block`: the longest block in bytes; 0: there are none.
    explicit SshLines(std::size_t longest, std::size_t block = 0) : longest_(longest), block_limit_(block), editor_({.line = longest}) {}
    void use_terminal() { terminal_ = true; }
    void show_typing(bool shown) { editor_.show_typing(shown); }
    void complete_with(dialect::LineEditor::Completer completer) { editor_.complete_with(std::move(completer)); }
    [[nodiscard]] bool terminal() const { return terminal_; }

    Input feed(std::string_view bytes);
    /// What was typed without an end of line when the input ended.
    Input finish();

private:
    void end_line(Input& input);
    void append(char byte);
    bool begin_block();
    void take_block(char byte, Input& input);

    std::size_t longest_;
    std::size_t block_limit_;
    std::size_t block_left_ = 0;  ///< bytes of the block that have not come yet
    bool terminal_ = false;
    bool after_return_ = false;
    Line line_;                   ///< without a terminal
    dialect::LineEditor editor_;  ///< with one
};

}  // namespace countersign::net
