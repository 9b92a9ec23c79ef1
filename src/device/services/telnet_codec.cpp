#include "device/services/telnet_codec.hpp"

#include "base/secret.hpp"

#include <algorithm>
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
constexpr unsigned char k_suppress_go_ahead = 3;

std::string negotiation(unsigned char verb, unsigned char option) {
    return {static_cast<char>(k_iac), static_cast<char>(verb), static_cast<char>(option)};
}

}  // namespace

TelnetCodec::TelnetCodec() : editor_(dialect::LineEditor::Limits{.line = k_max_line}) { adjust(); }

TelnetCodec::Input TelnetCodec::feed(std::string_view bytes) {
    Input input;
    std::string run;  ///< text up to the next command, so that it is shown in one go
    for (char const c : bytes) {
        auto const byte = static_cast<unsigned char>(c);
        switch (state_) {
            case State::text:
                if (byte == k_iac)
                    state_ = State::command;
                else
                    run += c;
                break;
            case State::command: take_command(byte, run, input); break;
            case State::option:
                take_text(run, input);
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
    take_text(run, input);
    return input;
}

void TelnetCodec::take_text(std::string& run, Input& input) {
    if (run.empty()) return;
    auto typed = editor_.feed(run);
    wipe(run.data(), run.size());  // it may have been a password
    run.clear();
    std::ranges::move(typed.lines, std::back_inserter(input.lines));
    input.reply += typed.echo;
    input.ended = input.ended || typed.ended;
    input.dropped = input.dropped || typed.dropped;
}

void TelnetCodec::take_command(unsigned char byte, std::string& run, Input& input) {
    state_ = State::text;
    switch (byte) {
        case k_iac: run += static_cast<char>(byte); return;  // an escaped byte 255
        case k_will:
        case k_wont:
        case k_do:
        case k_dont:
            verb_ = byte;
            state_ = State::option;
            return;
        case k_subnegotiation: state_ = State::subnegotiation; return;
        default: break;
    }
    take_text(run, input);
    switch (byte) {
        case k_are_you_there: input.reply += "\r\n[Yes]\r\n"; break;
        case k_erase_character: editor_.erase_character(); break;
        case k_erase_line: editor_.erase_line(); break;
        case k_interrupt:
        case k_break:
            editor_.erase_line();
            input.dropped = true;
            break;
        default: break;  // no operation, data mark, go ahead, abort output
    }
    auto shown = editor_.feed({});
    input.reply += shown.echo;
}

TelnetCodec::Ours& TelnetCodec::ours(unsigned char option) { return option == k_echo ? echo_ : go_ahead_; }

void TelnetCodec::take_option(unsigned char option, Input& input) {
    bool const known = option == k_echo || option == k_suppress_go_ahead;
    if (verb_ == k_will) input.reply += negotiation(k_dont, option);  // nothing of the client's side is wanted
    if (!known && verb_ == k_do) input.reply += negotiation(k_wont, option);
    if (!known) return;
    auto& state = ours(option);
    if (verb_ == k_do) {
        // The client asks by itself: granted is only what changes nothing of what is shown.
        if (state == Ours::off) {
            bool const granted = option == k_suppress_go_ahead;
            if (granted) state = Ours::on;
            input.reply += negotiation(granted ? k_will : k_wont, option);
        } else if (state == Ours::offered) {
            state = Ours::on;
        }
    }
    if (verb_ == k_dont) {
        auto const before = std::exchange(state, Ours::off);
        if (before == Ours::on) input.reply += negotiation(k_wont, option);  // taken back: confirmed; a refused offer is not
        if (before == Ours::withdrawn_then_offered) input.reply += offer(option);
    }
    adjust();
}

std::string TelnetCodec::offer(unsigned char option) {
    auto& state = ours(option);
    if (state == Ours::withdrawn) state = Ours::withdrawn_then_offered;
    if (state != Ours::off) return {};
    state = Ours::offered;
    return negotiation(k_will, option);
}

std::string TelnetCodec::withdraw(unsigned char option) {
    auto& state = ours(option);
    if (state == Ours::withdrawn_then_offered) state = Ours::withdrawn;
    if (state == Ours::off || state == Ours::withdrawn) return {};
    // An offer that nobody answered: from a program that knows no Telnet no answer will come.
    state = state == Ours::on ? Ours::withdrawn : Ours::off;
    return negotiation(k_wont, option);
}

void TelnetCodec::adjust() { editor_.show_typing(typing_ == Typing::edited_here && echo_ == Ours::on && echo_wanted_); }

std::string TelnetCodec::hide_typing() {
    typing_ = Typing::hidden;
    adjust();
    return offer(k_echo);
}

std::string TelnetCodec::show_typing() {
    typing_ = Typing::shown_there;
    auto said = withdraw(k_echo);
    adjust();
    return said;
}

std::string TelnetCodec::edit_here() {
    typing_ = Typing::edited_here;
    auto said = offer(k_echo) + offer(k_suppress_go_ahead);
    adjust();
    return said;
}

void TelnetCodec::echo(bool on) {
    echo_wanted_ = on;
    adjust();
}

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
