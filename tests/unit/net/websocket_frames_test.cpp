#include "net/http/websocket_frames.hpp"

#include <gtest/gtest.h>

namespace countersign::net::http {
namespace {

constexpr std::size_t k_limit = 70'000;

/// As a client writes it, masked with "abcd".
std::string frame(unsigned first, std::string_view payload) {
    std::string bytes(1, static_cast<char>(first));
    auto const size = payload.size();
    if (size <= 125) {
        bytes += static_cast<char>(0x80U | size);
    } else if (size <= 0xffff) {
        bytes += {static_cast<char>(0x80 | 126), static_cast<char>(size >> 8U), static_cast<char>(size)};
    } else {
        bytes += static_cast<char>(0x80 | 127);
        for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> static_cast<unsigned>(shift));
    }
    bytes += "abcd";
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(payload[i] ^ "abcd"[i % 4]);
    return bytes;
}

template <class Kind>
Kind expect(FrameReader& reader, std::string& bytes) {
    auto input = reader.next(bytes);
    if (auto* kind = std::get_if<Kind>(&input)) return *kind;
    ADD_FAILURE() << "another kind of input: " << input.index();
    return {};
}

std::uint16_t violation(std::string bytes) {
    FrameReader reader(k_limit);
    for (int i = 0; i < 10; ++i) {
        auto const input = reader.next(bytes);
        if (auto const* found = std::get_if<FrameReader::Violation>(&input)) return found->code;
    }
    return 0;
}

TEST(WebSocketFrames, messages_of_every_length_are_read) {
    for (std::size_t size : {std::size_t{0}, std::size_t{125}, std::size_t{126}, std::size_t{65'535}, std::size_t{65'536}, k_limit}) {
        FrameReader reader(k_limit);
        auto bytes = frame(0x81, std::string(size, 'x')) + "rest";
        EXPECT_EQ(expect<FrameReader::Message>(reader, bytes).text, std::string(size, 'x'));
        EXPECT_EQ(bytes, "rest");
    }
}

TEST(WebSocketFrames, what_is_not_whole_is_left) {
    FrameReader reader(k_limit);
    auto const whole = frame(0x81, std::string(200, 'x'));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        auto bytes = whole.substr(0, size);
        expect<FrameReader::NeedMore>(reader, bytes);
        EXPECT_EQ(bytes.size(), size);
    }
}

TEST(WebSocketFrames, fragments_are_put_together_around_a_ping) {
    FrameReader reader(k_limit);
    auto bytes = frame(0x01, "a\xc3") + frame(0x89, "still there?") + frame(0x80, "\xa4");
    expect<FrameReader::Fragment>(reader, bytes);
    EXPECT_EQ(expect<FrameReader::Ping>(reader, bytes).payload, "still there?");
    EXPECT_EQ(expect<FrameReader::Message>(reader, bytes).text, "a\xc3\xa4");
}

TEST(WebSocketFrames, a_goodbye_has_a_code) {
    FrameReader reader(k_limit);
    auto bytes = frame(0x88, "\x03\xe9gone") + frame(0x88, "");
    EXPECT_EQ(expect<FrameReader::Close>(reader, bytes).code, 1001);
    EXPECT_EQ(expect<FrameReader::Close>(reader, bytes).code, websocket_close::normal);
}

TEST(WebSocketFrames, each_broken_rule_has_the_code_of_the_standard) {
    EXPECT_EQ(violation("\x81\x01x"), websocket_close::protocol_error) << "not masked";
    EXPECT_EQ(violation(frame(0xc1, "x")), websocket_close::protocol_error) << "a reserved bit";
    EXPECT_EQ(violation(frame(0x83, "x")), websocket_close::protocol_error) << "an unknown opcode";
    EXPECT_EQ(violation(frame(0x80, "x")), websocket_close::protocol_error) << "a continuation of nothing";
    EXPECT_EQ(violation(frame(0x01, "x") + frame(0x81, "x")), websocket_close::protocol_error) << "a message inside a message";
    EXPECT_EQ(violation(frame(0x09, "x")), websocket_close::protocol_error) << "a ping in fragments";
    EXPECT_EQ(violation(frame(0x89, std::string(126, 'x'))), websocket_close::protocol_error) << "a long ping";
    EXPECT_EQ(violation(frame(0x88, "x")), websocket_close::protocol_error) << "half a code";
    EXPECT_EQ(violation(frame(0x88, "\x03\xed")), websocket_close::protocol_error) << "code 1005 is never sent";
    EXPECT_EQ(violation(frame(0x82, "x")), websocket_close::not_taken);
    EXPECT_EQ(violation(frame(0x81, "\xff")), websocket_close::not_utf8);
    EXPECT_EQ(violation(frame(0x88, "\x03\xe8\xff")), websocket_close::not_utf8);
    EXPECT_EQ(violation(frame(0x81, std::string(k_limit + 1, 'x'))), websocket_close::too_big);
    EXPECT_EQ(violation(frame(0x01, std::string(k_limit, 'x')) + frame(0x80, "x")), websocket_close::too_big);
    EXPECT_EQ(violation(std::string("\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 10)), websocket_close::too_big);
}

TEST(WebSocketFrames, are_written_without_a_mask) {
    EXPECT_EQ(write_frame(Opcode::text, "Hello"), "\x81\x05Hello");  // RFC 6455 section 5.7
    EXPECT_EQ(write_frame(Opcode::text, std::string(256, 'x')).substr(0, 4), std::string("\x81\x7e\x01\x00", 4));
    EXPECT_EQ(write_frame(Opcode::text, std::string(65'536, 'x')).substr(0, 10), std::string("\x81\x7f\0\0\0\0\0\1\0\0", 10));
    EXPECT_EQ(write_frame(Opcode::close, close_payload(1000)), "\x88\x02\x03\xe8");
}

}  // namespace
}  // namespace countersign::net::http
