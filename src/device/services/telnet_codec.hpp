#pragma once

/// The Telnet protocol (RFC 854, RFC 855) and the little line editing that people expect, without a socket: bytes in, lines and replies
/// out. The only option that is ever used is ECHO (RFC 857), offered while a password is typed so that the client does not show
/// it; every other request is refused as RFC 855 says. A refusal answers only requests that would change something,
/// so two ends cannot refuse each other for ever.

#include <string>
#include <string_view>
#include <vector>

namespace countersign::device {

class TelnetCodec {
public:
    /// Bytes of one line; what goes beyond is dropped up to the line's end.
    static constexpr std::size_t k_max_line = 4096;

    struct Line {
        std::string text;  ///< without its end; backspaces are carried out, control characters dropped
        bool too_long = false;
    };
    struct Input {
        std::vector<Line> lines;
        std::string reply;     ///< to be sent back as it stands
        bool ended = false;    ///< Ctrl-D on an empty line
        bool dropped = false;  ///< Ctrl-C, IAC IP or IAC BRK: what was typed so far is gone
    };
    Input feed(std::string_view bytes);

    /// What asks the client to stop, or to go on, showing what is typed. Empty when that is the state already.
    std::string hide_typing();
    std::string show_typing();

    /// Text with LF line ends for the wire: CR LF, IAC doubled.
    static std::string encode(std::string_view text);

private:
    enum class State { text, command, option, subnegotiation, subnegotiation_command };

    void take_text(unsigned char byte, Input& input);
    void take_command(unsigned char byte, Input& input);
    void take_option(unsigned char option, Input& input) const;
    void end_line(Input& input);
    void erase_character();
    void erase_line();

    State state_ = State::text;
    unsigned char verb_ = 0;  ///< DO, DONT, WILL or WONT that waits for its option
    bool after_return_ = false;
    bool too_long_ = false;
    bool hidden_ = false;  ///< we said WILL ECHO
    std::string line_;
};

}  // namespace countersign::device
