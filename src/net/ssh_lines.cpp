#include "net/ssh_lines.hpp"

#include <string_view>
#include <utility>

namespace countersign::net {
namespace {

constexpr unsigned char k_interrupt = 0x03;
constexpr unsigned char k_end_of_input = 0x04;
constexpr unsigned char k_backspace = 0x08;
constexpr unsigned char k_erase_line = 0x15;
constexpr unsigned char k_escape = 0x1b;
constexpr unsigned char k_delete = 0x7f;

bool continues_character(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) == 0x80U; }

}  // namespace

SshLines::Input SshLines::feed(std::string_view bytes) {
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
        else if (terminal_)
            take_key(static_cast<unsigned char>(byte), input);
        else
            append(byte);
    }
    if (!shown_ || !terminal_) input.echo.clear();
    return input;
}

SshLines::Input SshLines::finish() {
    Input input;
    if (!line_.text.empty() || line_.too_long) end_line(input);
    input.echo.clear();
    return input;
}

/// "{63} ": the next 63 bytes belong together.
bool SshLines::begin_block() {
    constexpr std::size_t k_most_digits = 9;
    std::string_view text = line_.text;
    while (text.ends_with(' ')) text.remove_suffix(1);
    if (terminal_ || block_limit_ == 0 || text.size() < 3 || text.front() != '{' || text.back() != '}') return false;
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
    input.echo += "\r\n";
    input.lines.push_back(std::exchange(line_, {}));
    escape_ = Escape::none;
}

void SshLines::take_key(unsigned char key, Input& input) {
    if (skip_escape(key)) return;
    switch (key) {
        case k_backspace:
        case k_delete: erase_character(input.echo); return;
        case k_erase_line:
            while (!line_.text.empty()) erase_character(input.echo);
            line_ = {};
            return;
        case k_interrupt:
            line_ = {};
            input.echo += "^C\r\n";
            return;
        case k_end_of_input: input.ended = input.ended || line_.text.empty(); return;
        default: break;
    }
    if (key < 0x20 && key != '\t') return;
    append(static_cast<char>(key));
    if (!line_.too_long) input.echo += static_cast<char>(key);
}

/// Arrows and their like: ESC, then one character, or '[' or 'O' and what follows up to a letter (ECMA-48 section 5.4).
bool SshLines::skip_escape(unsigned char key) {
    switch (escape_) {
        case Escape::none:
            if (key != k_escape) return false;
            escape_ = Escape::begun;
            return true;
        case Escape::begun: escape_ = key == '[' || key == 'O' ? Escape::sequence : Escape::none; return true;
        case Escape::sequence:
            if (key >= 0x40 && key <= 0x7e) escape_ = Escape::none;
            return true;
    }
    return false;
}

void SshLines::erase_character(std::string& echo) {
    if (line_.text.empty()) return;
    while (line_.text.size() > 1 && continues_character(line_.text.back())) line_.text.pop_back();
    line_.text.pop_back();
    echo += "\b \b";
}

void SshLines::append(char byte) {
    if (line_.text.size() < longest_)
        line_.text += byte;
    else
        line_.too_long = true;
}

}  // namespace countersign::net
