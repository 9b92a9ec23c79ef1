#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <ostream>
#include <type_traits>
#include <utility>

namespace countersign {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, T const& value) { out << value; };

static_assert(Printable<std::string>);
static_assert(!Printable<SecretText>);
static_assert(!std::is_copy_constructible_v<SecretText> && !std::is_copy_assignable_v<SecretText>);
static_assert(!std::equality_comparable<SecretText>);
static_assert(!std::is_convertible_v<std::string, SecretText> && !std::is_convertible_v<SecretText, std::string>);

TEST(Secret, moves_and_leaves_nothing_behind) {
    SecretText first("short");
    SecretText second(std::move(first));
    EXPECT_EQ(second.reveal(), "short");
    EXPECT_TRUE(first.empty());  // NOLINT(bugprone-use-after-move): what stays is the point
    SecretText third("other");
    third = std::move(second);
    EXPECT_EQ(third.reveal(), "short");
    EXPECT_TRUE(second.empty());  // NOLINT(bugprone-use-after-move)
}

TEST(Secret, is_copied_only_by_name) {
    SecretText const first("a secret");
    auto second = first.duplicate();
    EXPECT_EQ(second.reveal(), first.reveal());
}

TEST(Secret, wipes_the_bytes_it_held) {
    // Short enough to live inside the string object, whose storage outlives the value here.
    alignas(SecretText) unsigned char storage[sizeof(SecretText)];
    auto* secret = new (storage) SecretText("hunter2");
    auto const* bytes = reinterpret_cast<volatile unsigned char const*>(secret->reveal().data());
    EXPECT_EQ(bytes[0], 'h');
    secret->~Secret();
    for (int i = 0; i < 7; ++i) EXPECT_EQ(bytes[i], 0) << i;
}

}  // namespace
}  // namespace countersign
