#include "host/memory.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace countersign::host {
namespace {

TEST(Memory, what_only_the_start_needed_goes_back_and_the_program_goes_on) {
    std::vector<int> numbers(100000);
    std::iota(numbers.begin(), numbers.end(), 0);
    auto const before = resident_kilobytes();
    release_start_memory();
    auto const after = resident_kilobytes();
    EXPECT_GT(after, 0U);
    EXPECT_LT(after, before);
    EXPECT_EQ(std::accumulate(numbers.begin(), numbers.end(), 0L), 4999950000L);
}

}  // namespace
}  // namespace countersign::host
