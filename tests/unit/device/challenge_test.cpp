#include "device/services/challenge.hpp"

#include <gtest/gtest.h>

namespace countersign::device {
namespace {

TEST(TelnetChallenge, covers_challenge_and_password) {
    // printf 00112233445566778899aabbccddeeffTANDBERG | md5sum
    EXPECT_EQ(response_to("00112233445566778899aabbccddeeff", SecretText(std::string("TANDBERG"))), "0aaaf5176cb4e86e30f4ca10a69c90fd");
}

TEST(TelnetChallenge, takes_the_right_answer_in_upper_case_and_no_other) {
    SecretText const password(std::string("secret"));
    auto const right = response_to("c", password);
    EXPECT_TRUE(answers_challenge("c", password, " " + right + "\r"));
    EXPECT_FALSE(answers_challenge("d", password, right));
    EXPECT_FALSE(answers_challenge("c", password, "secret"));
    EXPECT_FALSE(answers_challenge("c", password, ""));
}

TEST(TelnetChallenge, is_another_each_time) {
    auto const one = make_challenge();
    EXPECT_EQ(one.size(), 32U);
    EXPECT_NE(one, make_challenge());
}

}  // namespace
}  // namespace countersign::device
