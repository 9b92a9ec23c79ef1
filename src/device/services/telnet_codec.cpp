#include "device/services/telnet_codec.hpp"

#include "base/secret.hpp"

#include <utility>

namespace countersign::device {
namespace {

constexpr unsigned char k_break = 243;
constexpr unsigned char k_interrupt = 244;
constexpr unsigned char k_are_you_there = 246;
constexpr unsigned char k_erase_character = 247;
constexpr unsigned char k_erase_line = 248;
constexpr unsigned char k_subnegotiation = 250;
constexpr unsigned char k_end_of_subnegotiation = 240;
constexpr unsigned char k_will = 251;
constexpr unsigned char k_wont = 252;
constexpr unsigned char k_do = 253;
constexpr unsigned char k_dont = 254;
constexpr unsigned char k_iac = 255;
constexpr unsigned char k_echo = 1;

std::string negotiation(unsigned char verb, unsigned char option) {
    return {static_cast<char>(k_iac), static_cast<char>(verb), static_cast<char>(option)};
}

}  // namespace

TelnetCodec::Input TelnetCodec::feed(std::string_view bytes) {
    Input input;
    for (char const c : bytes) {
        auto const byte = static_cast<unsigned char>(c);
        switch (state_) {
            case State::text:
                if (byte == k_iac) {
                    state_ = State::command;
                } else {
                    take_text(byte, input);
                }
                break;
            case State::command: take_command(byte, input); break;
            case State::option:
                take_option(byte, input);
                state_ = State::text;
                break;
            // No option of ours has parameters: they are skipped, however long.
            case State::subnegotiation:
                if (byte == k_iac) state_ = State::subnegotiation_command;
                break;
            case State::subnegotiation_command: state_ = byte == k_end_of_subnegotiation ? State::text : State::subnegotiation; break;
        }
    }
    return input;
}

void TelnetCodec::take_text(unsigned char byte, Input& input) {
    // A line ends with CR LF, CR NUL (RFC 854) or, from programs that know no Telnet, LF alone.
    bool const second_half = std::exchange(after_return_, byte == '\r') && (byte == '\n' || byte == '\0');
    if (second_half) return;
    switch (byte) {
        case '\r':
        case '\n': end_line(input); return;
        case '\b':
        case 0x7f: erase_character(); return;
        case 0x15: erase_line(); return;  // Ctrl-U
        case 0x03:                        // Ctrl-C
            erase_line();
            input.dropped = true;
            return;
        case 0x04:  // Ctrl-D
            if (line_.empty()) input.ended = true;
            return;
        case '\t': byte = ' '; break;
        default:
            if (byte < 0x20) return;
    }
    if (line_.size() >= k_max_line) {
        too_long_ = true;
        return;
    }
    line_ += static_cast<char>(byte);
}

void TelnetCodec::take_command(unsigned char byte, Input& input) {
    state_ = State::text;
    switch (byte) {
        case k_iac: take_text(byte, input); break;  // an escaped byte 255
        case k_will:
        case k_wont:
        case k_do:
        case k_dont:
            verb_ = byte;
            state_ = State::option;
            break;
        case k_subnegotiation: state_ = State::subnegotiation; break;
        case k_are_you_there: input.reply += "\r\n[Yes]\r\n"; break;
        case k_erase_character: erase_character(); break;
        case k_erase_line: erase_line(); break;
        case k_interrupt:
        case k_break:
            erase_line();
            input.dropped = true;
            break;
        default: break;  // no operation, data mark, go ahead, abort output
    }
}

void TelnetCodec::take_option(unsigned char option, Input& input) const {
    // All options stay off, so only DO and WILL ask for a change. DO ECHO is the client's consent while we hide typing.
    if (verb_ == k_do && (option != k_echo || !hidden_)) input.reply += negotiation(k_wont, option);
    if (verb_ == k_will) input.reply += negotiation(k_dont, option);
}

void TelnetCodec::end_line(Input& input) {
    input.lines.push_back({line_, std::exchange(too_long_, false)});
    erase_line();
}

void TelnetCodec::erase_character() {
    // A character of UTF-8 goes as a whole: continuation bytes first.
    while (!line_.empty() && (static_cast<unsigned char>(line_.back()) & 0xc0) == 0x80) line_.pop_back();
    if (!line_.empty()) line_.pop_back();
}

void TelnetCodec::erase_line() {
    if (!line_.empty()) wipe(line_.data(), line_.size());  // it may have been a password
    line_.clear();
}

std::string TelnetCodec::hide_typing() { return std::exchange(hidden_, true) ? "" : negotiation(k_will, k_echo); }
std::string TelnetCodec::show_typing() { return std::exchange(hidden_, false) ? negotiation(k_wont, k_echo) : ""; }

std::string TelnetCodec::encode(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 16);
    for (char const c : text) {
        if (c == '\n') out += '\r';
        out += c;
        if (static_cast<unsigned char>(c) == k_iac) out += c;
    }
    return out;
}

}  // namespace countersign::device
