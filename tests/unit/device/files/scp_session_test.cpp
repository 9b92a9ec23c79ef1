#include "device/files/scp_session.hpp"

#include "support/memory_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using namespace std::string_literals;
using countersign::testing::MemoryTree;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::StartsWith;

TEST(ScpCommand, is_read_as_a_shell_would) {
    auto const command = scp::parse_command("scp -v -r -p -d -t -- '/with blank'\\ \"and more\"");
    ASSERT_TRUE(command);
    EXPECT_TRUE(command->sink && command->recursive && command->times && command->folder);
    EXPECT_THAT(command->paths, ElementsAre("/with blank and more"));
    EXPECT_THAT(scp::parse_command("scp -f a b")->paths, ElementsAre("a", "b"));
}

TEST(ScpCommand, is_nothing_else) {
    for (auto const* line :
         {"", "scp", "scp -t", "scp -t a b", "scp -t -f a", "scp a", "scp -S sh -f a", "scpx -f a", "xstatus", "scp -f 'a", "scp -f a\nb"})
        EXPECT_FALSE(scp::parse_command(line)) << line;
    EXPECT_FALSE(scp::parse_command("scp -f " + std::string(5000, 'a')));
}

TEST(ScpRecord, is_read) {
    auto const file = scp::parse_record("C0644 12 name with blank");
    ASSERT_TRUE(file);
    EXPECT_EQ(file->size, 12U);
    EXPECT_EQ(file->name, "name with blank");
    EXPECT_EQ(scp::parse_record("D0755 0 folder")->kind, scp::Record::Kind::folder);
    EXPECT_EQ(scp::parse_record("E")->kind, scp::Record::Kind::end_of_folder);
    EXPECT_EQ(scp::parse_record("T1700000000 0 1700000000 0")->kind, scp::Record::Kind::times);
}

TEST(ScpRecord, has_a_name_that_is_one_step) {
    for (auto const* line : {"C0644 1 ..", "C0644 1 .", "C0644 1 a/b", "C0644 1 ", "C0644 1", "C0644 -1 a", "C0644 99999999999999999999 a",
                             "C644 1 a", "C0988 1 a", "X0644 1 a", "Ex", "T1 0 1", "T1 0 1 0 1", "", "C0644 1 a\x07"})
        EXPECT_FALSE(scp::parse_record(line)) << line;
}

class Scp : public ::testing::Test {
protected:
    std::shared_ptr<net::SshProgram> start(std::string_view command) {
        auto program = make_scp(tree_, command);
        EXPECT_TRUE(program);
        first_ = program->handle({});
        return program;
    }
    std::shared_ptr<MemoryTree> tree_ = std::make_shared<MemoryTree>();
    net::SshProgram::Reply first_;
};

TEST_F(Scp, takes_a_file_when_its_sender_says_that_it_is_whole) {
    auto const sink = start("scp -t /a.txt");
    EXPECT_EQ(first_.bytes, "\0"s);
    EXPECT_EQ(sink->handle("C0644 5 other.txt\n").bytes, "\0"s);
    EXPECT_EQ(sink->handle("hel").bytes, "");
    EXPECT_EQ(sink->handle("lo").bytes, "");
    EXPECT_THAT(tree_->written, IsEmpty());
    EXPECT_EQ(sink->handle("\0"s).bytes, "\0"s);
    EXPECT_THAT(tree_->written, ElementsAre(Pair("/a.txt", "hello")));
    EXPECT_EQ(sink->finish().exit_status, 0);
}

TEST_F(Scp, takes_folders_that_are_there) {
    auto const sink = start("scp -r -t /");
    EXPECT_EQ(sink->handle("D0755 0 folder\nT1 0 1 0\nC0644 1 b.txt\nx\0E\nC0644 0 a.txt\n\0"s).bytes, std::string(7, '\0'));
    EXPECT_THAT(tree_->written, ElementsAre(Pair("/folder/b.txt", "x"), Pair("/a.txt", "")));
    EXPECT_THAT(sink->handle("D0755 0 new\n").bytes, StartsWith("\x01scp: new: "));
    EXPECT_EQ(sink->finish().exit_status, 1);
}

