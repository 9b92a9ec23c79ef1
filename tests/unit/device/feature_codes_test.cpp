#include "device/tree/feature_codes.hpp"

#include "base/text.hpp"
#include "unit/device/unit_fixture.hpp"

#include "countersign/errors/dev.hpp"

namespace countersign::device::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;

TEST(FeatureCodes, hold_for_one_feature_of_one_system) {
    auto const family = families().get("mcu").value();
    EXPECT_THAT(known_features(*family), ElementsAre("Encryption", "Secure management (HTTPS)"));
    auto const code = activation_code(*family, "SM0001", "Encryption");
    EXPECT_EQ(code.size(), 19U);
    EXPECT_EQ(feature_of_code(*family, "SM0001", code), "Encryption");
    EXPECT_EQ(feature_of_code(*family, "SM0001", " " + to_lower(code)), "Encryption");
    EXPECT_FALSE(feature_of_code(*family, "SM0002", code));
    EXPECT_FALSE(feature_of_code(*family, "SM0001", ""));
    EXPECT_THAT(known_features(*families().get("rmx").value()), Contains("US Federal")) << "defaults follow keys, too";
}

}  // namespace
}  // namespace countersign::device::testing
