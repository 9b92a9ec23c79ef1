#include "host/program.hpp"

#include "countersign/errors/fil.hpp"

#include <gtest/gtest.h>

namespace countersign::host {
namespace {

TEST(Program, GivesItsExitCodeAndAllItSaid) {
    auto const end = run_program({"sh", "-c", "echo out; echo err >&2; cat; exit 7"});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, 7);
    EXPECT_EQ(end->text, "out\nerr\n");
}

TEST(Program, ThatASignalEndedSaysWhich) {
    auto const end = run_program({"sh", "-c", "kill -9 $$"});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, 137);
}

TEST(Program, MaySayMoreThanIsKept) {
    auto const end = run_program({"sh", "-c", "head -c 1000000 /dev/zero | tr '\\0' x"});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->code, 0);
    EXPECT_EQ(end->text.size(), 64U * 1024U);
}

TEST(Program, ThatIsNotThereIsAnError) {
    auto const end = run_program({"no-such-program-anywhere"});
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().id(), errors::fil::cannot_read);
}

}  // namespace
}  // namespace countersign::host
