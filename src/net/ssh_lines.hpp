#pragma once

/// What a peer of SSH types, made into lines. With a terminal the bytes are keys: they are echoed and edited here, as the peer's
/// side shows nothing by itself. Without one they are text; programs may then announce a block of N bytes by a line "{N}", which is
/// given as one line with everything in it as it came (protocols 1.3). Internal to this room; no input can make it fail.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace countersign::net {

class SshLines {
public:
    struct Line {
        std::string text;
        bool too_long = false;
    };
    struct Input {
        std::vector<Line> lines;
        std::string echo;    ///< goes back as it stands
        bool ended = false;  ///< Ctrl-D on an empty line of a terminal
    };

    /// `block`: the longest block in bytes; 0: there are none.
    explicit SshLines(std::size_t longest, std::size_t block = 0) : longest_(longest), block_limit_(block) {}
    void use_terminal() { terminal_ = true; }
    void show_typing(bool shown) { shown_ = shown; }
    [[nodiscard]] bool terminal() const { return terminal_; }

    Input feed(std::string_view bytes);
    /// What was typed without an end of line when the input ended.
    Input finish();

private:
    enum class Escape { none, begun, sequence };

    void take_key(unsigned char key, Input& input);
    bool skip_escape(unsigned char key);
    void end_line(Input& input);
    void erase_character(std::string& echo);
    void append(char byte);
    bool begin_block();
    void take_block(char byte, Input& input);

    std::size_t longest_;
    std::size_t block_limit_;
    std::size_t block_left_ = 0;  ///< bytes of the block that have not come yet
    bool terminal_ = false;
    bool shown_ = true;
    bool after_return_ = false;
    Escape escape_ = Escape::none;
    Line line_;
};

}  // namespace countersign::net
