#include "device/virtual/fault.hpp"

#include "countersign/errors/dev.hpp"

#include <gtest/gtest.h>

namespace countersign::device {
namespace {

TEST(Fault, ReadsWhatItWrites) {
    for (std::string const text :
         {"slow:500ms", "silent", "reset", "expired", "wrong_name", "untrusted", "read_only", "forgetful", "clock:+3600s", "clock:-86400s",
          "disk_full", "keeps_certificate", "refuses_certificate", "refuses_trust"}) {
        auto const fault = parse_fault(text);
        ASSERT_TRUE(fault) << text;
        EXPECT_EQ(to_string(*fault), text);
    }
}

TEST(Fault, TakesSecondsForSlownessToo) {
    auto const fault = parse_fault("slow:2s");
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->delay, std::chrono::seconds(2));
}

TEST(Fault, RefusesNamesAndValuesThatItDoesNotKnow) {
    for (std::string const text : {"", "sleepy", "slow", "slow:", "slow:5", "slow:-5ms", "slow:601s", "slow:99999999999s", "silent:1",
                                   "clock", "clock:3600s", "clock:+s", "clock:+-5s", "clock:+99999999999s", "SILENT", "silent "}) {
        auto const fault = parse_fault(text);
        ASSERT_FALSE(fault) << text;
        EXPECT_EQ(fault.error().id(), errors::dev::unknown_fault) << text;
    }
}

}  // namespace
}  // namespace countersign::device
