#include "manager/assess/configured.hpp"

#include "family/family.hpp"

#include <gtest/gtest.h>

namespace countersign::manager {
namespace {

/// The switch of secured communication closes HTTP and opens HTTPS (REQ RMX-7).
TEST(Configured, reads_a_switch_that_opens_one_service_and_closes_another) {
    auto family = family::Families::load_embedded().value().get("rmx").value();
    auto const& http = *family->find_service("http");
    auto const& https = *family->find_service("https");
    for (auto const* position : {"on", "off"}) {
        Observation observation;
        observation.account.emplace();
        observation.account->settings["service.https.mode"] = position;
        Configured const configured(*family, observation);
        bool const secured = std::string_view(position) == "on";
        EXPECT_EQ(configured.any_mode(https), secured ? Switch::on : Switch::off);
        EXPECT_EQ(configured.any_mode(http), secured ? Switch::off : Switch::on);
    }
    Observation const nothing;
    EXPECT_EQ(Configured(*family, nothing).any_mode(http), Switch::unknown);
}

}  // namespace
}  // namespace countersign::manager
