#pragma once

/// Frames of the WebSocket protocol as a server reads and writes them (RFC 6455 section 5), without sockets. No extensions: compression is
/// declined. Fragments are put together; what breaks a rule of the RFC ends the conversation with the code that it names.

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace countersign::net::http {

/// Codes of a close frame (RFC 6455 section 7.4.1).
namespace websocket_close {
inline constexpr std::uint16_t normal = 1000;
inline constexpr std::uint16_t protocol_error = 1002;
inline constexpr std::uint16_t not_taken = 1003;  ///< binary messages
inline constexpr std::uint16_t not_utf8 = 1007;
inline constexpr std::uint16_t too_big = 1009;
}  // namespace websocket_close

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// A whole frame, not masked, as servers send it (section 5.1).
std::string write_frame(Opcode opcode, std::string_view payload);
/// The payload of a close frame: code and nothing else.
std::string close_payload(std::uint16_t code);

class FrameReader {
public:
    struct NeedMore {};
    struct Message {
        std::string text;
    };
    struct Ping {
        std::string payload;
    };
    struct Pong {};
    struct Fragment {};  ///< taken; the rest of its message is still to come
    struct Close {
        std::uint16_t code = websocket_close::normal;  ///< normal when the frame has none
    };
    struct Violation {
        std::uint16_t code;
    };
    using Input = std::variant<NeedMore, Fragment, Message, Ping, Pong, Close, Violation>;

    /// `longest`: bytes of a message, all its fragments together.
    explicit FrameReader(std::size_t longest) : longest_(longest) {}

    /// Takes the first complete frame off `bytes`. After a Violation or Close nothing further is to be read.
    Input next(std::string& bytes);

private:
    struct Header {
        bool last = false;
        Opcode opcode = Opcode::continuation;
        std::size_t size = 0;  ///< of the header with its mask
        std::uint64_t payload = 0;
        char mask[4] = {};
    };
    /// NeedMore, Violation, or nothing: the header is there and allowed.
    std::variant<std::monostate, NeedMore, Violation> read_header(std::string_view bytes, Header& header) const;
    Input take(Header const& header, std::string payload);

    std::size_t longest_;
    bool in_message_ = false;
    std::string message_;
};

}  // namespace countersign::net::http
