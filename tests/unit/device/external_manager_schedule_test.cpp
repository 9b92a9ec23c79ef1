#include "device/clients/client_target.hpp"
#include "device/clients/contact_schedule.hpp"
#include "device/clients/server_call.hpp"

#include <gtest/gtest.h>

namespace countersign::device {
namespace {

using namespace std::chrono_literals;

ContactSchedule::Time at(std::chrono::milliseconds time) { return ContactSchedule::Time(1h) + time; }

TEST(ContactSchedule, says_register_at_the_first_boot_and_boot_at_the_others) {
    EXPECT_EQ(ContactSchedule(420s, true).event(), "Register");
    EXPECT_EQ(ContactSchedule(420s, false).event(), "Boot");
}

TEST(ContactSchedule, beats_at_the_interval_that_the_manager_answered_or_a_little_earlier) {
    ContactSchedule schedule(420s, false);
    schedule.calling(at(0ms));
    schedule.succeeded(at(0ms), 45s, 0.0);
    EXPECT_EQ(schedule.event(), "Beat");
    EXPECT_EQ(schedule.due(), at(45s));
    schedule.succeeded(at(0ms), 45s, 1.0);
    EXPECT_EQ(schedule.due(), at(40500ms));
}

TEST(ContactSchedule, keeps_its_interval_when_the_manager_answers_none) {
    ContactSchedule schedule(900s, false);
    schedule.succeeded(at(0ms), 0s, 0.0);
    EXPECT_EQ(schedule.due(), at(900s));
}

TEST(ContactSchedule, keeps_an_event_that_could_not_be_delivered) {
    ContactSchedule schedule(420s, false);
    schedule.calling(at(0ms));
    schedule.failed(at(10ms), 0.5);
    EXPECT_EQ(schedule.event(), "Boot");
    schedule.calling(at(2s));
    schedule.succeeded(at(2s), 0s, 0.0);
    EXPECT_EQ(schedule.event(), "Beat");
}

TEST(ContactSchedule, registers_with_a_manager_that_is_new) {
    ContactSchedule schedule(420s, false);
    schedule.calling(at(0ms));
    schedule.succeeded(at(0ms), 0s, 0.0);
    schedule.target_changed(at(5s));
    EXPECT_EQ(schedule.event(), "Register");
    EXPECT_EQ(schedule.due(), at(5s));
}

TEST(ContactSchedule, never_calls_twice_within_a_second) {
    ContactSchedule schedule(420s, false);
    schedule.calling(at(0ms));
    schedule.succeeded(at(100ms), 1s, 1.0);
    EXPECT_GE(schedule.due(), at(1s));
    schedule.calling(at(10s));
    schedule.hurry(at(10100ms));
    EXPECT_EQ(schedule.due(), at(11s));
    schedule.target_changed(at(10200ms));
    EXPECT_EQ(schedule.due(), at(11s));
    for (int i = 0; i < 20; ++i) {
        schedule.failed(at(20s), 0.0);
        EXPECT_GE(schedule.due(), at(21s));
    }
}

TEST(BackOff, doubles_up_to_its_limit_and_begins_anew_after_success) {
    BackOff back_off(1s, 60s);
    std::vector<long> waits;
    for (int i = 0; i < 8; ++i) waits.push_back(back_off.failed(0.999999).count() / 1000);
    EXPECT_EQ(waits, (std::vector<long>{1, 1, 3, 7, 15, 31, 59, 59}));
    back_off.succeeded();
    EXPECT_LE(back_off.failed(0.999), 1s);
}

TEST(HandshakeLine, names_openssls_code_and_the_name_check_apart) {
    pki::Verdict verdict;
    EXPECT_EQ(handshake_line(verdict), "SSL: socklib_sslHandshake: VerifyResult=0=OK, NameCheck: Match");
    pki::Finding name{};
    name.kind = pki::Finding::Kind::name_mismatch;
    verdict.findings.push_back(name);
    EXPECT_EQ(handshake_line(verdict), "SSL: socklib_sslHandshake: VerifyResult=0=OK, NameCheck: Mismatch");
    pki::Finding dates{};
    dates.kind = pki::Finding::Kind::expired;
    dates.openssl_code = 14;
    dates.openssl_name = "ERROR_IN_CERT_NOT_AFTER_FIELD";
    verdict.findings = {dates};
    EXPECT_EQ(handshake_line(verdict), "SSL: socklib_sslHandshake: VerifyResult=14=ERROR_IN_CERT_NOT_AFTER_FIELD, NameCheck: Match");
}

TEST(WithOffset, shifts_ports_of_schemes_only) {
    EXPECT_EQ(with_offset(net::Url::parse("https://m.example.test/x").value(), 20000).port, 20443);
    EXPECT_EQ(with_offset(net::Url::parse("http://m.example.test/x").value(), 20000).port, 20080);
    EXPECT_EQ(with_offset(net::Url::parse("https://m.example.test:8443/x").value(), 20000).port, 8443);
}

}  // namespace
}  // namespace countersign::device
