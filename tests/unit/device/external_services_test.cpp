#include "device/clients/external_manager_client.hpp"
#include "dialect/soap_external_manager.hpp"
#include "unit/device/running_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using namespace std::chrono_literals;
using countersign::testing::Estate;
using countersign::testing::EventLog;
using countersign::testing::k_offset;
using countersign::testing::RecordingServer;
using countersign::testing::TestAuthority;
using ::testing::HasSubstr;
namespace soap = dialect::external_manager;

/// An MXP: its external services have an address of their own.
class ExternalServices : public ::testing::Test {
protected:
    std::string servers() { return estate_.address(100); }
    std::unique_ptr<RecordingServer> server(std::uint16_t port, std::optional<countersign::testing::TestIdentity> const& identity = {}) {
        soap::Answer answer;
        answer.heartbeat = 600s;
        answer.settings = {{"SystemUnit Name", "Taken"}};
        return std::make_unique<RecordingServer>(
            net::Endpoint{servers(), port}, identity,
            [body = soap::write_answer(answer, "")](auto const&) { return RecordingServer::Answer{200, body}; });
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
        if (estate_.fact(unit, "client.external_services.status") == status) return true;
        return events
            .wait_for([status](Event const& event) { return event.id == "external_services.status" && event.field("status") == status; })
            .has_value();
    }

    Estate estate_;
};

TEST_F(ExternalServices, are_called_at_their_own_path_and_may_say_nothing) {
    auto const plain = server(80 + k_offset);
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
    auto const plain = server(80 + k_offset);
    auto const unit = boot("HTTPS");
    EXPECT_TRUE(wait_for(unit, "Failed"));
    TestAuthority const authority;
    auto const secure = server(443 + k_offset, authority.issue("services.example.test"));
    EXPECT_EQ(secure->wait_for(1).size(), 1U);
    EXPECT_TRUE(wait_for(unit, "Active"));
    EXPECT_TRUE(plain->wait_for(0).empty());
}

TEST_F(ExternalServices, are_left_alone_when_switched_off) {
    auto const plain = server(80 + k_offset);
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
