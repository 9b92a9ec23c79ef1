#include "net/ssh_lines.hpp"

#include <gtest/gtest.h>

namespace countersign::net {
namespace {

constexpr std::size_t k_line = 64;
constexpr std::size_t k_block = 100;

/// What all lines are, one after the other, with '|' between them.
std::string lines_of(SshLines& lines, std::string_view bytes) {
    std::string out;
    for (auto const& line : lines.feed(bytes).lines) out += (line.too_long ? "(too long)" : line.text) + "|";
    return out;
}

TEST(SshBlocks, come_as_one_line_with_everything_in_it) {
    SshLines lines(k_line, k_block);
    EXPECT_EQ(lines_of(lines, "{12} \nabc\r\nde\n\nfg\n"), "abc\r\nde\n\nfg\n|");
}

TEST(SshBlocks, may_come_in_pieces) {
    SshLines lines(k_line, k_block);
    EXPECT_EQ(lines_of(lines, "{4}"), "");
    EXPECT_EQ(lines_of(lines, "\na\n"), "");
    EXPECT_EQ(lines_of(lines, "b\nnext\n"), "a\nb\n|next|");
}

TEST(SshBlocks, over_the_limit_are_left_out_whole) {
    SshLines lines(k_line, k_block);
    EXPECT_EQ(lines_of(lines, "{101}\n" + std::string(101, 'x') + "next\n"), "(too long)|next|");
}

TEST(SshBlocks, are_none_where_nobody_takes_them) {
    SshLines plain(k_line);
    EXPECT_EQ(lines_of(plain, "{4}\nabc\n"), "{4}|abc|");
    SshLines terminal(k_line, k_block);
    terminal.use_terminal();
    EXPECT_EQ(lines_of(terminal, "{4}\nabc\n"), "{4}|abc|");
}

TEST(SshBlocks, of_nothing_change_nothing) {
    SshLines lines(k_line, k_block);
    EXPECT_EQ(lines_of(lines, "{0}\nabc\n{x}\n{1234567890}\n"), "|abc|{x}|{1234567890}|");
}

}  // namespace
}  // namespace countersign::net
