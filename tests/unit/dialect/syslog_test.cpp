#include "dialect/syslog.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::dialect::syslog {
namespace {

Message sample() {
    return {.facility = k_local0,
            .severity = Severity::warning,
            .at = *parse_utc_time("2026-11-22T08:16:25Z"),
            .host = "room204.example.test",
            .application = "codec",
            .id = "tls.failed",
            .fields = {{"client", "feedback"}, {"detail", R"(a "quoted] \ thing)"}},
            .text = "SSL: socklib_sslHandshake: VerifyResult=14=ERROR_IN_CERT_NOT_AFTER_FIELD, NameCheck: Match"};
}

TEST(SyslogMessage, is_written_as_the_standard_shows_it) {
    EXPECT_EQ(write(sample()),
              "<132>1 2026-11-22T08:16:25Z room204.example.test codec - tls.failed "
              R"([event@32473 client="feedback" detail="a \"quoted\] \\ thing"] )"
              "SSL: socklib_sslHandshake: VerifyResult=14=ERROR_IN_CERT_NOT_AFTER_FIELD, NameCheck: Match");
}

TEST(SyslogMessage, has_dashes_for_what_is_not_known) {
    EXPECT_EQ(write({.at = *parse_utc_time("2026-11-22T08:16:25Z")}), "<133>1 2026-11-22T08:16:25Z - - - - -");
}

TEST(SyslogMessage, cannot_be_made_to_look_like_two) {
    auto message = sample();
    message.host = "a b\nc";
    message.fields = {{"a=b \"]", "x\n<0>1 y"}};
    message.text = "first\r\n<0>1 second";
    auto const text = write(message);
    EXPECT_FALSE(text.contains('\n'));
    EXPECT_THAT(text, ::testing::HasSubstr(" a_b_c "));
    EXPECT_THAT(text, ::testing::HasSubstr(R"([event@32473 a_b___="x <0>1 y"])"));
}

TEST(SyslogMessage, keeps_to_its_limit_and_loses_parameters_before_the_text) {
    auto message = sample();
    message.fields = {{"long", std::string(3000, 'x')}, {"short", "kept"}};
    message.text = std::string(4000, 'y');
    auto text = write(message);
    EXPECT_EQ(text.size(), k_message_limit);
    EXPECT_THAT(text, ::testing::HasSubstr("[event@32473 short=\"kept\"] yyy"));
    message.text = std::string(1000, 'y');
    for (int i = 0; i < 100; ++i) message.fields.emplace_back("n" + std::to_string(i), "0123456789");
    text = write(message);
    EXPECT_LE(text.size(), k_message_limit);
    EXPECT_TRUE(text.ends_with("] " + message.text));
}

TEST(SyslogMessage, is_never_cut_inside_a_character) {
    auto message = sample();
    for (std::size_t pad = 0; pad < 4; ++pad) {
        message.text = std::string(pad, 'a');
        for (int i = 0; i < 2000; ++i) message.text += "\xc3\xa6";
        auto const text = write(message);
        EXPECT_LE(text.size(), k_message_limit);
        EXPECT_EQ(static_cast<unsigned char>(text.back()), 0xa6);
    }
    message.text = "broken \xff";
    EXPECT_TRUE(write(message).ends_with("broken ?"));
}

TEST(SyslogFrame, counts_its_octets) { EXPECT_EQ(frame("<1>1 \xc3\xa6"), "7 <1>1 \xc3\xa6"); }

}  // namespace
}  // namespace countersign::dialect::syslog
