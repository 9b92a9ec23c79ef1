#include "device/services/browser_sessions.hpp"

#include "device/services/web_sessions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using ::testing::HasSubstr;
using Use = BrowserSessions::Use;

net::http::Request with_cookie(std::string const& set_cookie) {
    return {.method = "GET", .target = "/", .fields = {{"Cookie", "a=b; " + set_cookie.substr(0, set_cookie.find(';'))}}, .body = {}};
}

class BrowserSessionsTest : public ::testing::Test {
protected:
    BrowserSessions sessions_{"T1 https"};
    BrowserSessions::Time now_{std::chrono::hours(100)};
};

TEST_F(BrowserSessionsTest, the_cookie_is_for_this_host_over_tls_and_for_no_script) {
    auto const cookie = sessions_.begin("admin", now_);
    EXPECT_THAT(cookie, testing::StartsWith("__Host-"));
    for (auto const* word : {"; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict"}) EXPECT_THAT(cookie, HasSubstr(word));
    EXPECT_EQ(sessions_.user_of(with_cookie(cookie), Use::person, now_), "admin");
    EXPECT_NE(sessions_.begin("admin", now_), cookie);
    auto forged = cookie;
    auto& digit = forged[forged.find('=') + 3];
    digit = digit == 'a' ? 'b' : 'a';
    EXPECT_EQ(sessions_.user_of(with_cookie(forged), Use::person, now_), std::nullopt);
}

TEST_F(BrowserSessionsTest, ends_when_it_is_idle_and_a_page_that_asks_by_itself_keeps_it_no_longer) {
    auto const cookie = with_cookie(sessions_.begin("admin", now_));
    auto const step = BrowserSessions::k_idle - std::chrono::minutes(1);
    EXPECT_TRUE(sessions_.user_of(cookie, Use::person, now_ + step));
    EXPECT_TRUE(sessions_.user_of(cookie, Use::background, now_ + 2 * step));
    EXPECT_FALSE(sessions_.user_of(cookie, Use::person, now_ + 2 * step + std::chrono::minutes(2)));
    EXPECT_EQ(sessions_.size(), 0U);
}

TEST_F(BrowserSessionsTest, ends_after_half_a_day_however_busy) {
    auto const cookie = with_cookie(sessions_.begin("admin", now_));
    for (auto at = now_; at < now_ + BrowserSessions::k_longest; at += std::chrono::minutes(20))
        ASSERT_TRUE(sessions_.user_of(cookie, Use::person, at));
    EXPECT_FALSE(sessions_.user_of(cookie, Use::person, now_ + BrowserSessions::k_longest));
}

TEST_F(BrowserSessionsTest, the_one_that_was_idle_for_longest_makes_room) {
    auto const first = with_cookie(sessions_.begin("first", now_));
    auto const second = with_cookie(sessions_.begin("second", now_ + std::chrono::seconds(1)));
    for (std::size_t i = 2; i < BrowserSessions::k_most; ++i) sessions_.begin("more", now_ + std::chrono::seconds(2));
    EXPECT_TRUE(sessions_.user_of(first, Use::person, now_ + std::chrono::seconds(3)));
    sessions_.begin("last", now_ + std::chrono::seconds(4));
    EXPECT_EQ(sessions_.size(), BrowserSessions::k_most);
    EXPECT_TRUE(sessions_.user_of(first, Use::person, now_ + std::chrono::seconds(5)));
    EXPECT_FALSE(sessions_.user_of(second, Use::person, now_ + std::chrono::seconds(5)));
}

TEST_F(BrowserSessionsTest, a_log_out_ends_its_own_session_only) {
    auto const one = with_cookie(sessions_.begin("one", now_));
    auto const other = with_cookie(sessions_.begin("other", now_));
    EXPECT_EQ(sessions_.end(one), "one");
    EXPECT_EQ(sessions_.end(one), std::nullopt);
    EXPECT_FALSE(sessions_.user_of(one, Use::person, now_));
    EXPECT_TRUE(sessions_.user_of(other, Use::person, now_));
    EXPECT_THAT(sessions_.cookie_to_forget(), HasSubstr("Max-Age=0"));
}

TEST_F(BrowserSessionsTest, cookies_of_another_system_or_service_are_not_looked_at) {
    BrowserSessions other("T2 https");
    auto const ours = sessions_.begin("admin", now_);
    auto const theirs = other.begin("admin", now_);
    EXPECT_EQ(sessions_.user_of(with_cookie(ours), Use::person, now_), "admin");
    net::http::Request const request{.method = "GET",
                                     .target = "/",
                                     .fields = {{"Cookie", theirs.substr(0, theirs.find(';')) + "; " + ours.substr(0, ours.find(';'))}},
                                     .body = {}};
    EXPECT_EQ(sessions_.user_of(request, Use::person, now_), "admin");
    EXPECT_EQ(other.user_of(request, Use::person, now_), "admin");
    EXPECT_EQ(ours.find(sessions_.cookie_to_forget().substr(0, ours.find('=') + 1)), 0U);
}

TEST(WebSessionsTest, a_session_of_the_xml_interface_that_was_idle_is_over) {
    WebSessions sessions;
    WebSessions::Time const now{std::chrono::hours(100)};
    auto const cookie = with_cookie(std::string(sessions.begin("admin", now).fields.get("Set-Cookie")));
    auto const step = WebSessions::k_idle - std::chrono::minutes(1);
    EXPECT_EQ(sessions.user_of(cookie, now + step), "admin");
    EXPECT_EQ(sessions.user_of(cookie, now + 2 * step), "admin");
    EXPECT_EQ(sessions.user_of(cookie, now + 2 * step + WebSessions::k_idle), std::nullopt);
    EXPECT_EQ(sessions.user_of(cookie, now + 2 * step), std::nullopt) << "ended, not only refused";
}

}  // namespace
}  // namespace countersign::device
