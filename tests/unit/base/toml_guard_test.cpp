#include "base/toml_guard.hpp"

#include <gtest/gtest.h>

namespace countersign {
namespace {

TEST(TomlGuard, names_the_line_of_a_header_that_begins_with_no_key) {
    for (auto const* header : {"[!]", "[[!]]", "[ {", "[\x04x]", "[\xff]", "[.a]", "[=", "[#"})
        EXPECT_EQ(find_fatal_toml("a = 1\n\n  " + std::string(header) + "\n"), 3U) << header;
}

TEST(TomlGuard, names_the_line_of_what_stands_outside_texts_and_is_not_ascii) {
    for (auto const* key : {"\xd0\x96 = 1", "a\xd0\x96 = 1", "[a.\xd0\x96]", "a = \x01", "\xff"})
        EXPECT_EQ(find_fatal_toml("\n" + std::string(key)), 2U) << key;
    for (auto const* text : {"a = \"\xd0\x96\"", "a = '\xd0\x96'", "# \xd0\x96", "[\"\xd0\x96\"]"})
        EXPECT_EQ(find_fatal_toml(text), std::nullopt) << text;
}

TEST(TomlGuard, leaves_everything_else_to_the_parser) {
    for (auto const* text : {"", "[a]", "[[a]]", "[ a . b ]", "[\"a\"]", "['a']", "[]", "[", "a = [\n[!],\n]\n", "a = { b = [\n!",
                             "# [!]\n", "a = \"\"\"\n[!]\n\"\"\"", "a = '''\n[!]\n'''", "a = \"x\\\"\\n\"", "a = 'x\\'"})
        EXPECT_EQ(find_fatal_toml(text), std::nullopt) << text;
}

TEST(TomlGuard, finds_a_header_after_a_text_that_does_not_end) { EXPECT_EQ(find_fatal_toml("a = \"x\n[!]\n"), 2U); }

TEST(TomlGuard, names_the_line_of_a_quote_that_begins_no_text) {
    for (auto const* line : {"i = +\"x\"", "a'b' = 1", "a = \"x\"\"y\"", "a = 1 'x'", "a = ]\"x\""})
        EXPECT_EQ(find_fatal_toml("\n" + std::string(line)), 2U) << line;
    for (auto const* text : {"\"a\" = 1", "a.\"b\".'c' = 1", "a = [\"x\", 'y',\n  \"z\", # why\n 'u']", "a = { \"b\" = 'c', 'd' = 1 }",
                             "[[ \"a\" ]]", "a = \"\"", "a = \"\"\"\"x\"\"\"\nb = 1"})
        EXPECT_EQ(find_fatal_toml(text), std::nullopt) << text;
}

}  // namespace
}  // namespace countersign
