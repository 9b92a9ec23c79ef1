#include "device/safety/alarm_board.hpp"
#include "unit/device/safety_fixture.hpp"

namespace countersign::device::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto k_day = std::chrono::days(1);

TEST(WarningTime, is_fourteen_days_and_a_third_of_a_shorter_life) {
    UtcTime const start{};
    EXPECT_EQ(warning_time(start, start + 365 * k_day), 14 * k_day);
    EXPECT_EQ(warning_time(start, start + 47 * k_day), 14 * k_day);
    EXPECT_EQ(warning_time(start, start + 6 * k_day), 2 * k_day);
    EXPECT_EQ(warning_time(start, start - k_day), 0s);
}

TEST(DaysLeft, counts_days_that_have_begun) {
    UtcTime const end{std::chrono::seconds(100 * k_day)};
    EXPECT_EQ(days_left(end - 14 * k_day, end), 14);
    EXPECT_EQ(days_left(end - 13 * k_day - 1s, end), 14);
    EXPECT_EQ(days_left(end - 1s, end), 1);
    EXPECT_EQ(days_left(end, end), 0);
}

class AlarmsTest : public SafetyTest {
protected:
    static CertificatePair ending_in(std::chrono::seconds life) {
        TestAuthority::Order order;
        order.from = today() - 60 * k_day;
        order.until = today() + life;
        return TestAuthority().issue(order);
    }
};

TEST_F(AlarmsTest, warn_before_the_certificate_ends_and_say_so_when_it_has_ended) {
    auto unit = boot("c-series");
    ASSERT_TRUE(install(unit, ending_in(20 * k_day)));
    EXPECT_THAT(alarms(unit), Not(Contains("certificate.expires")));
    clock_->advance(6 * k_day + 1h);
    look(unit);
    EXPECT_EQ(alarm_text(unit, "certificate.expires"), "Certificate will expire in 14 days");
    clock_->advance(10 * k_day);
    look(unit);
    EXPECT_EQ(alarm_text(unit, "certificate.expires"), "Certificate will expire in 4 days");
    clock_->advance(5 * k_day);
    look(unit);
    EXPECT_EQ(alarm_text(unit, "certificate.expired"), "Security mode failed - Certificate expired");
    EXPECT_THAT(alarms(unit), Not(Contains("certificate.expires")));
}

TEST_F(AlarmsTest, stay_with_https_open_after_the_end) {
    auto unit = boot("mcu");
    ASSERT_TRUE(apply(unit, {{"service.https.mode", "on"}}));
    ASSERT_TRUE(install(unit, ending_in(20 * k_day)));
    restart(unit);
    clock_->advance(30 * k_day);
    look(unit);
    EXPECT_THAT(alarms(unit), Contains("certificate.expired"));
    restart(unit);
    EXPECT_THAT(call(unit, [](Unit& held) { return held.open_services(); }), Contains(::testing::Key("https")));
}

TEST_F(AlarmsTest, are_cleared_by_a_new_certificate_and_told_once) {
    auto unit = boot("c-series");
    ASSERT_TRUE(install(unit, ending_in(3 * k_day)));
    look(unit);
    look(unit);
    EXPECT_THAT(alarms(unit), Contains("certificate.expires"));
    ASSERT_TRUE(install(unit, ending_in(90 * k_day)));
    EXPECT_THAT(alarms(unit), Not(Contains("certificate.expires")));
    auto text = journal(*unit);
    auto count = [&text](std::string_view what) {
        std::size_t found = 0;
        for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
        return found;
    };
    EXPECT_EQ(count("alarm.raised id=\"certificate.expires\""), 1U);
    EXPECT_EQ(count("alarm.cleared id=\"certificate.expires\""), 1U);
    auto history = call(unit, [](Unit& held) { return held.alarms().history(); });
    ASSERT_FALSE(history.empty());
    EXPECT_EQ(history.front().id, "certificate.expires");
}

