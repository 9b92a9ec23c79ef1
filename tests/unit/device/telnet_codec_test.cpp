#include "device/services/telnet_codec.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(TelnetCodec::Input const& input) {
    std::vector<std::string> out;
    for (auto const& line : input.lines) out.push_back(line.text);
    return out;
}

TEST(TelnetCodec, takes_every_kind_of_line_end) {
    TelnetCodec codec;
    EXPECT_THAT(texts(codec.feed(std::string("one\r\ntwo\r\0three\nfour\r", 21))), ElementsAre("one", "two", "three", "four"));
}

TEST(TelnetCodec, keeps_a_line_that_comes_in_pieces) {
    TelnetCodec codec;
    EXPECT_TRUE(codec.feed("xcon").lines.empty());
    EXPECT_THAT(texts(codec.feed("fig\r")), ElementsAre("xconfig"));
    EXPECT_THAT(texts(codec.feed("\nbye\n")), ElementsAre("bye"));
}

TEST(TelnetCodec, refuses_every_option_once) {
    TelnetCodec codec;
    auto const input = codec.feed(
        "\xff\xfd\x05\xff\xfb\x18"
        "hello\n");
    EXPECT_EQ(input.reply, "\xff\xfc\x05\xff\xfe\x18");
    EXPECT_THAT(texts(input), ElementsAre("hello"));
}

TEST(TelnetCodec, does_not_answer_refusals_so_that_nobody_refuses_for_ever) {
    TelnetCodec codec;
    EXPECT_EQ(codec.feed("\xff\xfe\x01\xff\xfc\x01").reply, "");
}

TEST(TelnetCodec, takes_consent_to_hide_typing_without_a_word) {
    TelnetCodec codec;
    EXPECT_EQ(codec.hide_typing(), "\xff\xfb\x01");
    EXPECT_EQ(codec.hide_typing(), "");
    EXPECT_EQ(codec.feed("\xff\xfd\x01").reply, "");
    EXPECT_EQ(codec.show_typing(), "\xff\xfc\x01");
    EXPECT_EQ(codec.feed("\xff\xfe\x01").reply, "") << "the answer to what was withdrawn";
    EXPECT_EQ(codec.feed("\xff\xfd\x01").reply, "\xff\xfc\x01") << "echo is refused when nothing is hidden";
}

TEST(TelnetCodec, offers_again_only_when_the_withdrawal_was_answered) {
    TelnetCodec codec;
    codec.hide_typing();
    codec.feed("\xff\xfd\x01");
    EXPECT_EQ(codec.show_typing(), "\xff\xfc\x01");
    EXPECT_EQ(codec.hide_typing(), "");
    EXPECT_EQ(codec.feed("\xff\xfe\x01").reply, "\xff\xfb\x01");
    EXPECT_EQ(codec.feed("\xff\xfd\x01").reply, "");
}

TEST(TelnetCodec, shows_and_edits_keys_for_a_client_that_agrees) {
    TelnetCodec codec;
    codec.hide_typing();
    codec.feed("\xff\xfd\x01");
    EXPECT_EQ(codec.feed("secret\r\n").reply, "") << "hidden";
    EXPECT_EQ(codec.edit_here(), "\xff\xfb\x03");
    EXPECT_EQ(codec.feed("\xff\xfd\x03").reply, "");
    EXPECT_EQ(codec.feed("xb\x1b[D").reply, "xb\b");
    auto const input = codec.feed("\x7f\r\n");
    EXPECT_EQ(input.reply, "\bb \b\r\n");
    EXPECT_THAT(texts(input), ElementsAre("b"));
    EXPECT_EQ(codec.feed("\x1b[A").reply, "b") << "the line before, not the password";
}

TEST(TelnetCodec, shows_nothing_to_a_client_that_does_not_agree) {
    TelnetCodec codec;
    EXPECT_EQ(codec.edit_here(), "\xff\xfb\x01\xff\xfb\x03");
    EXPECT_EQ(codec.feed("bye\r\n").reply, "");
    codec.feed("\xff\xfe\x01");
    EXPECT_EQ(codec.feed("bye\r\n").reply, "");
}

TEST(TelnetCodec, skips_subnegotiations_of_any_length) {
    TelnetCodec codec;
    EXPECT_THAT(texts(codec.feed("a\xff\xfa\x18\xff\xff" + std::string(100'000, 'x') +
                                 "\n\xff\xf0"
                                 "b\n")),
                ElementsAre("ab"));
}

TEST(TelnetCodec, gives_back_an_escaped_byte) {
    TelnetCodec codec;
    EXPECT_THAT(texts(codec.feed("a\xff\xff"
                                 "b\n")),
                ElementsAre("a\xff"
                            "b"));
}

TEST(TelnetCodec, erases_whole_characters_and_lines) {
    TelnetCodec codec;
    EXPECT_THAT(texts(codec.feed("caf\xc3\xa9\x7f"
                                 "e\b\b\n")),
                ElementsAre("ca"));
    EXPECT_THAT(texts(codec.feed("secret\x15visible\n")), ElementsAre("visible"));
    EXPECT_THAT(texts(codec.feed("abc\xff\xf7\xff\xf8xy\n")), ElementsAre("xy"));
}

TEST(TelnetCodec, answers_are_you_there) {
    TelnetCodec codec;
    EXPECT_EQ(codec.feed("\xff\xf6").reply, "\r\n[Yes]\r\n");
}

TEST(TelnetCodec, interrupts_drop_what_was_typed) {
    TelnetCodec codec;
    EXPECT_TRUE(codec.feed("half\xff\xf4").dropped);
    EXPECT_THAT(texts(codec.feed("whole\n")), ElementsAre("whole"));
}

TEST(TelnetCodec, ends_only_at_the_beginning_of_a_line) {
    TelnetCodec codec;
    EXPECT_FALSE(codec.feed("x\x04").ended);
    EXPECT_TRUE(codec.feed("\n\x04").ended);
}

TEST(TelnetCodec, marks_a_line_that_is_too_long_and_takes_the_next) {
    TelnetCodec codec;
    auto const input =
        codec.feed(std::string(TelnetCodec::k_max_line, 'x') + "\n" + std::string(TelnetCodec::k_max_line + 1, 'x') + "\nnext\n");
    ASSERT_EQ(input.lines.size(), 3U);
    EXPECT_FALSE(input.lines[0].too_long);
    EXPECT_TRUE(input.lines[1].too_long);
    EXPECT_EQ(input.lines[1].text.size(), TelnetCodec::k_max_line);
    EXPECT_FALSE(input.lines[2].too_long);
}

TEST(TelnetCodec, writes_line_ends_and_escapes_for_the_wire) { EXPECT_EQ(TelnetCodec::encode("a\xff\nb"), "a\xff\xff\r\nb"); }

}  // namespace
}  // namespace countersign::device
