#include "net/ssh_lines.hpp"

#include <string_view>
#include <utility>

namespace countersign::net {

SshLines::Input SshLines::feed(std::string_view bytes) {
    if (terminal_) {
        auto typed = editor_.feed(bytes);
        return {std::move(typed.lines), std::move(typed.echo), typed.ended};
    }
    Input input;
    for (char const byte : bytes) {
        if (block_left_ > 0) {
            take_block(byte, input);
            continue;
        }
        // CR, LF and CR LF each end one line.
        bool const second_half = std::exchange(after_return_, byte == '\r') && byte == '\n';
        if (second_half) continue;
        if (byte == '\r' || byte == '\n')
            end_line(input);
        else
            append(byte);
    }
    return input;
}

SshLines::Input SshLines::finish() {
    Input input;
    if (terminal_) {
        if (auto rest = editor_.text(); !rest.empty()) input.lines.push_back({std::move(rest), false});
        return input;
    }
    if (!line_.text.empty() || line_.too_long) end_line(input);
    return input;
}

/// "{63} ": the next 63 bytes belong together.
bool SshLines::begin_block() {
    constexpr std::size_t k_most_digits = 9;
    std::string_view text = line_.text;
    while (text.ends_with(' ')) text.remove_suffix(1);
    if (block_limit_ == 0 || text.size() < 3 || text.front() != '{' || text.back() != '}') return false;
    text = text.substr(1, text.size() - 2);
    if (text.size() > k_most_digits) return false;
    std::size_t size = 0;
    for (char const digit : text) {
        if (digit < '0' || digit > '9') return false;
        size = size * 10 + static_cast<std::size_t>(digit - '0');
    }
    if (size == 0) {
        line_ = {};
        return false;
    }
    line_ = {{}, size > block_limit_};
    block_left_ = size;
    return true;
}

void SshLines::take_block(char byte, Input& input) {
    if (!line_.too_long) line_.text += byte;
    if (--block_left_ == 0) input.lines.push_back(std::exchange(line_, {}));
}

void SshLines::end_line(Input& input) {
    if (begin_block()) return;
    input.lines.push_back(std::exchange(line_, {}));
}

void SshLines::append(char byte) {
    if (line_.text.size() < longest_)
        line_.text += byte;
    else
        line_.too_long = true;
}

}  // namespace countersign::net