TEST_F(AlarmsTest, watch_the_trusted_roots) {
    auto unit = boot("c-series");
    ASSERT_TRUE(install(unit, TestAuthority().issue(), TestAuthority("Ending Root").pem()));
    clock_->advance(360 * k_day);
    look(unit);
    EXPECT_THAT(alarm_text(unit, "trust.expires"), HasSubstr("Ending Root"));
    call(unit, [](Unit& held) { return held.delete_trust_store(k_owner).has_value(); });
    EXPECT_THAT(alarms(unit), Not(Contains("trust.expires")));
}

TEST_F(AlarmsTest, tell_of_the_factory_password_until_it_is_changed) {
    auto unit = boot("c-series");
    EXPECT_THAT(alarms(unit), Contains("password.factory"));
    EXPECT_EQ(fact(unit, "login.factory_password"), "True");
    set_password(unit, "a better one");
    EXPECT_THAT(alarms(unit), Not(Contains("password.factory")));
    EXPECT_EQ(fact(unit, "login.factory_password"), "False");
}

TEST_F(AlarmsTest, tell_that_verification_is_on_without_what_it_needs) {
    auto unit = boot("c-series");
    ASSERT_TRUE(apply(unit, {{"client.verify", "on"}}));
    EXPECT_THAT(alarm_text(unit, "verification.inactive"), HasSubstr("trusted roots"));
    ASSERT_TRUE(apply(unit, {{"client.verify", "off"}}));
    EXPECT_THAT(alarms(unit), Not(Contains("verification.inactive")));
}

TEST_F(AlarmsTest, keep_their_beginning_over_a_restart_and_survive_a_damaged_file) {
    auto unit = boot("c-series");
    auto since = [this](auto const& of) { return call(of, [](Unit& held) { return held.alarms().active().front().since; }); };
    auto const first = since(unit);
    clock_->advance(1h);
    unit = again(unit);
    EXPECT_EQ(since(unit), first);
    ASSERT_TRUE(host::write_file(folder_.path() / "T1" / "alarms.toml", "active = = 1", host::Privacy::owner_only));
    unit = again(unit);
    EXPECT_THAT(alarms(unit), Contains("password.factory"));
}

TEST_F(AlarmsTest, are_looked_at_again_as_time_goes_by) {
    environment_->alarm_check = net::Milliseconds(20);
    auto unit = boot("c-series");
    ASSERT_TRUE(install(unit, ending_in(20 * k_day)));
    auto raised = await_event(unit, "alarm.raised");
    clock_->advance(10 * k_day);
    ASSERT_TRUE(raised.happened());
    EXPECT_THAT(alarms(unit), Contains("certificate.expires"));
}

TEST_F(AlarmsTest, stand_in_page_headers_and_in_status) {
    auto unit = boot("c-series");
    auto web = client(*unit);
    auto page = get(web, "/web/misc").body;
    EXPECT_THAT(page, HasSubstr("<p class=\"alarm\" role=\"status\">The factory password is still in use"));
    EXPECT_THAT(get(web, "/getxml?location=/Status/Diagnostics").body, HasSubstr("password.factory"));
    auto mcu = boot("mcu");
    EXPECT_THAT(command(mcu, "device.health.query", {})->values, Contains(::testing::Field(&Node::name, "alarms")));
}

TEST_F(AlarmsTest, of_others_are_kept_once_each) {
    auto unit = boot("c-series");
    auto raise = [](Unit& held) {
        held.alarms().raise(
            {.id = "responder.unreachable", .subject = "ocsp.test", .text = "no answer", .level = {}, .since = {}, .days_left = {}});
        return held.alarms().active().size();
    };
    auto const count = call(unit, raise);
    EXPECT_EQ(call(unit, raise), count);
    EXPECT_EQ(alarm_text(unit, "responder.unreachable"), "no answer");
}

}  // namespace
}  // namespace countersign::device::testing
