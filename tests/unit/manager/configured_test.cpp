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

TEST(Configured, a_service_has_another_port_unless_the_connection_settings_say_where_it_is) {
    auto family = family::Families::load_embedded().value().get("mcu").value();
    Observation observation;
    observation.account.emplace();
    observation.account->settings["service.http.port"] = "8080";
    observation.account->settings["service.https.port"] = "8443";
    Configured const configured(*family, observation);
    auto const& http = *family->find_service("http");
    auto const& https = *family->find_service("https");
    System system;
    EXPECT_EQ(configured.other_port(http, system), 8080);
    EXPECT_EQ(configured.other_port(https, system), 8443);
    system.https_port = 8443;
    EXPECT_EQ(configured.other_port(http, system), 8080);
    EXPECT_EQ(configured.other_port(https, system), std::nullopt) << "it is looked at there already";
    observation.account->settings["service.http.port"] = "80";
    EXPECT_EQ(Configured(*family, observation).other_port(http, system), std::nullopt);
}

}  // namespace
}  // namespace countersign::manager
