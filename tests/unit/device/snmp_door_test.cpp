#include "device/services/rate_limit.hpp"
#include "support/program.hpp"
#include "unit/device/running_unit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using namespace std::chrono_literals;
using countersign::testing::Estate;
using countersign::testing::k_offset;
using ::testing::HasSubstr;

/// The programs of net-snmp ask.
class SnmpDoor : public ::testing::Test {
protected:
    countersign::testing::Ran ask(std::string const& program, std::string const& arguments) {
        return run_in(folder_, program + " -On -t 1 -r 0 " + arguments);
    }
    std::string agent() { return unit_->address() + ":" + std::to_string(161 + k_offset); }

    countersign::testing::TemporaryFolder folder_;
    Estate estate_;
    std::shared_ptr<Unit> unit_ = estate_.boot("c-series", 1);
};

TEST_F(SnmpDoor, answers_snmpget_in_both_versions) {
    for (auto const version : {"-v1", "-v2c"}) {
        auto const ran =
            ask("snmpget", std::string(version) + " -c public " + agent() + " 1.3.6.1.2.1.1.1.0 1.3.6.1.2.1.1.2.0 1.3.6.1.2.1.1.5.0");
        EXPECT_EQ(ran.exit_code, 0) << ran.output;
        EXPECT_THAT(ran.output, HasSubstr(".1.3.6.1.2.1.1.1.0 = STRING: \"TANDBERG Codec TC"));
        EXPECT_THAT(ran.output, HasSubstr(".1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.5596"));
        EXPECT_THAT(ran.output, HasSubstr(".1.3.6.1.2.1.1.5.0 = STRING: \"unit1\""));
    }
}

TEST_F(SnmpDoor, is_walked_to_its_end) {
    for (auto const program : {"snmpwalk -v1", "snmpwalk -v2c", "snmpbulkwalk -v2c"}) {
        auto const ran = ask(program, "-c public " + agent() + " 1.3.6.1.2.1");
        EXPECT_EQ(ran.exit_code, 0) << program << "\n" << ran.output;
        EXPECT_THAT(ran.output, HasSubstr(".1.3.6.1.2.1.1.1.0 = "));
        EXPECT_THAT(ran.output, HasSubstr(".1.3.6.1.2.1.1.7.0 = INTEGER: 72"));
    }
}

TEST_F(SnmpDoor, is_silent_for_another_community) {
    EXPECT_THAT(ask("snmpget", "-v2c -c private " + agent() + " 1.3.6.1.2.1.1.1.0").output, HasSubstr("Timeout"));
}

TEST_F(SnmpDoor, follows_the_community_and_names_of_the_settings) {
    estate_.apply(
        unit_, {{"NetworkServices SNMP CommunityName", "hidden"}, {"snmp.contact", "admin@example.test"}, {"snmp.location", "Room 204"}});
    auto const ran = ask("snmpget", "-v2c -c hidden " + agent() + " 1.3.6.1.2.1.1.4.0 1.3.6.1.2.1.1.6.0");
    EXPECT_THAT(ran.output, HasSubstr("\"admin@example.test\""));
    EXPECT_THAT(ran.output, HasSubstr("\"Room 204\""));
    EXPECT_THAT(ask("snmpget", "-v2c -c public " + agent() + " 1.3.6.1.2.1.1.1.0").output, HasSubstr("Timeout"));
}

TEST_F(SnmpDoor, cannot_be_written_to) {
    auto const ran = ask("snmpset", "-v2c -c public " + agent() + " 1.3.6.1.2.1.1.5.0 s changed");
    EXPECT_THAT(ran.output, HasSubstr("noAccess"));
    EXPECT_EQ(estate_.effective(unit_, "system.name"), "");
}

TEST_F(SnmpDoor, goes_with_the_service) {
    estate_.apply(unit_, {{"service.snmp.mode", "off"}});
    EXPECT_THAT(ask("snmpget", "-v2c -c public " + agent() + " 1.3.6.1.2.1.1.1.0").output, HasSubstr("STRING")) << "until the restart";
    countersign::testing::EventLog events(unit_);
    estate_.on_loop([&] { unit_->request_restart({"test", "admin", ""}); });
    ASSERT_TRUE(events.wait_for("boot"));
    EXPECT_THAT(ask("snmpget", "-v2c -c public " + agent() + " 1.3.6.1.2.1.1.1.0").output, ::testing::Not(HasSubstr("STRING")));
}

TEST(RateLimit, allows_a_burst_and_then_the_average) {
    RateLimit limit(10);
    auto const start = RateLimit::Time(1h);
    int taken = 0;
    for (int i = 0; i < 50; ++i) taken += limit.take(start) ? 1 : 0;
    EXPECT_EQ(taken, 10);
    for (int i = 0; i < 50; ++i) taken += limit.take(start + 500ms) ? 1 : 0;
    EXPECT_EQ(taken, 15);
    for (int i = 0; i < 50; ++i) taken += limit.take(start + 1h) ? 1 : 0;
    EXPECT_EQ(taken, 25);
}

}  // namespace
}  // namespace countersign::device
