#include "net/http/websocket_frames.hpp"

#include "base/text.hpp"

#include <algorithm>
#include <utility>

namespace countersign::net::http {
namespace {

constexpr std::uint64_t k_longest_control = 125;

bool is_control(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 8; }

bool is_known(std::uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

std::uint8_t byte_at(std::string_view bytes, std::size_t place) { return static_cast<std::uint8_t>(bytes[place]); }

void append_number(std::string& out, std::uint64_t number, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(number >> static_cast<unsigned>(shift) & 0xffU);
}

/// Codes that may stand in a frame (section 7.4).
bool may_be_sent(std::uint16_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

}  // namespace

std::string write_frame(Opcode opcode, std::string_view payload) {
    std::string frame;
    frame.reserve(payload.size() + 10);
    frame += static_cast<char>(0x80U | static_cast<unsigned>(opcode));
    if (payload.size() <= 125) {
        append_number(frame, payload.size(), 1);
    } else if (payload.size() <= 0xffff) {
        frame += static_cast<char>(126);
        append_number(frame, payload.size(), 2);
    } else {
        frame += static_cast<char>(127);
        append_number(frame, payload.size(), 8);
    }
    return frame.append(payload);
}

std::string close_payload(std::uint16_t code) {
    std::string payload;
    append_number(payload, code, 2);
    return payload;
}

std::variant<std::monostate, FrameReader::NeedMore, FrameReader::Violation> FrameReader::read_header(std::string_view bytes,
                                                                                                     Header& header) const {
    if (bytes.size() < 2) return NeedMore{};
    auto const first = byte_at(bytes, 0);
    auto const second = byte_at(bytes, 1);
    auto const opcode = static_cast<std::uint8_t>(first & 0x0fU);
    // No extension was agreed on: reserved bits are not set. A client masks (section 5.1).
    if ((first & 0x70U) != 0 || !is_known(opcode) || (second & 0x80U) == 0) return Violation{websocket_close::protocol_error};
    header.last = (first & 0x80U) != 0;
    header.opcode = static_cast<Opcode>(opcode);
    std::size_t const more = (second & 0x7fU) == 126 ? 2 : (second & 0x7fU) == 127 ? 8 : 0;
    header.size = 2 + more + 4;
    if (bytes.size() < 2 + more) return NeedMore{};
    header.payload = second & 0x7fU;
    if (more > 0) header.payload = 0;
    for (std::size_t i = 0; i < more; ++i) header.payload = header.payload << 8U | byte_at(bytes, 2 + i);
    if (is_control(header.opcode)) {
        if (!header.last || header.payload > k_longest_control) return Violation{websocket_close::protocol_error};
    } else {
        if ((header.opcode == Opcode::continuation) != in_message_) return Violation{websocket_close::protocol_error};
        if (header.opcode == Opcode::binary) return Violation{websocket_close::not_taken};
        if (header.payload > longest_ - message_.size()) return Violation{websocket_close::too_big};
    }
    if (bytes.size() < header.size) return NeedMore{};
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(2 + more), 4, std::begin(header.mask));
    return {};
}

FrameReader::Input FrameReader::next(std::string& bytes) {
    Header header;
    auto const state = read_header(bytes, header);
    if (std::holds_alternative<NeedMore>(state)) return NeedMore{};
    if (auto const* violation = std::get_if<Violation>(&state)) return *violation;
    if (bytes.size() - header.size < header.payload) return NeedMore{};
    auto payload = bytes.substr(header.size, static_cast<std::size_t>(header.payload));
    bytes.erase(0, header.size + payload.size());
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(payload[i] ^ header.mask[i % 4]);
    return take(header, std::move(payload));
}

FrameReader::Input FrameReader::take(Header const& header, std::string payload) {
    switch (header.opcode) {
        case Opcode::ping: return Ping{std::move(payload)};
        case Opcode::pong: return Pong{};
        case Opcode::close: {
            if (payload.empty()) return Close{};
            if (payload.size() == 1) return Violation{websocket_close::protocol_error};
            auto const code = static_cast<std::uint16_t>(byte_at(payload, 0) << 8U | byte_at(payload, 1));
            if (!may_be_sent(code)) return Violation{websocket_close::protocol_error};
            if (!is_utf8(std::string_view(payload).substr(2))) return Violation{websocket_close::not_utf8};
            return Close{code};
        }
        default: break;
    }
    message_ += payload;
    in_message_ = !header.last;
    if (!header.last) return Fragment{};
    if (!is_utf8(message_)) return Violation{websocket_close::not_utf8};
    return Message{std::exchange(message_, {})};
}

}  // namespace countersign::net::http
