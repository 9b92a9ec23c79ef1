/// The small pure parts of the manager's engine: back-off, directory, checks of what people type, recognition, tickets.

#include "company_authority.hpp"
#include "manager/enforce/contact_board.hpp"
#include "manager/estate/directory.hpp"
#include "manager/estate/new_system.hpp"
#include "manager/jobs/back_off.hpp"
#include "manager/observe/recognise.hpp"
#include "manager/tickets/ticket_rules.hpp"

#include "countersign/errors/gen.hpp"

#include <gmock/gmock.h>

namespace countersign::manager {
namespace {

using std::chrono::seconds;

TEST(BackOff, doubles_up_to_ten_minutes) {
    EXPECT_EQ(back_off(1, 0.5), seconds(1));
    EXPECT_EQ(back_off(4, 0.5), seconds(8));
    EXPECT_EQ(back_off(11, 0.5), seconds(600));
    EXPECT_EQ(back_off(1000, 0.5), seconds(600));
}

TEST(BackOff, spreads_by_a_quarter_and_never_goes_below_a_second) {
    EXPECT_EQ(back_off(1, 0.0), seconds(1));
    EXPECT_EQ(back_off(6, 0.0), seconds(24));
    EXPECT_EQ(back_off(6, 1.0), seconds(40));
}

TEST(Directory, finds_by_serial_number_then_mac_then_source_address) {
    Directory directory;
    directory.learn({.id = 1, .serial_number = "SN1", .mac_address = "00:50:60:00:00:01"}, "127.0.0.1");
    directory.learn({.id = 2, .address = "127.0.0.2", .serial_number = "SN2"}, "");
    EXPECT_EQ(directory.find("sn1", "", "127.0.0.2"), 1);
    EXPECT_EQ(directory.find("", "005060000001", "127.0.0.2"), 1);
    EXPECT_EQ(directory.find("unknown", "", "127.0.0.2"), 2);
    EXPECT_EQ(directory.find("", "", "127.0.0.9"), std::nullopt);
}

TEST(Directory, forgets_old_keys_when_a_system_changes) {
    Directory directory;
    directory.learn({.id = 1}, "127.0.0.1");
    directory.learn({.id = 1}, "127.0.0.2");
    EXPECT_EQ(directory.find("", "", "127.0.0.1"), std::nullopt);
    directory.learn({.id = 2}, "127.0.0.2");
    directory.forget(1);
    EXPECT_EQ(directory.find("", "", "127.0.0.2"), 2);
}

TEST(NewSystems, are_refused_with_all_problems_at_once) {
    auto families = *family::Families::load_embedded();
    NewSystem system{.name = "a\nb", .host_name = "192.0.2.1", .address = "nowhere", .family = "no-such", .pins = {"12"}};
    auto checked = check_new_system(std::move(system), families);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().id(), errors::gen::several_problems);
    EXPECT_EQ(checked.error().causes().size(), 5U);
}

TEST(NewSystems, need_a_name_or_an_address) {
    auto families = *family::Families::load_embedded();
    auto checked = check_new_system({}, families);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().id(), errors::gen::missing_field);
}

TEST(NewSystems, come_back_tidied) {
    auto families = *family::Families::load_embedded();
    NewSystem system{.host_name = " C1.Example.TEST ", .pins = {"AB" + std::string(62, '0')}};
    auto checked = check_new_system(std::move(system), families);
    ASSERT_TRUE(checked) << checked.error().explanation();
    EXPECT_EQ(checked->host_name, "c1.example.test");
    EXPECT_EQ(checked->pins.front(), "ab" + std::string(62, '0'));
}

TEST(Policies, are_refused_when_certificates_would_be_renewed_at_once) {
    EXPECT_FALSE(check_policy({.renew_days_before = 30, .certificate_days = 30}));
    EXPECT_TRUE(check_policy({.renew_days_before = 30, .certificate_days = 31}));
    EXPECT_FALSE(check_policy({.dns_servers = {"dns.example.test"}}));
    EXPECT_FALSE(check_policy({.key_type = "rsa:512"}));
}

TEST(Recognition, reads_the_realm_of_any_challenge) {
    EXPECT_EQ(realm_of("Digest realm=\"TANDBERG Codec\", nonce=\"x\""), "TANDBERG Codec");
    EXPECT_EQ(realm_of("Basic Realm=\"a\""), "a");
    EXPECT_EQ(realm_of("Basic"), "");
    EXPECT_EQ(realm_of("Basic realm=\"broken"), "");
}

// --- tickets ---------------------------------------------------------------------------------------------------------------

class Tickets : public ::testing::Test {
protected:
    Tickets() {
        system_.host_name = "c1.example.test";
        system_.software = "TC4.1";
        system_.secure_only_capable = true;
        system_.https_proven = true;
        policy_.secure_only = SecureOnly::verify;
    }
    void https(net::PortState state, ChannelTrust trust, std::vector<pki::Finding> findings = {}) {
        observation_.services = {{.service = "https", .port = 443, .state = state, .findings = std::move(findings), .trust = trust}};
        if (trust >= ChannelTrust::pinned) observation_.account.emplace();
    }
    std::vector<TicketType> open() {
        std::vector<TicketType> types;
        for (auto const& verdict : judge_tickets({*family_, system_, observation_, policy_, UtcTime{}}))
            if (verdict.what == TicketVerdict::What::open) types.push_back(verdict.type);
        return types;
    }
    TicketVerdict::What verdict(TicketType type) {
        for (auto const& verdict : judge_tickets({*family_, system_, observation_, policy_, UtcTime{}}))
            if (verdict.type == type) return verdict.what;
        return TicketVerdict::What::leave;
    }

