#include "device/services/ftp_codec.hpp"

#include <gtest/gtest.h>

namespace countersign::device::ftp {
namespace {

TEST(FtpCodec, reads_a_verb_without_case_and_its_argument_as_it_stands) {
    auto const command = parse_command("pass  two blanks ");
    ASSERT_TRUE(command);
    EXPECT_EQ(command->verb, "PASS");
    EXPECT_EQ(command->argument, " two blanks ");
    EXPECT_EQ(parse_command("QUIT")->argument, "");
}

TEST(FtpCodec, refuses_lines_without_a_verb) {
    for (auto const line : {"", " USER x", "USERS x", "P@SS x", "\xff\xff"}) EXPECT_FALSE(parse_command(line)) << line;
}

TEST(FtpCodec, says_an_address_in_six_numbers) {
    EXPECT_EQ(passive_reply("127.0.0.1", 1025), "227 Entering Passive Mode (127,0,0,1,4,1)\r\n");
    EXPECT_FALSE(passive_reply("::1", 1025));
    EXPECT_EQ(extended_passive_reply(65535), "229 Entering Extended Passive Mode (|||65535|)\r\n");
}

TEST(FtpCodec, ends_lines_with_cr_lf_in_ascii_transfers) { EXPECT_EQ(to_ascii("a\nb\r\nc"), "a\r\nb\r\nc"); }

}  // namespace
}  // namespace countersign::device::ftp
