#include "manager/renew/hours.hpp"

#include "countersign/errors/gen.hpp"
#include "countersign/errors/mgr.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::manager {
namespace {

using std::chrono::days;
using std::chrono::hours;

UtcTime at(std::string_view text) { return *parse_utc_time(text); }

std::vector<Window> windows(std::vector<std::string> const& texts) {
    auto read = parse_renewal_windows(texts);
    EXPECT_TRUE(read) << read.error().explanation();
    return read ? *std::move(read) : std::vector<Window>();
}

// A Sunday at noon; the certificate lives for 47 days.
UtcTime const k_now = at("2026-11-22T12:00:00Z");
Life const k_life{k_now - days(32), k_now + days(15)};

TEST(RenewalHours, without_windows_any_time_will_do) { EXPECT_TRUE(may_renew({}, k_now, k_life)); }

TEST(RenewalHours, an_open_window_lets_it_begin_and_a_closed_one_does_not) {
    auto const sunday = windows({"sun 11:00-13:00 UTC"});
    EXPECT_TRUE(may_renew(sunday, k_now, k_life));
    EXPECT_FALSE(may_renew(sunday, k_now + hours(2), k_life));
    EXPECT_TRUE(may_renew(windows({"mon 00:00-01:00 UTC", "sun 12:00-13:00 UTC"}), k_now, k_life)) << "one of them is enough";
}

TEST(RenewalHours, a_window_that_would_open_in_the_last_tenth_of_the_life_is_not_waited_for) {
    auto const saturday = windows({"sat 12:00-13:00 UTC"});
    EXPECT_FALSE(may_renew(saturday, k_now, {k_now - days(32), k_now + days(15)})) << "six days on, and nine more until the end";
    EXPECT_TRUE(may_renew(saturday, k_now, {k_now - days(37), k_now + days(10)})) << "six days on, with less than a tenth left";
    EXPECT_TRUE(may_renew(saturday, k_now, {k_now - days(47), k_now})) << "it ends now";
}

TEST(RenewalHours, the_next_look_is_within_the_first_half_of_the_window_and_never_in_the_last_tenth) {
    auto const saturday = windows({"sat 12:00-14:00 UTC"});
    auto const opens = at("2026-11-28T12:00:00Z");
    EXPECT_EQ(next_hours(saturday, k_now, k_life, 0.0), opens);
    EXPECT_EQ(next_hours(saturday, k_now, k_life, 1.0), opens + hours(1));
    Life const short_one{k_now - days(37), k_now + days(10)};
    EXPECT_LT(next_hours(saturday, k_now, short_one, 0.5), short_one.end - days(4));
}

TEST(RenewalHours, windows_that_cannot_be_read_are_refused) {
    auto const wrong = parse_renewal_windows({"someday"});
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().id(), errors::mgr::bad_window);
    auto const many = parse_renewal_windows(std::vector<std::string>(k_most_renewal_windows + 1, "daily 00:00-01:00 UTC"));
    ASSERT_FALSE(many);
    EXPECT_EQ(many.error().id(), errors::gen::invalid_input);
}

}  // namespace
}  // namespace countersign::manager