    family::FamilyPtr family_ = *family::Families::load_embedded()->get("c-series");
    System system_;
    Policy policy_;
    Observation observation_;
};

TEST_F(Tickets, none_is_open_for_a_verified_system) {
    https(net::PortState::open, ChannelTrust::verified);
    EXPECT_THAT(open(), ::testing::IsEmpty());
}

TEST_F(Tickets, https_that_does_not_answer_is_one_ticket_and_not_two) {
    https(net::PortState::silent, ChannelTrust::none);
    EXPECT_THAT(open(), ::testing::ElementsAre(TicketType::no_https_response));
}

TEST_F(Tickets, a_peer_that_cannot_be_verified_is_a_certificate_validation_error) {
    https(net::PortState::open, ChannelTrust::none, {{.kind = pki::Finding::Kind::expired, .text = "It expired.", .remedy = "Renew it."}});
    EXPECT_THAT(open(), ::testing::ElementsAre(TicketType::certificate_validation_error));
}

TEST_F(Tickets, silence_does_not_close_a_certificate_validation_error) {
    https(net::PortState::silent, ChannelTrust::none);
    EXPECT_EQ(verdict(TicketType::certificate_validation_error), TicketVerdict::What::leave);
}

TEST_F(Tickets, leaving_verify_mode_closes_a_certificate_validation_error) {
    policy_.secure_only = SecureOnly::off;
    https(net::PortState::open, ChannelTrust::none);
    EXPECT_EQ(verdict(TicketType::certificate_validation_error), TicketVerdict::What::close);
}

TEST_F(Tickets, a_system_on_its_way_to_https_has_no_ticket_for_missing_https) {
    system_.https_proven = false;
    observation_.services = {{.service = "http", .port = 80, .state = net::PortState::open}};
    observation_.account.emplace();
    EXPECT_THAT(open(), ::testing::IsEmpty());
}

TEST_F(Tickets, outside_secure_mode_silence_is_a_connection_error) {
    policy_.secure_only = SecureOnly::off;
    https(net::PortState::unreachable, ChannelTrust::none);
    EXPECT_THAT(open(), ::testing::ElementsAre(TicketType::connection_error));
}

TEST_F(Tickets, the_worst_end_of_all_services_counts) {
    testing::CompanyAuthority const company(UtcTime(seconds(0)));
    auto const good = company.issue("c1.example.test", pki::Profile::device, std::chrono::days(300)).certificate;
    auto const ends = company.issue("c1.example.test", pki::Profile::device, std::chrono::days(10)).certificate;
    auto const now = ends.not_after() - std::chrono::hours(20);
    auto const found = [&] {
        for (auto const& verdict : judge_tickets({*family_, system_, observation_, policy_, now}))
            if (verdict.type == TicketType::certificate_expiring) return verdict;
        return TicketVerdict{};
    };
    https(net::PortState::open, ChannelTrust::verified);
    observation_.services.front().presented = {good};
    EXPECT_EQ(found().what, TicketVerdict::What::close);
    observation_.services.push_back({.service = "sip_tls", .port = 5061, .state = net::PortState::open, .presented = {ends}});
    EXPECT_EQ(found().what, TicketVerdict::What::open);
    EXPECT_THAT(found().text, ::testing::HasSubstr(" at c1.example.test ends at " + to_string(ends.not_after())));
    EXPECT_GE(found().rung, 2);
    observation_.services.front().trust = ChannelTrust::none;
    EXPECT_EQ(found().what, TicketVerdict::What::leave) << "a stranger answers";
}

TEST_F(Tickets, the_end_of_what_a_system_behind_a_firewall_shows_in_calls_counts) {
    testing::CompanyAuthority const company(UtcTime(seconds(0)));
    auto const ends = company.issue("c1.example.test", pki::Profile::device, std::chrono::days(10)).certificate;
    observation_.behind_firewall = true;
    AssessInput input{*family_, system_, observation_, policy_, ends.not_after() - std::chrono::hours(20)};
    EXPECT_EQ(judge_end_of_caller(input, ends).what, TicketVerdict::What::open);
    EXPECT_THAT(judge_end_of_caller(input, ends).text, ::testing::HasSubstr("shown in calls"));
    input.now = ends.not_before();
    EXPECT_EQ(judge_end_of_caller(input, ends).what, TicketVerdict::What::close);
}

// --- contacts --------------------------------------------------------------------------------------------------------------

TEST(ContactBoard, counts_only_calls_after_the_mark) {
    net::Runtime runtime(1);
    runtime.start();
    ContactBoard board;
    board.note(1, true);
    auto const mark = board.mark(1);
    EXPECT_FALSE(net::run(runtime, board.wait(1, mark, true, net::Milliseconds(20))));
    board.note(1, true);
    EXPECT_TRUE(net::run(runtime, board.wait(1, mark, true, net::Milliseconds(1000))));
}

TEST(ContactBoard, does_not_take_http_for_https) {
    net::Runtime runtime(1);
    runtime.start();
    ContactBoard board;
    board.note(1, false);
    EXPECT_TRUE(net::run(runtime, board.wait(1, 0, false, net::Milliseconds(20))));
    EXPECT_FALSE(net::run(runtime, board.wait(1, 0, true, net::Milliseconds(20))));
}

TEST(ContactBoard, wakes_who_waits_on_another_loop) {
    net::Runtime runtime(2);
    runtime.start();
    ContactBoard board;
    net::spawn(
        runtime.executor(1),
        [&board]() -> net::Task<> {
            co_await net::sleep_for(net::Milliseconds(20));
            board.note(7, true);
        },
        "a call");
    EXPECT_TRUE(net::run(runtime, board.wait(7, 0, true, net::Milliseconds(5000))));
}

}  // namespace
}  // namespace countersign::manager
