#pragma once

/// The Telnet protocol (RFC 854, RFC 855) without a socket: bytes in, lines and replies out. The options that are ever used are ECHO
/// (RFC 857) and SUPPRESS-GO-AHEAD (RFC 858), both of our side: offered while a password is typed, so that the client does not show
/// it, and after log-in, so that a person's client sends every key and dialect::LineEditor can edit. A client that does not
/// agree, or a program that knows no Telnet, keeps sending lines and sees no echo. Every other request is refused as RFC 855 says;
/// an answer is given only to what changes something, so two ends cannot answer each other for ever (RFC 1143).
/// docs/decisions/0013 says why this is no library.

#include "device/services/terminal_codec.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace countersign::device {

class TelnetCodec final : public TerminalCodec {
public:
    TelnetCodec();
    Input feed(std::string_view bytes) override;

    std::string hide_typing() override;
    std::string show_typing() override;
    std::string edit_here() override;
    void echo(bool on) override;
    void complete_with(dialect::LineEditor::Completer completer) override { editor_.complete_with(std::move(completer)); }
    [[nodiscard]] std::string encode_text(std::string_view text) const override { return encode(text); }

    /// Text with LF line ends for the wire: CR LF, IAC doubled.
    static std::string encode(std::string_view text);

private:
    enum class State { text, command, option, subnegotiation, subnegotiation_command };
    /// Of an option of our side. An agreement that was withdrawn is answered once, before the next offer is made (RFC 1143).
    enum class Ours { off, offered, on, withdrawn, withdrawn_then_offered };
    enum class Typing { shown_there, hidden, edited_here };

    void take_text(std::string& run, Input& input);
    void take_command(unsigned char byte, std::string& run, Input& input);
    void take_option(unsigned char option, Input& input);
    std::string offer(unsigned char option);
    std::string withdraw(unsigned char option);
    Ours& ours(unsigned char option);
    void adjust();

    State state_ = State::text;
    unsigned char verb_ = 0;  ///< DO, DONT, WILL or WONT that waits for its option
    Ours echo_ = Ours::off;
    Ours go_ahead_ = Ours::off;
    Typing typing_ = Typing::shown_there;
    bool echo_wanted_ = true;
    dialect::LineEditor editor_;
};

}  // namespace countersign::device
