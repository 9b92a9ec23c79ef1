#include "unit/device/running_unit.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace countersign::device {
namespace {

using countersign::testing::Estate;
using countersign::testing::EventLog;
using countersign::testing::k_offset;
using countersign::testing::TimeServer;

TEST(SeveralTimeServers, the_next_is_asked_when_the_first_does_not_answer) {
    Estate estate;
    TimeServer const time(estate.address(103), 123 + k_offset);
    auto const unit = estate.boot("roomos", 1, [&](UnitSpec& spec) {
        spec.settings = {{"time.ntp.mode", "On"},
                         {"NetworkServices NTP Server 1 Address", estate.address(101)},
                         {"NetworkServices NTP Server 3 Address", time.address()}};
    });
    EventLog events(unit);
    if (estate.fact(unit, "time.ntp.status") != "Synced")
        EXPECT_TRUE(events.wait_for([](Event const& event) { return event.id == "time.changed" && event.field("ntp") == "Synced"; }));
    EXPECT_EQ(estate.fact(unit, "time.ntp.address"), time.address());
}

TEST(SeveralTimeServers, any_of_them_is_enough_for_verification) {
    Estate estate;
    auto const unit = estate.boot("roomos", 1, [&](UnitSpec& spec) {
        spec.settings = {{"time.ntp.mode", "On"}, {"time.ntp.address.2", "192.0.2.1"}, {"client.verify", "On"}};
    });
    auto const missing = estate.on_loop([&] { return unit->verify_state().missing; });
    EXPECT_EQ(std::ranges::count(missing, "an NTP server"), 0);
    EXPECT_EQ(std::ranges::count(missing, "an active NTP source"), 1);
}

}  // namespace
}  // namespace countersign::device
