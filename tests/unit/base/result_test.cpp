#include "base/result.hpp"

#include "countersign/errors/gen.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <type_traits>

namespace countersign {
namespace {

Result<int> even(int number) {
    if (number % 2 != 0) return fail(errors::gen::invalid_input, {{"field", std::to_string(number)}});
    return number;
}

Result<std::string> sum_of_evens(int a, int b, int& reached) {
    CS_TRY(auto first, even(a));
    ++reached;
    CS_TRY(auto second, even(b));
    ++reached;
    return std::to_string(first + second);
}

Result<void> check_both(int a, int b) {
    CS_CHECK(even(a));
    CS_CHECK(even(b));
    return {};
}

Result<std::unique_ptr<int>> made(int number) { return std::make_unique<int>(number); }

TEST(Try, gives_the_values_when_all_went_well) {
    int reached = 0;
    EXPECT_EQ(sum_of_evens(2, 4, reached).value(), "6");
    EXPECT_EQ(reached, 2);
}

TEST(Try, leaves_at_the_first_error_and_passes_it_on_whole) {
    int reached = 0;
    auto result = sum_of_evens(2, 3, reached);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), Error(errors::gen::invalid_input, {{"field", "3"}}));
    EXPECT_EQ(reached, 1);
}

TEST(Try, moves_values_that_cannot_be_copied) {
    auto taken = []() -> Result<int> {
        CS_TRY(auto pointer, made(7));
        return *pointer;
    };
    EXPECT_EQ(taken().value(), 7);
}

TEST(Try, assigns_to_what_exists_already) {
    auto twice = []() -> Result<int> {
        int value = 0;
        CS_TRY(value, even(2));
        CS_TRY(value, even(value + 2));
        return value;
    };
    EXPECT_EQ(twice().value(), 4);
}

TEST(Check, leaves_with_the_error_and_only_then) {
    EXPECT_TRUE(check_both(2, 4));
    auto result = check_both(2, 5);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().parameter("field"), "5");
}

TEST(Check, stands_after_an_if_without_braces) {
    auto guarded = [](bool wanted) -> Result<void> {
        if (wanted) CS_CHECK(even(1));
        return {};
    };
    EXPECT_TRUE(guarded(false));
    EXPECT_FALSE(guarded(true));
}

TEST(Result, takes_a_place_in_passing) {
    auto result = even(3).map_error(at("row 4"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().where(), "row 4");
}

TEST(Result, transforms_its_value) {
    auto half = [](int number) { return number / 2; };
    EXPECT_EQ(even(8).map(half).value(), 4);
    EXPECT_FALSE(even(7).map(half));
}

}  // namespace
}  // namespace countersign
