#include "device/clients/external_manager_client.hpp"
#include "unit/device/client_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using countersign::testing::ClientTest;
using countersign::testing::Estate;
using countersign::testing::EventLog;
using countersign::testing::k_http;
using countersign::testing::k_https;
using countersign::testing::RecordingServer;
using countersign::testing::TestAuthority;
using ::testing::HasSubstr;
namespace soap = dialect::external_manager;

/// An MXP: its external services have an address of their own.
class ExternalServices : public ClientTest {
protected:
    std::unique_ptr<RecordingServer> services(std::uint16_t port, std::optional<countersign::testing::TestIdentity> const& identity = {}) {
        soap::Answer answer;
        answer.settings = {{"SystemUnit Name", "Taken"}};
        return manager(port, identity, std::move(answer));
    }
    std::shared_ptr<Unit> boot(std::string const& protocol, std::string const& mode = "On") {
        return estate_.boot("mxp", 1, [&](UnitSpec& spec) {
            spec.settings = {{"client.external_services.mode", mode},
                             {"client.external_services.address", servers()},
                             {"client.external_services.protocol", protocol}};
        });
    }
    bool wait_for(std::shared_ptr<Unit> const& unit, std::string_view status) {
        EventLog events(unit);
        return wait_for_status(unit, events, "external_services", status);
    }
};

TEST_F(ExternalServices, are_called_at_their_own_path_and_may_say_nothing) {
    auto const plain = services(k_http);
    auto const unit = boot("HTTP");
    auto const requests = plain->wait_for(1);
    ASSERT_EQ(requests.size(), 1U);
    EXPECT_EQ(requests.front().path, "/tms/public/external/services/ExternalServices.asmx");
    auto const said = soap::parse_post_event(requests.front().body).value();
    EXPECT_EQ(said.event, "Beat");
    EXPECT_EQ(said.identification.serial_number, "TEST1");
    EXPECT_TRUE(wait_for(unit, "Active"));
    EXPECT_EQ(estate_.effective(unit, "system.name"), "");
}

TEST_F(ExternalServices, over_https_never_fall_back) {
    auto const plain = services(k_http);
    auto const unit = boot("HTTPS");
    EXPECT_TRUE(wait_for(unit, "Failed"));
    TestAuthority const authority;
    auto const secure = services(k_https, authority.issue("services.example.test"));
    EXPECT_EQ(secure->wait_for(1).size(), 1U);
    EXPECT_TRUE(wait_for(unit, "Active"));
    EXPECT_TRUE(plain->wait_for(0).empty());
}

TEST_F(ExternalServices, are_left_alone_when_switched_off) {
    auto const plain = services(k_http);
    auto const unit = boot("HTTP", "Off");
    EXPECT_TRUE(wait_for(unit, "Inactive"));
    EXPECT_TRUE(plain->wait_for(0).empty());
    estate_.apply(unit, {{"ExternalServices Mode", "On"}});
    EXPECT_EQ(plain->wait_for(1).size(), 1U);
}

TEST(ExternalServicesWithoutAddress, are_no_client) {
    Estate estate;
    auto const unit = estate.boot("c-series", 1);
    EXPECT_EQ(estate.on_loop([&] { return make_external_services_client(unit) == nullptr; }), true);
}

}  // namespace
}  // namespace countersign::device
