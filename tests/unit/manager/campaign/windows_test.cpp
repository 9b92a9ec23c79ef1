#include "manager/campaign/windows.hpp"

#include "base/text.hpp"
#include "host/files.hpp"

#include "countersign/errors/mgr.hpp"

#include <gtest/gtest.h>

namespace countersign::testing {
namespace {

using manager::is_open;
using manager::Window;

Window window(std::string_view text) {
    auto read = manager::parse_window(text, [](std::string_view zone) { return manager::load_time_zone(zone); });
    if (!read) ADD_FAILURE() << read.error().message();
    return read ? *read : Window{};
}

UtcTime at(std::string_view time) { return *parse_utc_time(time); }

std::optional<ErrorId> refusal(std::string_view text) {
    auto read = manager::parse_window(text, [](std::string_view zone) { return manager::load_time_zone(zone); });
    return read ? std::optional<ErrorId>() : read.error().id();
}

TEST(Windows, are_open_from_the_first_minute_to_the_last_of_their_days) {
    auto const nights = window("tue,thu 22:00-23:30 UTC");
    EXPECT_FALSE(is_open(nights, at("2026-11-24T21:59:59Z")));
    EXPECT_TRUE(is_open(nights, at("2026-11-24T22:00:00Z")));
    EXPECT_TRUE(is_open(nights, at("2026-11-24T23:29:59Z")));
    EXPECT_FALSE(is_open(nights, at("2026-11-24T23:30:00Z")));
    EXPECT_FALSE(is_open(nights, at("2026-11-25T22:30:00Z"))) << "a Wednesday";
}

TEST(Windows, that_run_across_midnight_belong_to_the_day_they_begin_on) {
    auto const weekend = window("fri-sat 22:00-05:00 UTC");
    EXPECT_TRUE(is_open(weekend, at("2026-11-27T23:00:00Z"))) << "Friday evening";
    EXPECT_TRUE(is_open(weekend, at("2026-11-29T04:59:00Z"))) << "Sunday morning, of Saturday's window";
    EXPECT_FALSE(is_open(weekend, at("2026-11-29T05:00:00Z")));
    EXPECT_FALSE(is_open(weekend, at("2026-11-27T04:00:00Z"))) << "Friday morning, of Thursday's";
}

TEST(Windows, may_go_over_the_end_of_the_week_and_last_a_whole_day) {
    auto const long_weekend = window("sat-mon 00:00-24:00 UTC");
    EXPECT_TRUE(is_open(long_weekend, at("2026-11-30T23:59:59Z")));
    EXPECT_FALSE(is_open(long_weekend, at("2026-12-01T00:00:00Z")));
    EXPECT_TRUE(is_open(window("daily 06:00-06:00 UTC"), at("2026-12-01T03:00:00Z"))) << "from six to six";
}

TEST(Windows, follow_the_clocks_of_their_zone_through_summer_time) {
    auto const berlin = window("daily 22:00-23:00 Europe/Berlin");
    EXPECT_TRUE(is_open(berlin, at("2026-01-15T21:30:00Z"))) << "winter, UTC+1";
    EXPECT_FALSE(is_open(berlin, at("2026-07-15T21:30:00Z")));
    EXPECT_TRUE(is_open(berlin, at("2026-07-15T20:30:00Z"))) << "summer, UTC+2";
}

TEST(Windows, in_the_hour_that_summer_time_skips_are_not_there_that_day) {
    auto const skipped = window("sun 02:00-03:00 Europe/Berlin");
    for (auto time = at("2026-03-29T00:00:00Z"); time < at("2026-03-29T06:00:00Z"); time += std::chrono::minutes(10))
        EXPECT_FALSE(is_open(skipped, time)) << to_string(time);
    auto const list = std::array{skipped};
    EXPECT_EQ(manager::next_open(list, at("2026-03-29T00:00:00Z")), at("2026-04-05T00:00:00Z")) << "a week later, at UTC+2";
}

TEST(Windows, in_the_hour_that_comes_twice_are_open_twice) {
    auto const doubled = window("sun 02:00-03:00 Europe/Berlin");
    EXPECT_FALSE(is_open(doubled, at("2026-10-24T23:59:59Z")));
    EXPECT_TRUE(is_open(doubled, at("2026-10-25T00:00:00Z"))) << "02:00 of summer time";
    EXPECT_TRUE(is_open(doubled, at("2026-10-25T01:59:59Z"))) << "02:59 of winter time";
    EXPECT_FALSE(is_open(doubled, at("2026-10-25T02:00:00Z")));
}

TEST(Windows, say_when_they_open_and_close_next) {
    auto const list = std::array{window("mon 22:00-23:00 UTC"), window("mon 23:00-23:30 UTC")};
    EXPECT_EQ(manager::next_open(list, at("2026-11-24T00:00:00Z")), at("2026-11-30T22:00:00Z"));
    EXPECT_EQ(manager::next_open(list, at("2026-11-30T22:10:20Z")), at("2026-11-30T22:10:20Z"));
    EXPECT_EQ(manager::next_close(list, at("2026-11-30T22:10:20Z")), at("2026-11-30T23:30:00Z"));
    EXPECT_TRUE(is_open(std::span<Window const>(), at("2026-11-30T23:30:00Z"))) << "without windows it is always time";
}

TEST(Windows, that_cannot_be_understood_are_refused) {
    for (auto const* text : {"", "mon 22:00-23:00", "xyz 22:00-23:00 UTC", "mon 22-23 UTC", "mon 22:00-25:00 UTC", "mon 24:00-01:00 UTC",
                             "mon 22:60-23:00 UTC", "mon- 22:00-23:00 UTC", "mon-tue-wed 22:00-23:00 UTC", "mon 22:00-23:00 UTC now"})
        EXPECT_EQ(refusal(text), errors::mgr::bad_window) << text;
    for (auto const* zone : {"Europe/Atlantis", "../../../etc/passwd", "/etc/passwd", "Europe", "Europe/../Europe/Berlin"})
        EXPECT_EQ(refusal("mon 22:00-23:00 " + std::string(zone)), errors::mgr::unknown_time_zone) << zone;
}

TEST(TimeZones, follow_the_rule_after_the_last_change_of_the_file) {
    auto zone = manager::load_time_zone("Europe/Berlin");
    ASSERT_TRUE(zone);
    using namespace std::chrono_literals;
    EXPECT_EQ((*zone)->offset_at(at("2090-01-15T12:00:00Z")), 1h);
    EXPECT_EQ((*zone)->offset_at(at("2090-07-15T12:00:00Z")), 2h);
    auto southern = manager::load_time_zone("Australia/Sydney");
    ASSERT_TRUE(southern);
    EXPECT_EQ((*southern)->offset_at(at("2090-01-15T12:00:00Z")), 11h) << "summer is in January";
    EXPECT_EQ((*southern)->offset_at(at("2090-07-15T12:00:00Z")), 10h);
}

TEST(TimeZones, survive_files_that_are_cut_or_damaged) {
    using namespace std::chrono_literals;
    auto const content = host::read_file("/usr/share/zoneinfo/Europe/Berlin");
    ASSERT_TRUE(content);
    int cut = 0;
    for (std::size_t length = 0; length < content->size(); ++length)
        cut += manager::TimeZone::parse("cut", content->substr(0, length)) ? 0 : 1;
    EXPECT_GT(cut, static_cast<int>(content->size()) - 40) << "only the rule at the end can be missing";
    for (std::size_t place = 0; place < content->size(); ++place) {
        auto damaged = *content;
        damaged[place] = static_cast<char>(damaged[place] ^ 0x7F);
        auto const zone = manager::TimeZone::parse("damaged", damaged);
        if (!zone) continue;
        for (auto const* time : {"1900-01-01T00:00:00Z", "2026-07-01T00:00:00Z", "2099-07-01T00:00:00Z"}) {
            EXPECT_GT(zone->offset_at(at(time)), -27h);
            EXPECT_LT(zone->offset_at(at(time)), 27h);
        }
    }
}

TEST(TimeZones, read_every_form_of_a_rule) {
    using manager::parse_zone_rule;
    using namespace std::chrono_literals;
    EXPECT_EQ(parse_zone_rule("<+0545>-5:45")->standard, 5h + 45min);
    auto const half = parse_zone_rule("LHST-10:30LHDT-11,M10.1.0,M4.1.0");
    ASSERT_TRUE(half);
    EXPECT_EQ(half->summer - half->standard, 30min);
    EXPECT_EQ(parse_zone_rule("EST5EDT,M3.2.0,M11.1.0")->standard, -5h);
    EXPECT_EQ(parse_zone_rule("ABC3DEF,J60/0,300/-2:30")->end.at, -2h - 30min);
    for (auto const* text : {"", "C1", "CET", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0/3x",
                             "CET-25", "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,J0,J100"})
        EXPECT_FALSE(parse_zone_rule(text)) << text;
}

}  // namespace
}  // namespace countersign::testing