TEST_F(Scp, drops_what_is_cut_or_disowned) {
    auto sink = start("scp -t /a.txt");
    (void)sink->handle("C0644 5 a.txt\nhello");
    EXPECT_EQ(sink->finish().exit_status, 1) << "the last word is missing";
    sink = start("scp -t /a.txt");
    EXPECT_EQ(sink->handle("C0644 5 a.txt\nhello\x01scp: read error\n").bytes, "\0\0"s);
    EXPECT_EQ(sink->finish().exit_status, 1);
    EXPECT_THAT(tree_->written, IsEmpty());
}

TEST_F(Scp, refuses_before_the_contents_come) {
    auto const sink = start("scp -t /folder");
    EXPECT_THAT(sink->handle("C0644 1 fixed.txt\n").bytes, HasSubstr("DEV-100"));
    EXPECT_THAT(sink->handle("C0644 1 new.txt\n").bytes, StartsWith("\x01"));
    EXPECT_THAT(sink->handle("C0644 1048577 b.txt\n").bytes, HasSubstr("1048576"));
    tree_->read_only_peer = true;
    EXPECT_THAT(sink->handle("C0644 1 b.txt\n").bytes, HasSubstr("ACC-008"));
    auto const last = sink->handle("C0644 1 ../a.txt\n");
    EXPECT_TRUE(last.ended) << "no honest peer says that";
    EXPECT_EQ(last.exit_status, 1);
    EXPECT_THAT(tree_->written, IsEmpty());
}

TEST_F(Scp, ends_with_a_target_or_a_line_that_is_wrong) {
    (void)start("scp -d -t /nowhere");
    EXPECT_TRUE(first_.ended);
    auto const sink = start("scp -t /a.txt");
    EXPECT_TRUE(sink->handle(std::string(5000, 'C')).ended);
    EXPECT_TRUE(start("scp -r -t /")->handle("E\n").ended);
}

TEST_F(Scp, tells_the_reason_when_contents_are_refused) {
    tree_->refuses_contents = true;
    auto const sink = start("scp -t /a.txt");
    EXPECT_THAT(sink->handle("C0644 1 a.txt\nx\0"s).bytes, HasSubstr("GEN-001"));
    EXPECT_EQ(sink->finish().exit_status, 1);
}

TEST_F(Scp, gives_a_file_step_by_step) {
    auto const source = start("scp -p -f /a.txt");
    EXPECT_EQ(first_.bytes, "");
    EXPECT_THAT(source->handle("\0"s).bytes, StartsWith("T"));
    EXPECT_EQ(source->handle("\0"s).bytes, "C0644 5 a.txt\n");
    EXPECT_EQ(source->handle("\0"s).bytes, "first\0"s);
    auto const last = source->handle("\0"s);
    EXPECT_TRUE(last.ended);
    EXPECT_EQ(last.exit_status, 0);
}

TEST_F(Scp, gives_a_folder_only_as_a_whole) {
    EXPECT_THAT(start("scp -f /folder")->handle("\0"s).bytes, HasSubstr("it is a folder"));
    auto const source = start("scp -r -f /folder");
    EXPECT_EQ(source->handle("\0\0\0\0\0\0"s).bytes, "D0755 0 folder\nC0644 6 b.txt\nsecond\0C0644 13 fixed.txt\nnever changes\0E\n"s);
    EXPECT_TRUE(source->handle("\0"s).ended);
}

TEST_F(Scp, leaves_out_what_the_peer_does_not_want) {
    auto const source = start("scp -f /a.txt /folder/b.txt");
    EXPECT_EQ(source->handle("\0"s).bytes, "C0644 5 a.txt\n");
    EXPECT_EQ(source->handle("\x01no room\n").bytes, "C0644 6 b.txt\n");
    auto const last = source->handle(
        "\x02"
        "enough\n");
    EXPECT_TRUE(last.ended);
    EXPECT_EQ(last.exit_status, 1);
}

TEST_F(Scp, says_what_there_is_not) {
    auto const source = start("scp -f ../../etc/passwd");
    auto const only = source->handle("\0"s);
    EXPECT_THAT(only.bytes, StartsWith("\x01scp: "));
    EXPECT_TRUE(only.ended);
    EXPECT_EQ(only.exit_status, 1);
}

}  // namespace
}  // namespace countersign::device
