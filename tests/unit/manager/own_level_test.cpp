#include "manager/assess/own_level.hpp"

#include <gmock/gmock.h>

namespace countersign::testing {
namespace {

using manager::assess_manager;
using manager::OwnDoors;
using manager::OwnLevel;
using manager::SecureOnly;

manager::ProtocolLevel row(OwnLevel const& own, std::string const& id) {
    for (auto const& one : own.protocols)
        if (one.id == id) return one;
    ADD_FAILURE() << "no row " << id;
    return {};
}

OwnDoors closed_and_verified() { return {.http_open = false, .mode = SecureOnly::verify, .systems = 3, .speaks_snmp = false}; }

TEST(OwnLevelTest, is_4_when_http_is_closed_and_everybody_verifies) {
    auto const own = assess_manager(closed_and_verified());
    EXPECT_EQ(own.level, 4) << own.why;
    EXPECT_FALSE(row(own, "http").open);
    EXPECT_FALSE(row(own, "notifications").open);
}

TEST(OwnLevelTest, is_held_by_open_http_and_says_what_to_do) {
    auto doors = closed_and_verified();
    doors.http_open = true;
    auto const own = assess_manager(doors);
    EXPECT_EQ(own.level, 2);
    EXPECT_TRUE(own.why.contains("HTTP: calls")) << own.why;
    EXPECT_TRUE(row(own, "http").raise_by.contains("--plain-http"));
}

TEST(OwnLevelTest, follows_the_mode_and_what_is_outside_it) {
    auto doors = closed_and_verified();
    doors.mode = SecureOnly::on;
    EXPECT_EQ(assess_manager(doors).level, 3);
    doors.mode = SecureOnly::verify;
    doors.not_capable = 1;
    EXPECT_EQ(assess_manager(doors).level, 2);
    doors.not_capable = 0;
    doors.excepted = 2;
    auto const own = assess_manager(doors);
    EXPECT_EQ(own.level, 2);
    EXPECT_TRUE(row(own, "systems").evidence.contains("2 exceptions")) << row(own, "systems").evidence;
    doors.systems = 0;
    EXPECT_FALSE(row(assess_manager(doors), "systems").open);
}

TEST(OwnLevelTest, is_1_while_systems_are_asked_over_snmp) {
    auto doors = closed_and_verified();
    doors.http_open = true;
    doors.speaks_snmp = true;
    doors.mode = SecureOnly::off;
    EXPECT_EQ(assess_manager(doors).level, 1);
    doors.mode = SecureOnly::verify;
    auto const own = assess_manager(doors);
    EXPECT_EQ(own.level, 2) << "scans are begun by a person";
    EXPECT_FALSE(row(own, "snmp").counts);
}

TEST(OwnLevelTest, is_3_when_its_own_certificate_does_not_verify) {
    auto doors = closed_and_verified();
    doors.https_not_proven = "expired";
    auto const own = assess_manager(doors);
    EXPECT_EQ(own.level, 3);
    EXPECT_TRUE(row(own, "https").evidence.contains("expired"));
}

}  // namespace
}  // namespace countersign::testing
