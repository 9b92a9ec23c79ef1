#include "manager/estate/address_ranges.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gtest/gtest.h>

namespace countersign::testing {
namespace {

using manager::AddressRanges;

std::vector<std::string> addresses(std::vector<std::string> const& texts, std::uint64_t most = 1000) {
    std::vector<std::string> out;
    auto ranges = AddressRanges::parse(texts, most);
    if (!ranges) {
        ADD_FAILURE() << ranges.error().explanation();
        return out;
    }
    for (std::uint64_t i = 0; i < ranges->size(); ++i) out.push_back(ranges->at(i));
    return out;
}

TEST(AddressRanges, are_prefixes_spans_and_single_addresses) {
    EXPECT_EQ(addresses({"10.0.0.0/30"}), (std::vector<std::string>{"10.0.0.1", "10.0.0.2"}));
    EXPECT_EQ(addresses({"10.0.0.4/31"}), (std::vector<std::string>{"10.0.0.4", "10.0.0.5"}));
    EXPECT_EQ(addresses({"10.0.0.9-11"}), (std::vector<std::string>{"10.0.0.9", "10.0.0.10", "10.0.0.11"}));
    EXPECT_EQ(addresses({" 10.0.0.255 - 10.0.1.0 "}), (std::vector<std::string>{"10.0.0.255", "10.0.1.0"}));
    EXPECT_EQ(addresses({"10.0.0.7"}), (std::vector<std::string>{"10.0.0.7"}));
}

TEST(AddressRanges, name_no_address_twice) {
    EXPECT_EQ(addresses({"10.0.0.3-5", "10.0.0.1-4", "10.0.0.4"}),
              (std::vector<std::string>{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"}));
}

TEST(AddressRanges, refuse_what_is_none_and_tell_every_problem) {
    auto const wrong =
        AddressRanges::parse({"10.0.0.1/0", "10.0.0", "10.0.0.256", "010.0.0.1", "10.0.0.9-3", "0.0.0.1", "224.0.0.1", "fe80::1"}, 10);
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().id(), errors::gen::several_problems);
    EXPECT_EQ(wrong.error().causes().size(), 8U);
    EXPECT_FALSE(AddressRanges::parse({}, 10));
}

TEST(AddressRanges, have_a_limit) {
    auto const large = AddressRanges::parse({"10.0.0.0/8"}, 65536);
    ASSERT_FALSE(large);
    EXPECT_EQ(large.error().id(), errors::mgr::too_many_addresses);
    EXPECT_TRUE(AddressRanges::parse({"10.0.0.0/16"}, 65536));
}

}  // namespace
}  // namespace countersign::testing
