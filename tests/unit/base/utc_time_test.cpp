#include "base/utc_time.hpp"

#include <gtest/gtest.h>

namespace countersign {
namespace {

using namespace std::chrono_literals;
using std::chrono::sys_days;
using std::chrono::year;

UtcTime const k_sample = sys_days(year(2026) / 11 / 21) + 21h + 18min + 51s;

TEST(UtcTime, is_written_in_every_form_that_is_spoken_on_the_wire) {
    EXPECT_EQ(to_string(k_sample), "2026-11-21T21:18:51Z");
    EXPECT_EQ(to_gmt_string(k_sample), "Nov 21 21:18:51 2026 GMT");
    EXPECT_EQ(to_compact_string(k_sample), "20261121 21:18:51");
    EXPECT_EQ(to_http_date(k_sample), "Sat, 21 Nov 2026 21:18:51 GMT");
}

TEST(UtcTime, pads_small_numbers) {
    UtcTime time = sys_days(year(2023) / 8 / 8) + 3h + 4min + 6s;
    EXPECT_EQ(to_string(time), "2023-08-08T03:04:06Z");
    EXPECT_EQ(to_gmt_string(time), "Aug 08 03:04:06 2023 GMT");
    EXPECT_EQ(to_http_date(time), "Tue, 08 Aug 2023 03:04:06 GMT");
}

TEST(UtcTime, survives_writing_and_reading) {
    for (auto time : {k_sample, UtcTime(0s), UtcTime(-1s), UtcTime(sys_days(year(2000) / 2 / 29)),
                      UtcTime(sys_days(year(2049) / 12 / 31)) + 86399s, UtcTime(sys_days(year(9999) / 12 / 31)) + 86399s}) {
        EXPECT_EQ(parse_utc_time(to_string(time)), time) << to_string(time);
    }
}

TEST(UtcTime, is_read_with_offsets_and_fractions) {
    EXPECT_EQ(parse_utc_time("2026-11-21T22:18:51+01:00"), k_sample);
    EXPECT_EQ(parse_utc_time("2026-11-21T15:48:51-05:30"), k_sample);
    EXPECT_EQ(parse_utc_time("2026-11-22T00:18:51+03:00"), k_sample);
    EXPECT_EQ(parse_utc_time("2026-11-21T21:18:51.999Z"), k_sample);
    EXPECT_EQ(parse_utc_time("2026-11-21 21:18:51z"), k_sample);
}

TEST(UtcTime, takes_a_leap_second_as_the_next_one) {
    EXPECT_EQ(parse_utc_time("2016-12-31T23:59:60Z"), UtcTime(sys_days(year(2017) / 1 / 1)));
}

TEST(UtcTime, refuses_what_is_no_date) {
    for (auto const* bad : {"",
                            "now",
                            "2026-11-21",
                            "2026-11-21T21:18:51",
                            "2026-11-21T21:18Z",
                            "2026-13-01T00:00:00Z",
                            "2026-00-01T00:00:00Z",
                            "2026-02-29T00:00:00Z",
                            "2026-04-31T00:00:00Z",
                            "2026-11-21T24:00:00Z",
                            "2026-11-21T21:60:00Z",
                            "2026-11-21T21:18:61Z",
                            "2026-11-21T21:18:51.Z",
                            "2026-11-21T21:18:51+0100",
                            "2026-11-21T21:18:51+24:00",
                            "2026-11-21T21:18:51+01:60",
                            "2026-11-21T21:18:51Zulu",
                            " 2026-11-21T21:18:51Z",
                            "2026/11/21T21:18:51Z",
                            "-026-11-21T21:18:51Z",
                            "2026-1 -21T21:18:51Z",
                            "20a6-11-21T21:18:51Z"}) {
        EXPECT_FALSE(parse_utc_time(bad)) << bad;
    }
}

}  // namespace
}  // namespace countersign
