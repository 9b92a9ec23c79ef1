#include "base/pattern.hpp"

#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>

#include <chrono>

namespace countersign {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

Pattern pattern(std::string_view text) {
    auto parsed = Pattern::parse(text);
    if (!parsed) throw std::runtime_error(parsed.error().message());
    return *std::move(parsed);
}

std::string why_refused(std::string_view text) {
    auto const parsed = Pattern::parse(text);
    if (parsed) return "taken";
    EXPECT_EQ(parsed.error().id(), errors::gen::invalid_input);
    return std::string(parsed.error().parameter("detail"));
}

TEST(Patterns, give_what_the_group_captured_or_all_that_fits) {
    EXPECT_THAT(pattern(R"(^Version: (\S+)$)").find("Version: 2.4.1"), Optional(std::string_view("2.4.1")));
    EXPECT_THAT(pattern(R"(\d+\.\d+)").find("nginx 1.22, since 2022"), Optional(std::string_view("1.22")));
    EXPECT_EQ(pattern(R"(^Version: (\S+)$)").find("Version: 2 4"), std::nullopt);
    EXPECT_THAT(pattern("(?:ab|a)(c|bcd)").find("abcd"), Optional(std::string_view("c")));
    EXPECT_THAT(pattern("x(a)?").find("x"), Optional(std::string_view("")));
    EXPECT_THAT(pattern("a{2,3}").find("aaaa"), Optional(std::string_view("aaa")));
    EXPECT_THAT(pattern("a{2}$").find("aaa"), Optional(std::string_view("aa")));
    EXPECT_THAT(pattern("[^a-c]+").find("abcdef-"), Optional(std::string_view("def-")));
    EXPECT_THAT(pattern("[]x-]+").find("a-]x"), Optional(std::string_view("-]x")));
    EXPECT_THAT(pattern("(?i)http: (ON|off)").find("HTTP: On"), Optional(std::string_view("On")));
    EXPECT_THAT(pattern(R"(\(\{\.)").find("({."), Optional(std::string_view("({.")));
}

TEST(Patterns, are_tried_on_each_line_by_itself) {
    EXPECT_THAT(pattern("^root: (.+)$").find_all("root: a\r\nother\nroot: b\nroot:\nroot: c"), ElementsAre("a", "b", "c"));
    EXPECT_TRUE(pattern("^OK$").matches_a_line_of("working\nOK\n"));
    EXPECT_FALSE(pattern("^OK$").matches_a_line_of("NOT OK\n"));
}

TEST(Patterns, that_are_none_are_refused_with_the_reason) {
    EXPECT_EQ(why_refused(""), "it is empty");
    EXPECT_THAT(why_refused("(a"), ::testing::HasSubstr("a ( without a )"));
    EXPECT_THAT(why_refused("a)"), ::testing::HasSubstr("a ) without a ("));
    EXPECT_THAT(why_refused("[a"), ::testing::HasSubstr("a [ without a ]"));
    EXPECT_THAT(why_refused("*a"), ::testing::HasSubstr("nothing to repeat"));
    EXPECT_THAT(why_refused("a**"), ::testing::HasSubstr("a repetition of a repetition"));
    EXPECT_THAT(why_refused("(a)(b)"), ::testing::HasSubstr("a second group"));
    EXPECT_THAT(why_refused("a{3,2}"), ::testing::HasSubstr("smaller"));
    EXPECT_THAT(why_refused("a{51}"), ::testing::HasSubstr("50"));
    EXPECT_THAT(why_refused(R"(\b)"), ::testing::HasSubstr("means nothing"));
    EXPECT_THAT(why_refused("(?=a)"), ::testing::HasSubstr("(?:...)"));
    EXPECT_EQ(why_refused("(?:(?:a{50}){50}){50}"), "its repetitions make it too large");
    EXPECT_EQ(why_refused("(?:(?:(?:(?:(?:(?:){50}){50}){50}){50}){50}){50}"), "its repetitions make it too large");
}

TEST(Patterns, take_no_longer_for_text_that_was_made_to_hang_others) {
    // Backtracking would need 2^8000 steps here.
    auto const evil = pattern("^(?:a*a*a*a*a*)*(?:a|a)*b$");
    EXPECT_EQ(evil.find(std::string(8000, 'a')), std::nullopt);
}

}  // namespace
}  // namespace countersign
